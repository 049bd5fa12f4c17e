#include "embed/kernels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <type_traits>

#include "base/cpu.h"
#include "embed/bf16_norm.h"
#include "embed/tile_attention.h"
#include "embed/vector_math.h"

namespace tacit::embed {
namespace {

constexpr std::size_t kPad = 64;       // keys and head widths are padded to this in scratch
constexpr std::size_t kQueryRows = 4;  // query rows per pass
constexpr float kMasked = -1e30f;

constexpr std::size_t padded(std::size_t value) {
  return (value + kPad - 1) / kPad * kPad;
}

template <std::size_t N, class Number>
TACIT_INLINE void gelu_all(Number* x, std::size_t count) {
  for (std::size_t i = 0; i < count; i += N) {
    const auto value = Vec<N>::load(x + i).v;
    if constexpr (std::is_same_v<Number, float>)
      Vec<N>{gelu<N>(value)}.store(x + i);
    else
      Vec<N>{rough_gelu<N>(value)}.store(x + i);
  }
}

template <std::size_t N>
TACIT_INLINE void add_and_norm(float* x, const float* y, float* copy, const NormWeights& norm,
                               std::size_t rows, std::size_t width) {
  for (std::size_t row = 0; row < rows; ++row, x += width) {
    Vec<N> sum = Vec<N>::all(0);
    for (std::size_t i = 0; i < width; i += N) {
      Vec<N> value = Vec<N>::load(x + i);
      if (y != nullptr) value.v += Vec<N>::load(y + row * width + i).v;
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
      const Vec<N> value{(Vec<N>::load(x + i).v - mean) * factor * Vec<N>::load(norm.scale + i).v +
                         Vec<N>::load(norm.shift + i).v};
      value.store(x + i);
      if (copy != nullptr) value.store(copy + row * width + i);
    }
  }
}

TACIT_INLINE float plain(float value) {
  return value;
}
TACIT_INLINE float plain(Bf16 value) {
  return value.value();
}
TACIT_INLINE void put(float value, float& to) {
  to = value;
}
TACIT_INLINE void put(float value, Bf16& to) {
  to = Bf16::of(value);
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

template <class Number>
TACIT_INLINE void gather_head(const Number* qkv, const AttentionShape& shape, std::size_t head,
                              const HeadScratch& scratch) {
  const std::size_t hidden = shape.heads * shape.head_width;
  const float scale = 1.0f / std::sqrt(static_cast<float>(shape.head_width));
  for (std::size_t token = 0; token < shape.tokens; ++token) {
    const Number* row = qkv + token * 3 * hidden + head * shape.head_width;
    for (std::size_t d = 0; d < shape.head_width; ++d) {
      scratch.queries[token * shape.head_width + d] = plain(row[d]) * scale;
      scratch.keys[d * scratch.key_stride + token] = plain(row[hidden + d]);
      scratch.values[token * scratch.value_stride + d] = plain(row[2 * hidden + d]);
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
template <std::size_t N, std::size_t kRows, class Number>
TACIT_INLINE void mix_values(const float* weights, const HeadScratch& scratch,
                             const AttentionShape& shape, Number* out, std::size_t out_stride,
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
      for (std::size_t i = 0; i < width; ++i) put(block[i], out[r * out_stride + column + i]);
    }
  }
}

// Floats of the scratch.
std::size_t plain_attention_scratch(const AttentionShape& shape) {
  const std::size_t keys = padded(shape.tokens);
  return 2 * keys * shape.head_width + keys * padded(shape.head_width) + kQueryRows * keys;
}

template <std::size_t N, class Number>
TACIT_INLINE void attention(const Number* qkv, const AttentionShape& shape, Number* out,
                            std::byte* bytes) {
  constexpr std::size_t kMixRows = N == 16 ? 4 : 2;
  const std::size_t keys = padded(shape.tokens);
  const std::size_t columns = padded(shape.head_width);
  float* const scratch = reinterpret_cast<float*>(bytes);
  const HeadScratch head_scratch{.queries = scratch,
                                 .keys = scratch + keys * shape.head_width,
                                 .values = scratch + 2 * keys * shape.head_width,
                                 .weights = scratch + 2 * keys * shape.head_width + keys * columns,
                                 .key_stride = keys,
                                 .value_stride = columns};
  std::fill_n(scratch, plain_attention_scratch(shape), 0.0f);
  const std::size_t hidden = shape.heads * shape.head_width;
  for (std::size_t head = 0; head < shape.heads; ++head) {
    gather_head(qkv, shape, head, head_scratch);
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

#define TACIT_KERNELS(variant, number, width, target)                                          \
  target void variant##_gelu(number* x, std::size_t count) {                                   \
    gelu_all<width>(x, count);                                                                 \
  }                                                                                            \
  target void variant##_attention(const number* qkv, const AttentionShape& shape, number* out, \
                                  std::byte* scratch) {                                        \
    attention<width>(qkv, shape, out, scratch);                                                \
  }

#define TACIT_NORM(variant, width, target)                                                       \
  target void variant##_norm(float* state, const float* y, float* copy, const NormWeights& norm, \
                             std::size_t rows, std::size_t columns) {                            \
    add_and_norm<width>(state, y, copy, norm, rows, columns);                                    \
  }

TACIT_KERNELS(plain, float, 4, )
TACIT_NORM(plain, 4, )
constexpr Kernels<float> k_plain{"plain", plain_gelu, plain_norm, plain_attention};

#if defined(__x86_64__)
#define TACIT_AVX512 __attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,fma")))
#define TACIT_AVX2 __attribute__((target("avx2,fma")))
TACIT_KERNELS(avx512, float, 16, TACIT_AVX512)
TACIT_NORM(avx512, 16, TACIT_AVX512)
TACIT_KERNELS(avx2, float, 8, TACIT_AVX2)
TACIT_NORM(avx2, 8, TACIT_AVX2)
TACIT_KERNELS(bf16, Bf16, 16, TACIT_AVX512)
constexpr Kernels<float> k_avx512{"avx512", avx512_gelu, avx512_norm, avx512_attention};
constexpr Kernels<float> k_avx2{"avx2", avx2_gelu, avx2_norm, avx2_attention};
// Heads that fill no tile take the plain way.
void amx_attention(const Bf16* qkv, const AttentionShape& shape, Bf16* out, std::byte* scratch) {
  if (shape.head_width % kTilePairs == 0)
    tile_attention(qkv, shape, out, scratch);
  else
    bf16_attention(qkv, shape, out, scratch);
}
constexpr Kernels<Bf16> k_amx{"amx", bf16_gelu, bf16_norm, amx_attention};
constexpr Kernels<Bf16> k_bf16{"avx512-bf16", bf16_gelu, bf16_norm, bf16_attention};
#endif

}  // namespace

std::size_t attention_scratch(const AttentionShape& shape) {
  return std::max(plain_attention_scratch(shape) * sizeof(float), tile_attention_scratch(shape));
}

#if defined(__x86_64__)

template <>
std::span<const Kernels<float>> usable_kernels<float>() {
  static constexpr std::array kAll{k_avx512, k_avx2, k_plain};
  if (cpu_has(CpuLevel::kAvx512)) return kAll;
  return std::span(kAll).subspan(cpu_has(CpuLevel::kAvx2) ? 1 : 2);
}

template <>
std::span<const Kernels<Bf16>> usable_kernels<Bf16>() {
  static constexpr std::array kAll{k_amx, k_bf16};
  if (cpu_has(CpuLevel::kAmx)) return kAll;
  return std::span(kAll).subspan(cpu_has(CpuLevel::kAvx512Bf16) ? 1 : 2);
}

#else

template <>
std::span<const Kernels<float>> usable_kernels<float>() {
  static constexpr std::array kAll{k_plain};
  return kAll;
}

template <>
std::span<const Kernels<Bf16>> usable_kernels<Bf16>() {
  return {};
}

#endif

}  // namespace tacit::embed
