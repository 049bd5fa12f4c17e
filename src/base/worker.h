#pragma once
// Threads with owners. A Worker is one named thread that its owner joins by destroying it; the body
// receives a stop token and returns soon after stop is requested. WorkerPool runs a bounded batch
// of equal jobs on a fixed set of threads: parallel_for() blocks until all are done and runs jobs
// on the calling thread too, so a pool of size 1 has no thread of its own. Nothing else in Tacit
// makes threads.

#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <thread>

#include "base/function_ref.h"

namespace tacit {

class Worker {
 public:
  Worker(std::string name, std::function<void(std::stop_token)> body);
  void request_stop() { thread_.request_stop(); }

 private:
  std::jthread thread_;
};

class WorkerPool {
 public:
  explicit WorkerPool(std::size_t threads);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  std::size_t size() const;
  // Calls job(i, lane) for each i < count; lane < size() names the thread, for per-thread scratch.
  // One batch at a time: concurrent callers queue on a lock.
  void parallel_for(std::size_t count, FunctionRef<void(std::size_t index, std::size_t lane)> job);
  // The same, but where another batch is running: then nothing is called and it is false.
  bool try_parallel_for(std::size_t count,
                        FunctionRef<void(std::size_t index, std::size_t lane)> job);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Cores this process may use (its CPU affinity), at least 1.
std::size_t usable_cores();

}  // namespace tacit
