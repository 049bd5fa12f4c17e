#include "inference/route_board.h"

#include <algorithm>
#include <random>

#include "base/log.h"
#include "inference/retry.h"

namespace tacit::inference {

RouteBoard::RouteBoard(const std::vector<Route>& routes, const Clock& clock, unsigned seed)
    : clock_(clock) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> spread(-1.0, 1.0);
  for (std::size_t i = 0; i < routes.size(); ++i)
    places_.push_back(Place{Breaker(spread(random)), std::nullopt, ""});
}

std::optional<Duration> RouteBoard::rest_of(const Place& place) const {
  const SteadyTime now = clock_.steady();
  std::optional<SteadyTime> until = place.breaker.opens_until();
  if (place.not_before && (!until || *place.not_before > *until)) until = place.not_before;
  if (!until || *until <= now) return std::nullopt;
  return std::chrono::ceil<Duration>(*until - now);
}

std::vector<RouteState> RouteBoard::states() const {
  const MutexLock lock(mutex_);
  std::vector<RouteState> states;
  for (const Place& place : places_) {
    RouteState state;
    state.unusable = place.unusable;
    state.resting = rest_of(place);
    states.push_back(std::move(state));
  }
  return states;
}

std::optional<RouteBoard::Admission> RouteBoard::admit(std::size_t route) {
  const MutexLock lock(mutex_);
  Place& place = places_[route];
  const SteadyTime now = clock_.steady();
  if (!place.unusable.empty() || (place.not_before && now < *place.not_before)) return std::nullopt;
  const auto admission = place.breaker.admit(now);
  if (admission == Breaker::Admission::kNo) return std::nullopt;
  return Admission(*this, route, admission == Breaker::Admission::kProbe);
}

std::optional<Duration> RouteBoard::resting(std::size_t route) const {
  const MutexLock lock(mutex_);
  return rest_of(places_[route]);
}

RouteBoard::View RouteBoard::view(std::size_t route) const {
  const MutexLock lock(mutex_);
  const Place& place = places_[route];
  return {place.breaker.is_open(), place.breaker.failures(), rest_of(place), place.unusable};
}

RouteBoard::Admission::~Admission() {
  if (board_ == nullptr || !is_probe_) return;
  const MutexLock lock(board_->mutex_);
  board_->places_[route_].breaker.withdraw();
}

void RouteBoard::Admission::succeed() {
  RouteBoard* const board = std::exchange(board_, nullptr);
  const MutexLock lock(board->mutex_);
  board->places_[route_].breaker.succeed();
}

void RouteBoard::Admission::fail(const Fault& fault, double chance) {
  RouteBoard* const board = board_;
  const MutexLock lock(board->mutex_);
  Place& place = board->places_[route_];
  const SteadyTime now = board->clock_.steady();
  if (counts_against_breaker(fault.kind)) {
    place.breaker.fail(now);
    board_ = nullptr;
  } else if (is_probe_) {
    place.breaker.withdraw();
    board_ = nullptr;
  }
  if (fault.kind == FaultKind::kConfiguration) place.unusable = fault.message;
  std::optional<Duration> asked = fault.wait;
  if (fault.kind == FaultKind::kRateLimited && !asked) asked = kUsualRateWait;
  if (fault.kind == FaultKind::kQuota && !asked) asked = kUsualQuotaWait;
  if (!asked) return;
  const SteadyTime until = now + wait_at_least(*asked, chance);
  place.not_before = std::max(place.not_before.value_or(until), until);
}

}  // namespace tacit::inference
