#include "mcp/header_value.h"

#include <algorithm>
#include <cstdint>

#include "base/text.h"

namespace tacit::mcp {
namespace {

constexpr std::string_view kOpening = "=?base64?";
constexpr std::string_view kClosing = "?=";
constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr unsigned kBits = 6;  // of one letter
constexpr unsigned kByteBits = 8;

// Padded, without white space, without bits left over.
std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  std::string bytes;
  std::uint32_t pending = 0;
  unsigned count = 0;
  for (const char letter : text) {
    const auto value = kAlphabet.find(letter);
    if (value == std::string_view::npos) return std::nullopt;
    pending = (pending << kBits) | static_cast<std::uint32_t>(value);
    count += kBits;
    if (count < kByteBits) continue;
    count -= kByteBits;
    bytes += static_cast<char>(pending >> count);
    pending &= (1U << count) - 1;
  }
  if (pending != 0 || count >= kBits) return std::nullopt;
  return bytes;
}

bool is_plain(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= ' ' && c <= '~') || c == '\t'; });
}

}  // namespace

std::optional<std::string> decode_header_value(std::string_view value) {
  value = trim(value);
  if (!is_plain(value)) return std::nullopt;
  const bool is_encoded = value.size() >= kOpening.size() + kClosing.size() &&
                          value.starts_with(kOpening) && value.ends_with(kClosing);
  if (!is_encoded) return std::string(value);
  value.remove_prefix(kOpening.size());
  value.remove_suffix(kClosing.size());
  return decode_base64(value);
}

}  // namespace tacit::mcp
