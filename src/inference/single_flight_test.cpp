#include "inference/single_flight.h"

#include <gtest/gtest.h>

#include <atomic>
#include <vector>

#include "base/worker.h"

namespace tacit::inference {
namespace {

constexpr Duration kLong = std::chrono::seconds(60);

Completion completion_of(std::string text) {
  Completion completion;
  completion.text = std::move(text);
  return completion;
}

// A gate that calls wait at and tests open; also counts to a number.
class Gate {
 public:
  void open() {
    const MutexLock lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }
  // False: stopped while it was shut.
  bool pass(const std::stop_token& stop) {
    const std::stop_callback wake(stop, [&] {
      const MutexLock lock(mutex_);
      changed_.notify_all();
    });
    const MutexLock lock(mutex_);
    while (!is_open_ && !stop.stop_requested()) changed_.wait(mutex_);
    return is_open_;
  }
  void add() {
    const MutexLock lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  void wait_for(int count) {
    const MutexLock lock(mutex_);
    while (count_ < count) changed_.wait(mutex_);
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  bool is_open_ = false;
  int count_ = 0;
};

class SingleFlightTest : public ::testing::Test {
 protected:
  // Counts itself, says it is there, waits at the gate, answers.
  SingleFlight::Call call_of(std::string text) {
    return [this, text](const SingleFlight::ShowText&, std::stop_token stop) -> Result<Completion> {
      ++calls_;
      called_.add();
      if (!gate_.pass(stop)) {
        stopped_.add();
        return fail(ErrorKind::kCancelled, "stopped");
      }
      return completion_of(text);
    };
  }
  SingleFlight::Call failing(ErrorKind kind) {
    return [this, kind](const SingleFlight::ShowText&, std::stop_token stop) -> Result<Completion> {
      ++calls_;
      called_.add();
      gate_.pass(stop);
      return fail(kind, "failed");
    };
  }
  // Joining is seen in the statistics.
  void wait_until_joined(std::uint64_t count) {
    while (flights_.stats().joined < count) std::this_thread::yield();
  }
  std::unique_ptr<Worker> caller(std::string key, SingleFlight::Call call,
                                 std::stop_token stop = {}, SingleFlight::ShowText on_text = {}) {
    return std::make_unique<Worker>(
        "caller", [this, key, call = std::move(call), stop, on_text](std::stop_token) {
          auto landing = flights_.fly(key, call, on_text, kLong, stop);
          {
            const MutexLock lock(mutex_);
            landings_.push_back(std::move(landing));
          }
          landed_.add();
        });
  }
  int payers() {
    int count = 0;
    for (const auto& landing : landings_) count += landing.has_called ? 1 : 0;
    return count;
  }

  Gate gate_;
  Gate called_;
  Gate stopped_;
  Gate landed_;
  std::atomic<int> calls_{0};
  Mutex mutex_;
  std::vector<SingleFlight::Landing> landings_;
  SingleFlight flights_;
};

TEST_F(SingleFlightTest, AHundredEqualCallsAreOne) {
  constexpr int kCallers = 100;
  std::vector<std::unique_ptr<Worker>> callers;
  for (int i = 0; i < kCallers; ++i) callers.push_back(caller("k", call_of("yes")));
  wait_until_joined(kCallers - 1);
  gate_.open();
  callers.clear();
  EXPECT_EQ(calls_.load(), 1);
  ASSERT_EQ(landings_.size(), std::size_t{kCallers});
  for (const auto& landing : landings_) {
    ASSERT_TRUE(landing.outcome.has_value());
    EXPECT_EQ(landing.outcome->text, "yes");
  }
  EXPECT_EQ(payers(), 1);
}

TEST_F(SingleFlightTest, AnotherKeyIsAnotherCall) {
  gate_.open();
  EXPECT_EQ(flights_.fly("project a", call_of("a"), {}, kLong, {}).outcome->text, "a");
  EXPECT_EQ(flights_.fly("project b", call_of("b"), {}, kLong, {}).outcome->text, "b");
  EXPECT_EQ(flights_.fly("project a", call_of("c"), {}, kLong, {}).outcome->text, "c")
      << "what has landed is no longer under way";
  EXPECT_EQ(calls_.load(), 3);
}

TEST_F(SingleFlightTest, TheFirstMayLeaveAndTheOthersGetTheAnswer) {
  std::stop_source first;
  auto leader = caller("k", call_of("yes"), first.get_token());
  called_.wait_for(1);
  auto follower = caller("k", call_of("no"));
  wait_until_joined(1);
  first.request_stop();
  landed_.wait_for(1);
  EXPECT_EQ(landings_.front().outcome.error().kind(), ErrorKind::kCancelled);
  gate_.open();
  follower.reset();
  EXPECT_EQ(landings_.back().outcome->text, "yes") << "the same call went on";
  EXPECT_EQ(calls_.load(), 1);
  EXPECT_EQ(flights_.stats().abandoned, 0U);
}

TEST_F(SingleFlightTest, TheCallIsStoppedWhenTheLastLeavesAndANewOneBegins) {
  std::stop_source first;
  std::stop_source second;
  auto a = caller("k", call_of("yes"), first.get_token());
  called_.wait_for(1);
  auto b = caller("k", call_of("yes"), second.get_token());
  wait_until_joined(1);
  first.request_stop();
  landed_.wait_for(1);
  EXPECT_EQ(flights_.stats().abandoned, 0U);
  second.request_stop();
  landed_.wait_for(2);
  stopped_.wait_for(1);
  EXPECT_EQ(flights_.stats().abandoned, 1U);
  auto c = caller("k", call_of("new"));
  called_.wait_for(2);
  gate_.open();
  c.reset();
  EXPECT_EQ(landings_.back().outcome->text, "new");
}

// The slot of an abandoned call is taken by a new one; the end of the old must not free it.
TEST_F(SingleFlightTest, AnAbandonedCallThatEndsLateLeavesTheSlotOfItsSuccessorAlone) {
  Gate late;
  std::stop_source first;
  auto a = caller(
      "k",
      [&](const SingleFlight::ShowText&, std::stop_token) -> Result<Completion> {
        called_.add();
        late.pass({});  // heeds no stop
        return completion_of("old");
      },
      first.get_token());
  called_.wait_for(1);
  first.request_stop();
  landed_.wait_for(1);
  auto b = caller("k", call_of("new"));
  called_.wait_for(2);
  late.open();
  // Each flight buries what has landed before it; what is left are the second and itself.
  while (flights_.stats().running > 2)
    flights_.fly("other", [](const auto&, auto) { return Result<Completion>(Completion{}); }, {},
                 kLong, {});
  auto c = caller("k", call_of("third"));
  wait_until_joined(1);
  gate_.open();
  b.reset();
  c.reset();
  EXPECT_EQ(landings_.back().outcome->text, "new");
  EXPECT_EQ(calls_.load(), 1) << "the third joined the second";
}

TEST_F(SingleFlightTest, AFailureOfTheProviderGoesToAllAndIsNotTriedAgain) {
  std::vector<std::unique_ptr<Worker>> callers;
  for (int i = 0; i < 10; ++i) callers.push_back(caller("k", failing(ErrorKind::kUnavailable)));
  wait_until_joined(9);
  gate_.open();
  callers.clear();
  EXPECT_EQ(calls_.load(), 1);
  for (const auto& landing : landings_)
    EXPECT_EQ(landing.outcome.error().kind(), ErrorKind::kUnavailable);
}

TEST_F(SingleFlightTest, AFailureOfTheCallersOwnElectsAnotherOnceOnly) {
  auto leader = caller("k", failing(ErrorKind::kBudgetExhausted));
  called_.wait_for(1);
  auto heir = caller("k", call_of("yes"));
  wait_until_joined(1);
  gate_.open();
  leader.reset();
  heir.reset();
  EXPECT_EQ(calls_.load(), 2);
  for (const auto& landing : landings_) EXPECT_EQ(landing.outcome->text, "yes");
  EXPECT_EQ(payers(), 1);
}

TEST_F(SingleFlightTest, TenWithoutBudgetMakeTwoCalls) {
  std::vector<std::unique_ptr<Worker>> callers;
  for (int i = 0; i < 10; ++i) callers.push_back(caller("k", failing(ErrorKind::kBudgetExhausted)));
  wait_until_joined(9);
  gate_.open();
  callers.clear();
  EXPECT_EQ(calls_.load(), 2);
  for (const auto& landing : landings_) EXPECT_FALSE(landing.outcome.has_value());
}

TEST_F(SingleFlightTest, WhoComesLateGetsTheTextSoFarAndTheRest) {
  Gate more;
  const SingleFlight::Call stream = [&](const SingleFlight::ShowText& show,
                                        std::stop_token stop) -> Result<Completion> {
    show("one ");
    show("two ");
    called_.add();
    more.pass(stop);
    show("three");
    return completion_of("one two three");
  };
  std::string early_text;
  std::string late_text;
  Gate late_began;
  auto early = caller("k", stream, {}, [&](std::string_view text) { early_text += text; });
  called_.wait_for(1);
  auto late = caller("k", stream, {}, [&](std::string_view text) {
    late_text += text;
    late_began.add();
  });
  late_began.wait_for(1);
  EXPECT_EQ(late_text, "one two ");
  more.open();
  early.reset();
  late.reset();
  EXPECT_EQ(early_text, "one two three");
  EXPECT_EQ(late_text, "one two three");
}

TEST_F(SingleFlightTest, AStreamThatFailsAfterTextIsNotBegunAgain) {
  const SingleFlight::Call cut = [&](const SingleFlight::ShowText& show,
                                     std::stop_token stop) -> Result<Completion> {
    ++calls_;
    show("half");
    gate_.pass(stop);
    return fail(ErrorKind::kDeadlineExceeded, "cut off");
  };
  auto a = caller("k", cut);
  auto b = caller("k", cut);
  wait_until_joined(1);
  gate_.open();
  a.reset();
  b.reset();
  EXPECT_EQ(calls_.load(), 1);
}

TEST_F(SingleFlightTest, ACallerWaitsNoLongerThanItsTime) {
  const auto landing = flights_.fly("k", call_of("yes"), {}, Duration(1), {});
  EXPECT_EQ(landing.outcome.error().kind(), ErrorKind::kDeadlineExceeded);
  EXPECT_EQ(flights_.stats().abandoned, 1U) << "its call may not have begun: it needs no stop then";
}

TEST_F(SingleFlightTest, TooManyFlightsAreRefused) {
  std::vector<std::unique_ptr<Worker>> callers;
  for (std::size_t i = 0; i < kMostFlights; ++i)
    callers.push_back(caller(std::to_string(i), call_of("yes")));
  called_.wait_for(static_cast<int>(kMostFlights));
  EXPECT_EQ(flights_.fly("more", call_of("yes"), {}, kLong, {}).outcome.error().kind(),
            ErrorKind::kUnavailable);
  gate_.open();
  callers.clear();
  EXPECT_TRUE(flights_.fly("more", call_of("yes"), {}, kLong, {}).outcome.has_value());
}

}  // namespace
}  // namespace tacit::inference
