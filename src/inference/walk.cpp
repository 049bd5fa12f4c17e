#include "inference/walk.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "domain/budget.h"
#include "inference/catalogue.h"
#include "inference/correction.h"

namespace tacit::inference {
namespace {

constexpr Duration kLearnedFor = std::chrono::minutes(5);  // then bills are looked at again

ErrorKind kind_of(FaultKind kind) {
  switch (kind) {
    case FaultKind::kTimeout:
      return ErrorKind::kDeadlineExceeded;
    case FaultKind::kRateLimited:
    case FaultKind::kQuota:
      return ErrorKind::kRateLimited;
    case FaultKind::kTooLong:
    case FaultKind::kRequest:
      return ErrorKind::kInvalidInput;
    case FaultKind::kRefused:
      return ErrorKind::kForbidden;
    case FaultKind::kCancelled:
      return ErrorKind::kCancelled;
    default:
      return ErrorKind::kUnavailable;
  }
}

}  // namespace

// One walk through one plan.
struct Walker::Trip {
  Chain& chain;
  Job& job;
  const std::stop_token& stop;
  std::vector<AttemptRecord>& records;
  SteadyTime deadline;
  std::vector<Quote> quotes;
  Plan plan;
  std::map<std::size_t, FaultKind> last_fault = {};  // by route
  std::map<std::size_t, int> failures = {};
  std::optional<Error> worst = std::nullopt;  // what the caller is told if nothing answers
  int attempts = 0;

