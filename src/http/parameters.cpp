#include "http/parameters.h"

#include <fmt/format.h>

#include <charconv>

#include "base/text.h"

namespace tacit::http {
namespace {

constexpr std::size_t kShownBytes = 60;
constexpr std::size_t kDefaultHits = 10;

std::unexpected<Error> wrong(const char* name, const std::string& value, std::string_view what) {
  return fail(ErrorKind::kInvalidInput,
              fmt::format("{}: \"{}\" {}", name, clip_utf8(value, kShownBytes), what));
}

}  // namespace

Result<void> Parameters::refuse_unknown(std::string_view known) const {
  if (known.empty()) return {};
  const std::string padded = fmt::format(" {} ", known);
  for (const auto& [name, value] : values_) {
    if (name.find(' ') == std::string::npos && padded.find(" " + name + " ") != std::string::npos)
      continue;
    return fail(ErrorKind::kInvalidInput, fmt::format("unknown parameter \"{}\"; there are {}",
                                                      clip_utf8(name, kShownBytes), known));
  }
  return {};
}

std::string Parameters::text(const char* name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::string() : found->second;
}

Result<std::size_t> Parameters::number(const char* name, std::size_t fallback,
                                       std::size_t highest) const {
  const std::string value = text(name);
  if (value.empty()) return fallback;
  std::size_t result = 0;
  const auto [end, code] = std::from_chars(value.data(), value.data() + value.size(), result);
  if (code != std::errc() || end != value.data() + value.size() || result < 1 || result > highest) {
    return wrong(name, value, fmt::format("is no whole number from 1 to {}", highest));
  }
  return result;
}

Result<bool> Parameters::flag(const char* name) const {
  if (!values_.contains(name)) return false;
  const std::string value = text(name);
  if (value.empty() || value == "1" || value == "true") return true;
  if (value == "0" || value == "false") return false;
  return wrong(name, value, "is not 1, 0, true or false");
}

Result<std::optional<Instant>> Parameters::time(const char* name) const {
  const std::string value = text(name);
  if (value.empty()) return std::optional<Instant>();
  auto time = parse_time(value);
  if (!time) return wrong(name, value, "is no date; write 2026-01-28 or 2026-01-28T13:10:29Z");
  return time;
}

Result<std::optional<ItemType>> Parameters::type() const {
  const std::string value = text("type");
  if (value.empty()) return std::optional<ItemType>();
  const auto type = parse_item_type(value);
  if (type) return std::optional<ItemType>(type);
  std::string all;
  for (int i = 0; i < kItemTypeCount; ++i) {
    all += fmt::format("{}{}", i == 0 ? "" : ", ", name_of(static_cast<ItemType>(i)));
  }
  return wrong("type", value, "is none of " + all);
}

Result<std::optional<Intent>> Parameters::intent() const {
  const std::string value = text("intent");
  if (value.empty()) return std::optional<Intent>();
  const auto intent = parse_intent(value);
  if (intent) return std::optional<Intent>(intent);
  std::string all;
  for (int i = 0; i < kIntentCount; ++i) {
    all += fmt::format("{}{}", i == 0 ? "" : ", ", name_of(static_cast<Intent>(i)));
  }
  return wrong("intent", value, "is none of " + all);
}

Result<std::optional<store::ItemRanking>> read_ranking(const net::Request& request) {
  const Parameters parameters(request);
  store::ItemRanking ranking;
  ranking.project = parameters.text("project");
  ranking.intent = TACIT_TRY(parameters.intent());
  std::string order = parameters.text("order");
  if (order.empty()) order = ranking.intent ? kItemOrders[1] : kItemOrders[0];
  if (order == kItemOrders[0]) {
    if (!ranking.intent) return std::optional<store::ItemRanking>();
    return fail(ErrorKind::kInvalidInput,
                "intent: goes with order=confidence, or without an order");
  }
  if (order == kItemOrders[2])
    ranking.order = store::ItemOrder::kFreshness;
  else if (order != kItemOrders[1])
    return wrong("order", order, "is not newest, confidence or freshness");
  for (const char* name : {"type", "before"}) {
    if (parameters.text(name).empty()) continue;
    return fail(ErrorKind::kInvalidInput, fmt::format("{}: goes with order=newest alone", name));
  }
  return std::optional(std::move(ranking));
}

Result<Query> read_query(const net::Request& request) {
  const Parameters parameters(request);
  Query query;
  query.text = parameters.text("q");
  if (trim(query.text).empty()) {
    return fail(ErrorKind::kInvalidInput, "q: is missing; say what to search for");
  }
  const std::size_t limit = TACIT_TRY(parameters.number("limit", kDefaultHits, kMaxHits));
  query.limit = TACIT_TRY(parameters.number("k", limit, kMaxHits));
  if (const std::string mode = parameters.text("mode"); !mode.empty()) {
    const auto known = parse_search_mode(mode);
    if (!known) return wrong("mode", mode, "is not hybrid, text or vector");
    query.mode = *known;
  }
  query.filter.project = parameters.text("project");
  query.filter.type = TACIT_TRY(parameters.type());
  const std::string kind = parameters.text("kind");
  if (kind == "item")
    query.filter.kind = HitKind::kItem;
  else if (kind == "exchange")
    query.filter.kind = HitKind::kExchange;
  else if (!kind.empty())
    return wrong("kind", kind, "is not item or exchange");
  query.filter.since = TACIT_TRY(parameters.time("since"));
  query.filter.as_of = TACIT_TRY(parameters.time("as_of"));
  query.explain = TACIT_TRY(parameters.flag("explain"));
  return query;
}

}  // namespace tacit::http
