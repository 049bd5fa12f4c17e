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

std::int32_t sketch_plain(const std::uint8_t* sketch, const std::int8_t* code, std::size_t width) {
  constexpr std::size_t kHalf = kCodeStep / 2;
  std::int32_t sum = 0;
  for (; width > 0; width -= kCodeStep, sketch += kHalf, code += kCodeStep)
    for (std::size_t i = 0; i < kHalf; ++i)
      sum += (sketch[i] & 15) * code[i] + (sketch[i] >> 4) * code[i + kHalf];
  return sum;
}

template <std::int32_t (*kOne)(const std::uint8_t*, const std::int8_t*, std::size_t)>
void sketch_each(const std::uint8_t* sketches, std::size_t count, const std::int8_t* code,
                 std::size_t width, std::int32_t* products) {
  for (std::size_t row = 0; row < count; ++row)
    products[row] = kOne(sketches + row * (width / 2), code, width);
}

template <std::int32_t (*kDot)(const std::int8_t*, const std::int8_t*, std::size_t)>
void dot_each(const std::int8_t* rows, const QueryBlock& queries, std::size_t width,
              std::int32_t* products) {
  for (std::size_t row = 0; row < kProductBlock; ++row)
    for (std::size_t query = 0; query < kProductBlock; ++query)
      *products++ = kDot(rows + row * width, queries.plain + query * width, width);
}

#if defined(__x86_64__)

__attribute__((target("avx2"))) std::int32_t sum_of(__m256i lanes) {
  __m128i half = _mm_add_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
  half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4E));
  half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0xB1));
  return _mm_cvtsi128_si32(half);
}

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
  return sum_of(sum);
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
  return sum_of(sum);
}

// The products of 32 kept numbers with their codes are at most 2 * 15 * 127 a pair.
__attribute__((target("avx2"))) std::int32_t sketch_avx2(const std::uint8_t* sketch,
                                                         const std::int8_t* code,
                                                         std::size_t width) {
  const __m256i ones = _mm256_set1_epi16(1);
  const __m256i fours = _mm256_set1_epi8(15);
  __m256i sum = _mm256_setzero_si256();
  for (std::size_t i = 0; i < width; i += kCodeStep) {
    for (std::size_t part = 0; part < kCodeStep / 2; part += 32) {
      const __m256i both =
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(sketch + i / 2 + part));
      const auto* const codes = reinterpret_cast<const __m256i*>(code + i + part);
      const __m256i low =
          _mm256_maddubs_epi16(_mm256_and_si256(both, fours), _mm256_loadu_si256(codes));
      const __m256i high = _mm256_maddubs_epi16(_mm256_and_si256(_mm256_srli_epi16(both, 4), fours),
                                                _mm256_loadu_si256(codes + 2));
      sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_add_epi16(low, high), ones));
    }
  }
  return sum_of(sum);
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

__attribute__((target("avx512f,avx512bw,avx512vnni"), always_inline)) inline __m512i add_sketch(
    __m512i sum, const std::uint8_t* sketch, __m512i low, __m512i high) {
  constexpr std::size_t kAhead = 8192;  // bytes: memory is what a scan waits for
  __builtin_prefetch(sketch + kAhead);
  const __m512i fours = _mm512_set1_epi8(15);
  const __m512i both = _mm512_loadu_si512(sketch);
  sum = _mm512_dpbusd_epi32(sum, _mm512_and_si512(both, fours), low);
  return _mm512_dpbusd_epi32(sum, _mm512_and_si512(_mm512_srli_epi16(both, 4), fours), high);
}

// In lanes by turns, sums of two neighbouring lanes of a and of b.
__attribute__((target("avx512f"), always_inline)) inline __m512i pair_sums(__m512i a, __m512i b) {
  return _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
}

// Four rows at a time share the loads of the code and the sums over lanes.
__attribute__((target("avx512f,avx512bw,avx512vnni"))) void sketches_vnni(
    const std::uint8_t* sketches, std::size_t count, const std::int8_t* code, std::size_t width,
    std::int32_t* products) {
  constexpr std::size_t kRows = 4;
  constexpr std::size_t kHalf = kCodeStep / 2;
  const std::size_t bytes = width / 2;
  std::size_t row = 0;
  for (; row + kRows <= count; row += kRows) {
    const std::uint8_t* at = sketches + row * bytes;
    __m512i a = _mm512_setzero_si512();
    __m512i b = a;
    __m512i c = a;
    __m512i d = a;
    for (std::size_t i = 0; i < width; i += kCodeStep, at += kHalf) {
      const __m512i low = _mm512_loadu_si512(code + i);
      const __m512i high = _mm512_loadu_si512(code + i + kHalf);
      a = add_sketch(a, at, low, high);
      b = add_sketch(b, at + bytes, low, high);
      c = add_sketch(c, at + 2 * bytes, low, high);
      d = add_sketch(d, at + 3 * bytes, low, high);
    }
    const __m512i ab = pair_sums(a, b);
    const __m512i cd = pair_sums(c, d);
    const __m512i all =
        _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
    const __m256i half =
        _mm256_add_epi32(_mm512_castsi512_si256(all), _mm512_extracti64x4_epi64(all, 1));
    _mm_storeu_si128(
        reinterpret_cast<__m128i*>(products + row),
        _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1)));
  }
  for (; row < count; ++row) products[row] = sketch_plain(sketches + row * bytes, code, width);
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
      {{"amx", dot_vnni, sketches_vnni, dot_tiles},
       {"avx512-vnni", dot_vnni, sketches_vnni, dot_each<dot_vnni>},
       {"avx-vnni", dot_avx_vnni, sketch_each<sketch_avx2>, dot_each<dot_avx_vnni>},
       {"avx2", dot_avx2, sketch_each<sketch_avx2>, dot_each<dot_avx2>},
       {"plain", dot_plain, sketch_each<sketch_plain>, dot_each<dot_plain>}}};
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
  static constexpr std::array<CodeKernel, 1> kAll{
      {{"plain", dot_plain, sketch_each<sketch_plain>, dot_each<dot_plain>}}};
  return kAll;
#endif
}

}  // namespace tacit::vector
