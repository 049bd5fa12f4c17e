#pragma once
// A bounded queue of jobs and the threads that run them. push() never waits: a full queue is the
// caller's answer "try later". Destruction and stop() run what is queued, then join. Safe from any
// thread.

#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "base/mutex.h"
#include "base/worker.h"

namespace tacit::net {

class WorkQueue {
 public:
  WorkQueue(std::size_t workers, std::size_t max_queued);
  ~WorkQueue();
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  // False when `max_queued` jobs wait already, or after stop().
  bool push(std::function<void()> job);
  void stop();

 private:
  void run();

  const std::size_t max_queued_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<std::function<void()>> jobs_ TACIT_GUARDED_BY(mutex_);
  bool stopping_ TACIT_GUARDED_BY(mutex_) = false;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace tacit::net
