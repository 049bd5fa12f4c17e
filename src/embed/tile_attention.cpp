// A head at a time: its keys and values are laid out as tiles, then 16 queries at a time are
// multiplied with all keys, weighed, and multiplied with the values.
#include "embed/tile_attention.h"

#include <algorithm>
#include <cmath>

#include "embed/vector_math.h"

namespace tacit::embed {
namespace {

constexpr std::size_t up(std::size_t value, std::size_t step) {
  return (value + step - 1) / step * step;
}

// Sizes of the parts of scratch, in numbers.
struct Layout {
  std::size_t tokens16;
  std::size_t tokens32;
  std::size_t width;   // of a head
  std::size_t stride;  // of a row of query, key and value

  explicit Layout(const AttentionShape& shape)
      : tokens16(up(shape.tokens, kTileRows)),
        tokens32(up(shape.tokens, kTilePairs)),
        width(up(shape.head_width, kTilePairs)),
        stride(3 * shape.heads * shape.head_width) {}
  std::size_t keys() const { return tokens16 * width; }
  std::size_t values() const { return tokens32 * width; }
  std::size_t weights() const { return kTileRows * tokens32; }
  std::size_t scores() const { return kTileRows * tokens16; }  // floats, twice
  std::size_t result() const { return kTileRows * width; }     // floats, twice
};

}  // namespace

std::size_t tile_attention_scratch(const AttentionShape& shape) {
  const Layout layout(shape);
  return (layout.keys() + layout.values() + layout.weights()) * sizeof(Bf16) +
         2 * (layout.scores() + layout.result()) * sizeof(float);
}

#if defined(__x86_64__)

namespace {

struct Head {
  Bf16* keys;        // [tokens16 / 16, width / 32] tiles
  Bf16* values;      // [width / 16, tokens32 / 32] tiles
  Bf16* weights;     // [16, tokens32]
  float* scores[2];  // [16, tokens16], of one block of queries and of the next
  float* result[2];  // [16, width], of one block and of the one before
};

Head parts_of(std::byte* scratch, const Layout& layout) {
  Head head{};
  head.keys = reinterpret_cast<Bf16*>(scratch);
  head.values = head.keys + layout.keys();
  head.weights = head.values + layout.values();
  head.scores[0] = reinterpret_cast<float*>(head.weights + layout.weights());
  head.scores[1] = head.scores[0] + layout.scores();
  head.result[0] = head.scores[1] + layout.scores();
  head.result[1] = head.result[0] + layout.result();
  return head;
}

// e^x for x <= 0, well below the rounding of bf16: 2^n times a polynomial for 2^f, f in [-1/2,
// 1/2], fitted for the least relative error (5.3e-6).
TACIT_TILES inline __m512 rough_exp(__m512 x) {
  const __m512 power =
      _mm512_mul_ps(_mm512_max_ps(x, _mm512_set1_ps(-87.0f)), _mm512_set1_ps(1.44269504f));
  const __m512 whole = _mm512_roundscale_ps(power, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m512 f = _mm512_sub_ps(power, whole);
  __m512 p = _mm512_set1_ps(0.00955405f);
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.05587073f));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.240247f));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.69312799f));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.99999944f));
  return _mm512_scalef_ps(p, whole);
}

// Keys as the right side of a product: a pair of numbers of each of 16 keys side by side.
TACIT_TILES void weave_keys(const Bf16* from, const Layout& layout, const Head& head) {
  const __m512i lanes =
      _mm512_mullo_epi32(_mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
                         _mm512_set1_epi32(static_cast<int>(layout.stride / 2)));
  Bf16* to = head.keys;
  for (std::size_t block = 0; block < layout.tokens16; block += kTileRows) {
    const Bf16* key = from + block * layout.stride;
    for (std::size_t pair = 0; pair < layout.width / 2; ++pair, to += kTilePairs)
      _mm512_store_si512(to, _mm512_i32gather_epi32(lanes, key + 2 * pair, sizeof(std::int32_t)));
  }
}

