#include "transcript/json_head.h"

#include "base/text.h"

namespace tacit::transcript {
namespace {

constexpr std::size_t kMaxLines = 64;

}  // namespace

bool any_record_in_head(std::string_view head, bool (*judge)(JsonValue),
                        bool (*judge_text)(std::string_view)) {
  if (head.starts_with("\xEF\xBB\xBF")) head.remove_prefix(3);
  std::string_view rest = trim(head);
  if (!rest.starts_with('{')) {
    // A damaged first line must not hide the file: look on, but not through a document of another
    // kind.
    const std::size_t next = rest.find("\n{");
    if (next == std::string_view::npos || rest.starts_with('[') || rest.starts_with('<') ||
        rest.starts_with('#')) {
      return false;
    }
    rest.remove_prefix(next + 1);
  }
  JsonParser parser;
  std::size_t objects = 0;
  for (std::size_t i = 0; i < kMaxLines && !rest.empty(); ++i) {
    const std::size_t newline = rest.find('\n');
    const std::string_view line = trim(rest.substr(0, newline));
    rest = newline == std::string_view::npos ? std::string_view() : rest.substr(newline + 1);
    if (!line.starts_with('{')) continue;
    const auto value = parser.parse(clean_utf8(line));
    if (!value || !value->is_object()) continue;
    ++objects;
    if (judge(*value)) return true;
  }
  return objects == 0 && judge_text(head);
}

}  // namespace tacit::transcript
