// A row is read three times: for its mean, for its variance, for the result. The second and third
// find it in the first-level cache.
#include "embed/bf16_norm.h"

#if defined(__x86_64__)

#include <immintrin.h>

#include <cmath>
#include <cstring>

#define TACIT_BF16 __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,fma")))

namespace tacit::embed {
namespace {

constexpr std::size_t kLanes = 16;

TACIT_BF16 inline __m512 load(const Bf16* p) {
  const __m256i halves = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(halves), 16));
}

// The mean of term(i), a vector from each column i, in four chains that do not wait for each other.
template <class Term>
TACIT_BF16 inline float mean_of(std::size_t width, const Term& term) {
  constexpr std::size_t kChains = 4;
  __m512 sums[kChains] = {};
  std::size_t i = 0;
  for (; i + kChains * kLanes <= width; i += kChains * kLanes) {
    for (std::size_t chain = 0; chain < kChains; ++chain)
      sums[chain] = _mm512_add_ps(sums[chain], term(i + chain * kLanes));
  }
  for (; i < width; i += kLanes) sums[0] = _mm512_add_ps(sums[0], term(i));
  const __m512 sum =
      _mm512_add_ps(_mm512_add_ps(sums[0], sums[1]), _mm512_add_ps(sums[2], sums[3]));
  return _mm512_reduce_add_ps(sum) / static_cast<float>(width);
}

}  // namespace

TACIT_BF16 void bf16_norm(float* state, const Bf16* y, Bf16* copy, const NormWeights& norm,
                          std::size_t rows, std::size_t width) {
  for (std::size_t row = 0; row < rows; ++row) {
    float* const x = state + row * width;
    const std::size_t at = row * width;
    const __m512 mean = _mm512_set1_ps(mean_of(width, [&](std::size_t i) TACIT_BF16 {
      __m512 value = _mm512_loadu_ps(x + i);
      if (y != nullptr) value = _mm512_add_ps(value, load(y + at + i));
      _mm512_storeu_ps(x + i, value);
      return value;
    }));
    const float variance = mean_of(width, [&](std::size_t i) TACIT_BF16 {
      const __m512 offset = _mm512_sub_ps(_mm512_loadu_ps(x + i), mean);
      return _mm512_mul_ps(offset, offset);
    });
    const __m512 factor = _mm512_set1_ps(1.0f / std::sqrt(variance + norm.epsilon));
    for (std::size_t i = 0; i < width; i += kLanes) {
      const __m512 value =
          _mm512_fmadd_ps(_mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(x + i), mean), factor),
                          _mm512_loadu_ps(norm.scale + i), _mm512_loadu_ps(norm.shift + i));
      _mm512_storeu_ps(x + i, value);
      if (copy == nullptr) continue;
      const __m256bh rounded = _mm512_cvtneps_pbh(value);
      std::memcpy(copy + at + i, &rounded, sizeof rounded);
    }
  }
}

}  // namespace tacit::embed

#endif
