#pragma once
// What the encoder computes between the matrix products: GELU, LayerNorm and attention, on values
// kept in f32 or in bf16 (Number), computed in f32 vectors of the widest kind this processor has,
// chosen once at run time. All variants of one Number agree within its rounding. Matrices are
// row-major and dense; nothing allocates; safe from any thread. `width` columns must be a multiple
// of kColumnStep.

#include <cstddef>
#include <span>

#include "embed/bf16.h"

namespace tacit::embed {

inline constexpr std::size_t kColumnStep = 16;
// Rows behind a text's last one that attention() may read; what lies there is not used.
inline constexpr std::size_t kSpareRows = 16;

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

template <class Number>
struct Kernels {
  const char* name = "";
  // x = gelu(x): the erf form, exact to the rounding of Number.
  void (*gelu)(Number* x, std::size_t count) = nullptr;
  // state = normalise(state + y) * scale + shift, row by row. Nothing is added where y is null; the
  // result also goes to `copy` where that is not null.
  void (*add_and_norm)(float* state, const Number* y, Number* copy, const NormWeights& norm,
                       std::size_t rows, std::size_t width) = nullptr;
  // One text. qkv: a row holds query, key and value of all heads. out: rows of all heads. scratch:
  // attention_scratch() bytes, on a boundary of 64.
  void (*attention)(const Number* qkv, const AttentionShape& shape, Number* out,
                    std::byte* scratch) = nullptr;
};

// Bytes of scratch that attention() of any variant needs.
std::size_t attention_scratch(const AttentionShape& shape);

// Every variant that this processor can run, best first. In f32 the last is the plain one; in bf16
// there is none where the processor has no instructions for it.
template <class Number>
std::span<const Kernels<Number>> usable_kernels();
template <>
std::span<const Kernels<float>> usable_kernels<float>();
template <>
std::span<const Kernels<Bf16>> usable_kernels<Bf16>();

}  // namespace tacit::embed
