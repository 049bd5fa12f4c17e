#include "inference/attempt.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "base/log.h"
#include "inference/settlement.h"

namespace tacit::inference {
namespace {

constexpr std::size_t kMaxRefusalBytes = 64U << 10U;
constexpr int kFirstSuccess = 200;
constexpr int kAfterSuccess = 300;

}  // namespace

bool is_success(int status) {
  return status >= kFirstSuccess && status < kAfterSuccess;
}

Fault fault_of(const net::HttpOutcome& outcome) {
  const Error& error = *outcome.error;
  Fault fault;
  fault.message = error.message();
  switch (error.kind()) {
    case ErrorKind::kDeadlineExceeded:
      fault.kind =
          outcome.reached == net::Reached::kNothing ? FaultKind::kUnreachable : FaultKind::kTimeout;
      break;
    case ErrorKind::kCancelled:
      fault.kind = FaultKind::kCancelled;
      break;
    case ErrorKind::kForbidden:
    case ErrorKind::kInvalidInput:
      fault.kind = FaultKind::kConfiguration;
      break;
    default:
      fault.kind =
          outcome.reached == net::Reached::kNothing ? FaultKind::kUnreachable : FaultKind::kBroken;
  }
  return fault;
}

struct Attempt::Sent {
  net::HttpOutcome outcome;
  std::optional<Fault> fault;
  std::optional<BilledTokens> usage;
};

Attempt::Sent Attempt::send(const Route& route, const net::HttpCall& call, const Hold* hold,
                            const ReplySink& sink, const std::stop_token& stop,
                            AttemptRecord& record) {
  Sent sent;
  std::string refusal;
  int status = 0;
  const auto on_head = [&](const net::HttpHead& head) {
    status = head.status;
    return true;
  };
  const auto on_data = [&](std::string_view bytes) {
    record.bytes_in += static_cast<std::int64_t>(bytes.size());
    if (!is_success(status)) {
      refusal.append(
          bytes.substr(0, kMaxRefusalBytes - std::min(refusal.size(), kMaxRefusalBytes)));
      return true;
    }
    if (auto fed = sink.on_bytes(bytes); !fed) sent.fault = std::move(fed).error();
    return !sent.fault;
  };
  record.is_physical = true;
  record.bytes_out = static_cast<std::int64_t>(call.body.size());
  sent.outcome = hold == nullptr ? outbound_.local(call, on_head, on_data, stop)
                                 : outbound_.remote(*hold, call, on_head, on_data, stop);
  if (sent.fault) return sent;
  if (sent.outcome.reached >= net::Reached::kHead && !is_success(sent.outcome.head.status)) {
    sent.fault =
        provider_of(route.endpoint.protocol).read_refusal(sent.outcome.head, refusal, clock_.now());
  } else if (sent.outcome.error) {
    sent.fault = fault_of(sent.outcome);
  } else if (auto ended = sink.on_end()) {
    sent.usage = *ended;
  } else {
    sent.fault = std::move(ended).error();
  }
  return sent;
}

Result<void> Attempt::end_hold(Hold&& hold, const Route& route, const Sent& sent,
                               const ReplySink& sink, AttemptRecord& record) {
  AttemptEnd end;
  end.reached = sent.outcome.reached;
  end.status = sent.outcome.head.status;
  if (sent.fault) end.fault = sent.fault->kind;
  end.billed_maybe = sent.fault && sent.fault->billed_maybe;
  end.has_usage = sent.usage.has_value();
  Ending ending = ending_of(end);
  std::string reason = sent.fault ? std::string(name_of(sent.fault->kind)) : "no usage";
  if (ending == Ending::kSuspend) record.cost = hold.amount();
  if (ending == Ending::kSettle) {
    const auto price = cost(*route.facts, *sent.usage, clock_.now());
    record.cost = price ? *price : hold.amount();
    if (!price) {
      ending = Ending::kSuspend;
      reason = price.error().message();
    } else if (*price > hold.amount()) {
      log::warn("inference", "estimate_exceeded",
                {{"route", route.id()},
                 {"held_pico", hold.amount().pico()},
                 {"cost_pico", price->pico()}});
    }
  }
  const std::optional<CallAudit> line = sink.on_over(sent.fault);
  const CallAudit* const audit = line ? &*line : nullptr;
  const auto ended = [&]() -> Result<void> {
    switch (ending) {
      case Ending::kRelease:
        return ledger_->release(std::move(hold), reason, audit);
      case Ending::kSuspend:
        return ledger_->suspend(std::move(hold), reason, audit);
      case Ending::kSettle:
        return ledger_->settle(std::move(hold), record.cost, *sent.usage, audit);
    }
    TACIT_UNREACHABLE();
  }();
  record.is_audited = ended && audit != nullptr;
  return ended;
}

Result<std::optional<Fault>> Attempt::run(const Route& route, net::HttpCall call,
                                          const HoldRequest& wanted, SteadyTime deadline,
                                          const ReplySink& sink, const std::stop_token& stop,
                                          AttemptRecord& record) {
  std::optional<Hold> hold;
  if (route.endpoint.is_local) {
    if (auto local = outbound_.verify_local(route.endpoint, route.model, stop); !local) {
      const ErrorKind kind = local.error().kind();
      return Fault{
          kind == ErrorKind::kForbidden ? FaultKind::kConfiguration : FaultKind::kUnreachable,
          local.error().message(), std::nullopt, false};
    }
  } else {
    TACIT_ASSERT(ledger_ != nullptr && route.facts != nullptr);
    // Nothing happens between the hold and the first byte, so one durable write says both.
    HoldRequest at_once = wanted;
    at_once.is_dispatched = true;
    hold.emplace(TACIT_TRY(ledger_->reserve(at_once)));
    record.hold = hold->id();
  }
  const auto left = std::chrono::duration_cast<Duration>(deadline - clock_.steady());
  call.total_timeout = std::max(left, Duration(1));
  call.first_byte_timeout = std::min(options_.first_byte_timeout, call.total_timeout);
  call.idle_timeout = std::min(options_.idle_timeout, call.total_timeout);
  const SteadyTime start = clock_.steady();
  const Sent sent = send(route, call, hold ? &*hold : nullptr, sink, stop, record);
  record.took = std::chrono::duration_cast<Duration>(clock_.steady() - start);
  if (hold) {
    // A hold that cannot be ended is abandoned to the ledger, which counts it as spent.
    if (auto ended = end_hold(std::move(*hold), route, sent, sink, record); !ended)
      log::error("inference", "hold_not_ended", {{"why", ended.error().message()}});
  }
  return sent.fault;
}

}  // namespace tacit::inference
