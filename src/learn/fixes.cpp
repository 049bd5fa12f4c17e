// Error → cause → fix: something failed (a tool's result, or an error the developer quotes), a
// later reply names the cause, and the same or a later step says or does what cured it.

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/text.h"
#include "learn/errors.h"
#include "learn/rules.h"

namespace tacit::learn {
namespace {

constexpr std::array<std::string_view, 16> kStrongCauses = {
    "root cause",      "the cause",     "caused by",       "the culprit",
    "the problem was", "the issue was", "the bug was",     "the bug is",
    "the reason",      "is why",        "that's why",      "turns out",
    "the real",        "the error was", "the failure was", "happens when"};

constexpr std::array<std::string_view, 14> kCauses = {
    "because",      "due to",           "the problem is",    "the issue is", "the problem",
    "the error is", "the error occurs", "the error happens", "was missing",  "were missing",
    "since",        "came from",        "comes from",        "fails when"};

constexpr std::array<std::string_view, 26> kFixes = {
    "fixed",    "fixed by", "the fix",  "changed",    "replaced", "switched", "added",
    "removed",  "moved",    "updated",  "renamed",    "set",      "raised",   "lowered",
    "reverted", "pinned",   "upgraded", "downgraded", "wrapped",  "instead",  "needs to",
    "must",     "solution", "resolved", "use",        "should"};

constexpr std::array<std::string_view, 5> kCauseHeadings = {"root cause", "cause", "the problem",
                                                            "the bug", "problem"};

// The sentence of the request that tells of the failure; a line may hold several.
std::optional<ErrorLine> told_error(const std::vector<Sentence>& sentences) {
  std::optional<ErrorLine> best;
  for (const Sentence& sentence : sentences) {
    if (!sentence.request || sentence.text.size() < 12) continue;
    const int weight = error_weight(sentence.text);
    if (weight == 0 || (best && weight <= best->weight)) continue;
    const std::string_view clipped = clip_utf8(sentence.text, kMaxErrorBytes);
    best = ErrorLine{span_of(sentence), std::string(clipped), weight};
  }
  return best;
}

// The clearest error of the exchange: told or quoted in the request, or in a failed result.
std::optional<ErrorLine> find_error(const Context& context) {
  const Exchange& exchange = context.exchange;
  std::optional<ErrorLine> best = told_error(context.sentences);
  for (std::size_t i = 0; i < exchange.steps.size(); ++i) {
    const Step& step = exchange.steps[i];
    if (step.kind == StepKind::kRequest && is_host_text(step.text)) continue;
    const bool failed = step.kind == StepKind::kResult && step.failed;
    if (!failed && step.kind != StepKind::kRequest) continue;
    auto line = error_line(step, i);
    if (line && (!best || line->weight > best->weight)) best = std::move(line);
  }
  return best;
}

double cause_strength(const Sentence& sentence) {
  if (!is_claim(sentence) || sentence.request) return 0;
  double strength = 0;
  if (says_any(sentence.words, kStrongCauses))
    strength = 3;
  else if (says_any(sentence.words, kCauses))
    strength = 2;
  if (says_any(sentence.heading, kCauseHeadings)) strength += 1.5;
  if (strength > 0 && names_something(sentence.text)) strength += 1;
  return strength;
}

// The sentence of the fix: nearest after the cause, else before it.
const Sentence* find_fix(const std::vector<Sentence>& sentences, std::size_t cause) {
  const auto fits = [&](std::size_t i) {
    return i != cause && !sentences[i].request && is_claim(sentences[i]) &&
           says_any(sentences[i].words, kFixes);
  };
  for (std::size_t i = cause + 1; i < sentences.size() && i < cause + 8; ++i) {
    if (fits(i)) return &sentences[i];
  }
  for (std::size_t i = cause; i > 0 && cause - i < 4; --i) {
    if (fits(i - 1)) return &sentences[i - 1];
  }
  return nullptr;
}

std::optional<Span> edit_after(const Exchange& exchange, std::size_t step) {
  for (std::size_t i = step + 1; i < exchange.steps.size(); ++i) {
    if (!is_edit(exchange.steps[i])) continue;
    const std::string_view text = clip_utf8(exchange.steps[i].text, 300);
    return Span{i, 0, text.size()};
  }
  return std::nullopt;
}

std::string with_stop(std::string text) {
  if (!text.empty() && std::string_view(".!?").find(text.back()) == std::string_view::npos)
    text += '.';
  return text;
}

}  // namespace

std::vector<Finding> find_fixes(const Context& context) {
  const auto error = find_error(context);
  if (!error && !context.reports_defect) return {};
  std::size_t best = 0;
  double strength = 0;
  for (std::size_t i = 0; i < context.sentences.size(); ++i) {
    const Sentence& sentence = context.sentences[i];
    if (const double found = cause_strength(sentence); found > strength) {
      strength = found;
      best = i;
    }
  }
  if (strength <= 0) return {};
  const Sentence& cause = context.sentences[best];
  const Sentence* fix = find_fix(context.sentences, best);
  const auto edit = edit_after(context.exchange, cause.step);
  const bool cured = fix != nullptr || edit || says_any(cause.words, kFixes);

  Finding finding;
  finding.confidence =
      0.35 + (strength >= 3 ? 0.15 : 0.05) + (error ? 0.1 : 0.0) + (cured ? 0.1 : 0.0);
  std::string lead;
  if (error) {
    lead = error->text;
    finding.spans.push_back(error->span);
  } else {
    lead = context.goal;
  }
  if (lead.empty() && standing_alone(cause, context).empty()) return {};
  finding.statement = lead.empty() ? "" : lead + (lead.ends_with('.') ? " " : ": ");
  finding.statement += with_stop(cause.text);
  finding.spans.push_back(span_of(cause));
  if (fix != nullptr) {
    finding.statement += ' ' + with_stop(fix->text);
    finding.spans.push_back(span_of(*fix));
  } else if (edit) {
    finding.spans.push_back(*edit);
  }
  return {finding};
}

}  // namespace tacit::learn
