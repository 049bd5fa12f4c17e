#pragma once
// A vector as int8 numbers with a scale, and a question in that shape. Private to the module.

#include <array>
#include <cstdint>
#include <vector>

#include "vector/code_kernels.h"

namespace tacit::vector {

struct RowNumbers {
  float scale = 0;
  float length = 0;  // of the vector
  float error = 0;   // length of what the code lost
};

struct alignas(kCodeStep) CodeChunk {
  std::array<std::int8_t, kCodeStep> bytes{};
};

struct CodedQuery {
  std::vector<CodeChunk> chunks;
  RowNumbers numbers;
  const std::int8_t* code() const { return chunks.front().bytes.data(); }
};

// How far a cosine may be from what codes or sketches tell, but for chance: so many standard
// deviations of their errors.
inline constexpr float kDeviations = 4;
// The same for one rounding, in steps.
inline constexpr float kRoundingDeviations = kDeviations / 3.4641016F;  // the root of twelve
// Covers the rounding of the f32 sums themselves, far above what 10,000 dimensions can lose.
inline constexpr float kSlack = 1e-5F;

}  // namespace tacit::vector
