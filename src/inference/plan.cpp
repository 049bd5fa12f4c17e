#include "inference/plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/assert.h"

namespace tacit::inference {
namespace {

// Why no remote route may be asked; "": they may.
std::string local_only_reason(const PlanWish& wish) {
  if (wish.mode == PrivacyMode::kLocal) return "the call must stay on this machine";
  if (!may_leave(wish.sensitivity, wish.mode))
    return fmt::format("the text is {} and stays on this machine", name_of(wish.sensitivity));
  if (!wish.ledger_trouble.empty()) return "no money can be held: " + wish.ledger_trouble;
  if (wish.degradation == Degradation::kLocalOnly) return "the month's budget is used up";
  if (wish.degradation == Degradation::kInteractiveOnly && wish.urgency == Urgency::kBackground)
    return "the month's budget is nearly used up, background work stays local";
  return "";
}

std::string reason_against(const Route& route, const RouteState& state) {
  if (!route.refusal.empty()) return route.refusal;
  if (!state.unusable.empty()) return state.unusable;
  if (state.resting)
    return fmt::format("rests for {:.0f} s", std::chrono::duration<double>(*state.resting).count());
  if (!route.endpoint.is_local && !state.price) return state.no_price;
  return "";
}

// First tries of each, then repeats are put behind them while there is room, the first places
// first.
std::vector<PlannedAttempt> with_repeats(const std::vector<std::size_t>& order) {
  const std::size_t firsts = std::min(order.size(), kMostAttempts);
  std::vector<std::size_t> tries(firsts, 1);
  std::size_t left = kMostAttempts - firsts;
  for (std::size_t round = 1; round < kMostTriesOfOnePlace; ++round) {
    for (std::size_t i = 0; i < firsts && left > 0; ++i, --left) ++tries[i];
  }
  std::vector<PlannedAttempt> attempts;
  for (std::size_t i = 0; i < firsts; ++i) {
    for (std::size_t k = 0; k < tries[i]; ++k) attempts.push_back({order[i], k > 0});
  }
  return attempts;
}

}  // namespace

Plan make_plan(const PlanWish& wish, const std::vector<Route>& routes,
               const std::vector<RouteState>& states) {
  TACIT_ASSERT(routes.size() == states.size());
  Plan plan;
  const std::string stays = local_only_reason(wish);
  plan.stays_local = !stays.empty();
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < routes.size(); ++i) {
    const Route& route = routes[i];
    const std::string against =
        plan.stays_local && !route.endpoint.is_local ? stays : reason_against(route, states[i]);
    if (against.empty()) {
      order.push_back(i);
      continue;
    }
    plan.left_out.push_back(route.id() + ": " + against);
    if (states[i].resting && (!plan.stays_local || route.endpoint.is_local))
      plan.earliest = std::min(plan.earliest.value_or(*states[i].resting), *states[i].resting);
  }
  if (wish.degradation != Degradation::kNone) {
    // Local models stay last: they cost nothing, but the chain's order says what is wanted first.
    std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
      if (routes[a].endpoint.is_local != routes[b].endpoint.is_local)
        return routes[b].endpoint.is_local;
      return states[a].price.value_or(Money()) < states[b].price.value_or(Money());
    });
  }
  plan.attempts = with_repeats(order);
  return plan;
}

}  // namespace tacit::inference
