#pragma once
// AMX tiles: eight registers of 16 rows of 64 bytes. TDPBF16PS adds to a tile of 16 x 16 floats the
// product of 16 rows of 32 numbers and of 32 rows of 16 numbers, the latter with two rows woven
// into one: a pair of numbers to each column (Intel 64 and IA-32 manual, volume 2, TDPBF16PS).
// Needs CpuLevel::kAmx. Private to the tile kernels.

#include <cstddef>
#include <cstdint>

#include "base/amx.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TACIT_TILES \
  __attribute__((target("amx-tile,amx-bf16,avx512f,avx512bw,avx512vl,avx512dq,avx512bf16,fma")))
#endif

namespace tacit::embed {

inline constexpr std::size_t kTileRows = 16;   // and floats of a row
inline constexpr std::size_t kTilePairs = 32;  // bf16 numbers of a row
inline constexpr std::size_t kTileNumbers = kTileRows * kTilePairs;

}  // namespace tacit::embed
