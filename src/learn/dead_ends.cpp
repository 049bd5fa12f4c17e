// Dead ends: what was tried or ruled out, and why it does not work. Either side may tell it;
// without a reason it is only a complaint.

#include <array>
#include <utility>

#include "learn/rules.h"

namespace tacit::learn {
namespace {

constexpr std::array<std::string_view, 22> kDidNotWork = {
    "didn't work",   "did not work",       "doesn't work",   "does not work",  "won't work",
    "will not work", "can't be used",      "cannot be used", "ruled out",      "not an option",
    "had no effect", "made no difference", "is not enough",  "was not enough", "isn't enough",
    "didn't help",   "did not help",       "not possible",   "isn't possible", "dead end",
    "not supported", "isn't supported"};

constexpr std::array<std::string_view, 10> kReasons = {
    "because", "since",       "as the", "due to", "the reason",
    "so that", "which means", "is why", "only",   "unless"};

}  // namespace

std::vector<Finding> find_dead_ends(const Context& context) {
  std::vector<Finding> findings;
  for (std::size_t i = 0; i < context.sentences.size(); ++i) {
    const Sentence& sentence = context.sentences[i];
    if (sentence.request || !is_claim(sentence) || !says_any(sentence.words, kDidNotWork)) continue;
    if (!names_something(sentence.text)) continue;
    Finding finding;
    finding.statement = standing_alone(sentence, context);
    finding.spans = {span_of(sentence)};
    bool reason = says_any(sentence.words, kReasons);
    if (!reason && i + 1 < context.sentences.size()) {  // the reason may be the next sentence
      const Sentence& next = context.sentences[i + 1];
      if (next.step == sentence.step && is_claim(next) && says_any(next.words, kReasons)) {
        reason = true;
        finding.statement += ' ' + next.text;
        finding.spans.push_back(span_of(next));
      }
    }
    if (!reason || standing_alone(sentence, context).empty()) continue;
    finding.type =
        type_of(finding.statement, context.reports_defect ? ItemType::kBugSolution
                                                          : ItemType::kImplementationStrategy);
    finding.confidence = 0.5;
    findings.push_back(std::move(finding));
    break;
  }
  return findings;
}

}  // namespace tacit::learn
