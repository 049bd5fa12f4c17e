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
  std::size_t result_row() const { return width + kTileRows; }
  std::size_t result() const { return kTileRows * result_row(); }  // floats, twice
};

}  // namespace

std::size_t tile_attention_scratch(const AttentionShape& shape) {
  const Layout layout(shape);
  return (layout.keys() + layout.values() + layout.weights()) * sizeof(Bf16) +
         2 * (layout.scores() + layout.result()) * sizeof(float);
}

#if defined(__x86_64__)

namespace {

// Stays in tile 7 while a text is attended to.
struct alignas(64) Ones {
  Bf16 numbers[kTileNumbers];
};
constexpr Ones kOnes = [] {
  Ones ones;
  for (Bf16& number : ones.numbers) number.bits = 0x3F80;
  return ones;
}();

struct Head {
  Bf16* keys;        // [tokens16 / 16, width / 32] tiles
  Bf16* values;      // [width / 16, tokens32 / 32] tiles
  Bf16* weights;     // [16, tokens32]
  float* scores[2];  // [16, tokens16], of one block of queries and of the next
  float* result[2];  // [16, width + 16], of one block and of the one before
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

// 2^x for x <= 0: 2^floor(x) times a polynomial for 2^(x - floor(x)), fitted for the least relative
// error (7.5e-5, a fiftieth of what bf16 rounds).
TACIT_TILES inline __m512 rough_exp2(__m512 x) {
  const __m512 f = _mm512_reduce_ps(x, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
  __m512 p = _mm512_set1_ps(0.07802439f);
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.2260674f));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.6958334f));
  p = _mm512_fmadd_ps(p, f, _mm512_set1_ps(0.99992526f));
  return _mm512_scalef_ps(p, x);
}

