#include "base/json_text.h"

#include <fmt/format.h>

#include "base/text.h"

namespace tacit {

std::string json_quote(std::string_view text) {
  std::string cleaned;
  if (!is_valid_utf8(text)) {
    cleaned = clean_utf8(text);
    text = cleaned;
  }
  std::string quoted = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        quoted += "\\\"";
        break;
      case '\\':
        quoted += "\\\\";
        break;
      case '\n':
        quoted += "\\n";
        break;
      case '\r':
        quoted += "\\r";
        break;
      case '\t':
        quoted += "\\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
          quoted += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
        } else {
          quoted += c;
        }
    }
  }
  return quoted + '"';
}

}  // namespace tacit
