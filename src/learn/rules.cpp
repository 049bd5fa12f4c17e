#include "learn/rules.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace tacit::learn {
namespace {

constexpr std::size_t kMinClaimBytes = 30;
constexpr std::size_t kMinRequestBytes = 18;
constexpr std::size_t kMaxClaimBytes = 420;
constexpr std::size_t kMinClaimWords = 6;
constexpr std::size_t kMinRequestWords = 4;  // an order may be short
constexpr std::size_t kMaxGoalBytes = 110;

// Plans, guesses and narration: said on the way, not kept.
constexpr std::array<std::string_view, 44> kNotClaims = {"let me",
                                                         "let's",
                                                         "i'll",
                                                         "i will",
                                                         "i'm going to",
                                                         "i am going to",
                                                         "could",
                                                         "might",
                                                         "maybe",
                                                         "perhaps",
                                                         "probably",
                                                         "if we",
                                                         "want me to",
                                                         "would you",
                                                         "shall i",
                                                         "shall we",
                                                         "do you want",
                                                         "i suspect",
                                                         "not sure",
                                                         "i wonder",
                                                         "next step",
                                                         "next steps",
                                                         "step 1",
                                                         "if you want",
                                                         "if you'd like",
                                                         "would you like",
                                                         "i need to",
                                                         "we need to check",
                                                         "i can see",
                                                         "please re-run",
                                                         "please try",
                                                         "seems",
                                                         "appears to",
                                                         "looks like",
                                                         "likely",
                                                         "may be",
                                                         "hopefully",
                                                         "i'm checking",
                                                         "i also need to",
                                                         "i'm restoring",
                                                         "i'm using",
                                                         "often happens",
                                                         "typically happens",
                                                         "i'm examining"};

constexpr std::array<std::string_view, 15> kNarration = {
    "now",     "first", "next", "wait",      "hmm",           "ok",   "okay", "great", "good",
    "perfect", "let",   "done", "excellent", "alternatively", "using"};

constexpr std::array<std::string_view, 22> kEnglish = {
    "the", "a",  "is",   "are", "to", "of", "in", "and", "it",    "that",  "for",
    "not", "be", "with", "was", "by", "on", "as", "if",  "don't", "never", "we"};

constexpr std::array<std::string_view, 9> kPronouns = {"it",   "this", "that",  "these", "those",
                                                       "they", "he",   "which", "both"};

constexpr std::array<std::string_view, 12> kNounAfterPronoun = {
    "error",   "bug",  "test",     "function", "file",    "issue",
    "problem", "flag", "approach", "change",   "failure", "behavior"};

constexpr std::array<std::string_view, 24> kDefectWords = {
    "error",  "errors",       "fails",       "failed",  "failing",       "failure",
    "broken", "bug",          "crash",       "crashes", "crashed",       "wrong",
    "issue",  "doesn't work", "not working", "why",     "exception",     "problem",
    "stuck",  "hangs",        "timeout",     "missing", "does not work", "still"};

struct TypeWords {
  ItemType type;
  std::array<std::string_view, 10> words;
};

constexpr std::array<TypeWords, 6> kTypeWords = {{
    {ItemType::kTestingStrategy,
     {"test", "tests", "mock", "mocks", "fixture", "fixtures", "e2e", "coverage", "assertion",
      "flaky"}},
    {ItemType::kDeploymentApproach,
     {"deploy", "deployment", "release", "ci", "docker", "workflow", "kubernetes", "pipeline",
      "production", "rollout"}},
    {ItemType::kOptimization,
     {"faster", "slow", "latency", "throughput", "cpu", "memory usage", "performance", "n+1",
      "benchmark", "speed"}},
    {ItemType::kIntegrationPattern,
     {"api", "webhook", "webhooks", "endpoint", "oauth", "sdk", "provider", "integration",
      "upstream", "client library"}},
    {ItemType::kToolUsage,
     {"command", "flag", "cli", "git", "npm", "pnpm", "cmake", "pip", "linter", "terminal"}},
    {ItemType::kRefactoring,
     {"refactor", "refactored", "renamed", "rename", "extracted", "deduplicated", "inlined",
      "split", "moved", "cleanup"}},
}};

std::size_t count_words(std::string_view words) {
  const auto blanks = static_cast<std::size_t>(std::count(words.begin(), words.end(), ' '));
  return blanks > 0 ? blanks - 1 : 0;
}

std::string_view word_at(std::string_view words, std::size_t number) {
  std::size_t at = 1;
  for (std::size_t i = 0; i < number && at < words.size(); ++i) at = words.find(' ', at) + 1;
  if (at == 0 || at >= words.size()) return {};
  return words.substr(at, words.find(' ', at) - at);
}

bool contains(auto const& table, std::string_view word) {
  return std::find(table.begin(), table.end(), word) != table.end();
}

bool is_english(const Sentence& sentence) {
  const auto outside = std::count_if(sentence.text.begin(), sentence.text.end(),
                                     [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
  if (static_cast<std::size_t>(outside) * 8 > sentence.text.size()) return false;
  return says_any(sentence.words, kEnglish);
}

bool is_code_like(std::string_view text) {
  const auto signs = std::count_if(text.begin(), text.end(), [](char c) {
    return std::string_view("{}[]()<>=;|\\").find(c) != std::string_view::npos;
  });
  return static_cast<std::size_t>(signs) * 10 > text.size();
}

std::string goal_of(const Exchange& exchange, const std::vector<Sentence>& sentences) {
  if (exchange.steps.empty() || is_host_text(exchange.request())) return {};
  for (const Sentence& sentence : sentences) {
    if (!sentence.request) break;
    if (count_words(sentence.words) < 4 || is_code_like(sentence.text)) continue;
    std::string goal(clip_utf8(sentence.text, kMaxGoalBytes));
    if (goal.size() < sentence.text.size()) {
      const std::size_t blank = goal.rfind(' ');
      if (blank != std::string::npos && blank > kMaxGoalBytes / 2) goal.resize(blank);
    }
    while (!goal.empty() &&
           std::string_view(".:,;!? -").find(goal.back()) != std::string_view::npos) {
      goal.pop_back();
    }
    return goal;
  }
  return {};
}

}  // namespace

Context context_of(const Exchange& exchange, const Exchange* previous) {
  Context context{exchange, sentences_of(exchange), {}, false};
  context.goal = goal_of(exchange, context.sentences);
  if (context.goal.empty() && previous != nullptr && !previous->steps.empty()) {
    context.goal = goal_of(*previous, sentences_of(*previous));
  }
  if (!exchange.steps.empty() && !is_host_text(exchange.request())) {
    const std::string words = word_form(clip_utf8(exchange.request(), kMaxPassageBytes));
    context.reports_defect = says_any(words, kDefectWords);
  }
  return context;
}

bool is_claim(const Sentence& sentence) {
  if (sentence.question || sentence.text.ends_with(':')) return false;
  const std::size_t bytes = sentence.request ? kMinRequestBytes : kMinClaimBytes;
  if (sentence.text.size() < bytes || sentence.text.size() > kMaxClaimBytes) return false;
  if (count_words(sentence.words) < (sentence.request ? kMinRequestWords : kMinClaimWords))
    return false;
  if (contains(kNarration, word_at(sentence.words, 0))) return false;
  if (says_any(sentence.words, kNotClaims)) return false;
  if (sentence.text.find("[redacted:") != std::string::npos &&
      count_words(sentence.words) < 2 * kMinClaimWords) {
    return false;
  }
  return is_english(sentence) && !is_code_like(sentence.text);
}

std::string standing_alone(const Sentence& sentence, const Context& context) {
  const std::string_view first = word_at(sentence.words, 0);
  if (!contains(kPronouns, first)) return sentence.text;
  if (contains(kNounAfterPronoun, word_at(sentence.words, 1)) && names_something(sentence.text)) {
    return sentence.text;
  }
  if (context.goal.empty()) return {};
  return context.goal + ": " + sentence.text;
}

Span span_of(const Sentence& sentence) {
  return {sentence.step, sentence.offset, sentence.length};
}

ItemType type_of(std::string_view statement, ItemType otherwise) {
  const std::string words = word_form(statement);
  ItemType best = otherwise;
  int most = 0;
  for (const TypeWords& row : kTypeWords) {
    int found = 0;
    for (const std::string_view word : row.words) found += says(words, word) ? 1 : 0;
    if (found > most) {
      most = found;
      best = row.type;
    }
  }
  return best;
}

}  // namespace tacit::learn
