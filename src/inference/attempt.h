#pragma once
// One physical attempt at one place, from the hold to its end: reserve, dispatch, send, read, and
// settle, release or suspend. Every remote attempt has a hold of its own, retries and fallbacks
// included, and the hold is ended before the next attempt is made. Local attempts are verified to
// be local instead and touch no money. Safe from any thread.

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "domain/audit.h"
#include "domain/spend.h"
#include "inference/outbound.h"
#include "inference/plan.h"
#include "inference/provider.h"

namespace tacit::inference {

// What an attempt left behind; never a text of prompt or answer.
struct AttemptRecord {
  std::string provider;
  std::string model;
  std::string outcome;  // "answered", a fault's name, "no budget", "resting"
  std::string detail;   // for a person
  Duration took{0};
  Duration first_text{0};    // from sending to the first visible text of a stream; 0: none came
  bool is_physical = false;  // something was sent, or tried to be
  std::int64_t hold = 0;
  bool is_audited = false;  // its line of the audit log was written with the end of its hold
  Money cost;               // settled, or the whole hold when nobody knows
  std::int64_t bytes_out = 0;
  std::int64_t bytes_in = 0;
};

struct AttemptOptions {
  Duration first_byte_timeout = std::chrono::seconds(20);
  Duration idle_timeout = std::chrono::seconds(20);
};

// Reads the reply: bytes of a success as they come, and what they came to.
struct ReplySink {
  FunctionRef<Attempted<void>(std::string_view bytes)> on_bytes;
  // At the proper end of the connection. The usage, if the reply named it.
  FunctionRef<Attempted<std::optional<BilledTokens>>()> on_end;
  // The attempt is over: names its outcome in the record, and gives its line of the audit log if
  // there is to be one. Only where money is held, before the hold is ended.
  FunctionRef<std::optional<CallAudit>(const std::optional<Fault>& fault)> on_over;
};

// What a call that did not end as HTTP says it should means.
Fault fault_of(const net::HttpOutcome& outcome);
bool is_success(int status);

class Attempt {
 public:
  Attempt(Outbound& outbound, Ledger* ledger, const Clock& clock, const AttemptOptions& options)
      : outbound_(outbound), ledger_(ledger), clock_(clock), options_(options) {}

  // `wanted` is the hold to make; not looked at for a local place. The record is filled either way.
  // budget_exhausted and every other failure to hold money come as an error, before anything is
  // sent; faults of the attempt itself as a fault.
  Result<std::optional<Fault>> run(const Route& route, net::HttpCall call,
                                   const HoldRequest& wanted, SteadyTime deadline,
                                   const ReplySink& sink, const std::stop_token& stop,
                                   AttemptRecord& record);

 private:
  struct Sent;
  Sent send(const Route& route, const net::HttpCall& call, const Hold* hold, const ReplySink& sink,
            const std::stop_token& stop, AttemptRecord& record);
  Result<void> end_hold(Hold&& hold, const Route& route, const Sent& sent, const ReplySink& sink,
                        AttemptRecord& record);

  Outbound& outbound_;
  Ledger* ledger_;
  const Clock& clock_;
  const AttemptOptions& options_;
};

}  // namespace tacit::inference
