#pragma once
// Inner products of int8 codes and of sketches (codes in four bits). The kernel is chosen once by
// what the processor offers and TACIT_CPU allows (AMX, AVX-512 VNNI, AVX-VNNI, AVX2, else plain);
// all give the same integers, so results do not depend on the machine.

#include <cstddef>
#include <cstdint>
#include <span>

namespace tacit::vector {

// Code rows are padded with zeros to a multiple of this and aligned to it.
inline constexpr std::size_t kCodeStep = 128;
// A sketch has half the bytes of its code. Of each kCodeStep numbers the first half are in the low
// four bits of its bytes, the second half in the high ones; each is this much more than it means.
inline constexpr int kSketchOffset = 8;
// Rows and queries of a block of products.
inline constexpr std::size_t kProductBlock = 16;

// 16 queries in both the orders that kernels want.
struct QueryBlock {
  const std::int8_t* plain;  // [16, width]
  const std::int8_t* woven;  // [width / 4, 16 queries, 4]
};

struct CodeKernel {
  const char* name;
  // `width` is a multiple of kCodeStep; codes lie in [-127, 127]. Sums stay below 2^31 for widths
  // up to 100,000.
  std::int32_t (*dot)(const std::int8_t* a, const std::int8_t* b, std::size_t width);
  // Of the numbers of sketches, one after the other, as they are kept (0 to 15) with a code.
  void (*dot_sketches)(const std::uint8_t* sketches, std::size_t count, const std::int8_t* code,
                       std::size_t width, std::int32_t* products);
  // products[16, 16] of 16 rows, one after the other, with each of 16 queries.
  void (*dot_block)(const std::int8_t* rows, const QueryBlock& queries, std::size_t width,
                    std::int32_t* products);
};

// Every kernel that this processor can run, best first; the last is the plain loop.
std::span<const CodeKernel> usable_code_kernels();

}  // namespace tacit::vector
