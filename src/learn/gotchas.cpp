// Gotchas: behaviour of a named thing that surprised someone, explained by the agent. Words of
// limits and reasons are weighed; a weak one alone is not enough.

#include <algorithm>
#include <array>
#include <utility>

#include "learn/rules.h"

namespace tacit::learn {
namespace {

struct Weight {
  std::string_view phrase;
  double value;
};

constexpr std::array<Weight, 30> kWeights = {{
    {"because", 2},    {"the reason", 3}, {"by default", 2.5},  {"never", 2},    {"unless", 2},
    {"otherwise", 2},  {"doesn't", 1.5},  {"does not", 1.5},    {"cannot", 1.5}, {"can't", 1.5},
    {"only", 1},       {"actually", 1},   {"must", 1},          {"is why", 2.5}, {"so that", 1},
    {"since", 1},      {"silently", 2.5}, {"fails", 1.5},       {"ignores", 2},  {"ignored", 1.5},
    {"requires", 1.5}, {"limit", 1},      {"even though", 2},   {"not", 0.5},    {"but", 0.5},
    {"without", 1},    {"instead of", 1}, {"which means", 1.5}, {"won't", 1.5},  {"isn't", 1},
}};

constexpr std::array<std::string_view, 10> kOwnWork = {
    "i've",      "i have", "i added",   "i updated",   "i changed",
    "i created", "i'm",    "i removed", "this change", "the changes"};

// Precision of what is kept falls and recall rises as it goes down; docs/learning.md has the
// figures.
constexpr double kThreshold = 0.5;
constexpr std::size_t kMaxGotchas = 2;

}  // namespace

std::vector<Finding> find_gotchas(const Context& context) {
  std::vector<Finding> findings;
  for (const Sentence& sentence : context.sentences) {
    if (sentence.request || !is_claim(sentence) || !names_something(sentence.text)) continue;
    double score = 0;
    for (const Weight& weight : kWeights) {
      if (says(sentence.words, weight.phrase)) score += weight.value;
    }
    if (says_any(sentence.words, kOwnWork)) score -= 1.5;
    if (score < kThreshold) continue;
    Finding finding;
    finding.statement = standing_alone(sentence, context);
    if (finding.statement.empty()) continue;
    const ItemType otherwise =
        context.reports_defect ? ItemType::kBugSolution : ItemType::kImplementationStrategy;
    finding.type = type_of(finding.statement, otherwise);
    finding.confidence = std::min(0.55, 0.3 + 0.05 * score);
    finding.spans = {span_of(sentence)};
    findings.push_back(std::move(finding));
  }
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& a, const Finding& b) { return a.confidence > b.confidence; });
  if (findings.size() > kMaxGotchas) findings.resize(kMaxGotchas);
  return findings;
}

}  // namespace tacit::learn