// Values as the right side: the number of one token and of the next side by side. Those behind the
// text are zero.
TACIT_TILES void weave_values(const Bf16* from, const AttentionShape& shape, const Layout& layout,
                              const Head& head) {
  const std::size_t step = layout.tokens32 * kTileRows;  // numbers of one column of tiles
  for (std::size_t token = 0; token < layout.tokens32; token += 2) {
    const Bf16* left = from + token * layout.stride;
    const Bf16* right = left + layout.stride;
    Bf16* to = head.values + token * kTileRows;
    for (std::size_t column = 0; column < layout.width; column += kTileRows, to += step) {
      __m512i pair = _mm512_setzero_si512();
      if (token < shape.tokens) {
        pair = _mm512_cvtepu16_epi32(
            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(left + column)));
      }
      if (token + 1 < shape.tokens) {
        const __m512i next = _mm512_cvtepu16_epi32(
            _mm256_loadu_si256(reinterpret_cast<const __m256i*>(right + column)));
        pair = _mm512_or_si512(pair, _mm512_slli_epi32(next, 16));
      }
      _mm512_store_si512(to, pair);
    }
  }
}

// scores = queries of 16 tokens times all keys.
TACIT_TILES void score(const Bf16* queries, const Layout& layout, const Bf16* all_keys,
                       float* scores) {
  constexpr std::size_t kBlocks = 4;
  const std::size_t steps = layout.width / kTilePairs;
  const std::size_t blocks = layout.tokens16 / kTileRows;
  const auto row_bytes = static_cast<long>(layout.stride * sizeof(Bf16));
  const auto score_bytes = static_cast<long>(layout.tokens16 * sizeof(float));
  for (std::size_t block = 0; block < blocks; block += kBlocks) {
    const std::size_t count = std::min(kBlocks, blocks - block);
    const Bf16* keys = all_keys + block * steps * kTileNumbers;
    float* to = scores + block * kTileRows;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (std::size_t step = 0; step < steps; ++step) {
      const auto tile = [&](std::size_t k) { return keys + (k * steps + step) * kTileNumbers; };
      _tile_loadd(4, queries + step * kTilePairs, row_bytes);
      _tile_loadd(5, tile(0), 64);
      _tile_dpbf16ps(0, 4, 5);
      if (count > 1) {
        _tile_loadd(6, tile(1), 64);
        _tile_dpbf16ps(1, 4, 6);
      }
      if (count > 2) {
        _tile_loadd(7, tile(2), 64);
        _tile_dpbf16ps(2, 4, 7);
      }
      if (count > 3) {
        _tile_loadd(5, tile(3), 64);
        _tile_dpbf16ps(3, 4, 5);
      }
    }
    _tile_stored(0, to, score_bytes);
    if (count > 1) _tile_stored(1, to + kTileRows, score_bytes);
    if (count > 2) _tile_stored(2, to + 2 * kTileRows, score_bytes);
    if (count > 3) _tile_stored(3, to + 3 * kTileRows, score_bytes);
  }
}

// weights = e^(scores - highest); returns the sum. Keys beyond the text weigh nothing.
TACIT_TILES float weigh(const float* scores, const AttentionShape& shape, const Layout& layout,
                        Bf16* weights) {
  const __m512 factor = _mm512_set1_ps(1.0f / std::sqrt(static_cast<float>(shape.head_width)));
  const std::size_t full = shape.tokens / kTileRows * kTileRows;
  const auto rest = static_cast<__mmask16>((1U << (shape.tokens - full)) - 1U);
  __m512 top = _mm512_set1_ps(-3e38f);
  for (std::size_t key = 0; key < full; key += kTileRows)
    top = _mm512_max_ps(top, _mm512_loadu_ps(scores + key));
  if (rest != 0) top = _mm512_mask_max_ps(top, rest, top, _mm512_loadu_ps(scores + full));
  const __m512 highest = _mm512_set1_ps(_mm512_reduce_max_ps(top));
  __m512 sum = _mm512_setzero_ps();
  for (std::size_t key = 0; key < layout.tokens32; key += kTilePairs) {
    __m512 pair[2];
    for (std::size_t half = 0; half < 2; ++half) {
      const std::size_t at = key + half * kTileRows;
      pair[half] = _mm512_setzero_ps();
      if (at >= shape.tokens) continue;
      pair[half] =
          rough_exp(_mm512_mul_ps(_mm512_sub_ps(_mm512_loadu_ps(scores + at), highest), factor));
      if (at == full) pair[half] = _mm512_maskz_mov_ps(rest, pair[half]);
      sum = _mm512_add_ps(sum, pair[half]);
    }
    const __m512bh rounded = _mm512_cvtne2ps_pbh(pair[1], pair[0]);
    std::memcpy(weights + key, &rounded, sizeof rounded);
  }
  return _mm512_reduce_add_ps(sum);
}

