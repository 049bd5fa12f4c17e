#include "inference/batch_desk.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/assert.h"
#include "base/log.h"
#include "inference/attempt.h"
#include "inference/correction.h"
#include "inference/prompt_size.h"
#include "inference/reply_parts.h"
#include "inference/schema.h"

namespace tacit::inference {
namespace {

constexpr std::size_t kMostStatusBytes = 32U << 20U;  // Gemini's holds the results
constexpr std::size_t kMaxRefusalBytes = 64U << 10U;

// Cuts bytes into lines; one that is too long is passed over.
class Lines {
 public:
  explicit Lines(std::size_t most) : most_(most) {}

  void feed(std::string_view bytes, FunctionRef<void(std::string_view)> on_line) {
    while (!bytes.empty()) {
      const std::size_t end = bytes.find('\n');
      const std::string_view piece = bytes.substr(0, end);
      if (rest_.size() + piece.size() > most_)
        is_too_long_ = true;
      else
        rest_ += piece;
      if (end == std::string_view::npos) return;
      finish(on_line);
      bytes.remove_prefix(end + 1);
    }
  }
  void finish(FunctionRef<void(std::string_view)> on_line) {
    if (!is_too_long_ && rest_.find_first_not_of(" \t\r") != std::string::npos) on_line(rest_);
    is_too_long_ = false;
    rest_.clear();
  }

