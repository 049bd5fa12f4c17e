#pragma once
// Rows times a weight matrix in bf16 on AMX tiles, sums in f32, with the bias and, where wanted,
// GELU applied while the next tiles are multiplied. Weights are woven into tiles once; those of the
// next columns are fetched into the cache ahead of their use, for a model's weights are larger than
// the cache and each run reads them all. Immutable, safe from any thread.

#include <cstddef>
#include <span>
#include <vector>

#include "embed/bf16.h"

namespace tacit::embed {

class TileProduct {
 public:
  // Whether this processor has tiles and the widths fill them (multiples of 32).
  static bool fits(std::size_t inputs, std::size_t outputs);

  // weights: row-major [outputs, inputs].
  TileProduct(std::span<const float> weights, std::span<const float> bias, std::size_t inputs);

  // out[rows, outputs] = in[rows, inputs] * weights + bias, then gelu. `rows` is a multiple of 16.
  void run(const Bf16* in, Bf16* out, std::size_t rows, bool gelu) const;

 private:
  struct alignas(64) Line {
    Bf16 numbers[32];
  };
  std::size_t inputs_;
  std::size_t outputs_;
  std::vector<float> bias_;
  std::vector<Line> tiles_;  // [outputs / 32, inputs / 32, 2 tiles of 16 columns, 16 rows]
};

}  // namespace tacit::embed
