// Decisions with a reason: a choice between ways, and why. A choice without a reason is no decision
// worth keeping; a reason without a choice is left to the other rules.

#include <array>

#include "learn/rules.h"

namespace tacit::learn {
namespace {

constexpr std::array<std::string_view, 24> kChoices = {
    "we decided",    "i decided", "decided to",  "decided on", "we chose",  "i chose",
    "chose to",      "went with", "going with",  "go with",    "opted",     "settled on",
    "let's use",     "we use",    "we're using", "we keep",    "kept",      "deliberately",
    "intentionally", "by design", "trade-off",   "tradeoff",   "we'll use", "on purpose"};

constexpr std::array<std::string_view, 6> kContrasts = {"instead of", "rather than",   "not the",
                                                        "over the",   "as opposed to", "and not"};

constexpr std::array<std::string_view, 14> kReasons = {
    "because", "since", "so that",     "so we",    "otherwise",  "to avoid",    "the reason",
    "so the",  "so it", "which means", "that way", "would have", "in order to", "to keep"};

// A developer's "so that I can" tells of a wish; these tell of a reason.
constexpr std::array<std::string_view, 4> kPlainReasons = {"because", "since", "otherwise",
                                                           "the reason"};

constexpr std::array<std::string_view, 5> kHeadings = {"decision", "decisions", "why", "rationale",
                                                       "trade-offs"};

}  // namespace

std::vector<Finding> find_decisions(const Context& context) {
  std::vector<Finding> findings;
  for (std::size_t i = 0; i < context.sentences.size(); ++i) {
    const Sentence& sentence = context.sentences[i];
    if (!is_claim(sentence)) continue;
    const bool chosen = says_any(sentence.words, kChoices);
    const bool contrast = says_any(sentence.words, kContrasts);
    const bool headed = says_any(sentence.heading, kHeadings);
    if (!chosen && !contrast) continue;
    bool reason = sentence.request ? says_any(sentence.words, kPlainReasons)
                                   : says_any(sentence.words, kReasons);
    Finding finding;
    finding.statement = standing_alone(sentence, context);
    finding.spans = {span_of(sentence)};
    if (!reason && !sentence.request &&
        i + 1 < context.sentences.size()) {  // the reason may be the next sentence
      const Sentence& next = context.sentences[i + 1];
      if (next.step == sentence.step && is_claim(next) && says_any(next.words, kReasons)) {
        reason = true;
        finding.statement += ' ' + next.text;
        finding.spans.push_back(span_of(next));
      }
    }
    if (!reason || finding.statement.empty()) continue;
    finding.type = type_of(finding.statement, ItemType::kArchitecturalDecision);
    if (chosen) finding.type = ItemType::kArchitecturalDecision;
    finding.confidence = 0.4 + (chosen ? 0.15 : 0.0) + (contrast ? 0.1 : 0.0) +
                         (headed ? 0.05 : 0.0) + (names_something(sentence.text) ? 0.05 : 0.0);
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace tacit::learn
