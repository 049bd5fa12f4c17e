#include "inference/breaker.h"

#include <gtest/gtest.h>

namespace tacit::inference {
namespace {

using Admission = Breaker::Admission;
using std::chrono::seconds;

constexpr SteadyTime kStart{};

Breaker opened_at(SteadyTime now) {
  Breaker breaker;
  for (int i = 0; i < kFailuresToOpen; ++i) {
    EXPECT_EQ(breaker.admit(now), Admission::kYes);
    breaker.fail(now);
  }
  return breaker;
}

TEST(Breaker, OpensAtTheFifthFailureInARowForSixtySeconds) {
  Breaker breaker = opened_at(kStart);
  EXPECT_TRUE(breaker.is_open());
  EXPECT_EQ(breaker.admit(kStart + seconds(59)), Admission::kNo);
  EXPECT_EQ(breaker.admit(kStart + seconds(60)), Admission::kProbe);
}

TEST(Breaker, ASuccessBetweenFailuresStartsTheCountAnew) {
  Breaker breaker;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i + 1 < kFailuresToOpen; ++i) breaker.fail(kStart);
    breaker.succeed();
  }
  EXPECT_FALSE(breaker.is_open());
}

TEST(Breaker, LetsExactlyOneProbeThroughUntilItEnds) {
  Breaker breaker = opened_at(kStart);
  const SteadyTime later = kStart + seconds(60);
  int probes = 0;
  for (int i = 0; i < 100; ++i)
    if (breaker.admit(later) == Admission::kProbe) ++probes;
  EXPECT_EQ(probes, 1);
  breaker.succeed();
  EXPECT_EQ(breaker.admit(later), Admission::kYes);
}

TEST(Breaker, AProbeThatHangsLosesItsLease) {
  Breaker breaker = opened_at(kStart);
  const SteadyTime later = kStart + seconds(60);
  EXPECT_EQ(breaker.admit(later), Admission::kProbe);
  EXPECT_EQ(breaker.admit(later + seconds(29)), Admission::kNo);
  EXPECT_EQ(breaker.admit(later + seconds(30)), Admission::kProbe);
}

TEST(Breaker, AProbeThatIsCancelledFreesTheNextOneAtOnce) {
  Breaker breaker = opened_at(kStart);
  EXPECT_EQ(breaker.admit(kStart + seconds(60)), Admission::kProbe);
  breaker.withdraw();
  EXPECT_EQ(breaker.admit(kStart + seconds(60)), Admission::kProbe);
}

TEST(Breaker, AFailedProbeDoublesTheTimeUpToACap) {
  Breaker breaker = opened_at(kStart);
  SteadyTime now = kStart + kOpenTime;
  Duration expected = kOpenTime;
  for (int i = 0; i < 8; ++i) {
    ASSERT_EQ(breaker.admit(now), Admission::kProbe);
    breaker.fail(now);
    expected = std::min<Duration>(expected * 2, kMostOpenTime);
    EXPECT_EQ(*breaker.opens_until() - now, expected);
    now += expected;
  }
  ASSERT_EQ(breaker.admit(now), Admission::kProbe);
  breaker.succeed();
  for (int i = 0; i < kFailuresToOpen; ++i) breaker.fail(now);
  EXPECT_EQ(*breaker.opens_until() - now, kOpenTime) << "a recovered endpoint starts anew";
}

TEST(Breaker, FailuresOfCallsFromBeforeItOpenedDoNotProlongIt) {
  Breaker breaker = opened_at(kStart);
  breaker.fail(kStart + seconds(30));
  EXPECT_EQ(breaker.admit(kStart + seconds(60)), Admission::kProbe);
}

TEST(Breaker, SpreadsItsOpenTimeByATenth) {
  for (const double spread : {-1.0, 0.5}) {
    Breaker breaker(spread);
    for (int i = 0; i < kFailuresToOpen; ++i) breaker.fail(kStart);
    EXPECT_EQ(*breaker.opens_until() - kStart, seconds(60) + Duration(int(spread * 6000)));
  }
}

}  // namespace
}  // namespace tacit::inference
