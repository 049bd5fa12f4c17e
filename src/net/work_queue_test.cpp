#include "net/work_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

namespace tacit::net {
namespace {

TEST(WorkQueue, RefusesWhenFullAndRunsWhatItTook) {
  WorkQueue queue(1, 2);
  std::latch entered(1);
  std::latch leave(1);
  std::atomic<int> ran{0};
  ASSERT_TRUE(queue.push([&] {
    entered.count_down();
    leave.wait();
    ++ran;
  }));
  entered.wait();
  EXPECT_TRUE(queue.push([&] { ++ran; }));
  EXPECT_TRUE(queue.push([&] { ++ran; }));
  EXPECT_FALSE(queue.push([&] { ++ran; })) << "two wait already";
  leave.count_down();
  queue.stop();
  EXPECT_EQ(ran.load(), 3);
}

TEST(WorkQueue, TakesNothingAfterStop) {
  WorkQueue queue(2, 2);
  queue.stop();
  EXPECT_FALSE(queue.push([] {}));
}

}  // namespace
}  // namespace tacit::net
