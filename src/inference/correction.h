#pragma once
// What a model's bills teach about our counts of its prompts. Pure: the ledger keeps the counts
// (Ledger::prompt_counts), so what was learned survives a restart.

#include <cstddef>
#include <span>

#include "domain/spend.h"

namespace tacit::inference {

inline constexpr std::size_t kCorrectionCalls = 1000;  // older ones say little about today
inline constexpr int kMostCorrection = 4000;           // one freak bill must not block a model

// Tokens to hold for a thousand counted, so that at most one call in a thousand is billed above it;
// 0 when nothing is known. Calls with a prompt of fewer than 50 tokens are frames more than text
// and teach nothing.
int learned_factor_per_mille(std::span<const PromptCount> counts);

}  // namespace tacit::inference
