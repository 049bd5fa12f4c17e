#pragma once
// When to try again: pure rules with time and chance as arguments. A failed place is tried again
// after a full-jitter exponential wait (AWS architecture blog, "Exponential backoff and jitter"); a
// place that said how long to wait is never asked earlier, and up to a tenth later so that waiters
// do not come back together. All retries together are bounded to a share of the calls, or a
// provider in trouble would get several times its usual load.

#include <chrono>

#include "base/clock.h"
#include "inference/provider.h"

namespace tacit::inference {

inline constexpr Duration kFirstBackoff = std::chrono::milliseconds(250);
inline constexpr Duration kMostBackoff = std::chrono::seconds(8);
inline constexpr Duration kUsualRateWait = std::chrono::seconds(2);  // when a provider names none
inline constexpr Duration kUsualQuotaWait = std::chrono::hours(1);

// `chance` in [0, 1).
Duration backoff(int failures, double chance);
Duration wait_at_least(Duration asked, double chance);

bool counts_against_breaker(FaultKind kind);
// May the same place be asked again at once, without asking elsewhere first?
bool may_repeat(FaultKind kind);
// Would every other provider say the same, or must none be asked?
bool ends_the_plan(FaultKind kind);

// A tenth of the recent calls, and ten to begin with.
class RetryBudget {
 public:
  void count_call();
  bool take();

 private:
  static constexpr int kTenthsARetry = 10;
  static constexpr int kMostTenths = 10 * kTenthsARetry;
  int tenths_ = kMostTenths;
};

}  // namespace tacit::inference
