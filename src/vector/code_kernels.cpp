#include "vector/code_kernels.h"

#include <array>
#include <utility>

#include "base/amx.h"
#include "base/cpu.h"

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

template <std::int32_t (*kDot)(const std::int8_t*, const std::int8_t*, std::size_t)>
void dot_each(const std::int8_t* rows, const QueryBlock& queries, std::size_t width,
              std::int32_t* products) {
  for (std::size_t row = 0; row < kProductBlock; ++row)
    for (std::size_t query = 0; query < kProductBlock; ++query)
      *products++ = kDot(rows + row * width, queries.plain + query * width, width);
}

#if defined(__x86_64__)

// All multiply |a| (unsigned) by b with the sign of a, which is what the instructions take. A pair
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

__attribute__((target("avx2,avxvnni"))) std::int32_t dot_avx_vnni(const std::int8_t* a,
                                                                  const std::int8_t* b,
                                                                  std::size_t width) {
  __m256i sum = _mm256_setzero_si256();
  for (std::size_t i = 0; i < width; i += 32) {
    const __m256i left = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(a + i));
    const __m256i right = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(b + i));
    sum = _mm256_dpbusd_avx_epi32(sum, _mm256_abs_epi8(left), _mm256_sign_epi8(right, left));
  }
  __m128i half = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
  half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4E));
  half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0xB1));
  return _mm_cvtsi128_si32(half);
}

// Adds the products of 64 pairs to sixteen sums.
__attribute__((target("avx512f,avx512bw,avx512vnni"), always_inline)) inline __m512i add_vnni(
    __m512i sum, const std::int8_t* a, const std::int8_t* b) {
  const __m512i left = _mm512_loadu_si512(a);
  const __m512i right = _mm512_loadu_si512(b);
  const __mmask64 negative = _mm512_movepi8_mask(left);
  const __m512i turned = _mm512_mask_sub_epi8(right, negative, _mm512_setzero_si512(), right);
  return _mm512_dpbusd_epi32(sum, _mm512_abs_epi8(left), turned);
}

// Two sums, so that one step need not wait for the one before; each by its own name, for as an
// array they would be kept in memory and take twice the time.
__attribute__((target("avx512f,avx512bw,avx512vnni"))) std::int32_t dot_vnni(const std::int8_t* a,
                                                                             const std::int8_t* b,
                                                                             std::size_t width) {
  __m512i even = _mm512_setzero_si512();
  __m512i odd = _mm512_setzero_si512();
  std::size_t i = 0;
  for (; i + 128 <= width; i += 128) {
    even = add_vnni(even, a + i, b + i);
    odd = add_vnni(odd, a + i + 64, b + i + 64);
  }
  if (i < width) even = add_vnni(even, a + i, b + i);
  return _mm512_reduce_add_epi32(_mm512_add_epi32(even, odd));
}

// A tile has 16 rows of 64 bytes. TDPBSSD adds to 16 x 16 sums the products of 16 rows of 64
// numbers and of 16 columns of 64, four of each column side by side (Intel 64 and IA-32 manual,
// volume 2).
__attribute__((target("amx-tile,amx-int8"))) void dot_tiles(const std::int8_t* rows,
                                                            const QueryBlock& queries,
                                                            std::size_t width,
                                                            std::int32_t* products) {
  _tile_loadconfig(&kWholeTiles);
  _tile_zero(0);
  for (std::size_t i = 0; i < width; i += 64) {
    _tile_loadd(1, rows + i, static_cast<long>(width));
    _tile_loadd(2, queries.woven + i * kProductBlock, 64);
    _tile_dpbssd(0, 1, 2);
  }
  _tile_stored(0, products, 64);
  _tile_release();
}

#endif

}  // namespace

std::span<const CodeKernel> usable_code_kernels() {
#if defined(__x86_64__)
  static constexpr std::array<CodeKernel, 5> kAll{
      {{"amx", dot_vnni, dot_tiles},
       {"avx512-vnni", dot_vnni, dot_each<dot_vnni>},
       {"avx-vnni", dot_avx_vnni, dot_each<dot_avx_vnni>},
       {"avx2", dot_avx2, dot_each<dot_avx2>},
       {"plain", dot_plain, dot_each<dot_plain>}}};
  constexpr std::array<CpuLevel, 4> kNeeds{CpuLevel::kAmx, CpuLevel::kAvx512Vnni,
                                           CpuLevel::kAvxVnni, CpuLevel::kAvx2};
  static const auto kUsable = [&] {
    std::array<CodeKernel, kAll.size()> usable{};
    std::size_t count = 0;
    for (std::size_t i = 0; i < kAll.size(); ++i)
      if (i == kNeeds.size() || cpu_has(kNeeds[i])) usable[count++] = kAll[i];
    return std::pair(usable, count);
  }();
  return {kUsable.first.data(), kUsable.second};
#else
  static constexpr std::array<CodeKernel, 1> kAll{{{"plain", dot_plain, dot_each<dot_plain>}}};
  return kAll;
#endif
}

}  // namespace tacit::vector
