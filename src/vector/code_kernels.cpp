#include "vector/code_kernels.h"

#include <array>
#include <numeric>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace tacit::vector {
namespace {

std::int32_t dot_plain(const std::int8_t* a, const std::int8_t* b, std::size_t width) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < width; ++i) {
    sum += static_cast<std::int32_t>(a[i]) * static_cast<std::int32_t>(b[i]);
  }
  return sum;
}

#if defined(__x86_64__)

// Both multiply |a| (unsigned) by b with the sign of a, which is what the instructions take. A pair
// of products is at most 2 * 127 * 127 and fits 16 bits because no code is -128.
__attribute__((target("avx2"))) std::int32_t dot_avx2(const std::int8_t* a, const std::int8_t* b,
                                                      std::size_t width) {
  const __m256i ones = _mm256_set1_epi16(1);
  __m256i sum = _mm256_setzero_si256();
  for (std::size_t i = 0; i < width; i += 32) {
    const __m256i left = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(a + i));
    const __m256i right = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(b + i));
    const __m256i pairs =
        _mm256_maddubs_epi16(_mm256_abs_epi8(left), _mm256_sign_epi8(right, left));
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, ones));
  }
  __m128i half = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
  half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4E));
  half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0xB1));
  return _mm_cvtsi128_si32(half);
}

__attribute__((target("avx512f,avx512bw,avx512vnni"))) std::int32_t dot_vnni(const std::int8_t* a,
                                                                             const std::int8_t* b,
                                                                             std::size_t width) {
  const __m512i zero = _mm512_setzero_si512();
  __m512i sum = zero;
  for (std::size_t i = 0; i < width; i += 64) {
    const __m512i left = _mm512_loadu_si512(a + i);
    const __m512i right = _mm512_loadu_si512(b + i);
    const __mmask64 negative = _mm512_movepi8_mask(left);
    const __m512i turned = _mm512_mask_sub_epi8(right, negative, zero, right);
    sum = _mm512_dpbusd_epi32(sum, _mm512_abs_epi8(left), turned);
  }
  alignas(64) std::array<std::int32_t, 16> lanes{};
  _mm512_store_si512(lanes.data(), sum);
  return std::accumulate(lanes.begin(), lanes.end(), 0);
}

#endif

}  // namespace

std::span<const CodeKernel> usable_code_kernels() {
#if defined(__x86_64__)
  static constexpr std::array<CodeKernel, 3> kAll{
      {{"avx512-vnni", dot_vnni}, {"avx2", dot_avx2}, {"plain", dot_plain}}};
  if (__builtin_cpu_supports("avx512vnni") != 0 && __builtin_cpu_supports("avx512bw") != 0) {
    return kAll;
  }
  return std::span(kAll).subspan(__builtin_cpu_supports("avx2") != 0 ? 1 : 2);
#else
  static constexpr std::array<CodeKernel, 1> kAll{{{"plain", dot_plain}}};
  return kAll;
#endif
}

}  // namespace tacit::vector