 private:
  const std::size_t most_;
  std::string rest_;
  bool is_too_long_ = false;
};

const BatchProtocol& batches_of(const Route& route) {
  const BatchProtocol* const protocol = batch_protocol_of(route.endpoint.protocol);
  TACIT_ASSERT(protocol != nullptr);
  return *protocol;
}

}  // namespace

Result<const Route*> BatchDesk::place() const {
  std::vector<std::string> against;
  for (const Route& route : routes_) {
    std::string why = route.refusal;
    if (why.empty() && (route.endpoint.is_local || !batch_protocol_of(route.endpoint.protocol)))
      why = "has no batches";
    if (why.empty() && !batch_per_mille(*route.facts, parts_.clock.now()))
      why = "its price for batches is not known";
    if (why.empty()) return &route;
    against.push_back(fmt::format("{}: {}", route.id(), why));
  }
  return fail(ErrorKind::kUnavailable,
              fmt::format("no place of the chain takes a batch: {}", fmt::join(against, "; ")));
}

const Route* BatchDesk::find(const std::string& provider, const std::string& model) const {
  const auto found = std::ranges::find_if(routes_, [&](const Route& route) {
    return route.endpoint.provider == provider && route.model == model && route.refusal.empty() &&
           !route.endpoint.is_local;
  });
  return found == routes_.end() ? nullptr : &*found;
}

int BatchDesk::learned_factor(const Route& route) const {
  const auto counts =
      parts_.ledger->prompt_counts(route.endpoint.provider, route.model, kCorrectionCalls);
  return counts ? learned_factor_per_mille(*counts) : kMostCorrection;
}

Result<BatchQuote> BatchDesk::quote(const Route& route, const Prompt& prompt,
                                    int learned_factor) const {
  const Instant now = parts_.clock.now();
  const TokenCounter* const counter = counter_of(parts_, route);
  const std::int64_t counted = prompt_tokens(prompt, counter);
  BatchQuote result;
  result.most =
      TACIT_TRY(inference::quote(*route.facts, counted, prompt.max_output, now, learned_factor));
  const auto share = batch_per_mille(*route.facts, now);
  if (!share) return fail(ErrorKind::kUnavailable, "the price of batches is not known");
  result.most.amount = result.most.amount.per_mille(*share);
  result.most.price += "/batch";
  result.counted_prompt = counter == nullptr ? 0 : counted;
  return result;
}

Result<Money> BatchDesk::cost(const Route& route, const BilledTokens& use, Instant made) const {
  BilledTokens whole = use;
  whole.input += whole.cache_read;
  whole.cache_read = 0;
  const Money single = TACIT_TRY(inference::cost(*route.facts, whole, made));
  const auto share = batch_per_mille(*route.facts, made);
  if (!share) return fail(ErrorKind::kUnavailable, "the price of batches is not known");
  return single.per_mille(*share);
}

BatchDesk::Answered BatchDesk::call(const Route& route, const Hold& hold, net::HttpCall call,
                                    std::stop_token stop) const {
  call.total_timeout = call.first_byte_timeout = call.idle_timeout = options_.call_time;
  call.most_reply_bytes = kMostStatusBytes;
  std::string body;
  const net::HttpOutcome outcome = outbound_.remote(
      hold, call, [](const net::HttpHead&) { return true; },
      [&](std::string_view bytes) {
        body += bytes;
        return true;
      },
      std::move(stop));
  Answered answered{std::move(body), outcome.reached, outcome.head.status};
  if (outcome.reached >= net::Reached::kHead && !is_success(outcome.head.status)) {
    answered.body = std::unexpected<Fault>(
        provider_of(route.endpoint.protocol)
            .read_refusal(outcome.head, answered.body->substr(0, kMaxRefusalBytes),
                          parts_.clock.now()));
  } else if (outcome.error) {
    answered.body = std::unexpected<Fault>(fault_of(outcome));
  }
  return answered;
}

std::expected<std::string, NotTaken> BatchDesk::send(const Route& route, const Hold& hold,
                                                     std::span<const BatchRequest> requests,
                                                     std::stop_token stop) const {
  const BatchProtocol& batches = batches_of(route);
  std::string uploaded;
  if (auto upload = batches.upload(route.endpoint, route.model, requests)) {
    // A file that lies there runs nothing.
    const Answered answered = call(route, hold, std::move(*upload), stop);
    if (!answered.body) return std::unexpected<NotTaken>(NotTaken{answered.body.error(), true});
    auto read = batches.read_upload(*answered.body);
    if (!read) return std::unexpected<NotTaken>(NotTaken{std::move(read).error(), true});
    uploaded = std::move(*read);
  }
  const Answered answered =
      call(route, hold, batches.create(route.endpoint, route.model, requests, uploaded),
           std::move(stop));
  if (!answered.body) {
    AttemptEnd end;
    end.reached = answered.reached;
    end.status = answered.status;
    end.fault = answered.body.error().kind;
    end.billed_maybe = answered.body.error().billed_maybe;
    return std::unexpected<NotTaken>(
        NotTaken{answered.body.error(), ending_of(end) == Ending::kRelease});
  }
  auto status = batches.read_status(*answered.body);
  if (!status) return std::unexpected<NotTaken>(NotTaken{std::move(status).error(), false});
  return std::move(status->id);
}

Attempted<BatchStatus> BatchDesk::look(const Route& route, const Hold& hold, const std::string& id,
                                       std::stop_token stop) const {
  const BatchProtocol& batches = batches_of(route);
  const Answered answered = call(route, hold, batches.look(route.endpoint, id), std::move(stop));
  if (!answered.body) return std::unexpected<Fault>(answered.body.error());
  return batches.read_status(*answered.body);
}

Attempted<BatchStatus> BatchDesk::cancel(const Route& route, const Hold& hold,
                                         const std::string& id, std::stop_token stop) const {
  const BatchProtocol& batches = batches_of(route);
  const Answered answered = call(route, hold, batches.cancel(route.endpoint, id), stop);
  if (!answered.body) return std::unexpected<Fault>(answered.body.error());
  return look(route, hold, id, std::move(stop));
}

Attempted<void> BatchDesk::fetch(const Route& route, const Hold& hold, const BatchStatus& status,
                                 FunctionRef<bool(BatchResult&&)> on_result,
                                 std::stop_token stop) const {
  const BatchProtocol& batches = batches_of(route);
  bool goes_on = true;
  const auto take = [&](std::string_view line) {
    if (!goes_on) return;
    auto result = batches.read_result(line);
    if (result)
      goes_on = on_result(std::move(*result));
    else
      log::warn("inference", "batch_result_unread", {{"why", result.error().message}});
  };
  for (const std::string& line : status.attached) take(line);
  std::size_t left = options_.most_result_bytes;
  for (const std::string& file : status.results) {
    net::HttpCall call = batches.fetch(route.endpoint, file);
    call.total_timeout = call.first_byte_timeout = call.idle_timeout = options_.call_time;
    call.most_reply_bytes = kMostBatchResultBytes;
    Lines lines(options_.most_result_line);
    std::string refusal;
    bool has_succeeded = false;
    bool is_too_long = false;
    const net::HttpOutcome outcome = outbound_.remote(
        hold, call,
        [&](const net::HttpHead& head) {
          has_succeeded = is_success(head.status);
          return true;
        },
        [&](std::string_view bytes) {
          is_too_long = bytes.size() > left;
          if (is_too_long) return false;
          left -= bytes.size();
          if (has_succeeded)
            lines.feed(bytes, take);
          else if (refusal.size() < kMaxRefusalBytes)
            refusal += bytes;
          return goes_on;
        },
        stop);
    if (!goes_on) return {};
    if (is_too_long)
      return std::unexpected<Fault>(Fault{FaultKind::kTooLong,
                                          "the results are longer than any that were asked for",
                                          std::nullopt, true});
    if (outcome.reached >= net::Reached::kHead && !has_succeeded)
      return std::unexpected<Fault>(provider_of(route.endpoint.protocol)
                                        .read_refusal(outcome.head, refusal, parts_.clock.now()));
    if (outcome.error) return std::unexpected<Fault>(fault_of(outcome));
    lines.finish(take);
  }
  return {};
}

Result<void> BatchDesk::check_schema(std::string_view schema) {
  return inference::check_schema(schema);
}

std::string BatchDesk::complaint_about(std::string_view answer, std::string_view schema) {
  return inference::complaint_about(answer, schema);
}

}  // namespace tacit::inference
