// Conventions and corrections by the developer: what a request tells the agent to do from now on,
// or that the agent had it wrong. Only requests count: an agent does not make the team's rules.

#include <array>
#include <string>

#include "learn/rules.h"

namespace tacit::learn {
namespace {

// Rules that hold beyond this request, wherever they stand in the sentence.
constexpr std::array<std::string_view, 29> kLasting = {
    "from now on",   "we prefer",     "i prefer",      "our convention", "convention is",
    "we don't",      "we do not",     "we never",      "we always",      "going forward",
    "in this repo",  "by convention", "must never",    "must always",    "should never",
    "should always", "as a rule",     "every time we", "always use",     "always run",
    "always add",    "always write",  "always check",  "never use",      "never call",
    "never push",    "never commit",  "never add",     "never wait"};

// Imperatives: at the start of the sentence or of a clause of it.
constexpr std::array<std::string_view, 15> kImperatives = {
    "always",   "never",  "don't",       "do not",    "only use",
    "avoid",    "prefer", "remember to", "use",       "stick to",
    "no tests", "keep",   "stop",        "make sure", "remember that"};

// The part of them that forbids or lasts by itself; the others need a contrast.
constexpr std::array<std::string_view, 9> kFirm = {"always",      "never",    "don't",
                                                   "do not",      "avoid",    "prefer",
                                                   "remember to", "only use", "remember that"};

constexpr std::array<std::string_view, 4> kContrasts = {"instead of", "rather than", "not",
                                                        "never"};

// Forbidden or firm words that tell of the speaker or of this moment instead of a rule.
constexpr std::array<std::string_view, 22> kNoRule = {
    "i don't know", "don't know",   "don't think",      "don't see",  "don't worry", "don't have",
    "don't get",    "don't forget", "don't understand", "don't work", "for now",     "yet",
    "never been",   "never used",   "never read",       "never was",  "was never",   "this time",
    "is a report",  "attempt to",   "anything",         "right now"};

constexpr std::array<std::string_view, 10> kCorrections = {
    "that's not",     "that is not", "that's wrong", "this is wrong", "you're wrong",
    "is supposed to", "i meant",     "should be",    "instead of",    "it should"};

constexpr std::array<std::string_view, 5> kOpenings = {"no", "nope", "wrong", "actually",
                                                       "correction"};

constexpr std::array<std::string_view, 5> kPolite = {"please", "also", "and", "so", "but"};

std::string_view first_word(std::string_view words) {
  if (words.size() < 2) return {};
  return words.substr(1, words.find(' ', 1) - 1);
}

// "Please never mock the clock" states "Never mock the clock".
std::string as_rule(const Sentence& sentence) {
  std::string_view text = sentence.text;
  for (const std::string_view word : kPolite) {
    if (first_word(sentence.words) != word || text.size() <= word.size() + 1) continue;
    text.remove_prefix(word.size());
    while (!text.empty() && (text.front() == ' ' || text.front() == ',')) text.remove_prefix(1);
  }
  std::string rule(text);
  if (!rule.empty() && rule.front() >= 'a' && rule.front() <= 'z') {
    rule.front() = static_cast<char>(rule.front() - 'a' + 'A');
  }
  return rule;
}

bool opens_with(std::string_view words, const auto& openings) {
  const std::string_view first = first_word(words);
  for (const std::string_view word : openings) {
    if (first == word) return true;
  }
  return false;
}

// Where an imperative stands at the start of the sentence or behind a word that opens a clause.
bool commands(std::string_view words, std::string_view imperative) {
  constexpr std::array<std::string_view, 8> kBefore = {"please", "no",   "and",  "so",
                                                       "but",    "also", "then", "to"};
  for (std::size_t at = words.find(imperative); at != std::string_view::npos;
       at = words.find(imperative, at + 1)) {
    const std::size_t end = at + imperative.size();
    if (at == 0 || words[at - 1] != ' ' || (end < words.size() && words[end] != ' ')) continue;
    if (at == 1) return true;
    const std::size_t before = words.rfind(' ', at - 2);
    const std::string_view word = words.substr(before + 1, at - before - 2);
    for (const std::string_view opener : kBefore) {
      if (word == opener) return true;
    }
  }
  return false;
}

bool is_firm(std::string_view words) {
  for (const std::string_view word : kFirm) {
    if (commands(words, word)) return true;
  }
  return false;
}

bool is_preference(std::string_view words) {
  if (!says_any(words, kContrasts)) return false;
  for (const std::string_view word : kImperatives) {
    if (commands(words, word)) return true;
  }
  return false;
}

// A request that is a pasted document (instructions of a tool, a review, a specification) makes no
// rules.
bool is_document(const Context& context) {
  std::size_t listed = 0;
  std::size_t headed = 0;
  for (const Sentence& sentence : context.sentences) {
    if (!sentence.request) continue;
    listed += sentence.listed ? 1U : 0U;
    headed += sentence.heading.empty() ? 0U : 1U;
  }
  return listed > 10 || headed > 4;
}

}  // namespace

std::vector<Finding> find_conventions(const Context& context) {
  std::vector<Finding> findings;
  if (is_document(context)) return findings;
  for (const Sentence& sentence : context.sentences) {
    if (!sentence.request || !is_claim(sentence)) continue;
    if (says_any(sentence.words, kNoRule)) continue;
    const bool lasting = says_any(sentence.words, kLasting);
    const bool firm = is_firm(sentence.words) || is_preference(sentence.words);
    const bool corrects =
        opens_with(sentence.words, kOpenings) && says_any(sentence.words, kCorrections);
    if (!lasting && !firm && !corrects) continue;
    const std::string alone = standing_alone(sentence, context);
    if (alone.empty()) continue;
    Finding finding;
    finding.type = ItemType::kConvention;
    finding.statement = alone == sentence.text ? as_rule(sentence) : alone;
    finding.confidence = lasting ? 0.75 : (firm ? 0.6 : 0.5);
    finding.spans = {span_of(sentence)};
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace tacit::learn
