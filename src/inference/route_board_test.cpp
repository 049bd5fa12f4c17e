#include "inference/route_board.h"

#include <gtest/gtest.h>

#include <atomic>

#include "base/worker.h"
#include "testing/fixtures.h"

namespace tacit::inference {
namespace {

using std::chrono::seconds;

class RouteBoardTest : public ::testing::Test {
 protected:
  RouteBoardTest() : board_({Route{}, Route{}}, clock_, 1) {}
  void fail(FaultKind kind, std::optional<Duration> wait = std::nullopt) {
    auto admission = board_.admit(0);
    ASSERT_TRUE(admission.has_value());
    admission->fail({kind, "why", wait, false}, 0.5);
  }
  testing::ManualClock clock_;
  RouteBoard board_;
};

TEST_F(RouteBoardTest, OpensForFailuresOfThePlaceAndNotForOthers) {
  for (int i = 0; i < 20; ++i) {
    fail(FaultKind::kCancelled);
    fail(FaultKind::kRequest);
    fail(FaultKind::kRefused);
    fail(FaultKind::kTooLong);
  }
  EXPECT_FALSE(board_.view(0).is_open);
  for (int i = 0; i < 5; ++i) fail(FaultKind::kBroken);
  EXPECT_TRUE(board_.view(0).is_open);
  EXPECT_FALSE(board_.admit(0).has_value());
  EXPECT_TRUE(board_.admit(1).has_value()) << "the other place is another one";
}

TEST_F(RouteBoardTest, LetsOneProbeThroughAmongAHundredAtOnce) {
  for (int i = 0; i < 5; ++i) fail(FaultKind::kServer);
  clock_.advance(*board_.resting(0));
  std::atomic<int> probes{0};
  Mutex mutex;
  std::vector<RouteBoard::Admission> held;
  WorkerPool pool(8);
  pool.parallel_for(100, [&](std::size_t, std::size_t) {
    if (auto admission = board_.admit(0)) {
      ++probes;
      const MutexLock lock(mutex);
      held.push_back(std::move(*admission));
    }
  });
  EXPECT_EQ(probes.load(), 1);
  held.clear();  // cancelled: says nothing, and the next call may probe
  EXPECT_TRUE(board_.admit(0).has_value());
}

TEST_F(RouteBoardTest, LeavesAPlaceAloneForTheTimeItAskedFor) {
  fail(FaultKind::kRateLimited, seconds(2));
  EXPECT_FALSE(board_.view(0).is_open) << "a rate limit is no failure";
  clock_.advance(Duration(1999));
  EXPECT_FALSE(board_.admit(0).has_value());
  clock_.advance(Duration(201));
  EXPECT_TRUE(board_.admit(0).has_value());
  fail(FaultKind::kQuota, std::chrono::hours(5));
  clock_.advance(std::chrono::hours(4));
  EXPECT_FALSE(board_.admit(0).has_value());
}

TEST_F(RouteBoardTest, GivesUpAPlaceThatIsConfiguredWrongly) {
  fail(FaultKind::kConfiguration);
  clock_.advance(std::chrono::hours(24));
  EXPECT_FALSE(board_.admit(0).has_value());
  EXPECT_EQ(board_.states()[0].unusable, "why");
}

}  // namespace
}  // namespace tacit::inference
