// Base64 that decodes to text.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "privacy/disguise.h"

namespace tacit::privacy {
namespace {

constexpr std::size_t kMinRun = 24;      // characters; 18 bytes hold no name with its secret
constexpr std::size_t kProbe = 32;       // characters that decide whether the rest is decoded
constexpr std::size_t kMinWrapped = 60;  // a line of base64 that goes on in the next
constexpr std::size_t kMaxIndent = 16;

constexpr std::array<signed char, 256> digit_table() {
  std::array<signed char, 256> table{};
  for (auto& digit : table) digit = -1;
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < kDigits.size(); ++i)
    table[static_cast<unsigned char>(kDigits[i])] = static_cast<signed char>(i);
  table['-'] = 62;
  table['_'] = 63;
  return table;
}
constexpr auto kDigitOf = digit_table();

bool is_base64(char c) {
  return kDigitOf[static_cast<unsigned char>(c)] >= 0;
}

// Decodes [start, end) of the text, line breaks and indentation left out.
std::string decoded(std::string_view text, std::size_t start, std::size_t end) {
  std::string bytes;
  bytes.reserve((end - start) / 4 * 3 + 3);
  unsigned int bits = 0;
  int count = 0;
  for (std::size_t i = start; i < end; ++i) {
    const int digit = kDigitOf[static_cast<unsigned char>(text[i])];
    if (digit < 0) continue;
    bits = bits << 6U | static_cast<unsigned int>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(static_cast<unsigned char>(bits >> static_cast<unsigned>(count)));
  }
  return bytes;
}

// How many bytes at the end begin a character that is not whole.
std::size_t cut_bytes(std::string_view bytes) {
  for (std::size_t i = 1; i <= std::min<std::size_t>(3, bytes.size()); ++i) {
    const auto byte = static_cast<unsigned char>(bytes[bytes.size() - i]);
    if ((byte & 0xC0U) == 0x80U) continue;  // goes on with a character
    const std::size_t length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1;
    return length > i ? i : 0;
  }
  return 0;
}

// Text in UTF-8, of which the last character may be cut off, or in UTF-16, whose NULs are left out.
bool make_text(std::string& bytes) {
  const bool is_wide = bytes.size() >= 4 && (bytes[1] == '\0' || bytes[0] == '\xff');
  if (is_wide) {
    std::erase(bytes, '\0');
    if (bytes.starts_with("\xff\xfe")) bytes.erase(0, 2);
  }
  const bool is_printable = std::all_of(bytes.begin(), bytes.end(), [](unsigned char c) {
    return (c >= ' ' && c != 0x7F) || c == '\n' || c == '\r' || c == '\t' || c == 0x1B;
  });
  return is_printable && is_valid_utf8(clip_utf8(bytes, bytes.size() - cut_bytes(bytes)));
}

// The end of the run that goes on from `end` on the next line and fills it, or `end`.
std::size_t wrapped_on(std::string_view text, std::size_t end) {
  std::size_t place = end;
  if (place < text.size() && text[place] == '\r') ++place;
  if (place >= text.size() || text[place] != '\n') return end;
  ++place;
  const std::size_t limit = std::min(text.size(), place + kMaxIndent);
  while (place < limit && (text[place] == ' ' || text[place] == '\t')) ++place;
  std::size_t next = place;
  while (next < text.size() && is_base64(text[next])) ++next;
  const bool fills_line = next == text.size() ||
                          std::string_view("\r\n=\"'").find(text[next]) != std::string_view::npos;
  return next > place && fills_line ? next : end;
}

}  // namespace

Layer from_base64(std::string_view text) {
  Layer layer;
  // A run of kMinRun characters has one at every kMinRun-th place.
  for (std::size_t i = kMinRun - 1; i < text.size();) {
    if (!is_base64(text[i])) {
      i += kMinRun;
      continue;
    }
    std::size_t start = i;
    while (start + kMinRun > i + 1 && is_base64(text[start - 1])) --start;
    std::size_t end = i;
    while (end < text.size() && is_base64(text[end])) ++end;
    if (end - start < kMinRun) {
      i = end + kMinRun;
      continue;
    }
    std::string probe = decoded(text, start, std::min(end, start + kProbe));
    if (make_text(probe)) {
      std::size_t before = end;  // where the line before the last ends
      for (std::size_t line = start; end - line >= kMinWrapped;) {
        const std::size_t on = wrapped_on(text, end);
        if (on == end) break;
        before = line = end;
        end = on;
      }
      std::string bytes = decoded(text, start, end);
      bool is_text = make_text(bytes);
      if (!is_text && before < end) {  // the last line may be a word of its own
        end = before;
        bytes = decoded(text, start, end);
        is_text = make_text(bytes);
      }
      while (end < text.size() && text[end] == '=') ++end;
      if (is_text) {
        layer.put(bytes, start, end);
        layer.end_part(end);
      }
    }
    i = end + kMinRun;
  }
  return layer;
}

}  // namespace tacit::privacy
