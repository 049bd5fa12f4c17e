// Know-how: what is needed to run, test, deploy or connect something, said by the agent as an
// instruction or a requirement about a named thing. The words decide which kind it is; a sentence
// that speaks of none of them is left to the other rules.

#include <array>
#include <optional>
#include <utility>

#include "learn/rules.h"

namespace tacit::learn {
namespace {

constexpr std::array<std::string_view, 26> kRequirements = {
    "requires",     "require",  "needs",      "need to be", "needs to",   "must be",
    "has to",       "have to",  "only works", "works only", "works with", "is required",
    "are required", "run with", "can be run", "expects",    "depends on", "supports",
    "accepts",      "rejects",  "returns",    "listens on", "reads from", "is configured",
    "is set",       "set to"};

constexpr std::array<std::string_view, 10> kInstructions = {
    "run", "use", "set", "start", "install", "export", "deploy", "configure", "pass", "point"};

constexpr std::array<std::string_view, 8> kOwnWork = {
    "i've", "i have", "i added", "i updated", "i changed", "i ran", "i'm", "i created"};

constexpr std::size_t kMaxKnowHow = 1;

bool instructs(std::string_view words) {
  for (const std::string_view verb : kInstructions) {
    if (words.size() > verb.size() + 2 && words.substr(1).starts_with(verb) &&
        words[verb.size() + 1] == ' ') {
      return true;
    }
  }
  return false;
}

std::optional<ItemType> kind_of(std::string_view statement) {
  const ItemType type = type_of(statement, ItemType::kCodingPattern);
  switch (type) {
    case ItemType::kTestingStrategy:
    case ItemType::kDeploymentApproach:
    case ItemType::kIntegrationPattern:
    case ItemType::kToolUsage:
      return type;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::vector<Finding> find_know_how(const Context& context) {
  std::vector<Finding> findings;
  for (const Sentence& sentence : context.sentences) {
    if (findings.size() == kMaxKnowHow) break;
    if (sentence.request || !is_claim(sentence) || !names_something(sentence.text)) continue;
    if (says_any(sentence.words, kOwnWork)) continue;
    if (!says_any(sentence.words, kRequirements) && !instructs(sentence.words)) continue;
    const auto type = kind_of(sentence.text);
    if (!type) continue;
    Finding finding;
    finding.statement = standing_alone(sentence, context);
    if (finding.statement.empty()) continue;
    finding.type = *type;
    finding.confidence = 0.4;
    finding.spans = {span_of(sentence)};
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace tacit::learn
