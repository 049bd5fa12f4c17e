#include "inference/correction.h"

#include <gtest/gtest.h>

#include <vector>

namespace tacit::inference {
namespace {

TEST(Correction, NothingIsLearnedFromNothing) {
  EXPECT_EQ(learned_factor_per_mille({}), 0);
  EXPECT_EQ(learned_factor_per_mille(std::vector<PromptCount>{{49, 100}, {0, 5}}), 0);
}

TEST(Correction, TheWorstOfFewCallsDecides) {
  EXPECT_EQ(learned_factor_per_mille(std::vector<PromptCount>{{100, 90}, {1000, 1201}, {70, 71}}),
            1201);
  EXPECT_EQ(learned_factor_per_mille(std::vector<PromptCount>{{300, 301}}), 1004);  // rounded up
}

TEST(Correction, OneInAThousandMayLieAbove) {
  std::vector<PromptCount> counts(kCorrectionCalls, PromptCount{100, 110});
  counts[5].billed = 390;
  EXPECT_EQ(learned_factor_per_mille(counts), 1100);
  counts[6].billed = 200;
  EXPECT_EQ(learned_factor_per_mille(counts), 2000);
}

TEST(Correction, OldCallsAreForgottenAndFreaksCapped) {
  std::vector<PromptCount> counts(kCorrectionCalls, PromptCount{100, 110});
  counts.push_back({100, 300});
  EXPECT_EQ(learned_factor_per_mille(counts), 1100);
  EXPECT_EQ(learned_factor_per_mille(std::vector<PromptCount>{{100, 1'000'000'000'000}}),
            kMostCorrection);
}

}  // namespace
}  // namespace tacit::inference
