#include "transcript/json_repair.h"

#include "base/text.h"

namespace tacit::transcript {
namespace {

bool is_surrogate_escape(std::string_view text, std::size_t at, char first, char last) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return false;
  if (text[at + 2] != 'd' && text[at + 2] != 'D') return false;
  const std::string digit = lower_ascii(text.substr(at + 3, 1));
  return digit[0] >= first && digit[0] <= last;
}

}  // namespace

std::optional<std::string> repair_json(std::string_view text, JsonRepairs& repairs) {
  std::string result = clean_utf8(text, &repairs.utf8);
  bool in_string = false;
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (static_cast<unsigned char>(result[i]) < 0x20) {
      const bool is_blank = result[i] == '\t' || result[i] == '\r' || result[i] == '\n';
      if (in_string || !is_blank) ++repairs.others;
      result[i] = ' ';
    } else if (result[i] == '"') {
      in_string = !in_string;
    } else if (is_surrogate_escape(result, i, '8', 'b') &&
               is_surrogate_escape(result, i + 6, 'c', 'f')) {
      i += 11;
    } else if (is_surrogate_escape(result, i, '8', 'f')) {
      result.replace(i, 6, "\\ufffd");
      ++repairs.others;
      i += 5;
    } else if (result[i] == '\\') {
      ++i;
    }
  }
  if (repairs.utf8 + repairs.others == 0) return std::nullopt;
  return result;
}

}  // namespace tacit::transcript
