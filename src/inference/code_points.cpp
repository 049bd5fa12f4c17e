#include "inference/code_points.h"

#include <array>
#include <vector>

namespace tacit::inference {
namespace {

#include "inference/code_point_tables.inc"

constexpr char32_t kLast = 0x10FFFF;
constexpr char32_t kBlock = 256;
constexpr std::size_t kBlocks = (kLast + 1) / kBlock;

// The classes of all code points in two stages: equal blocks of 256 are stored once.
struct Classes {
  std::array<std::uint16_t, kBlocks> block{};
  std::vector<std::array<ClassMask, kBlock>> rows;
};

Classes expand() {
  Classes classes;
  std::size_t next = 0;
  ClassMask kind = 0;
  std::array<ClassMask, kBlock> row{};
  for (std::size_t block = 0; block < kBlocks; ++block) {
    for (std::size_t i = 0; i < kBlock; ++i) {
      if (next < std::size(kClassStarts) && kClassStarts[next] >> 8U == block * kBlock + i)
        kind = static_cast<ClassMask>(kClassStarts[next++] & 0xFFU);
      row[i] = kind;
    }
    std::size_t same = 0;
    while (same < classes.rows.size() && classes.rows[same] != row) ++same;
    if (same == classes.rows.size()) classes.rows.push_back(row);
    classes.block[block] = static_cast<std::uint16_t>(same);
  }
  return classes;
}

const Classes& classes() {
  static const Classes kClasses = expand();
  return kClasses;
}

unsigned byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

}  // namespace

CodePoint long_code_point_at(std::string_view text, std::size_t at) {
  const unsigned lead = byte_at(text, at);
  const std::size_t bytes = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (lead < 0xC2 || lead > 0xF4 || at + bytes > text.size()) return {kSymbol, 1};
  char32_t value = lead & (0x7FU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    const unsigned byte = byte_at(text, at + i);
    if ((byte & 0xC0U) != 0x80) return {kSymbol, 1};
    value = value << 6U | (byte & 0x3FU);
  }
  const bool overlong = (bytes == 3 && value < 0x800) || (bytes == 4 && value < 0x10000);
  if (overlong || value > kLast || (value >= 0xD800 && value <= 0xDFFF)) return {kSymbol, 1};
  const Classes& table = classes();
  return {table.rows[table.block[value / kBlock]][value % kBlock], bytes};
}

}  // namespace tacit::inference
