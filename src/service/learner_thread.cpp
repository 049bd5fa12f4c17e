#include "service/learner_thread.h"

#include "base/log.h"
#include "base/mutex.h"
#include "base/worker.h"

namespace tacit::service {

struct LearnerThread::State {
  learn::Learner& learner;
  Mutex mutex;
  CondVar changed;
  bool woken TACIT_GUARDED_BY(mutex) = true;
  bool stopping TACIT_GUARDED_BY(mutex) = false;
  std::unique_ptr<Worker> worker;

  explicit State(learn::Learner& owned_elsewhere) : learner(owned_elsewhere) {}

  // Waits for a wake-up; false when it is time to end.
  bool wait(std::chrono::seconds time) {
    MutexLock lock(mutex);
    const auto until = std::chrono::steady_clock::now() + time;
    while (!stopping && !woken && std::chrono::steady_clock::now() < until)
      changed.wait_for(mutex, time);
    woken = false;
    return !stopping;
  }

  bool is_stopping() {
    MutexLock lock(mutex);
    return stopping;
  }

  void run() {
    std::chrono::seconds pause{0};
    while (wait(pause)) {
      pause = kIdleWait;
      while (!is_stopping()) {
        const auto step = learner.step();
        if (!step) {
          log::error("learn", "step_failed", {{"reason", step.error().message()}});
          pause = kRetryWait;
          break;
        }
        if (step->idle) break;
      }
    }
  }
};

LearnerThread::LearnerThread(learn::Learner& learner) : state_(std::make_unique<State>(learner)) {
  state_->worker = std::make_unique<Worker>(
      "learner", [state = state_.get()](std::stop_token) { state->run(); });
}

LearnerThread::~LearnerThread() {
  {
    MutexLock lock(state_->mutex);
    state_->stopping = true;
  }
  state_->changed.notify_all();
  state_->worker.reset();
}

void LearnerThread::wake() {
  {
    MutexLock lock(state_->mutex);
    state_->woken = true;
  }
  state_->changed.notify_all();
}

}  // namespace tacit::service
