#include "transcript/exchange_builder.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
#include "base/text.h"

namespace tacit::transcript {
namespace {

constexpr std::size_t kTitleBytes = 100;
constexpr std::size_t kHashBytes = 12;
constexpr std::int64_t kMaxTokens = 1'000'000'000'000'000;

// Texts come from JSON and so are UTF-8, but may hold NUL.
std::string as_text(std::string_view text, std::size_t max_bytes) {
  std::string clipped = clip_middle(text, max_bytes);
  return is_valid_utf8(clipped) ? clipped : clean_utf8(clipped);
}

// The same for names: ids, titles, folders.
void clean(std::string& name) {
  if (!is_valid_utf8(name)) name = clean_utf8(name);
}

}  // namespace

std::string short_hash(std::string_view text) {
  return hex(sha256(text), kHashBytes);
}

std::string title_from(std::string_view request) {
  const std::string_view first = trim(request.substr(0, request.find('\n')));
  const std::string_view clipped = clip_utf8(first, kTitleBytes);
  return clipped.size() == first.size() ? std::string(first) : std::string(trim(clipped)) + "…";
}

Result<void> ExchangeBuilder::begin(std::string_view request, std::string identity,
                                    std::optional<Instant> time, std::size_t line) {
  TACIT_TRY(finish());
  open_session_ = session_;
  if (!time) time = open_session_.started;  // older formats time the session alone
  for (std::string* name : {&open_session_.native_id, &open_session_.title, &open_session_.project,
                            &open_session_.branch, &identity})
    clean(*name);
  Exchange exchange;
  exchange.identity = std::move(identity);
  exchange.time = time;
  exchange.steps.push_back({StepKind::kRequest, "", as_text(request, kMaxStepBytes), false, time});
  bytes_ = exchange.steps.front().text.size();
  if (open_session_.title.empty()) open_session_.title = title_from(exchange.steps.front().text);
  if (session_.title.empty()) session_.title = open_session_.title;
  if (!open_session_.started) open_session_.started = time;
  if (!session_.started) session_.started = time;
  exchange_ = std::move(exchange);
  line_ = line;
  return {};
}

std::string_view ExchangeBuilder::request() const {
  return exchange_ ? std::string_view(exchange_->request()) : std::string_view();
}

void ExchangeBuilder::mark_answered(std::optional<Instant> time) {
  if (!exchange_) return;
  is_answered_ = true;
  if (time && (!open_session_.ended || *open_session_.ended < *time)) open_session_.ended = time;
}

void ExchangeBuilder::add(Step step) {
  if (!exchange_) return;
  mark_answered(step.time);
  if (exchange_->steps.size() >= kMaxStepsPerExchange) {
    ++dropped_steps_;
    return;
  }
  if (bytes_ + std::min(step.text.size(), kMaxStepBytes) > kMaxExchangeBytes) {
    step.text = fmt::format("[… {} bytes left out …]", step.text.size());
    ++reduced_steps_;
  } else {
    step.text = as_text(step.text, kMaxStepBytes);
  }
  if (!is_valid_utf8(step.tool)) step.tool = clean_utf8(step.tool);
  bytes_ += step.text.size();
  exchange_->steps.push_back(std::move(step));
}

void ExchangeBuilder::set_model(std::string_view model) {
  if (exchange_ && !model.empty() && !model.starts_with('<')) exchange_->model = clean_utf8(model);
}

void ExchangeBuilder::add_tokens(const TokenUse& tokens) {
  if (!exchange_) return;
  const auto add = [](std::int64_t& sum, std::int64_t more) {
    sum = std::min(sum + more, kMaxTokens);
  };
  add(exchange_->tokens.input, tokens.input);
  add(exchange_->tokens.output, tokens.output);
  add(exchange_->tokens.cached, tokens.cached);
}

void ExchangeBuilder::note(std::string reason) {
  report_.notices.push_back({file_, line_, std::move(reason)});
}

Result<void> ExchangeBuilder::finish() {
  if (!exchange_) return {};
  Exchange exchange = std::move(*exchange_);
  exchange_.reset();
  const bool is_answered = std::exchange(is_answered_, false);
  const std::size_t dropped = std::exchange(dropped_steps_, 0);
  const std::size_t reduced = std::exchange(reduced_steps_, 0);
  if (!is_answered) return {};
  if (dropped > 0) {
    note(
        fmt::format("opens an exchange of more than {} steps; the {} steps after them were dropped",
                    kMaxStepsPerExchange, dropped));
  }
  if (reduced > 0) {
    note(fmt::format(
        "opens an exchange of more than {} bytes; of {} later steps only a mark was kept",
        kMaxExchangeBytes, reduced));
  }
  const auto [position, is_new] = next_ordinal_.try_emplace(open_session_.native_id, 0);
  if (is_new) ++report_.sessions;
  exchange.ordinal = position->second++;
  ++report_.exchanges;
  return sink_(open_session_, std::move(exchange));
}

}  // namespace tacit::transcript
