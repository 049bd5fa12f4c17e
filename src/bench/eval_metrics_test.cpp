#include "bench/eval_metrics.h"

#include <gtest/gtest.h>

#include <cmath>

namespace tacit::bench {
namespace {

using Ranks = std::vector<std::size_t>;
using Values = std::vector<double>;

TEST(EvalMetrics, NdcgComparesWithTheBestOrder) {
  EXPECT_DOUBLE_EQ(ndcg_at(10, Ranks{0}, Values{1}, Values{1}), 1.0);
  EXPECT_NEAR(ndcg_at(10, Ranks{1}, Values{1}, Values{1}), 1.0 / std::log2(3.0), 1e-12);
  EXPECT_DOUBLE_EQ(ndcg_at(10, Ranks{0, 1}, Values{1, 1}, Values{1, 1}), 1.0);
  EXPECT_NEAR(ndcg_at(10, Ranks{0, 3}, Values{1, 1}, Values{1, 1}),
              (1.0 + 1.0 / std::log2(5.0)) / (1.0 + 1.0 / std::log2(3.0)), 1e-12);
  EXPECT_DOUBLE_EQ(ndcg_at(10, Ranks{10}, Values{1}, Values{1}), 0.0);
  EXPECT_DOUBLE_EQ(ndcg_at(10, Ranks{}, Values{}, Values{}), 0.0);
  // More relevant ones than places.
  EXPECT_DOUBLE_EQ(ndcg_at(2, Ranks{0, 1}, Values{1, 1}, Values(30, 1.0)), 1.0);
}

TEST(EvalMetrics, NdcgWantsTheHighestGradesFirst) {
  EXPECT_DOUBLE_EQ(ndcg_at(10, Ranks{0, 1}, Values{10, 6}, Values{6, 10}), 1.0);
  EXPECT_NEAR(ndcg_at(10, Ranks{0, 1}, Values{6, 10}, Values{6, 10}),
              (6.0 + 10.0 / std::log2(3.0)) / (10.0 + 6.0 / std::log2(3.0)), 1e-12);
}

TEST(EvalMetrics, AveragePrecisionCountsWhatIsMissingAsZero) {
  EXPECT_DOUBLE_EQ(average_precision_at(100, Ranks{0, 3}, 4), (1.0 + 2.0 / 4.0) / 4.0);
  EXPECT_DOUBLE_EQ(average_precision_at(3, Ranks{0, 3}, 2), 0.5);
  EXPECT_DOUBLE_EQ(average_precision_at(100, Ranks{}, 0), 0.0);
}

TEST(EvalMetrics, RecallHitAndReciprocalRankCountWithinTheCut) {
  EXPECT_DOUBLE_EQ(recall_at(10, Ranks{0, 9, 10}, 4), 0.5);
  EXPECT_DOUBLE_EQ(hit_at(5, Ranks{4}), 1.0);
  EXPECT_DOUBLE_EQ(hit_at(5, Ranks{5}), 0.0);
  EXPECT_DOUBLE_EQ(hit_at(5, Ranks{}), 0.0);
  EXPECT_DOUBLE_EQ(reciprocal_rank_at(10, Ranks{3, 4}), 0.25);
  EXPECT_DOUBLE_EQ(reciprocal_rank_at(10, Ranks{10}), 0.0);
}

TEST(EvalMetrics, SpearmanLooksAtRanksOnlyAndSharesTies) {
  EXPECT_NEAR(spearman(Values{1, 2, 3, 4}, Values{10, 100, 1000, 10'000}), 1.0, 1e-12);
  EXPECT_NEAR(spearman(Values{1, 2, 3}, Values{3, 2, 1}), -1.0, 1e-12);
  EXPECT_NEAR(spearman(Values{1, 2, 2, 3}, Values{1, 2, 3, 4}), 0.948683, 1e-6);
  EXPECT_DOUBLE_EQ(spearman(Values{1, 1}, Values{1, 2}), 0.0);
}

TEST(EvalMetrics, BootstrapIsTheSameEveryTimeAndHoldsTheMean) {
  Values a;
  Values b;
  for (int i = 0; i < 200; ++i) {
    a.push_back(0.5 + 0.4 * std::sin(i));
    b.push_back(0.45 + 0.4 * std::sin(i) + 0.05 * std::cos(3.0 * i));
  }
  const Interval first = paired_bootstrap(a, b);
  const Interval second = paired_bootstrap(a, b);
  EXPECT_EQ(first.low, second.low);
  EXPECT_EQ(first.high, second.high);
  const double difference = mean(a) - mean(b);
  EXPECT_LT(first.low, difference);
  EXPECT_GT(first.high, difference);
  EXPECT_GT(first.low, 0.0);
}

TEST(EvalMetrics, BootstrapOfEqualSystemsIsZeroAndOfNoiseSpansZero) {
  const Values same = {0.1, 0.7, 0.3};
  EXPECT_EQ(paired_bootstrap(same, same).low, 0.0);
  EXPECT_EQ(paired_bootstrap(same, same).high, 0.0);
  const Interval noise = paired_bootstrap(Values{1, 0, 1, 0}, Values{0, 1, 0, 1});
  EXPECT_LT(noise.low, 0.0);
  EXPECT_GT(noise.high, 0.0);
  EXPECT_EQ(paired_bootstrap({}, {}).high, 0.0);
}

}  // namespace
}  // namespace tacit::bench
