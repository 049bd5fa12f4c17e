// M. F. Porter, "An algorithm for suffix stripping", 1980: the five steps, as published.

#include <array>

#include "store/words.h"

namespace tacit::store {
namespace {

struct Rule {
  std::string_view suffix;
  std::string_view replacement;
};

constexpr std::array<Rule, 20> kStep2 = {{
    {"ational", "ate"}, {"tional", "tion"}, {"enci", "ence"}, {"anci", "ance"}, {"izer", "ize"},
    {"abli", "able"},   {"alli", "al"},     {"entli", "ent"}, {"eli", "e"},     {"ousli", "ous"},
    {"ization", "ize"}, {"ation", "ate"},   {"ator", "ate"},  {"alism", "al"},  {"iveness", "ive"},
    {"fulness", "ful"}, {"ousness", "ous"}, {"aliti", "al"},  {"iviti", "ive"}, {"biliti", "ble"},
}};
constexpr std::array<Rule, 7> kStep3 = {{
    {"icate", "ic"},
    {"ative", ""},
    {"alize", "al"},
    {"iciti", "ic"},
    {"ical", "ic"},
    {"ful", ""},
    {"ness", ""},
}};
constexpr std::array<std::string_view, 18> kStep4 = {
    "ement", "ance", "ence", "able", "ible", "ment", "ant", "ent", "ism",
    "ate",   "iti",  "ous",  "ive",  "ize",  "al",   "er",  "ic",  "ou"};

bool is_vowel(std::string_view word, std::size_t i) {
  switch (word[i]) {
    case 'a':
    case 'e':
    case 'i':
    case 'o':
    case 'u':
      return true;
    case 'y':
      return i > 0 && !is_vowel(word, i - 1);
    default:
      return false;
  }
}

// The number of vowel-consonant sequences.
int measure(std::string_view word) {
  int count = 0;
  for (std::size_t i = 1; i < word.size(); ++i) {
    if (is_vowel(word, i - 1) && !is_vowel(word, i)) ++count;
  }
  return count;
}

bool has_vowel(std::string_view word) {
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (is_vowel(word, i)) return true;
  }
  return false;
}

bool ends_double(std::string_view word) {
  const std::size_t n = word.size();
  return n >= 2 && word[n - 1] == word[n - 2] && !is_vowel(word, n - 1);
}

// Ends consonant, vowel, consonant, the last not w, x or y: a short word that wants its e back.
bool ends_short(std::string_view word) {
  const std::size_t n = word.size();
  if (n < 3 || is_vowel(word, n - 1) || !is_vowel(word, n - 2) || is_vowel(word, n - 3))
    return false;
  return word[n - 1] != 'w' && word[n - 1] != 'x' && word[n - 1] != 'y';
}

std::string_view without(const std::string& word, std::size_t count) {
  return std::string_view(word).substr(0, word.size() - count);
}

void plurals(std::string& word) {
  if (word.ends_with("sses") || word.ends_with("ies")) {
    word.resize(word.size() - 2);
  } else if (word.ends_with('s') && !word.ends_with("ss")) {
    word.pop_back();
  }
}

void past_and_gerund(std::string& word) {
  if (word.ends_with("eed")) {
    if (measure(without(word, 3)) > 0) word.pop_back();
    return;
  }
  if (word.ends_with("ed") && has_vowel(without(word, 2))) {
    word.resize(word.size() - 2);
  } else if (word.ends_with("ing") && has_vowel(without(word, 3))) {
    word.resize(word.size() - 3);
  } else {
    return;
  }
  const char last = word.back();
  if (word.ends_with("at") || word.ends_with("bl") || word.ends_with("iz")) {
    word += 'e';
  } else if (ends_double(word) && last != 'l' && last != 's' && last != 'z') {
    word.pop_back();
  } else if (measure(word) == 1 && ends_short(word)) {
    word += 'e';
  }
}

template <std::size_t kCount>
void replace_suffix(std::string& word, const std::array<Rule, kCount>& rules) {
  for (const Rule& rule : rules) {
    if (!word.ends_with(rule.suffix)) continue;
    if (measure(without(word, rule.suffix.size())) > 0) {
      word.replace(word.size() - rule.suffix.size(), rule.suffix.size(), rule.replacement);
    }
    return;
  }
}

void drop_suffix(std::string& word) {
  if (word.ends_with("sion") || word.ends_with("tion")) {
    if (measure(without(word, 3)) > 1) word.resize(word.size() - 3);
    return;
  }
  for (const std::string_view suffix : kStep4) {
    if (!word.ends_with(suffix)) continue;
    if (measure(without(word, suffix.size())) > 1) word.resize(word.size() - suffix.size());
    return;
  }
}

void tidy_end(std::string& word) {
  if (word.ends_with('e')) {
    const std::string_view head = without(word, 1);
    const int count = measure(head);
    if (count > 1 || (count == 1 && !ends_short(head))) word.pop_back();
  }
  if (word.ends_with("ll") && measure(word) > 1) word.pop_back();
}

}  // namespace

std::string stem(std::string word) {
  if (word.size() < 3) return word;
  plurals(word);
  past_and_gerund(word);
  if (word.ends_with('y') && has_vowel(without(word, 1))) word.back() = 'i';
  replace_suffix(word, kStep2);
  replace_suffix(word, kStep3);
  drop_suffix(word);
  tidy_end(word);
  return word;
}

}  // namespace tacit::store
