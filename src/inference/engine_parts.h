#pragma once
// What the parts of the engine share and others own: time, money and the counters of tokens. Part
// of engine.h. Plain values, read from any thread.

#include <map>
#include <string>

#include "base/clock.h"
#include "domain/spend.h"
#include "inference/plan.h"
#include "inference/tokens.h"

namespace tacit::inference {

struct EngineParts {
  const Clock& clock;
  Ledger* ledger = nullptr;      // null: no money can be held, nothing remote is called
  std::string ledger_trouble{};  // why it is null
  std::map<Encoding, const TokenCounter*> counters{};  // one that is missing: bytes count
};

// The counter of the encoding of a route's model, or null.
inline const TokenCounter* counter_of(const EngineParts& parts, const Route& route) {
  if (route.facts == nullptr) return nullptr;
  const auto found = parts.counters.find(route.facts->encoding);
  return found == parts.counters.end() ? nullptr : found->second;
}

}  // namespace tacit::inference
