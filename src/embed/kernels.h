#pragma once
// What the encoder computes between the matrix products: GELU, LayerNorm and attention, in f32
// vectors of the widest kind this processor has, chosen once at run time. All variants agree within
// rounding. Matrices are row-major and dense; nothing allocates; safe from any thread. `width`
// columns must be a multiple of kColumnStep.

#include <cstddef>
#include <span>

namespace tacit::embed {

inline constexpr std::size_t kColumnStep = 16;

struct NormWeights {
  const float* scale = nullptr;
  const float* shift = nullptr;
  float epsilon = 0;
};

struct AttentionShape {
  std::size_t tokens = 0;
  std::size_t heads = 0;
  std::size_t head_width = 0;
};

struct Kernels {
  const char* name;
  // x = gelu(x + bias), the exact (erf) form.
  void (*add_bias_gelu)(float* x, const float* bias, std::size_t rows, std::size_t width);
  // x = normalise(x + y + bias) * scale + shift, row by row.
  void (*add_and_norm)(float* x, const float* y, const float* bias, const NormWeights& norm,
                       std::size_t rows, std::size_t width);
  // qkv: a row holds query, key and value of all heads; bias likewise. out: rows of all heads.
  void (*attention)(const float* qkv, const float* bias, const AttentionShape& shape, float* out,
                    float* scratch);
};

// Floats of scratch that attention() needs.
std::size_t attention_scratch(const AttentionShape& shape);

// Every variant that this processor can run, best first; the last is the plain one.
std::span<const Kernels> usable_kernels();

}  // namespace tacit::embed
