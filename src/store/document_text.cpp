#include "store/document_text.h"

#include <array>

#include "base/text.h"

namespace tacit::store {
namespace {

constexpr std::size_t kMaxRequestBytes = 16 * 1024;
constexpr std::size_t kMaxReplyBytes = 32 * 1024;
constexpr std::size_t kMaxWorkBytes = 12 * 1024;
constexpr std::size_t kMaxCallBytes = 400;
constexpr std::size_t kMaxResultBytes = 600;
constexpr std::size_t kMaxLineBytes = 200;

constexpr std::array<std::string_view, 6> kErrorMarks = {"error", "fail",  "exception",
                                                         "panic", "fatal", "cannot"};

bool tells_error(std::string_view line) {
  for (const std::string_view mark : kErrorMarks) {
    if (contains_ignoring_case(line, mark)) return true;
  }
  return false;
}

std::string error_lines(const Step& result) {
  std::string lines;
  for (const std::string_view line : split_lines(result.text)) {
    if (lines.size() >= kMaxResultBytes) break;
    const std::string_view clipped = clip_utf8(trim(line), kMaxLineBytes);
    if (clipped.empty() || !(result.failed || tells_error(clipped))) continue;
    lines += clipped;
    lines += '\n';
  }
  return lines;
}

void append(std::string& text, std::string_view more, std::size_t max_bytes) {
  if (text.size() >= max_bytes || more.empty()) return;
  if (!text.empty()) text += '\n';
  text += clip_utf8(more, max_bytes - text.size());
}

}  // namespace

DocumentText document_text(const Exchange& exchange) {
  DocumentText text;
  for (const Step& step : exchange.steps) {
    switch (step.kind) {
      case StepKind::kRequest:
        append(text.request, step.text, kMaxRequestBytes);
        break;
      case StepKind::kReply:
        append(text.reply, step.text, kMaxReplyBytes);
        break;
      case StepKind::kCall:
        append(text.work, clip_utf8(step.text, kMaxCallBytes), kMaxWorkBytes);
        break;
      case StepKind::kResult:
        append(text.work, error_lines(step), kMaxWorkBytes);
        break;
    }
  }
  return text;
}

}  // namespace tacit::store
