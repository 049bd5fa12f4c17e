#pragma once
// The slots for calls at once and the queue before them: first come, first served for one
// developer, in turn between developers, bounded, and aware of deadlines: who cannot be served in
// time is told at once. Take a slot before money is held, so that who waits freezes no budget. Safe
// from any thread; must outlive its slots.

#include <chrono>
#include <cstddef>
#include <deque>
#include <map>
#include <stop_token>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"

namespace tacit::inference {

inline constexpr std::size_t kRemoteCallsAtOnce = 10;
inline constexpr std::size_t kLocalCallsAtOnce = 1;  // local servers work one by one by default
inline constexpr std::size_t kMostWaitingCalls = 500;

class CallQueue {
 public:
  CallQueue(std::size_t slots, std::size_t most_waiting, const Clock& clock)
      : clock_(clock), slots_(slots), most_waiting_(most_waiting), free_(slots) {}
  CallQueue(const CallQueue&) = delete;
  CallQueue& operator=(const CallQueue&) = delete;

  class Slot {
   public:
    Slot(Slot&& other) noexcept
        : queue_(std::exchange(other.queue_, nullptr)), since_(other.since_) {}
    Slot& operator=(Slot&&) = delete;
    ~Slot() {
      if (queue_ != nullptr) queue_->give_back(since_);
    }

   private:
    friend class CallQueue;
    Slot(CallQueue& queue, SteadyTime since) : queue_(&queue), since_(since) {}
    CallQueue* queue_;
    SteadyTime since_;
  };

  // rate_limited: the queue is full, or the wait would be longer than what is left of the time;
  // deadline_exceeded: it was, after all; cancelled.
  Result<Slot> acquire(const std::string& developer, SteadyTime deadline,
                       const std::stop_token& stop);

  struct State {
    std::size_t running = 0;
    std::size_t waiting = 0;
  };
  State state() const;

 private:
  struct Waiter {
    CondVar ready;
    bool is_granted = false;
  };
  void give_back(SteadyTime since);
  void grant() /* locked */;
  void withdraw(const std::string& developer, const Waiter& waiter) /* locked */;
  // What a call that comes now would wait, from how long calls took lately.
  Duration expected_wait() const /* locked */;

  const Clock& clock_;
  const std::size_t slots_;
  const std::size_t most_waiting_;
  mutable Mutex mutex_;
  std::size_t free_ TACIT_GUARDED_BY(mutex_);
  std::size_t waiting_count_ TACIT_GUARDED_BY(mutex_) = 0;
  Duration usual_time_ TACIT_GUARDED_BY(mutex_){0};
  std::map<std::string, std::deque<Waiter*>> waiting_ TACIT_GUARDED_BY(mutex_);
  std::deque<std::string> turns_ TACIT_GUARDED_BY(mutex_);  // developers who wait, next first
};

}  // namespace tacit::inference
