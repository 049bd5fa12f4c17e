#include "inference/retry.h"

#include <algorithm>

namespace tacit::inference {
namespace {

constexpr double kLaterShare = 0.1;

Duration scaled(Duration time, double share) {
  return Duration(static_cast<std::int64_t>(static_cast<double>(time.count()) * share));
}

}  // namespace

Duration backoff(int failures, double chance) {
  Duration most = kFirstBackoff;
  for (int i = 1; i < failures && most < kMostBackoff; ++i) most *= 2;
  return scaled(std::min(most, kMostBackoff), chance);
}

Duration wait_at_least(Duration asked, double chance) {
  return asked + scaled(asked, kLaterShare * chance);
}

bool counts_against_breaker(FaultKind kind) {
  return kind == FaultKind::kUnreachable || kind == FaultKind::kServer ||
         kind == FaultKind::kTimeout || kind == FaultKind::kBroken;
}

bool may_repeat(FaultKind kind) {
  return kind == FaultKind::kUnreachable || kind == FaultKind::kServer;
}

bool ends_the_plan(FaultKind kind) {
  return kind == FaultKind::kRefused || kind == FaultKind::kRequest ||
         kind == FaultKind::kCancelled;
}

void RetryBudget::count_call() {
  tenths_ = std::min(tenths_ + 1, kMostTenths);
}

bool RetryBudget::take() {
  if (tenths_ < kTenthsARetry) return false;
  tenths_ -= kTenthsARetry;
  return true;
}

}  // namespace tacit::inference