// result = weights times values.
TACIT_TILES void mix(const Layout& layout, const Head& head, float* result) {
  const std::size_t steps = layout.tokens32 / kTilePairs;
  const auto weight_bytes = static_cast<long>(layout.tokens32 * sizeof(Bf16));
  const auto result_bytes = static_cast<long>(layout.width * sizeof(float));
  for (std::size_t column = 0; column < layout.width; column += 2 * kTileRows) {
    const bool two = column + kTileRows < layout.width;
    const Bf16* left = head.values + column / kTileRows * steps * kTileNumbers;
    const Bf16* right = left + steps * kTileNumbers;
    _tile_zero(0);
    _tile_zero(1);
    for (std::size_t step = 0; step < steps; ++step) {
      _tile_loadd(4, head.weights + step * kTilePairs, weight_bytes);
      _tile_loadd(5, left + step * kTileNumbers, 64);
      _tile_dpbf16ps(0, 4, 5);
      if (two) {
        _tile_loadd(6, right + step * kTileNumbers, 64);
        _tile_dpbf16ps(1, 4, 6);
      }
    }
    _tile_stored(0, result + column, result_bytes);
    if (two) _tile_stored(1, result + column + kTileRows, result_bytes);
  }
}

TACIT_TILES void write_row(const float* result, float sum, std::size_t width, Bf16* out) {
  const __m512 factor = _mm512_set1_ps(1.0f / sum);
  for (std::size_t column = 0; column < width; column += kTilePairs) {
    const __m512 left = _mm512_mul_ps(_mm512_loadu_ps(result + column), factor);
    const __m512 right = _mm512_mul_ps(_mm512_loadu_ps(result + column + kTileRows), factor);
    const __m512bh rounded = _mm512_cvtne2ps_pbh(right, left);
    std::memcpy(out + column, &rounded, sizeof rounded);
  }
}

}  // namespace

// The tiles of one block are multiplied while the vectors of another are computed: what a tile
// wrote cannot be read at once, and the other way round.
TACIT_TILES void tile_attention(const Bf16* qkv, const AttentionShape& shape, Bf16* out,
                                std::byte* scratch) {
  const Layout layout(shape);
  const Head head = parts_of(scratch, layout);
  const std::size_t hidden = shape.heads * shape.head_width;
  const std::size_t blocks = layout.tokens16 / kTileRows;
  const auto rows_of = [&](std::size_t block) {
    return std::min(kTileRows, shape.tokens - block * kTileRows);
  };
  float sums[2][kTileRows];
  _tile_loadconfig(&kWholeTiles);
  for (std::size_t number = 0; number < shape.heads; ++number) {
    const Bf16* const from = qkv + number * shape.head_width;
    Bf16* const to = out + number * shape.head_width;
    const auto write = [&](std::size_t block) {
      for (std::size_t row = 0; row < rows_of(block); ++row) {
        write_row(head.result[block % 2] + row * layout.width, sums[block % 2][row], layout.width,
                  to + (block * kTileRows + row) * hidden);
      }
    };
    weave_keys(from + hidden, layout, head);
    weave_values(from + 2 * hidden, shape, layout, head);
    score(from, layout, head.keys, head.scores[0]);
    for (std::size_t block = 0; block < blocks; ++block) {
      for (std::size_t row = 0; row < rows_of(block); ++row) {
        sums[block % 2][row] = weigh(head.scores[block % 2] + row * layout.tokens16, shape, layout,
                                     head.weights + row * layout.tokens32);
      }
      if (block > 0) write(block - 1);
      if (block + 1 < blocks) {
        score(from + (block + 1) * kTileRows * layout.stride, layout, head.keys,
              head.scores[(block + 1) % 2]);
      }
      mix(layout, head, head.result[block % 2]);
    }
    write(blocks - 1);
  }
  _tile_release();
}

#endif

}  // namespace tacit::embed
