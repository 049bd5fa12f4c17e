#pragma once
// Kernels<Bf16>::add_and_norm by the instructions that round to bf16. Needs
// CpuLevel::kAvx512Bf16.

#include <cstddef>

#include "embed/kernels.h"

namespace tacit::embed {

#if defined(__x86_64__)
void bf16_norm(float* state, const Bf16* y, Bf16* copy, const NormWeights& norm, std::size_t rows,
               std::size_t width);
#endif

}  // namespace tacit::embed
