#pragma once
// Inner products of int8 codes. The kernel is chosen once by what the CPU offers (AVX2, else
// scalar); all give the same integers, so results do not depend on the machine.

#include <cstddef>
#include <cstdint>

namespace tacit::vector {

// `width` is a multiple of 32. Sums stay below 2^31 for widths up to 100,000.
std::int32_t dot_codes(const std::int8_t* a, const std::int8_t* b, std::size_t width);

// The plain loop, for tests to compare with.
std::int32_t dot_codes_scalar(const std::int8_t* a, const std::int8_t* b, std::size_t width);

}  // namespace tacit::vector
