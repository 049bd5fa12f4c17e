#pragma once
// Attention in bf16 on AMX tiles, sums in f32. The contract is that of Kernels<Bf16>::attention,
// for heads whose width is a multiple of kTilePairs.

#include <cstddef>

#include "embed/kernels.h"
#include "embed/tiles.h"

namespace tacit::embed {

std::size_t tile_attention_scratch(const AttentionShape& shape);

#if defined(__x86_64__)
void tile_attention(const Bf16* qkv, const AttentionShape& shape, Bf16* out, std::byte* scratch);
#endif

}  // namespace tacit::embed
