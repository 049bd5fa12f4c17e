#pragma once
// How the hold of one physical attempt ends: a pure rule. Released only where the provider provably
// did no work that it bills; settled where it said what it used; else suspended, and the whole hold
// counts as spent, because a request that timed out may still be billed and no provider of the
// chain documents an idempotency key for chat. An answer without usage is suspended too: a model
// may reason invisibly, so our own count of the text could be too low.

#include <optional>

#include "inference/provider.h"
#include "net/http_client.h"

namespace tacit::inference {

enum class Ending { kSettle, kRelease, kSuspend };

struct AttemptEnd {
  net::Reached reached = net::Reached::kNothing;
  int status = 0;  // of HTTP, from net::Reached::kHead on
  std::optional<FaultKind> fault;
  bool billed_maybe = false;  // the provider says that it generated something
  bool has_usage = false;
};

Ending ending_of(const AttemptEnd& end);

}  // namespace tacit::inference
