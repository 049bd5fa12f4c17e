#include "embed/kernels.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

// One body for all processors: templates over the number of floats in a vector, inlined into entry
// points that are compiled for one instruction set each. GCC vector extensions keep it free of
// intrinsics.
#define TACIT_INLINE __attribute__((always_inline)) inline

namespace tacit::embed {
namespace {

constexpr std::size_t kPad = 64;       // keys and head widths are padded to this in scratch
constexpr std::size_t kQueryRows = 4;  // query rows per pass
constexpr float kMasked = -1e30f;

constexpr std::size_t padded(std::size_t value) {
  return (value + kPad - 1) / kPad * kPad;
}

template <std::size_t N>
struct Vec {
  typedef float Floats __attribute__((vector_size(4 * N)));
  typedef std::int32_t Ints __attribute__((vector_size(4 * N)));
  Floats v;

  TACIT_INLINE static Vec load(const float* p) {
    Vec result;
    std::memcpy(&result.v, p, sizeof result.v);
    return result;
  }
  TACIT_INLINE static Vec all(float value) { return {Floats{} + value}; }
  TACIT_INLINE void store(float* p) const { std::memcpy(p, &v, sizeof v); }
  TACIT_INLINE float sum() const {
    float total = 0;
    for (const float lane : lanes()) total += lane;
    return total;
  }
  TACIT_INLINE std::array<float, N> lanes() const { return std::bit_cast<std::array<float, N>>(v); }
};

// e^x for x <= 0, to about 2 units in the last place: range reduction by ln 2, then a polynomial of
// degree 6.
template <std::size_t N>
TACIT_INLINE typename Vec<N>::Floats exp_of_negative(typename Vec<N>::Floats x) {
  using Floats = typename Vec<N>::Floats;
  using Ints = typename Vec<N>::Ints;
  const Floats lowest = Floats{} - 87.0f;
  x = x < lowest ? lowest : x;
  const Ints n = __builtin_convertvector(x * 1.44269504f - 0.5f, Ints);
  const Floats f = __builtin_convertvector(n, Floats);
  const Floats r = (x - f * 0.693359375f) + f * 2.12194440e-4f;
  Floats p = Floats{} + 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  p = p * (r * r) + r + 1.0f;
  return p * std::bit_cast<Floats>((n + 127) << 23);
}

// erf by Abramowitz and Stegun 7.1.26: absolute error below 1.5e-7, the rounding of f32.
template <std::size_t N>
TACIT_INLINE typename Vec<N>::Floats gelu(typename Vec<N>::Floats x) {
  using Floats = typename Vec<N>::Floats;
  const Floats z = x * 0.70710678f;
  const Floats magnitude = z < 0.0f ? -z : z;
  const Floats t = 1.0f / (magnitude * 0.3275911f + 1.0f);
  Floats p = t * 1.061405429f - 1.453152027f;
  p = p * t + 1.421413741f;
  p = p * t - 0.284496736f;
  p = p * t + 0.254829592f;
  const Floats tail = p * t * exp_of_negative<N>(-(z * z));  // 1 - erf(|z|)
  return 0.5f * x * (z < 0.0f ? tail : 2.0f - tail);
}

template <std::size_t N>
TACIT_INLINE void add_bias_gelu(float* x, const float* bias, std::size_t rows, std::size_t width) {
  for (std::size_t row = 0; row < rows; ++row, x += width) {
    for (std::size_t i = 0; i < width; i += N) {
      Vec<N>{gelu<N>(Vec<N>::load(x + i).v + Vec<N>::load(bias + i).v)}.store(x + i);
    }
  }
}

template <std::size_t N>
TACIT_INLINE void add_and_norm(float* x, const float* y, const float* bias, const NormWeights& norm,
                               std::size_t rows, std::size_t width) {
  for (std::size_t row = 0; row < rows; ++row, x += width, y += width) {
    Vec<N> sum = Vec<N>::all(0);
    for (std::size_t i = 0; i < width; i += N) {
      const Vec<N> value{Vec<N>::load(x + i).v + Vec<N>::load(y + i).v + Vec<N>::load(bias + i).v};
      value.store(x + i);
      sum.v += value.v;
    }
    const float mean = sum.sum() / static_cast<float>(width);
    Vec<N> squares = Vec<N>::all(0);
    for (std::size_t i = 0; i < width; i += N) {
      const Vec<N> offset{Vec<N>::load(x + i).v - mean};
      squares.v += offset.v * offset.v;
    }
    const float factor = 1.0f / std::sqrt(squares.sum() / static_cast<float>(width) + norm.epsilon);
    for (std::size_t i = 0; i < width; i += N) {
      const Vec<N> value = Vec<N>::load(x + i);
      Vec<N>{(value.v - mean) * factor * Vec<N>::load(norm.scale + i).v +
             Vec<N>::load(norm.shift + i).v}
          .store(x + i);
    }
  }
}

// One head in scratch: queries [tokens + 3, width] scaled, keys transposed [width, keys], values
// [tokens, columns], and the weights of kQueryRows rows [kQueryRows, keys].
struct HeadScratch {
  float* queries;
  float* keys;
  float* values;
  float* weights;
  std::size_t key_stride;
  std::size_t value_stride;
};

TACIT_INLINE void gather_head(const float* qkv, const float* bias, const AttentionShape& shape,
                              std::size_t head, const HeadScratch& scratch) {
  const std::size_t hidden = shape.heads * shape.head_width;
  const float scale = 1.0f / std::sqrt(static_cast<float>(shape.head_width));
  const float* query_bias = bias + head * shape.head_width;
  for (std::size_t token = 0; token < shape.tokens; ++token) {
    const float* row = qkv + token * 3 * hidden + head * shape.head_width;
    for (std::size_t d = 0; d < shape.head_width; ++d) {
      scratch.queries[token * shape.head_width + d] = (row[d] + query_bias[d]) * scale;
      scratch.keys[d * scratch.key_stride + token] = row[hidden + d] + query_bias[hidden + d];
      scratch.values[token * scratch.value_stride + d] =
          row[2 * hidden + d] + query_bias[2 * hidden + d];
    }
  }
}

// weights[r] = softmax(queries[r] · keys); padding keys get weight zero.
template <std::size_t N>
TACIT_INLINE void score_rows(const float* queries, const HeadScratch& scratch,
                             const AttentionShape& shape) {
  const std::size_t stride = scratch.key_stride;
  for (std::size_t key = 0; key < shape.tokens; key += 2 * N) {
    Vec<N> sum[kQueryRows][2] = {};
    for (std::size_t d = 0; d < shape.head_width; ++d) {
      const auto left = Vec<N>::load(scratch.keys + d * stride + key);
      const auto right = Vec<N>::load(scratch.keys + d * stride + key + N);
      for (std::size_t r = 0; r < kQueryRows; ++r) {
        const float query = queries[r * shape.head_width + d];
        sum[r][0].v += query * left.v;
        sum[r][1].v += query * right.v;
      }
    }
    for (std::size_t r = 0; r < kQueryRows; ++r) {
      sum[r][0].store(scratch.weights + r * stride + key);
      sum[r][1].store(scratch.weights + r * stride + key + N);
    }
  }
  for (std::size_t r = 0; r < kQueryRows; ++r) {
    float* row = scratch.weights + r * stride;
    const std::size_t end = (shape.tokens + N - 1) / N * N;
    std::fill(row + shape.tokens, row + end, kMasked);
    Vec<N> top = Vec<N>::load(row);
    for (std::size_t key = N; key < end; key += N) {
      const auto value = Vec<N>::load(row + key);
      top.v = value.v > top.v ? value.v : top.v;
    }
    float highest = kMasked;
    for (const float lane : top.lanes()) highest = std::max(highest, lane);
    Vec<N> total = Vec<N>::all(0);
    for (std::size_t key = 0; key < end; key += N) {
      const Vec<N> weight{exp_of_negative<N>(Vec<N>::load(row + key).v - highest)};
      weight.store(row + key);
      total.v += weight.v;
    }
    const float factor = 1.0f / total.sum();
    for (std::size_t key = 0; key < end; key += N) {
      Vec<N>{Vec<N>::load(row + key).v * factor}.store(row + key);
    }
  }
}

// result[r] = weights[r] · values for kRows rows, 16 or 32 columns of the head at a time.
template <std::size_t N, std::size_t kRows>
TACIT_INLINE void mix_values(const float* weights, const HeadScratch& scratch,
                             const AttentionShape& shape, float* out, std::size_t out_stride,
                             std::size_t rows) {
  constexpr std::size_t kParts = N == 16 ? 2 : 4;
  for (std::size_t column = 0; column < shape.head_width; column += kParts * N) {
    Vec<N> sum[kRows][kParts] = {};
    for (std::size_t key = 0; key < shape.tokens; ++key) {
      const float* value = scratch.values + key * scratch.value_stride + column;
      for (std::size_t part = 0; part < kParts; ++part) {
        const auto loaded = Vec<N>::load(value + part * N);
        for (std::size_t r = 0; r < kRows; ++r) {
          sum[r][part].v += weights[r * scratch.key_stride + key] * loaded.v;
        }
      }
    }
    const std::size_t width = std::min(shape.head_width - column, kParts * N);
    for (std::size_t r = 0; r < std::min(kRows, rows); ++r) {
      float block[kParts * N];
      for (std::size_t part = 0; part < kParts; ++part) sum[r][part].store(block + part * N);
      std::memcpy(out + r * out_stride + column, block, width * sizeof(float));
    }
  }
}

template <std::size_t N>
TACIT_INLINE void attention(const float* qkv, const float* bias, const AttentionShape& shape,
                            float* out, float* scratch) {
  constexpr std::size_t kMixRows = N == 16 ? 4 : 2;
  const std::size_t keys = padded(shape.tokens);
  const std::size_t columns = padded(shape.head_width);
  HeadScratch head_scratch{.queries = scratch,
                           .keys = scratch + keys * shape.head_width,
                           .values = scratch + 2 * keys * shape.head_width,
                           .weights = scratch + 2 * keys * shape.head_width + keys * columns,
                           .key_stride = keys,
                           .value_stride = columns};
  std::memset(scratch, 0, attention_scratch(shape) * sizeof(float));
  const std::size_t hidden = shape.heads * shape.head_width;
  for (std::size_t head = 0; head < shape.heads; ++head) {
    gather_head(qkv, bias, shape, head, head_scratch);
    for (std::size_t row = 0; row < shape.tokens; row += kQueryRows) {
      score_rows<N>(head_scratch.queries + row * shape.head_width, head_scratch, shape);
      for (std::size_t r = 0; r < kQueryRows && row + r < shape.tokens; r += kMixRows) {
        mix_values<N, kMixRows>(head_scratch.weights + r * keys, head_scratch, shape,
                                out + (row + r) * hidden + head * shape.head_width, hidden,
                                shape.tokens - row - r);
      }
    }
  }
}

#define TACIT_KERNELS(variant, width, target)                                                      \
  target void variant##_gelu(float* x, const float* bias, std::size_t rows, std::size_t columns) { \
    add_bias_gelu<width>(x, bias, rows, columns);                                                  \
  }                                                                                                \
  target void variant##_norm(float* x, const float* y, const float* bias, const NormWeights& norm, \
                             std::size_t rows, std::size_t columns) {                              \
    add_and_norm<width>(x, y, bias, norm, rows, columns);                                          \
  }                                                                                                \
  target void variant##_attention(const float* qkv, const float* bias,                             \
                                  const AttentionShape& shape, float* out, float* scratch) {       \
    attention<width>(qkv, bias, shape, out, scratch);                                              \
  }                                                                                                \
  constexpr Kernels k_##variant{#variant, variant##_gelu, variant##_norm, variant##_attention};

#if defined(__x86_64__)
TACIT_KERNELS(avx512, 16, __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,fma"))))
TACIT_KERNELS(avx2, 8, __attribute__((target("avx2,fma"))))
#endif
TACIT_KERNELS(plain, 4, )

}  // namespace

std::size_t attention_scratch(const AttentionShape& shape) {
  const std::size_t keys = padded(shape.tokens);
  return 2 * keys * shape.head_width + keys * padded(shape.head_width) + kQueryRows * keys;
}

std::span<const Kernels> usable_kernels() {
#if defined(__x86_64__)
  static constexpr std::array kAll{k_avx512, k_avx2, k_plain};
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq")) {
    return kAll;
  }
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return std::span(kAll).subspan(avx2 ? 1 : 2);
#else
  static constexpr std::array kAll{k_plain};
  return kAll;
#endif
}

}  // namespace tacit::embed
