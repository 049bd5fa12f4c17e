#pragma once
// The plan of a call: a flat ordered list of attempts, made once, before the first byte leaves. A
// pure rule: what a request may do, what the budget still allows and how each route is decide it.
// No route to a less trusted place exists in the plan of a text that must stay, so no failure can
// take it. First tries come in the order of the chain (or cheapest first), repeats of a place
// directly behind its first try; at most kMostAttempts, and nothing in it leads back.

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "domain/budget.h"
#include "domain/money.h"
#include "domain/sensitivity.h"
#include "domain/spend.h"
#include "inference/catalogue.h"
#include "inference/provider.h"

namespace tacit::inference {

inline constexpr std::size_t kMostAttempts = 6;
inline constexpr std::size_t kMostTriesOfOnePlace = 3;

// One place of the chain: a provider, reached in one way, with one model.
struct Route {
  Endpoint endpoint;
  std::string model;
  // Null: a local model, which costs nothing. Owned by the catalogue.
  const ModelFacts* facts = nullptr;
  std::string refusal;  // why it is never called: retired, unpriced, no key; "": it may be
  std::string id() const { return endpoint.provider + "/" + model; }
};

// How a route stands when the plan is made.
struct RouteState {
  std::string unusable;             // configuration, learned from a reply: "" while usable
  std::optional<Duration> resting;  // its breaker is open, or it asked for time
  std::optional<Money> price;       // the most this call can cost there; none: it does not fit
  std::string no_price;             // why not
};

struct PlanWish {
  Sensitivity sensitivity = Sensitivity::kConfidential;
  PrivacyMode mode = PrivacyMode::kAuto;
  Urgency urgency = Urgency::kInteractive;
  Degradation degradation = Degradation::kNone;
  std::string ledger_trouble;  // "": money can be held
};

struct PlannedAttempt {
  std::size_t route = 0;
  bool is_repeat = false;  // only if the same place failed in a way that may pass
};

struct Plan {
  std::vector<PlannedAttempt> attempts;
  std::vector<std::string> left_out;  // "groq/…: why", for the error of an empty plan
  std::optional<Duration> earliest;   // when something that rests may be asked again
  bool stays_local = false;           // no remote route was considered
};

// `states` stand beside `routes`.
Plan make_plan(const PlanWish& wish, const std::vector<Route>& routes,
               const std::vector<RouteState>& states);

}  // namespace tacit::inference
