// 32 rows times 32 columns at a time: two tiles of each side, four of sums. The columns stay for
// all rows, so that a model's weights pass the cache once a run. While the tiles of one block are
// multiplied, the sums of the block before it are finished, a few rows after each step: the tile
// unit and the vector units work at the same time.
#include "embed/tile_product.h"

#include <algorithm>

#include "base/assert.h"
#include "base/cpu.h"
#include "embed/tiles.h"
#include "embed/vector_math.h"

namespace tacit::embed {
namespace {

constexpr std::size_t kBlock = 2 * kTileRows;  // rows and columns

}  // namespace

bool TileProduct::fits(std::size_t inputs, std::size_t outputs) {
  return inputs % kTilePairs == 0 && outputs % kBlock == 0 && cpu_has(CpuLevel::kAmx);
}

TileProduct::TileProduct(std::span<const float> weights, std::span<const float> bias,
                         std::size_t inputs)
    : inputs_(inputs), outputs_(bias.size()), bias_(bias.begin(), bias.end()) {
  TACIT_ASSERT(weights.size() == inputs_ * outputs_);
  tiles_.reserve(weights.size() / kTilePairs);
  for (std::size_t column = 0; column < outputs_; column += kBlock) {
    for (std::size_t input = 0; input < inputs_; input += kTilePairs) {
      for (std::size_t row = 0; row < kBlock; ++row) {  // of the two tiles
        const std::size_t first = column + row / kTileRows * kTileRows;
        Line line;
        for (std::size_t i = 0; i < kTilePairs; ++i) {
          const std::size_t at = input + row % kTileRows * 2 + i % 2;
          line.numbers[i] = Bf16::of(weights[(first + i / 2) * inputs_ + at]);
        }
        tiles_.push_back(line);
      }
    }
  }
}

#if defined(__x86_64__)

namespace {

struct alignas(64) Sums {
  float rows[kBlock][kBlock];
};

// Rows of sums that are not yet in the output.
struct Unfinished {
  const float* sums = nullptr;
  Bf16* out = nullptr;
  std::size_t rows = 0;
  __m512 left_bias;
  __m512 right_bias;
};

template <bool kGelu>
TACIT_TILES inline void finish(Unfinished& block, std::size_t rows, std::size_t stride) {
  if (block.rows == 0) return;
  for (std::size_t i = 0; i < rows; ++i) {
    __m512 left = _mm512_add_ps(_mm512_load_ps(block.sums), block.left_bias);
    __m512 right = _mm512_add_ps(_mm512_load_ps(block.sums + kTileRows), block.right_bias);
    if constexpr (kGelu) {
      left = rough_gelu<kTileRows>(left);
      right = rough_gelu<kTileRows>(right);
    }
    const __m512bh rounded = _mm512_cvtne2ps_pbh(right, left);
    std::memcpy(block.out, &rounded, sizeof rounded);
    block.sums += kBlock;
    block.out += stride;
  }
  block.rows -= rows;
}

// What is fetched ahead: some lines a step. To fetch beyond the end does no harm.
struct Ahead {
  const std::byte* next;
  std::size_t lines;

