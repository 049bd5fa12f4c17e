#include "inference/settlement.h"

#include <algorithm>
#include <array>

namespace tacit::inference {
namespace {

// Statuses with which a provider turns a request away before it works on it: bad request, key,
// payment, permission, unknown, too large, unprocessable, rate, unavailable, overloaded.
constexpr std::array kTurnedAway = {400, 401, 402, 403, 404, 413, 422, 429, 498, 503, 529};
constexpr int kFirstSuccess = 200;
constexpr int kAfterSuccess = 300;

}  // namespace

Ending ending_of(const AttemptEnd& end) {
  if (end.reached == net::Reached::kNothing) return Ending::kRelease;
  if (end.reached == net::Reached::kRequest) return Ending::kSuspend;
  const bool is_success = end.status >= kFirstSuccess && end.status < kAfterSuccess;
  if (!is_success) {
    return std::ranges::find(kTurnedAway, end.status) != kTurnedAway.end() && !end.billed_maybe
               ? Ending::kRelease
               : Ending::kSuspend;
  }
  return end.reached == net::Reached::kEnd && !end.fault && end.has_usage ? Ending::kSettle
                                                                          : Ending::kSuspend;
}

}  // namespace tacit::inference