// Rows and columns of 32-bit numbers change places.
TACIT_TILES inline void transpose(__m512i (&rows)[kTileRows]) {
  __m512i t[kTileRows];
  for (std::size_t i = 0; i < 16; i += 2) {
    t[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
    t[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
  }
  for (std::size_t i = 0; i < 16; i += 4) {  // a lane of rows[i + j]: column j of four rows
    rows[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
    rows[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
    rows[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
    rows[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
  }
  constexpr int kEvenLanes = 0x88;
  constexpr int kOddLanes = 0xDD;
  for (std::size_t j = 0; j < 4; ++j) {
    t[j] = _mm512_shuffle_i32x4(rows[j], rows[4 + j], kEvenLanes);
    t[4 + j] = _mm512_shuffle_i32x4(rows[8 + j], rows[12 + j], kEvenLanes);
    t[8 + j] = _mm512_shuffle_i32x4(rows[j], rows[4 + j], kOddLanes);
    t[12 + j] = _mm512_shuffle_i32x4(rows[8 + j], rows[12 + j], kOddLanes);
  }
  for (std::size_t j = 0; j < 4; ++j) {
    rows[j] = _mm512_shuffle_i32x4(t[j], t[4 + j], kEvenLanes);
    rows[4 + j] = _mm512_shuffle_i32x4(t[8 + j], t[12 + j], kEvenLanes);
    rows[8 + j] = _mm512_shuffle_i32x4(t[j], t[4 + j], kOddLanes);
    rows[12 + j] = _mm512_shuffle_i32x4(t[8 + j], t[12 + j], kOddLanes);
  }
}

// Keys as the right side of a product: a pair of numbers of each of 16 keys side by side.
TACIT_TILES void weave_keys(const Bf16* from, const Layout& layout, const Head& head) {
  Bf16* to = head.keys;
  for (std::size_t block = 0; block < layout.tokens16; block += kTileRows) {
    for (std::size_t column = 0; column < layout.width; column += kTilePairs) {
      __m512i pairs[kTileRows];
      for (std::size_t key = 0; key < kTileRows; ++key)
        pairs[key] = _mm512_loadu_si512(from + (block + key) * layout.stride + column);
      transpose(pairs);
      for (const __m512i& pair : pairs) {
        _mm512_store_si512(to, pair);
        to += kTilePairs;
      }
    }
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
        _tile_loadd(5, tile(2), 64);
        _tile_dpbf16ps(2, 4, 5);
      }
      if (count > 3) {
        _tile_loadd(6, tile(3), 64);
        _tile_dpbf16ps(3, 4, 6);
      }
    }
    _tile_stored(0, to, score_bytes);
    if (count > 1) _tile_stored(1, to + kTileRows, score_bytes);
    if (count > 2) _tile_stored(2, to + 2 * kTileRows, score_bytes);
    if (count > 3) _tile_stored(3, to + 3 * kTileRows, score_bytes);
  }
}

// weights = e^(scores - highest), scores scaled by `factor` to powers of 2. Keys beyond the text
// weigh nothing.
TACIT_TILES void weigh(const float* scores, std::size_t tokens, __m512 factor, Bf16* weights) {
  const std::size_t full = tokens / kTileRows * kTileRows;
  const auto rest = static_cast<__mmask16>((1U << (tokens - full)) - 1U);
  __m512 top = _mm512_set1_ps(-3e38f);
  for (std::size_t key = 0; key < full; key += kTileRows)
    top = _mm512_max_ps(top, _mm512_loadu_ps(scores + key));
  if (rest != 0) top = _mm512_mask_max_ps(top, rest, top, _mm512_loadu_ps(scores + full));
  const __m512 highest = _mm512_mul_ps(_mm512_set1_ps(_mm512_reduce_max_ps(top)), factor);
  const auto weight = [&](std::size_t key) TACIT_TILES {
    return rough_exp2(_mm512_fmsub_ps(_mm512_loadu_ps(scores + key), factor, highest));
  };
  std::size_t key = 0;
  for (; key + kTilePairs <= tokens; key += kTilePairs) {
    const __m512bh rounded = _mm512_cvtne2ps_pbh(weight(key + kTileRows), weight(key));
    std::memcpy(weights + key, &rounded, sizeof rounded);
  }
  if (key == tokens) return;
  __m512 left = weight(key);
  __m512 right = _mm512_setzero_ps();
  if (key == full)
    left = _mm512_maskz_mov_ps(rest, left);
  else if (rest != 0)
    right = _mm512_maskz_mov_ps(rest, weight(full));
  const __m512bh rounded = _mm512_cvtne2ps_pbh(right, left);
  std::memcpy(weights + key, &rounded, sizeof rounded);
}

// result = weights times values; the sum of the weights stands 16 times behind each row, by a tile
// of ones.
TACIT_TILES void mix(const Layout& layout, const Head& head, float* result) {
  const std::size_t steps = layout.tokens32 / kTilePairs;
  const auto weight_bytes = static_cast<long>(layout.tokens32 * sizeof(Bf16));
  const auto result_bytes = static_cast<long>(layout.result_row() * sizeof(float));
  for (std::size_t column = 0; column < layout.width; column += kTilePairs) {
    const Bf16* left = head.values + column / kTileRows * steps * kTileNumbers;
    const Bf16* right = left + steps * kTileNumbers;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    for (std::size_t step = 0; step < steps; ++step) {
      _tile_loadd(4, head.weights + step * kTilePairs, weight_bytes);
      _tile_loadd(5, left + step * kTileNumbers, 64);
      _tile_dpbf16ps(0, 4, 5);
      _tile_loadd(6, right + step * kTileNumbers, 64);
      _tile_dpbf16ps(1, 4, 6);
      if (column == 0) _tile_dpbf16ps(2, 4, 7);
    }
    _tile_stored(0, result + column, result_bytes);
    _tile_stored(1, result + column + kTileRows, result_bytes);
    if (column == 0) _tile_stored(2, result + layout.width, result_bytes);
  }
}

TACIT_TILES void write_row(const float* result, std::size_t width, Bf16* out) {
  const __m512 factor = _mm512_rcp14_ps(_mm512_loadu_ps(result + width));
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
  const __m512 factor =
      _mm512_set1_ps(1.44269504f / std::sqrt(static_cast<float>(shape.head_width)));
  _tile_loadconfig(&kWholeTiles);
  _tile_loadd(7, kOnes.numbers, 64);
  for (std::size_t number = 0; number < shape.heads; ++number) {
    const Bf16* const from = qkv + number * shape.head_width;
    Bf16* const to = out + number * shape.head_width;
    const auto write = [&](std::size_t block) {
      for (std::size_t row = 0; row < rows_of(block); ++row) {
        write_row(head.result[block % 2] + row * layout.result_row(), layout.width,
                  to + (block * kTileRows + row) * hidden);
      }
    };
    weave_keys(from + hidden, layout, head);
    weave_values(from + 2 * hidden, shape, layout, head);
    score(from, layout, head.keys, head.scores[0]);
    for (std::size_t block = 0; block < blocks; ++block) {
      for (std::size_t row = 0; row < rows_of(block); ++row) {
        weigh(head.scores[block % 2] + row * layout.tokens16, shape.tokens, factor,
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
