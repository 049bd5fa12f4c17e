#pragma once
// The registers of AMX: eight tiles of 16 rows of 64 bytes, configured before their first use on a
// thread (Intel 64 and IA-32 manual, volume 1, chapter 18). Needs CpuLevel::kAmx.

#include <cstdint>

namespace tacit {

struct alignas(64) TileConfig {
  std::uint8_t palette = 1;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
// All registers whole. Never on the stack: GCC 12 sees no read of it in LDTILECFG and would leave
// out the stores.
inline constexpr TileConfig kWholeTiles;

}  // namespace tacit
