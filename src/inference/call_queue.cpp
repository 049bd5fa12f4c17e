#include "inference/call_queue.h"

#include <fmt/format.h>

#include <algorithm>

namespace tacit::inference {
namespace {

constexpr int kUsualTimeWeight = 8;  // an eighth of each new time enters the usual one

double seconds_of(Duration time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

Result<CallQueue::Slot> CallQueue::acquire(const std::string& developer, SteadyTime deadline,
                                           const std::stop_token& stop) {
  Waiter waiter;
  // Made before the lock: a token that is stopped already calls back at once.
  const std::stop_callback wake(stop, [&] {
    const MutexLock lock(mutex_);
    waiter.ready.notify_one();
  });
  const MutexLock lock(mutex_);
  if (stop.stop_requested()) return fail(ErrorKind::kCancelled, "the call was cancelled");
  if (free_ > 0 && turns_.empty()) {
    --free_;
    return Slot(*this, clock_.steady());
  }
  if (waiting_count_ >= most_waiting_)
    return fail(ErrorKind::kRateLimited,
                fmt::format("{} calls to models wait already: try again later", waiting_count_));
  const Duration wait = expected_wait();
  if (clock_.steady() + wait > deadline)
    return fail(ErrorKind::kRateLimited,
                fmt::format("{} calls wait before this one, about {:.1f} s: longer than its time",
                            waiting_count_, seconds_of(wait)));
  auto& line = waiting_[developer];
  if (line.empty()) turns_.push_back(developer);
  line.push_back(&waiter);
  ++waiting_count_;
  while (!waiter.is_granted) {
    const auto left = deadline - clock_.steady();
    if (stop.stop_requested() || left <= left.zero()) {
      withdraw(developer, waiter);
      if (stop.stop_requested()) return fail(ErrorKind::kCancelled, "the call was cancelled");
      return fail(ErrorKind::kDeadlineExceeded, "no slot for the call became free in its time");
    }
    waiter.ready.wait_for(mutex_, left);
  }
  return Slot(*this, clock_.steady());
}

Duration CallQueue::expected_wait() const {
  return usual_time_ * static_cast<std::int64_t>(waiting_count_ + 1) /
         static_cast<std::int64_t>(slots_);
}

void CallQueue::withdraw(const std::string& developer, const Waiter& waiter) {
  auto& line = waiting_[developer];
  std::erase(line, &waiter);
  --waiting_count_;
  if (line.empty()) {
    waiting_.erase(developer);
    std::erase(turns_, developer);
  }
}

void CallQueue::grant() {
  while (free_ > 0 && !turns_.empty()) {
    const std::string developer = turns_.front();
    turns_.pop_front();
    auto& line = waiting_[developer];
    Waiter* const next = line.front();
    line.pop_front();
    if (line.empty())
      waiting_.erase(developer);
    else
      turns_.push_back(developer);
    --waiting_count_;
    --free_;
    next->is_granted = true;
    next->ready.notify_one();
  }
}

void CallQueue::give_back(SteadyTime since) {
  const auto took = std::chrono::duration_cast<Duration>(clock_.steady() - since);
  const MutexLock lock(mutex_);
  usual_time_ =
      usual_time_.count() == 0 ? took : usual_time_ + (took - usual_time_) / kUsualTimeWeight;
  ++free_;
  grant();
}

CallQueue::State CallQueue::state() const {
  const MutexLock lock(mutex_);
  return {slots_ - free_, waiting_count_};
}

}  // namespace tacit::inference
