#include "inference/call_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <optional>

#include "base/worker.h"
#include "testing/fixtures.h"

namespace tacit::inference {
namespace {

using std::chrono::seconds;

class CallQueueTest : public ::testing::Test {
 protected:
  // Blocks until so many callers stand in the queue.
  static void await_waiting(const CallQueue& queue, std::size_t count) {
    const SystemClock clock;
    while (queue.state().waiting != count) clock.wait(Duration(1), {});
  }
  SteadyTime soon() const { return clock_.steady() + seconds(30); }
  SystemClock clock_;
};

TEST_F(CallQueueTest, NeverLetsMoreThanItsSlotsRunAtOnce) {
  CallQueue queue(3, 100, clock_);
  std::atomic<int> running{0};
  std::atomic<int> most{0};
  WorkerPool pool(16);
  pool.parallel_for(64, [&](std::size_t i, std::size_t) {
    const auto slot = queue.acquire("dev" + std::to_string(i % 5), soon(), {});
    ASSERT_TRUE(slot.has_value()) << slot.error().message();
    const int now = ++running;
    int seen = most.load();
    while (now > seen && !most.compare_exchange_weak(seen, now)) {
    }
    clock_.wait(Duration(1), {});
    --running;
  });
  EXPECT_LE(most.load(), 3);
  EXPECT_EQ(queue.state().running, 0U);
  EXPECT_EQ(queue.state().waiting, 0U);
}

TEST_F(CallQueueTest, ServesDevelopersInTurnAndEachInOrder) {
  CallQueue queue(1, 100, clock_);
  auto held = std::optional(queue.acquire("zoe", soon(), {}));
  Mutex mutex;
  std::vector<std::string> served;
  std::vector<std::unique_ptr<Worker>> callers;
  const auto call = [&](const std::string& developer, int number) {
    callers.push_back(std::make_unique<Worker>("caller", [&, developer, number](std::stop_token) {
      const auto slot = queue.acquire(developer, soon(), {});
      ASSERT_TRUE(slot.has_value());
      const MutexLock lock(mutex);
      served.push_back(developer + std::to_string(number));
    }));
    await_waiting(queue, callers.size());
  };
  for (int i = 1; i <= 3; ++i) call("ada", i);  // a burst of one developer …
  call("bob", 1);                               // … does not keep another one waiting
  held.reset();
  callers.clear();
  EXPECT_EQ(served, (std::vector<std::string>{"ada1", "bob1", "ada2", "ada3"}));
}

TEST_F(CallQueueTest, TurnsAwayAtOnceWhoCannotBeServedInTime) {
  testing::ManualClock clock;
  CallQueue queue(1, 100, clock);
  {
    const auto slot = queue.acquire("ada", clock.steady() + seconds(60), {});
    clock.advance(seconds(20));  // calls take 20 s
  }
  const auto running = queue.acquire("ada", clock.steady() + seconds(60), {});
  const auto hurried = queue.acquire("bob", clock.steady() + seconds(5), {});
  ASSERT_FALSE(hurried.has_value());
  EXPECT_EQ(hurried.error().kind(), ErrorKind::kRateLimited);
  EXPECT_NE(hurried.error().message().find("20.0 s"), std::string::npos);
}

TEST_F(CallQueueTest, IsBounded) {
  CallQueue queue(1, 0, clock_);
  const auto held = queue.acquire("ada", soon(), {});
  const auto refused = queue.acquire("bob", soon(), {});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind(), ErrorKind::kRateLimited);
}

TEST_F(CallQueueTest, GivesUpAtTheDeadlineAndWhenStopped) {
  CallQueue queue(1, 10, clock_);
  const auto held = queue.acquire("ada", soon(), {});
  const auto late = queue.acquire("bob", clock_.steady() + Duration(5), {});
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().kind(), ErrorKind::kDeadlineExceeded);

  std::stop_source stop;
  ErrorKind kind = ErrorKind::kInternal;
  {
    Worker caller("caller", [&](std::stop_token) {
      kind = queue.acquire("bob", soon(), stop.get_token()).error().kind();
    });
    await_waiting(queue, 1);
    stop.request_stop();
  }
  EXPECT_EQ(kind, ErrorKind::kCancelled);
  EXPECT_EQ(queue.state().waiting, 0U);
}

}  // namespace
}  // namespace tacit::inference
