#include "inference/correction.h"

#include <algorithm>
#include <vector>

namespace tacit::inference {
namespace {

constexpr std::int64_t kLeastPrompt = 50;

}  // namespace

int learned_factor_per_mille(std::span<const PromptCount> counts) {
  std::vector<int> factors;
  for (const PromptCount& count : counts.first(std::min(counts.size(), kCorrectionCalls))) {
    if (count.counted < kLeastPrompt) continue;
    // Rounded up; capped before it is narrowed.
    const std::int64_t billed = std::clamp<std::int64_t>(count.billed, 0, count.counted * 4);
    const std::int64_t factor = (billed * 1000 + count.counted - 1) / count.counted;
    factors.push_back(static_cast<int>(std::min<std::int64_t>(factor, kMostCorrection)));
  }
  if (factors.empty()) return 0;
  std::sort(factors.begin(), factors.end());
  const std::size_t above = factors.size() / 1000;  // so many may lie above
  return factors[factors.size() - 1 - above];
}

}  // namespace tacit::inference
