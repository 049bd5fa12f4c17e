// Which texts stand for an exchange in the vector index. A part holds what the encoder reads of it:
// about 256 word pieces, so some 900 bytes.

#include <string>

#include "base/text.h"
#include "learn/learner.h"
#include "learn/passages.h"

namespace tacit::learn {
namespace {

constexpr std::size_t kMaxPartBytes = 900;
constexpr std::size_t kLeadBytes = 450;
// A reply is read on behind its lead in so many parts, each under the request's lead: what it
// answers. More found nothing more (docs/quality.md).
constexpr std::size_t kMaxReplyParts = 2;
constexpr std::size_t kMaxParts = 5;
constexpr std::size_t kMinPartBytes = 60;
constexpr std::size_t kScanBytes = std::size_t{16} * 1024;

const Step* last_reply(const Exchange& exchange) {
  for (std::size_t i = exchange.steps.size(); i > 0; --i) {
    const Step& step = exchange.steps[i - 1];
    if (step.kind == StepKind::kReply && !trim(step.text).empty()) return &step;
  }
  return nullptr;
}

std::string first_failure(const Exchange& exchange) {
  for (const Step& step : exchange.steps) {
    if (step.kind != StepKind::kResult || !step.failed) continue;
    return plain_text(clip_utf8(step.text, kMaxPartBytes));
  }
  return {};
}

void add_part(std::vector<std::string>& parts, std::string_view text) {
  const std::string_view part = trim(clip_utf8(text, kMaxPartBytes));
  if (parts.size() < kMaxParts && part.size() >= kMinPartBytes) parts.emplace_back(part);
}

}  // namespace

std::vector<std::string> embedding_texts(const Exchange& exchange) {
  std::vector<std::string> parts;
  if (exchange.steps.empty()) return {std::string()};
  const std::string request = plain_text(clip_utf8(exchange.request(), kScanBytes));
  const Step* final_step = last_reply(exchange);
  const std::string reply =
      final_step == nullptr ? std::string() : plain_text(clip_utf8(final_step->text, kScanBytes));
  const std::string_view request_lead = clip_utf8(request, kLeadBytes);
  const std::string_view reply_lead =
      clip_utf8(reply, kMaxPartBytes - std::min(request_lead.size(), kLeadBytes) - 1);
  parts.push_back(std::string(request_lead) +
                  (reply_lead.empty() ? "" : "\n" + std::string(reply_lead)));
  if (request.size() > kLeadBytes)
    add_part(parts, std::string_view(request).substr(request_lead.size()));
  std::string_view rest = std::string_view(reply).substr(reply_lead.size());
  for (std::size_t i = 0; i < kMaxReplyParts && !rest.empty(); ++i) {
    const std::string_view part = clip_utf8(rest, kMaxPartBytes - request_lead.size() - 1);
    rest.remove_prefix(part.size());
    if (trim(part).size() < kMinPartBytes) continue;
    add_part(parts, std::string(request_lead) + '\n' + std::string(trim(part)));
  }
  add_part(parts, first_failure(exchange));
  return parts;
}

}  // namespace tacit::learn