  Duration left(const Clock& clock) const {
    return std::chrono::duration_cast<Duration>(deadline - clock.steady());
  }
};

Walker::Walker(const EngineOptions& options, const EngineParts& parts, Outbound& outbound)
    : parts_(parts),
      attempt_options_(options.attempt),
      outbound_(outbound),
      remote_queue_(options.remote_calls, options.most_waiting, parts.clock),
      local_queue_(options.local_calls, options.most_waiting, parts.clock),
      random_(options.seed) {}

double Walker::chance() {
  const MutexLock lock(mutex_);
  return std::uniform_real_distribution<double>(0.0, 1.0)(random_);
}

int Walker::learned_factor(const Route& route) {
  const SteadyTime now = parts_.clock.steady();
  {
    const MutexLock lock(mutex_);
    const auto known = learned_.find(route.id());
    if (known != learned_.end() && now - known->second.read < kLearnedFor)
      return known->second.per_mille;
  }
  const auto counts =
      parts_.ledger->prompt_counts(route.endpoint.provider, route.model, kCorrectionCalls);
  const int factor = counts ? learned_factor_per_mille(*counts) : kMostCorrection;
  const MutexLock lock(mutex_);
  learned_[route.id()] = {factor, now};
  return factor;
}

void Walker::judge_budget(Job& job) {
  if (parts_.ledger == nullptr) {
    job.wish.ledger_trouble =
        parts_.ledger_trouble.empty() ? "there is no ledger" : parts_.ledger_trouble;
    return;
  }
  const auto state = parts_.ledger->developer_state(job.developer);
  if (!state)
    job.wish.ledger_trouble = state.error().message();
  else
    job.wish.degradation = degradation_of(state->used(), state->limit);
}

Plan Walker::plan_of(Chain& chain, Job& job, std::vector<Quote>& quotes) {
  const bool has_remote = std::ranges::any_of(chain.routes, [](const Route& route) {
    return !route.endpoint.is_local && route.refusal.empty();
  });
  // What stays costs nothing, so the budget is not looked at.
  if (has_remote && may_leave(job.wish.sensitivity, job.wish.mode)) judge_budget(job);
  std::vector<RouteState> states = chain.board.states();
  quotes.assign(chain.routes.size(), {});
  for (std::size_t i = 0; i < chain.routes.size(); ++i) {
    const Route& route = chain.routes[i];
    if (route.endpoint.is_local || !route.refusal.empty() || parts_.ledger == nullptr) continue;
    const auto price = quote(*route.facts, job.counted_prompt(route), job.max_output,
                             parts_.clock.now(), learned_factor(route));
    if (price) {
      quotes[i] = *price;
      states[i].price = price->amount;
    } else {
      states[i].no_price = price.error().message();
    }
  }
  return make_plan(job.wish, chain.routes, states);
}

Result<std::size_t> Walker::run(Chain& chain, Job& job, const std::stop_token& stop,
                                std::vector<AttemptRecord>& records) {
  Trip trip{chain, job, stop, records, parts_.clock.steady() + job.time, {}, {}};
  trip.plan = plan_of(chain, job, trip.quotes);
  {
    const MutexLock lock(mutex_);
    retries_.count_call();
  }
  std::vector<std::size_t> later;  // places that asked for time
  for (const PlannedAttempt& planned : trip.plan.attempts) {
    if (planned.is_repeat && trip.last_fault.contains(planned.route) &&
        trip.last_fault[planned.route] == FaultKind::kRateLimited) {
      later.push_back(planned.route);
      continue;
    }
    if (auto done = step(trip, planned)) return std::move(*done);
  }
  for (const std::size_t route : later) {
    const Duration rest = chain.board.resting(route).value_or(Duration(0));
    if (rest > trip.left(parts_.clock)) continue;
    if (!parts_.clock.wait(rest, stop))
      return fail(ErrorKind::kCancelled, "the call was cancelled");
    if (auto done = attempt(trip, route)) return std::move(*done);
  }
  return std::unexpected<Error>(failure(trip));
}

std::optional<Result<std::size_t>> Walker::step(Trip& trip, const PlannedAttempt& planned) {
  if (!planned.is_repeat) return attempt(trip, planned.route);
  const auto last = trip.last_fault.find(planned.route);
  if (last == trip.last_fault.end() || !may_repeat(last->second)) return std::nullopt;
  const Duration wait = backoff(trip.failures[planned.route], chance());
  if (wait >= trip.left(parts_.clock)) return std::nullopt;
  {
    const MutexLock lock(mutex_);
    if (!retries_.take()) return std::nullopt;
  }
  if (!parts_.clock.wait(wait, trip.stop))
    return fail(ErrorKind::kCancelled, "the call was cancelled");
  return attempt(trip, planned.route);
}

std::optional<Result<std::size_t>> Walker::attempt(Trip& trip, std::size_t index) {
  const Route& route = trip.chain.routes[index];
  AttemptRecord record;
  record.provider = route.endpoint.provider;
  record.model = route.model;
  const auto leave = [&](std::string outcome, const Error& error) {
    record.outcome = std::move(outcome);
    record.detail = error.message();
    trip.worst = error;
    if (trip.job.on_attempt) trip.job.on_attempt(trip.attempts, record);
    trip.records.push_back(record);
    return std::nullopt;
  };
  auto admission = trip.chain.board.admit(index);
  if (!admission)
    return leave("resting", Error(ErrorKind::kUnavailable, "it rests after failures"));
  CallQueue& queue = route.endpoint.is_local ? local_queue_ : remote_queue_;
  const auto slot = queue.acquire(trip.job.developer, trip.deadline, trip.stop);
  if (!slot) {
    if (slot.error().kind() == ErrorKind::kCancelled) return std::unexpected<Error>(slot.error());
    return leave("no slot", slot.error());
  }
  HoldRequest wanted;
  wanted.request = trip.job.request;
  wanted.attempt = ++trip.attempts;
  wanted.developer = trip.job.developer;
  wanted.project = trip.job.project;
  wanted.provider = record.provider;
  wanted.model = record.model;
  wanted.operation = trip.job.operation;
  wanted.price = trip.quotes[index].price;
  wanted.amount = trip.quotes[index].amount;
  wanted.tokens = trip.quotes[index].tokens;
  wanted.counted_prompt = trip.job.has_exact_count(route) ? trip.job.counted_prompt(route) : 0;
  wanted.urgency = trip.job.wish.urgency;
  Attempt physical(outbound_, parts_.ledger, parts_.clock, attempt_options_);
  // Names the outcome; an answer that is not accepted is no fault of the place, which was paid.
  const auto name_outcome = [&](const std::optional<Fault>& fault) {
    record.outcome = fault ? name_of(fault->kind) : "answered";
    if (fault) {
      record.detail = fault->message;
    } else if (auto accepted = trip.job.accept(); !accepted) {
      record.outcome = "invalid answer";
      record.detail = accepted.error().message;
      trip.worst = Error(ErrorKind::kUnavailable, accepted.error().message);
    }
  };
  const auto on_over = [&](const std::optional<Fault>& fault) -> std::optional<CallAudit> {
    name_outcome(fault);
    if (!trip.job.audit_of) return std::nullopt;
    return trip.job.audit_of(wanted.attempt, record);
  };
  const ReplySink sink{trip.job.on_bytes, trip.job.on_end, on_over};
  auto ran =
      physical.run(route, trip.job.begin(route), wanted, trip.deadline, sink, trip.stop, record);
  if (!ran) {
    const bool is_broke = ran.error().kind() == ErrorKind::kBudgetExhausted;
    return leave(is_broke ? "no budget" : "no ledger", ran.error());
  }
  std::optional<Fault> fault = std::move(*ran);
  if (route.endpoint.is_local) name_outcome(fault);
  if (!fault) admission->succeed();
  if (trip.job.on_attempt) trip.job.on_attempt(trip.attempts, record);
  trip.records.push_back(record);
  if (fault) return take_fault(trip, index, std::move(*fault), std::move(*admission));
  if (record.outcome == "answered") return index;
  if (trip.job.has_shown())
    return fail(ErrorKind::kUnavailable,
                "the answer was shown, but is not valid: " + record.detail);
  return std::nullopt;
}

std::optional<Result<std::size_t>> Walker::take_fault(Trip& trip, std::size_t index, Fault fault,
                                                      RouteBoard::Admission admission) {
  admission.fail(fault, chance());
  trip.last_fault[index] = fault.kind;
  ++trip.failures[index];
  trip.worst = Error(kind_of(fault.kind), fault.message);
  if (ends_the_plan(fault.kind)) return std::unexpected<Error>(failure(trip));
  if (trip.job.has_shown()) {
    return std::unexpected<Error>(
        std::move(*trip.worst).with_context("the answer broke off after a part of it was shown"));
  }
  if (trip.left(parts_.clock) <= Duration(0)) {
    return std::unexpected<Error>(Error(ErrorKind::kDeadlineExceeded, failure(trip).message()));
  }
  return std::nullopt;
}

Error Walker::failure(const Trip& trip) const {
  std::vector<std::string> said;
  for (const AttemptRecord& record : trip.records)
    said.push_back(fmt::format("{}/{}: {} ({})", record.provider, record.model, record.outcome,
                               record.detail));
  said.insert(said.end(), trip.plan.left_out.begin(), trip.plan.left_out.end());
  const std::string all = fmt::format("{}", fmt::join(said, "; "));
  if (trip.worst) return {trip.worst->kind(), "no model answered: " + all};
  if (trip.plan.stays_local)
    return {ErrorKind::kForbidden,
            "nothing was sent: this call stays on this machine, and no local model can take it: " +
                all};
  ErrorKind kind = ErrorKind::kUnavailable;
  if (trip.job.wish.degradation == Degradation::kLocalOnly) kind = ErrorKind::kBudgetExhausted;
  if (said.empty()) return {kind, "no model is configured: see docs/inference.md"};
  return {kind, "no model can be asked: " + all};
}

}  // namespace tacit::inference
