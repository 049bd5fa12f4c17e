#include "mcp/shown_text.h"

#include <array>

#include "base/text.h"

namespace tacit::mcp {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// Characters that change how others are read or cannot be seen: C0 and C1 controls but for line
// feed and tab, soft hyphen, Arabic letter mark, Mongolian vowel separator, zero width, directional
// marks, embeddings, overrides and isolates, line and paragraph separators, invisible operators,
// fillers, byte-order mark, interlinear annotation, musical controls, tags, supplementary variation
// selectors.
constexpr std::array<Range, 19> kHidden = {{
    {0x00, 0x08},     {0x0B, 0x1F},       {0x7F, 0x9F},       {0xAD, 0xAD},       {0x034F, 0x034F},
    {0x061C, 0x061C}, {0x115F, 0x1160},   {0x17B4, 0x17B5},   {0x180B, 0x180F},   {0x200B, 0x200F},
    {0x2028, 0x202E}, {0x2060, 0x206F},   {0x3164, 0x3164},   {0xFE00, 0xFE0F},   {0xFEFF, 0xFEFF},
    {0xFFF9, 0xFFFB}, {0x1BCA0, 0x1BCA3}, {0x1D173, 0x1D17A}, {0xE0000, 0xE0FFF},
}};

bool is_hidden(char32_t c) {
  for (const Range& range : kHidden) {
    if (c >= range.first && c <= range.last) return true;
  }
  return false;
}

std::size_t sequence_length(char lead) {
  const auto byte = static_cast<unsigned char>(lead);
  if (byte < 0x80) return 1;
  if (byte < 0xE0) return 2;
  return byte < 0xF0 ? 3 : 4;
}

// Of a well-formed sequence.
char32_t decode(std::string_view sequence) {
  const auto lead = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return lead;
  char32_t c = lead & (0x7FU >> sequence.size());
  for (std::size_t i = 1; i < sequence.size(); ++i) {
    c = (c << 6U) | (static_cast<unsigned char>(sequence[i]) & 0x3FU);
  }
  return c;
}

// "```" and "~~~" open and close blocks: a blank between the signs takes that from them.
void loosen_fences(std::string& text, char sign) {
  const std::string fence(3, sign);
  for (auto at = text.find(fence); at != std::string::npos; at = text.find(fence, at)) {
    text.insert(at + 1, 1, ' ');
    at += 2;
  }
}

}  // namespace

std::string shown(std::string_view text) {
  const std::string clean = clean_utf8(text);
  std::string result;
  result.reserve(clean.size());
  for (std::string_view rest = clean; !rest.empty();) {
    const std::string_view sequence = rest.substr(0, sequence_length(rest.front()));
    rest.remove_prefix(sequence.size());
    if (!is_hidden(decode(sequence))) result += sequence;
  }
  loosen_fences(result, '`');
  loosen_fences(result, '~');
  return result;
}

std::string shown_line(std::string_view text, std::size_t max_bytes) {
  std::string line;
  for (const char c : shown(text)) {
    const bool is_space = c == '\n' || c == '\t' || c == ' ';
    if (!is_space)
      line += c;
    else if (!line.empty() && line.back() != ' ')
      line += ' ';
  }
  if (!line.empty() && line.back() == ' ') line.pop_back();
  if (line.size() <= max_bytes) return line;
  return std::string(clip_utf8(line, max_bytes)) + "…";
}

}  // namespace tacit::mcp
