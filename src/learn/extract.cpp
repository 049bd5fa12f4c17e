#include "learn/extract.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/text.h"
#include "learn/rules.h"

namespace tacit::learn {
namespace {

constexpr std::size_t kMaxTitleBytes = 80;

bool overlaps(const Span& a, const Span& b) {
  return a.step == b.step && a.offset < b.offset + b.length && b.offset < a.offset + a.length;
}

bool shares_evidence(const Finding& a, const Finding& b) {
  return std::any_of(a.spans.begin(), a.spans.end(), [&](const Span& left) {
    return std::any_of(b.spans.begin(), b.spans.end(),
                       [&](const Span& right) { return overlaps(left, right); });
  });
}

std::string clip_words(std::string_view text, std::size_t max_bytes) {
  std::string out(clip_utf8(text, max_bytes));
  if (out.size() < text.size()) {
    const std::size_t blank = out.rfind(' ');
    if (blank != std::string::npos && blank > max_bytes / 2) out.resize(blank);
  }
  return out;
}

void append(std::vector<Finding>& all, std::vector<Finding> more) {
  std::move(more.begin(), more.end(), std::back_inserter(all));
}

std::vector<Finding> findings_of(const Context& context) {
  std::vector<Finding> findings = find_fixes(context);
  append(findings, find_conventions(context));
  append(findings, find_decisions(context));
  append(findings, find_commands(context));
  append(findings, find_dead_ends(context));
  append(findings, find_know_how(context));
  append(findings, find_gotchas(context));
  std::stable_sort(findings.begin(), findings.end(),
                   [](const Finding& a, const Finding& b) { return a.confidence > b.confidence; });
  return findings;
}

}  // namespace

std::vector<Observation> extract(const Exchange& exchange, const Exchange* previous,
                                 const IdentityKey& key) {
  if (exchange.steps.empty()) return {};
  const Context context = context_of(exchange, previous);
  std::vector<Finding> findings = findings_of(context);
  std::vector<Finding> chosen;
  std::vector<Observation> observations;
  for (Finding& finding : findings) {
    if (chosen.size() == kMaxObservationsPerExchange) break;
    const bool taken = std::any_of(chosen.begin(), chosen.end(), [&](const Finding& other) {
      return shares_evidence(finding, other);
    });
    if (taken) continue;
    Observation observation;
    observation.exchange = exchange.id;
    observation.type = finding.type;
    observation.statement = clip_words(finding.statement, kMaxStatementBytes);
    observation.id = key.observation(exchange.id, observation.statement);
    observation.confidence = finding.confidence;
    observation.spans = finding.spans;
    observation.seen = exchange.time;
    observations.push_back(std::move(observation));
    chosen.push_back(std::move(finding));
  }
  return observations;
}

std::string title_of(const Observation& observation) {
  constexpr std::string_view kEllipsis = "\xE2\x80\xA6";
  if (observation.statement.size() <= kMaxTitleBytes) return observation.statement;
  return clip_words(observation.statement, kMaxTitleBytes - kEllipsis.size()) +
         std::string(kEllipsis);
}

}  // namespace tacit::learn
