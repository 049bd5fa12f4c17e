#pragma once
// Walks the plan of one call: attempt after attempt until one answers, a fault ends the plan, or
// the time is over. Waits only where nothing else is left to ask and the wait fits the call's time.
// What text and vectors have in common; the engine says what to send and how to read (Job).
// Private to the engine. Safe from any thread.

#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "base/mutex.h"
#include "inference/attempt.h"
#include "inference/call_queue.h"
#include "inference/engine.h"
#include "inference/plan.h"
#include "inference/retry.h"
#include "inference/route_board.h"

namespace tacit::inference {

// Routes of one kind with how they stand.
struct Chain {
  Chain(std::vector<Route> with, const Clock& clock, unsigned seed)
      : routes(std::move(with)), board(routes, clock, seed) {}
  const std::vector<Route> routes;
  RouteBoard board;
};

struct Job {
  std::string request;  // id
  std::string developer;
  std::string project;
  std::string operation;
  PlanWish wish;  // sensitivity, mode and urgency; the rest is filled in
  Duration time{0};

  std::function<std::int64_t(const Route&)> counted_prompt;
  std::function<bool(const Route&)> has_exact_count;
  std::int64_t max_output = 0;
  std::function<net::HttpCall(const Route&)> begin;  // of an attempt; forgets the one before
  std::function<Attempted<void>(std::string_view)> on_bytes;
  std::function<Attempted<std::optional<BilledTokens>>()> on_end;
  std::function<Attempted<void>()> accept;  // is what was read (and paid for) an answer?
  std::function<bool()> has_shown;          // text was given on: nobody else may answer
  OnAttempt on_attempt;                     // may be empty
  AuditOf audit_of;                         // may be empty
};

class Walker {
 public:
  Walker(const EngineOptions& options, const EngineParts& parts, Outbound& outbound);

  // The route that answered. `records` gets every attempt, also when it fails.
  Result<std::size_t> run(Chain& chain, Job& job, const std::stop_token& stop,
                          std::vector<AttemptRecord>& records);
  CallQueue::State remote_queue() const { return remote_queue_.state(); }

 private:
  struct Trip;
  Plan plan_of(Chain& chain, Job& job, std::vector<Quote>& quotes);
  void judge_budget(Job& job);
  // Nothing: go on with the next planned attempt.
  std::optional<Result<std::size_t>> step(Trip& trip, const PlannedAttempt& planned);
  std::optional<Result<std::size_t>> attempt(Trip& trip, std::size_t route);
  std::optional<Result<std::size_t>> take_fault(Trip& trip, std::size_t route, Fault fault,
                                                RouteBoard::Admission admission);
  Error failure(const Trip& trip) const;
  double chance();
  int learned_factor(const Route& route);

  const EngineParts& parts_;
  AttemptOptions attempt_options_;
  Outbound& outbound_;
  CallQueue remote_queue_;
  CallQueue local_queue_;
  Mutex mutex_;
  std::mt19937 random_ TACIT_GUARDED_BY(mutex_);
  RetryBudget retries_ TACIT_GUARDED_BY(mutex_);
  struct Learned {
    int per_mille = 0;
    SteadyTime read;
  };
  std::map<std::string, Learned> learned_ TACIT_GUARDED_BY(mutex_);
};

}  // namespace tacit::inference
