#include "vector/code_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tacit::vector {
namespace {

using Kernel = std::int32_t (*)(const std::int8_t*, const std::int8_t*, std::size_t);

#if defined(__x86_64__)
__attribute__((target("avx2"))) std::int32_t dot_codes_avx2(const std::int8_t* a,
                                                            const std::int8_t* b,
                                                            std::size_t width) {
  __m256i sum = _mm256_setzero_si256();
  for (std::size_t i = 0; i < width; i += 16) {
    const __m256i left =
        _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(a + i)));
    const __m256i right =
        _mm256_cvtepi8_epi16(_mm_loadu_si128(reinterpret_cast<const __m128i*>(b + i)));
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(left, right));
  }
  __m128i half = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
  half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4E));
  half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0xB1));
  return _mm_cvtsi128_si32(half);
}
#endif

Kernel choose() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") != 0) return dot_codes_avx2;
#endif
  return dot_codes_scalar;
}

}  // namespace

std::int32_t dot_codes_scalar(const std::int8_t* a, const std::int8_t* b, std::size_t width) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < width; ++i)
    sum += static_cast<std::int32_t>(a[i]) * static_cast<std::int32_t>(b[i]);
  return sum;
}

std::int32_t dot_codes(const std::int8_t* a, const std::int8_t* b, std::size_t width) {
  static const Kernel kernel = choose();
  return kernel(a, b, width);
}

}  // namespace tacit::vector
