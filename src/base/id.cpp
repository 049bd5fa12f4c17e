#include "base/id.h"

namespace tacit {
namespace {

constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t kIdChars = 12;

}  // namespace

std::string id_text(std::uint64_t value) {
  std::string text(kIdChars, '0');
  for (std::size_t i = kIdChars; i-- > 0;) {
    text[i] = kAlphabet[value & 31U];
    value >>= 5U;
  }
  return text;
}

std::optional<std::uint64_t> parse_id_text(std::string_view text) {
  if (text.size() != kIdChars) return std::nullopt;
  std::uint64_t value = 0;
  for (char c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const auto digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    value = (value << 5U) | digit;
  }
  return value;
}

}  // namespace tacit
