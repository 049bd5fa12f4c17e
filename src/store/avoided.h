#pragma once
// Private to store: what answers that cost nothing would have cost, added up in memory by who and
// what, and handed to `write` in groups by a thread of its own that starts with the first. flush()
// writes what is there; destruction does too. What cannot be written is logged and lost: it is no
// money. Safe from any thread.

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "base/result.h"
#include "base/worker.h"
#include "domain/spend.h"
#include "store/txn.h"

namespace tacit::store {

class AvoidedCosts {
 public:
  using Name = std::array<std::string, 5>;  // developer, project, provider, model, operation
  struct Sum {
    std::int64_t calls = 0;
    Money amount;
  };
  using Sums = std::map<Name, Sum>;
  using Write = std::function<Result<void>(const Sums&)>;

  explicit AvoidedCosts(Write write) : write_(std::move(write)) {}
  ~AvoidedCosts();

  void add(const AvoidedCost& avoided);
  void flush();

 private:
  void run();

  const Write write_;
  Mutex writing_;
  Mutex mutex_;
  CondVar changed_;
  Sums sums_ TACIT_GUARDED_BY(mutex_);
  bool is_ending_ TACIT_GUARDED_BY(mutex_) = false;
  std::unique_ptr<Worker> worker_ TACIT_GUARDED_BY(mutex_);
};

Result<void> add_avoided(WriteTxn& txn, const std::string& period, const AvoidedCosts::Name& what,
                         const AvoidedCosts::Sum& sum);

}  // namespace tacit::store
