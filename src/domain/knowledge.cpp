#include "domain/knowledge.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <utility>

#include "base/text.h"

namespace tacit {
namespace {

constexpr std::array<std::string_view, kItemTypeCount> kItemTypeNames = {
    "coding_pattern",   "architectural_decision", "bug_solution",        "implementation_strategy",
    "tool_usage",       "optimization",           "integration_pattern", "refactoring",
    "testing_strategy", "deployment_approach",    "convention"};

constexpr std::array<std::string_view, 25> kNegations = {
    "not",    "never",   "without", "no",     "none",    "nothing", "nobody", "neither", "nor",
    "cannot", "cant",    "dont",    "doesnt", "didnt",   "isnt",    "wont",   "avoid",   "avoids",
    "forbid", "forbids", "nowhere", "lacks",  "lacking", "unlike",  "hardly"};

// Words that turn a statement round when one stands where the other stood.
constexpr std::array<std::pair<std::string_view, std::string_view>, 38> kOpposites = {{
    {"enable", "disable"},
    {"enabled", "disabled"},
    {"enables", "disables"},
    {"on", "off"},
    {"true", "false"},
    {"allow", "deny"},
    {"allowed", "denied"},
    {"before", "after"},
    {"least", "most"},
    {"more", "less"},
    {"more", "fewer"},
    {"minimum", "maximum"},
    {"min", "max"},
    {"increase", "decrease"},
    {"increases", "decreases"},
    {"raise", "lower"},
    {"add", "remove"},
    {"added", "removed"},
    {"include", "exclude"},
    {"included", "excluded"},
    {"first", "last"},
    {"sync", "async"},
    {"synchronous", "asynchronous"},
    {"public", "private"},
    {"above", "below"},
    {"up", "down"},
    {"with", "without"},
    {"required", "optional"},
    {"succeeds", "fails"},
    {"start", "stop"},
    {"close", "far"},
    {"near", "far"},
    {"huge", "small"},
    {"large", "small"},
    {"big", "small"},
    {"fast", "slow"},
    {"front", "behind"},
    {"inside", "outside"},
}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kNumberWords = {{
    {"zero", "0"},
    {"two", "2"},
    {"three", "3"},
    {"four", "4"},
    {"five", "5"},
    {"six", "6"},
    {"seven", "7"},
    {"eight", "8"},
    {"nine", "9"},
    {"ten", "10"},
    {"twice", "2"},
}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 30> kUnits = {{
    {"ms", "ms"},
    {"millisecond", "ms"},
    {"milliseconds", "ms"},
    {"s", "s"},
    {"sec", "s"},
    {"secs", "s"},
    {"second", "s"},
    {"seconds", "s"},
    {"m", "min"},
    {"min", "min"},
    {"mins", "min"},
    {"minute", "min"},
    {"minutes", "min"},
    {"h", "h"},
    {"hour", "h"},
    {"hours", "h"},
    {"d", "d"},
    {"day", "d"},
    {"days", "d"},
    {"week", "w"},
    {"weeks", "w"},
    {"month", "month"},
    {"months", "month"},
    {"kb", "kb"},
    {"kib", "kib"},
    {"mb", "mb"},
    {"mib", "mib"},
    {"gb", "gb"},
    {"gib", "gib"},
    {"percent", "%"},
}};

// Words a negation looks through to what it denies.
constexpr std::array<std::string_view, 34> kFunctionWords = {
    "a",   "an",   "the",  "to",   "of",   "in",   "on",  "at",   "by",     "for", "be",   "is",
    "are", "was",  "were", "been", "it",   "its",  "do",  "does", "did",    "any", "with", "and",
    "or",  "that", "this", "than", "from", "will", "you", "we",   "longer", "just"};

constexpr std::size_t kScopeWords = 4;

template <class Table>
bool contains(const Table& table, std::string_view word) {
  return std::find(table.begin(), table.end(), word) != table.end();
}

template <class Table>
std::string_view look_up(const Table& table, std::string_view word) {
  const auto found =
      std::find_if(table.begin(), table.end(), [&](const auto& row) { return row.first == word; });
  return found == table.end() ? std::string_view() : found->second;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_alpha(char c) {
  return is_upper(c) || is_lower(c);
}

struct Word {
  std::string text;       // without surrounding punctuation
  std::string lower;      // without apostrophes
  bool opens = false;     // first of a sentence
  bool negative = false;  // ends in n't
};

// Bytes of a typographic apostrophe (U+2019) become the plain one.
std::string plain_apostrophes(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 3) == "\xE2\x80\x99") {
      out += '\'';
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string_view strip_punctuation(std::string_view word) {
  constexpr std::string_view kAround = "()[]{}\"'`,;:!?*";
  while (!word.empty() && kAround.find(word.front()) != std::string_view::npos) {
    word.remove_prefix(1);
  }
  while (!word.empty() &&
         (kAround.find(word.back()) != std::string_view::npos || word.back() == '.')) {
    word.remove_suffix(1);
  }
  if (word.ends_with("'s")) word.remove_suffix(2);
  return word;
}

std::vector<Word> words_of(std::string_view statement) {
  const std::string plain = plain_apostrophes(statement);
  std::vector<Word> words;
  bool opens = true;
  std::size_t at = 0;
  while (at < plain.size()) {
    const std::size_t begin = plain.find_first_not_of(" \t\r\n", at);
    if (begin == std::string::npos) break;
    const std::size_t end = std::min(plain.find_first_of(" \t\r\n", begin), plain.size());
    const std::string_view raw = std::string_view(plain).substr(begin, end - begin);
    const std::string_view text = strip_punctuation(raw);
    if (!text.empty()) {
      Word word{std::string(text), lower_ascii(text), opens, false};
      word.negative = word.lower.ends_with("n't");
      std::erase(word.lower, '\'');
      words.push_back(std::move(word));
    }
    opens = raw.back() == '.' || raw.back() == '!' || raw.back() == '?' || raw.back() == ':';
    at = end;
  }
  return words;
}

// Numbers with their unit in order, identifiers in order of first mention, and the rest of what may
// differ.
struct Marks {
  std::vector<std::string> numbers;
  std::vector<std::string> identifiers;
  std::set<std::string> names;  // capitalised within a sentence, lower-cased
  int negations = 0;
  std::set<std::string> denied;    // content words within reach of a negation
  std::set<std::string> all;       // every word, lower-cased
  std::vector<std::string> order;  // content words as first said, without a plural's s
};

// "v1.2.3", "90%", "5s", "-1", "1,000": the number, then its unit when one is glued to it.
bool read_number(const Word& word, Marks& marks, bool& needs_unit) {
  std::string_view text = word.lower;
  std::string sign;
  while (!text.empty() &&
         std::string_view("<>=~+-$#v").find(text.front()) != std::string_view::npos) {
    if (text.front() != 'v' && text.front() != '$' && text.front() != '#') sign += text.front();
    if (text.front() == 'v' && !(text.size() > 1 && is_digit(text[1]))) break;
    text.remove_prefix(1);
  }
  if (text.empty() || !is_digit(text.front())) return false;
  std::size_t end = 0;
  while (end < text.size() && (is_digit(text[end]) || text[end] == '.' || text[end] == ',')) ++end;
  std::string digits(text.substr(0, end));
  std::erase(digits, ',');
  const std::string_view rest = text.substr(end);
  const std::string_view unit = rest == "%" ? rest : look_up(kUnits, rest);
  if (!rest.empty() && unit.empty()) {
    marks.numbers.push_back(sign + std::string(text));  // "3.x", "2026-10-04", "0x1f", "16k"
    return true;
  }
  needs_unit = rest.empty();
  marks.numbers.push_back(sign + digits + std::string(unit));
  return true;
}

bool is_identifier(const Word& word) {
  const std::string_view text = word.text;
  if (word.lower == "e.g" || word.lower == "i.e" || word.lower == "etc") return false;
  if (text.starts_with("--") && text.size() > 2) return true;
  bool letters = false;
  bool inside = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    letters = letters || is_alpha(c);
    if (c == '_' || c == '/' || c == '\\' || c == '@' || is_digit(c)) inside = true;
    if ((c == '.' || c == ':') && i + 1 < text.size()) inside = true;
    if (is_upper(c) && i > 0 && text[i - 1] != '-') inside = true;
  }
  return letters && inside;
}

bool is_negation(const std::vector<Word>& words, std::size_t i) {
  const Word& word = words[i];
  if (word.negative || contains(kNegations, word.lower)) return true;
  const std::string_view next = i + 1 < words.size() ? std::string_view(words[i + 1].lower) : "";
  return (word.lower == "instead" && next == "of") || (word.lower == "rather" && next == "than");
}

void add_scope(const std::vector<Word>& words, std::size_t negation, Marks& marks) {
  std::size_t taken = 0;
  for (std::size_t i = negation + 1; i < words.size() && taken < kScopeWords; ++i) {
    if (contains(kFunctionWords, words[i].lower)) continue;
    marks.denied.insert(words[i].lower);
    ++taken;
  }
}

void add_in_order(std::string word, Marks& marks) {
  if (contains(kFunctionWords, word)) return;
  if (word.size() > 3 && word.ends_with('s') && !word.ends_with("ss")) word.pop_back();
  if (!contains(marks.order, word)) marks.order.push_back(std::move(word));
}

// "The client waits for the server" and "the server waits for the client": three words that both
// say, in the opposite order. A word moved to the other end alone is other wording.
bool is_turned_round(const Marks& a, const Marks& b) {
  std::vector<std::ptrdiff_t> places;  // in b, of the words of a that b says too
  for (const std::string& word : a.order) {
    const auto found = std::find(b.order.begin(), b.order.end(), word);
    if (found != b.order.end()) places.push_back(found - b.order.begin());
  }
  std::vector<int> falling(places.size(), 1);  // longest falling run of places that ends here
  for (std::size_t i = 0; i < places.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (places[j] > places[i]) falling[i] = std::max(falling[i], falling[j] + 1);
    }
  }
  constexpr int kTurned = 3;
  return std::any_of(falling.begin(), falling.end(), [](int run) { return run >= kTurned; });
}

Marks marks_of(std::string_view statement) {
  const std::vector<Word> words = words_of(statement);
  Marks marks;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const Word& word = words[i];
    marks.all.insert(word.lower);
    add_in_order(word.lower, marks);
    if (is_negation(words, i)) {
      ++marks.negations;
      add_scope(words, i, marks);
      continue;
    }
    bool needs_unit = false;
    std::string_view number = look_up(kNumberWords, word.lower);
    if (!number.empty()) {
      marks.numbers.emplace_back(number);
      needs_unit = true;
    }
    if (!number.empty() || read_number(word, marks, needs_unit)) {
      if (needs_unit && i + 1 < words.size()) {
        marks.numbers.back() += look_up(kUnits, words[i + 1].lower);
      }
      continue;
    }
    if (is_identifier(word)) {
      std::string_view name = word.text;
      while (name.ends_with("()")) name.remove_suffix(2);
      if (!contains(marks.identifiers, name)) marks.identifiers.emplace_back(name);
    } else if (!word.opens && is_upper(word.text.front()) && word.text.size() > 1) {
      marks.names.insert(word.lower);
    }
  }
  return marks;
}

bool holds_all(const std::set<std::string>& names, const std::set<std::string>& words) {
  return std::all_of(names.begin(), names.end(),
                     [&](const std::string& name) { return words.contains(name); });
}

bool same_polarity(const Marks& a, const Marks& b) {
  if (a.negations != b.negations) return false;
  if (!a.denied.empty() && !b.denied.empty()) {
    const bool shared = std::any_of(a.denied.begin(), a.denied.end(), [&](const std::string& word) {
      return b.denied.contains(word);
    });
    if (!shared) return false;
  }
  for (const auto& [left, right] : kOpposites) {
    const std::string l(left);
    const std::string r(right);
    const bool turned =
        a.all.contains(l) && !a.all.contains(r) && b.all.contains(r) && !b.all.contains(l);
    const bool back =
        a.all.contains(r) && !a.all.contains(l) && b.all.contains(l) && !b.all.contains(r);
    if (turned || back) return false;
  }
  return true;
}

}  // namespace

std::string_view name_of(ItemType type) {
  return kItemTypeNames[static_cast<std::size_t>(type)];
}

std::optional<ItemType> parse_item_type(std::string_view name) {
  for (std::size_t i = 0; i < kItemTypeNames.size(); ++i) {
    if (kItemTypeNames[i] == name) return static_cast<ItemType>(i);
  }
  return std::nullopt;
}

std::string_view name_of(Freshness freshness) {
  constexpr std::array<std::string_view, 4> kNames = {"fresh", "aging", "stale", "deprecated"};
  return kNames[static_cast<std::size_t>(freshness)];
}

Freshness freshness_of(const KnowledgeItem& item, Instant now) {
  std::optional<Instant> newest = item.last_seen;
  if (!newest) newest = item.first_seen;
  if (item.last_used && (!newest || *item.last_used > *newest)) newest = item.last_used;
  if (!newest) return Freshness::kStale;
  const auto age = now - *newest;
  if (age <= kFreshDays) return Freshness::kFresh;
  if (age <= kAgingDays) return Freshness::kAging;
  return Freshness::kStale;
}

bool may_merge(std::string_view a, std::string_view b) {
  const Marks left = marks_of(a);
  const Marks right = marks_of(b);
  return left.numbers == right.numbers && left.identifiers == right.identifiers &&
         holds_all(left.names, right.all) && holds_all(right.names, left.all) &&
         same_polarity(left, right) && !is_turned_round(left, right);
}

double reinforced(double confidence, double observation_confidence) {
  return std::min(0.99, 1.0 - (1.0 - confidence) * (1.0 - observation_confidence / 2.0));
}

}  // namespace tacit
