#include "base/worker.h"

#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <vector>

#include "base/mutex.h"

namespace tacit {
namespace {

constexpr std::size_t kThreadNameBytes = 15;  // the kernel's limit without its NUL

void name_this_thread(const std::string& name) {
  pthread_setname_np(pthread_self(), name.substr(0, kThreadNameBytes).c_str());
}

}  // namespace

Worker::Worker(std::string name, std::function<void(std::stop_token)> body)
    : thread_([name = std::move(name), body = std::move(body)](std::stop_token stop) {
        name_this_thread(name);
        body(stop);
      }) {}

struct WorkerPool::State {
  Mutex callers;  // one batch at a time
  Mutex mutex;
  CondVar work_ready;
  CondVar work_done;
  std::uint64_t batch TACIT_GUARDED_BY(mutex) = 0;
  std::size_t busy TACIT_GUARDED_BY(mutex) = 0;
  bool stopping TACIT_GUARDED_BY(mutex) = false;
  // Written by the caller before `batch` changes, read by lanes after they saw the change.
  const FunctionRef<void(std::size_t, std::size_t)>* job = nullptr;
  std::size_t count = 0;
  std::atomic<std::size_t> next{0};
  std::vector<std::unique_ptr<Worker>> lanes;

  void run(std::size_t lane) {
    for (std::size_t i = next.fetch_add(1); i < count; i = next.fetch_add(1)) (*job)(i, lane);
  }

  // On the calling thread, which holds `callers`.
  void run_batch(std::size_t jobs, const FunctionRef<void(std::size_t, std::size_t)>& batch_job) {
    job = &batch_job;
    count = jobs;
    next = 0;
    {
      MutexLock lock(mutex);
      busy = lanes.size();
      ++batch;
    }
    work_ready.notify_all();
    run(0);
    MutexLock lock(mutex);
    while (busy != 0) work_done.wait(mutex);
  }

  void lane_body(std::size_t lane) {
    std::uint64_t seen = 0;
    while (true) {
      {
        MutexLock lock(mutex);
        while (!stopping && batch == seen) work_ready.wait(mutex);
        if (stopping) return;
        seen = batch;
      }
      run(lane);
      MutexLock lock(mutex);
      if (--busy == 0) work_done.notify_all();
    }
  }
};

WorkerPool::WorkerPool(std::size_t threads) : state_(std::make_unique<State>()) {
  for (std::size_t lane = 1; lane < threads; ++lane) {
    state_->lanes.push_back(
        std::make_unique<Worker>("pool-" + std::to_string(lane),
                                 [this, lane](std::stop_token) { state_->lane_body(lane); }));
  }
}

WorkerPool::~WorkerPool() {
  {
    MutexLock lock(state_->mutex);
    state_->stopping = true;
  }
  state_->work_ready.notify_all();
  state_->lanes.clear();
}

std::size_t WorkerPool::size() const {
  return state_->lanes.size() + 1;
}

void WorkerPool::parallel_for(std::size_t count, FunctionRef<void(std::size_t, std::size_t)> job) {
  const MutexLock caller(state_->callers);
  state_->run_batch(count, job);
}

bool WorkerPool::try_parallel_for(std::size_t count,
                                  FunctionRef<void(std::size_t, std::size_t)> job) {
  if (!state_->callers.try_lock()) return false;
  state_->run_batch(count, job);
  state_->callers.unlock();
  return true;
}

std::size_t usable_cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  const int cores = CPU_COUNT(&set);
  return cores > 0 ? static_cast<std::size_t>(cores) : 1;
}

}  // namespace tacit
