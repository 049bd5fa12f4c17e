#pragma once
// The learner thread of a server: runs Learner::step() until idle, then sleeps until woken (an
// ingest) or for kIdleWait. A failing step is logged and tried again after kRetryWait. Joined by
// destruction, within one step.

#include <chrono>
#include <memory>

#include "learn/learner.h"

namespace tacit::service {

inline constexpr std::chrono::seconds kIdleWait{60};
inline constexpr std::chrono::seconds kRetryWait{10};

class LearnerThread {
 public:
  explicit LearnerThread(learn::Learner& learner);
  ~LearnerThread();
  void wake();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tacit::service
