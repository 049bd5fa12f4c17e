#include "learn/errors.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "learn/passages.h"

namespace tacit::learn {
namespace {

struct ErrorMark {
  std::string_view text;
  int weight;
};

constexpr std::array<ErrorMark, 14> kErrorMarks = {{
    {"error:", 4},
    {"error [", 4},
    {"exception:", 4},
    {"panic:", 4},
    {"fatal:", 4},
    {"enoent", 3},
    {"err_", 3},
    {"failed", 2},
    {"cannot ", 2},
    {"not found", 2},
    {"of undefined", 2},
    {"fails", 1},
    {"exit code", 1},
    {"failing", 1},
}};

constexpr std::array<std::string_view, 6> kEditTools = {"edit",  "write",       "multiedit",
                                                        "patch", "apply_patch", "str_replace"};

constexpr std::size_t kMaxErrorScanBytes = std::size_t{32} * 1024;

}  // namespace

int error_weight(std::string_view line) {
  const std::string lower = lower_ascii(line);
  if (lower.find("warning") != std::string::npos) return 0;
  int weight = 0;
  for (const ErrorMark& mark : kErrorMarks) {
    if (lower.find(mark.text) != std::string::npos) weight = std::max(weight, mark.weight);
  }
  return weight;
}

std::optional<ErrorLine> error_line(const Step& step, std::size_t index) {
  const std::string_view text = clip_utf8(step.text, kMaxErrorScanBytes);
  std::string_view best;
  int most = 0;
  for (const std::string_view raw : split_lines(text)) {
    const std::string_view line = trim(raw);
    if (line.size() < 12 || line.size() > 400 || line.starts_with("at ") || line.starts_with('<') ||
        line.find("[redacted:") != std::string_view::npos) {
      continue;
    }
    if (const int weight = error_weight(line); weight > most) {
      most = weight;
      best = line;
    }
  }
  if (most == 0) return std::nullopt;
  const std::string_view clipped = clip_utf8(best, kMaxErrorBytes);
  ErrorLine found;
  found.span = {index, static_cast<std::size_t>(clipped.data() - step.text.data()), clipped.size()};
  found.text = plain_text(clipped);
  found.weight = most;
  return found;
}

bool is_edit(const Step& step) {
  const std::string tool = lower_ascii(step.tool);
  return step.kind == StepKind::kCall &&
         std::any_of(kEditTools.begin(), kEditTools.end(),
                     [&](auto name) { return tool.find(name) != std::string::npos; });
}

}  // namespace tacit::learn