  void fetch() {
    constexpr std::size_t kLineBytes = 64;
    for (std::size_t i = 0; i < lines; ++i, next += kLineBytes) __builtin_prefetch(next, 0, 2);
  }
};

struct Sides {
  const Bf16* rows;
  const Bf16* tiles;
  std::size_t inputs;
};

// Adds one step of 32 inputs to the sums. One half: 16 rows only.
template <bool kWhole>
TACIT_TILES inline void step(const Sides& sides, std::size_t number) {
  const auto row_bytes = static_cast<long>(sides.inputs * sizeof(Bf16));
  const Bf16* const rows = sides.rows + number * kTilePairs;
  const Bf16* const tiles = sides.tiles + number * 2 * kTileNumbers;
  _tile_loadd(4, rows, row_bytes);
  _tile_loadd(6, tiles, 64);
  _tile_dpbf16ps(0, 4, 6);
  _tile_loadd(7, tiles + kTileNumbers, 64);
  _tile_dpbf16ps(1, 4, 7);
  if constexpr (kWhole) {
    _tile_loadd(5, rows + kTileRows * sides.inputs, row_bytes);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
}

template <bool kGelu, bool kWhole>
TACIT_TILES inline void multiply_block(const Sides& sides, std::size_t outputs, Ahead& ahead,
                                       Unfinished& before, Sums& sums) {
  constexpr std::size_t kRowsAStep = 4;
  constexpr std::size_t kStepsBefore = 4;  // until the sums before have left the store buffer
  constexpr long kSumsRow = kBlock * sizeof(float);
  const std::size_t steps = sides.inputs / kTilePairs;
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  std::size_t number = 0;
  for (; number < std::min(steps, kStepsBefore); ++number) {
    step<kWhole>(sides, number);
    ahead.fetch();
  }
  for (; number < steps && before.rows > 0; ++number) {
    step<kWhole>(sides, number);
    ahead.fetch();
    finish<kGelu>(before, kRowsAStep, outputs);
  }
  for (; number < steps; ++number) {
    step<kWhole>(sides, number);
    ahead.fetch();
  }
  finish<kGelu>(before, before.rows, outputs);
  _tile_stored(0, sums.rows[0], kSumsRow);
  _tile_stored(1, sums.rows[0] + kTileRows, kSumsRow);
  if constexpr (kWhole) {
    _tile_stored(2, sums.rows[kTileRows], kSumsRow);
    _tile_stored(3, sums.rows[kTileRows] + kTileRows, kSumsRow);
  }
}

struct Operands {
  const Bf16* in;
  const Bf16* tiles;
  const float* bias;
  Bf16* out;
  std::size_t rows;
  std::size_t inputs;
  std::size_t outputs;
};

template <bool kGelu>
TACIT_TILES void multiply(const Operands& all) {
  const std::size_t panel = all.inputs * kBlock;
  const std::size_t blocks = (all.rows + kBlock - 1) / kBlock;
  Sums sums[2];
  Unfinished before{};
  std::size_t turn = 0;
  _tile_loadconfig(&kWholeTiles);
  for (std::size_t column = 0; column < all.outputs; column += kBlock) {
    Sides sides{all.in, all.tiles + column / kBlock * panel, all.inputs};
    Ahead ahead{reinterpret_cast<const std::byte*>(sides.tiles + panel),
                (2 * kTileRows + blocks - 1) / blocks};
    for (std::size_t row = 0; row < all.rows; row += kBlock, turn ^= 1U) {
      const bool whole = row + kTileRows < all.rows;
      if (whole)
        multiply_block<kGelu, true>(sides, all.outputs, ahead, before, sums[turn]);
      else
        multiply_block<kGelu, false>(sides, all.outputs, ahead, before, sums[turn]);
      sides.rows += kBlock * all.inputs;
      before.sums = sums[turn].rows[0];
      before.out = all.out + row * all.outputs + column;
      before.rows = whole ? kBlock : kTileRows;
      before.left_bias = _mm512_loadu_ps(all.bias + column);
      before.right_bias = _mm512_loadu_ps(all.bias + column + kTileRows);
    }
  }
  finish<kGelu>(before, before.rows, all.outputs);
  _tile_release();
}

}  // namespace

void TileProduct::run(const Bf16* in, Bf16* out, std::size_t rows, bool gelu) const {
  TACIT_ASSERT(rows % kTileRows == 0);
  const Operands operands{in, tiles_.front().numbers, bias_.data(), out, rows, inputs_, outputs_};
  if (gelu)
    multiply<true>(operands);
  else
    multiply<false>(operands);
}

#else

void TileProduct::run(const Bf16*, Bf16*, std::size_t, bool) const {
  TACIT_ASSERT(false);
}

#endif

}  // namespace tacit::embed
