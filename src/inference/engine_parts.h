#pragma once
// What the parts of the engine share and others own: time, money and the counters of tokens. Part
// of engine.h. Plain values, read from any thread.

#include <string>

#include "base/clock.h"
#include "domain/spend.h"
#include "inference/plan.h"
#include "inference/tokens.h"

namespace tacit::inference {

struct EngineParts {
  const Clock& clock;
  Ledger* ledger = nullptr;           // null: no money can be held, nothing remote is called
  std::string ledger_trouble{};       // why it is null
  TokenCounters* counters = nullptr;  // without them, or one of them, bytes count
};

// The counter of the encoding of a route's model, or null.
inline const TokenCounter* counter_of(const EngineParts& parts, const Route& route) {
  if (route.facts == nullptr || parts.counters == nullptr) return nullptr;
  return parts.counters->of(route.facts->encoding);
}

}  // namespace tacit::inference
