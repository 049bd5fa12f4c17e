#pragma once
// Inner products of int8 codes. The kernel is chosen once by what the CPU offers (AVX-512 VNNI,
// AVX2, else plain); all give the same integers, so results do not depend on the machine.

#include <cstddef>
#include <cstdint>
#include <span>

namespace tacit::vector {

// Code rows are padded with zeros to a multiple of this and aligned to it.
inline constexpr std::size_t kCodeStep = 64;

struct CodeKernel {
  const char* name;
  // `width` is a multiple of kCodeStep; codes lie in [-127, 127]. Sums stay below 2^31 for widths
  // up to 100,000.
  std::int32_t (*dot)(const std::int8_t* a, const std::int8_t* b, std::size_t width);
};

// Every kernel that this processor can run, best first; the last is the plain loop.
std::span<const CodeKernel> usable_code_kernels();

}  // namespace tacit::vector
