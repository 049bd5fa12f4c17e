#include "store/avoided.h"

#include "base/log.h"
#include "store/ledger.h"

namespace tacit::store {

AvoidedCosts::~AvoidedCosts() {
  std::unique_ptr<Worker> worker;
  {
    const MutexLock lock(mutex_);
    is_ending_ = true;
    worker = std::move(worker_);
  }
  changed_.notify_all();
  worker.reset();
  flush();
}

void AvoidedCosts::add(const AvoidedCost& avoided) {
  const MutexLock lock(mutex_);
  Sum& sum = sums_[{avoided.developer, avoided.project, avoided.provider, avoided.model,
                    avoided.operation}];
  ++sum.calls;
  sum.amount += avoided.amount;
  if (worker_ == nullptr)
    worker_ = std::make_unique<Worker>("avoided", [this](std::stop_token) { run(); });
  changed_.notify_all();
}

void AvoidedCosts::flush() {
  const MutexLock in_turn(writing_);  // who comes back finds all of it written
  Sums sums;
  {
    const MutexLock lock(mutex_);
    sums.swap(sums_);
  }
  if (sums.empty()) return;
  if (auto written = write_(sums); !written)
    log::warn("store", "avoided_cost_not_written", {{"why", written.error().message()}});
}

// Sleeps until there is something, then lets it gather for a while.
void AvoidedCosts::run() {
  while (true) {
    {
      const MutexLock lock(mutex_);
      while (sums_.empty() && !is_ending_) changed_.wait(mutex_);
      const auto until = std::chrono::steady_clock::now() + kAvoidedWait;
      while (!is_ending_ && std::chrono::steady_clock::now() < until)
        changed_.wait_for(mutex_, kAvoidedWait);
      if (is_ending_) return;
    }
    flush();
  }
}

Result<void> add_avoided(WriteTxn& txn, const std::string& period, const AvoidedCosts::Name& what,
                         const AvoidedCosts::Sum& sum) {
  return txn.run(
      "INSERT INTO avoided_cost(period, developer, project, provider, model, operation, calls, "
      "amount) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO UPDATE SET "
      "calls = calls + excluded.calls, amount = amount + excluded.amount",
      period, what[0], what[1], what[2], what[3], what[4], sum.calls, sum.amount.pico());
}

}  // namespace tacit::store
