#include "inference/retry.h"

#include <gtest/gtest.h>

namespace tacit::inference {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Retry, BacksOffWithinAWindowThatDoublesUpToItsCap) {
  EXPECT_EQ(backoff(1, 0.0), milliseconds(0));
  EXPECT_EQ(backoff(1, 0.5), milliseconds(125));
  EXPECT_EQ(backoff(3, 0.5), milliseconds(500));
  EXPECT_LE(backoff(40, 0.999), seconds(8));
  EXPECT_GT(backoff(40, 0.999), seconds(7));
}

TEST(Retry, NeverUndercutsTheTimeThatWasAskedFor) {
  for (const double chance : {0.0, 0.3, 0.999}) {
    EXPECT_GE(wait_at_least(seconds(2), chance), seconds(2));
    EXPECT_LE(wait_at_least(seconds(2), chance), milliseconds(2200));
  }
}

TEST(Retry, TellsFaultsApart) {
  struct Row {
    FaultKind kind;
    bool counts, repeats, ends;
  };
  const Row rows[] = {
      {FaultKind::kUnreachable, true, true, false},     {FaultKind::kServer, true, true, false},
      {FaultKind::kTimeout, true, false, false},        {FaultKind::kBroken, true, false, false},
      {FaultKind::kRateLimited, false, false, false},   {FaultKind::kQuota, false, false, false},
      {FaultKind::kConfiguration, false, false, false}, {FaultKind::kTooLong, false, false, false},
      {FaultKind::kRefused, false, false, true},        {FaultKind::kRequest, false, false, true},
      {FaultKind::kCancelled, false, false, true}};
  for (const Row& row : rows) {
    EXPECT_EQ(counts_against_breaker(row.kind), row.counts) << name_of(row.kind);
    EXPECT_EQ(may_repeat(row.kind), row.repeats) << name_of(row.kind);
    EXPECT_EQ(ends_the_plan(row.kind), row.ends) << name_of(row.kind);
  }
}

TEST(Retry, AllowsTenRetriesAndThenOneForTenCalls) {
  RetryBudget budget;
  int taken = 0;
  while (budget.take()) ++taken;
  EXPECT_EQ(taken, 10);
  for (int i = 0; i < 9; ++i) budget.count_call();
  EXPECT_FALSE(budget.take());
  budget.count_call();
  EXPECT_TRUE(budget.take());
}

}  // namespace
}  // namespace tacit::inference
