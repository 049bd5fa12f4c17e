#pragma once
// Bfloat16: the upper half of an f32. Rounded to nearest, ties to even.

#include <bit>
#include <cstdint>

namespace tacit::embed {

struct Bf16 {
  std::uint16_t bits;

  static Bf16 of(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    return {static_cast<std::uint16_t>((bits + 0x7FFFU + (bits >> 16U & 1U)) >> 16U)};
  }
  float value() const { return std::bit_cast<float>(std::uint32_t{bits} << 16U); }
};

}  // namespace tacit::embed
