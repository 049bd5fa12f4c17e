#include "wire/inference_codec.h"

#include <fmt/format.h>

#include <array>
#include <set>
#include <utility>

#include "wire/codec.h"
#include "wire/json_value.h"

namespace tacit::wire {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::array kSpendKeys = {
    std::pair{"developer"sv, SpendKey::kDeveloper}, std::pair{"project"sv, SpendKey::kProject},
    std::pair{"provider"sv, SpendKey::kProvider}, std::pair{"model"sv, SpendKey::kModel},
    std::pair{"operation"sv, SpendKey::kOperation}};

Json json_of(const BilledTokens& usage) {
  Json json;
  json["input"] = usage.input;
  json["cache_read"] = usage.cache_read;
  json["cache_write"] = usage.cache_write + usage.cache_write_long;
  json["output"] = usage.output;
  json["total"] = usage.total();
  return json;
}

Json json_of(const inference::AttemptRecord& attempt) {
  Json json;
  json["provider"] = attempt.provider;
  json["model"] = attempt.model;
  json["outcome"] = attempt.outcome;
  json["detail"] = attempt.detail;
  json["ms"] = attempt.took.count();
  json["cost_usd"] = attempt.cost.text();
  return json;
}

Json money_or_null(Money money) {
  return money == Money::most() ? Json() : Json(money.text());
}

// Reads the fields of one object and remembers what is wrong first.
class Reader {
 public:
  explicit Reader(const Json& json) : json_(json) {}

  void text(const char* key, std::string& into) {
    if (const Json* value = take(key, &Json::is_string, "a text")) into = value->get<std::string>();
  }
  void number(const char* key, std::int64_t& into) {
    if (const Json* value = take(key, &Json::is_number_integer, "a whole number"))
      into = value->get<std::int64_t>();
  }
  void real(const char* key, double& into) {
    if (const Json* value = take(key, &Json::is_number, "a number")) into = value->get<double>();
  }
  void flag(const char* key, bool& into) {
    if (const Json* value = take(key, &Json::is_boolean, "true or false"))
      into = value->get<bool>();
  }
  void texts(const char* key, std::vector<std::string>& into) {
    const Json* value = take(key, &Json::is_array, "a list of texts");
    if (value == nullptr) return;
    for (const Json& each : *value) {
      if (!each.is_string()) return complain(fmt::format("{} must be a list of texts", key));
      into.push_back(each.get<std::string>());
    }
  }
  void complain(std::string wrong) {
    if (wrong_.empty()) wrong_ = std::move(wrong);
  }
  Result<void> done() {
    for (const auto& [key, value] : json_.items()) {
      if (!known_.contains(key)) complain(fmt::format("there is no field {}", key));
    }
    if (!wrong_.empty()) return fail(ErrorKind::kInvalidInput, wrong_);
    return {};
  }

 private:
  const Json* take(const char* key, bool (Json::*is)() const noexcept, std::string_view what) {
    known_.insert(key);
    const auto found = json_.find(key);
    if (found == json_.end() || found->is_null()) return nullptr;
    if (!((*found).*is)()) {
      complain(fmt::format("{} must be {}", key, what));
      return nullptr;
    }
    return &*found;
  }

  const Json& json_;
  std::set<std::string> known_;
  std::string wrong_;
};

Result<Json> object_of(std::string_view text) {
  if (is_deeper_than(text, kMaxDepth))
    return fail(ErrorKind::kInvalidInput, "the body is nested too deeply");
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return fail(ErrorKind::kInvalidInput, "the body must be a JSON object");
  return json;
}

Result<service::InferRequest> infer_of(const Json& json) {
  service::InferRequest request;
  Reader reader(json);
  reader.text("prompt", request.prompt);
  reader.text("system", request.system);
  reader.text("operation", request.operation);
  reader.text("project", request.project);
  reader.text("developer", request.developer);
  reader.texts("paths", request.paths);
  reader.flag("background", request.is_background);
  reader.number("max_output", request.max_output);
  reader.real("temperature", request.temperature);
  reader.number("timeout_ms", request.timeout_ms);
  reader.text("schema", request.schema);
  std::string mode(name_of(request.mode));
  reader.text("privacy", mode);
  const auto known = parse_privacy_mode(mode);
  if (!known) reader.complain("privacy must be auto, local or remote");
  request.mode = known.value_or(PrivacyMode::kLocal);
  TACIT_TRY(reader.done());
  return request;
}

Json json_of(const service::InferRequest& request) {
  Json json;
  json["prompt"] = request.prompt;
  json["system"] = request.system;
  json["schema"] = request.schema;
  json["operation"] = request.operation;
  json["project"] = request.project;
  json["developer"] = request.developer;
  json["paths"] = request.paths;
  json["privacy"] = name_of(request.mode);
  json["background"] = request.is_background;
  json["max_output"] = request.max_output;
  json["temperature"] = request.temperature;
  json["timeout_ms"] = request.timeout_ms;
  return json;
}

Json head_of(const service::BatchView& view) {
  Json json;
  json["id"] = view.id;
  json["provider"] = view.provider;
  json["model"] = view.model;
  json["state"] = view.state;
  json["outcome"] = view.outcome;
  json["cancelled"] = view.is_cancelled;
  json["created"] = time_json(view.created);
  json["ended"] = time_json(view.ended);
  json["waiting"] = view.waiting;
  json["answered"] = view.answered;
  json["failed"] = view.failed;
  json["held_usd"] = view.held.text();
  json["cost_usd"] = view.cost.text();
  return json;
}

}  // namespace

std::string encode(const service::InferAnswer& answer) {
  const inference::Completion& done = answer.completion;
  Json json;
  json["text"] = done.text;
  json["provider"] = done.provider;
  json["model"] = done.model;
  json["cached"] = done.is_cached;
  json["finish"] = name_of(done.finish);
  json["usage"] = json_of(done.usage);
  json["cost_usd"] = done.cost.text();
  json["attempts"] = Json::array();
  for (const inference::AttemptRecord& attempt : done.attempts)
    json["attempts"].push_back(json_of(attempt));
  json["sensitivity"] = name_of(answer.sensitivity);
  json["reason"] = answer.reason;
  return dump(json);
}

std::string encode(const service::BudgetView& view) {
  Json json;
  json["developer"] = view.developer;
  json["period"] = view.state.period;
  json["limit_usd"] = money_or_null(view.state.limit);
  json["spent_usd"] = view.state.spent.text();
  json["held_usd"] = view.state.held.text();
  json["left_usd"] = money_or_null(
      view.state.limit == Money::most() ? Money::most() : view.state.limit - view.state.used());
  json["per_call_usd"] = money_or_null(view.per_call);
  json["tokens"] = view.state.tokens;
  json["token_limit"] = view.state.token_limit;
  json["degradation"] = name_of(view.degradation);
  json["projection"] = Json();
  if (view.projection) {
    json["projection"] = Json{{"expected_usd", view.projection->expected.text()},
                              {"low_usd", view.projection->low.text()},
                              {"high_usd", view.projection->high.text()}};
  }
  json["alerts"] = Json::array();
  for (const BudgetAlert& alert : view.alerts) {
    json["alerts"].push_back(Json{{"account", alert.account},
                                  {"period", alert.period},
                                  {"percent", alert.percent},
                                  {"limit_usd", alert.limit.text()},
                                  {"time", time_json(alert.time)}});
  }
  json["trouble"] = view.trouble;
  return dump(json);
}

std::string encode_usage(SpendKey key, const std::string& period,
                         const std::vector<SpendRow>& rows) {
  Json json;
  for (const auto& [name, known] : kSpendKeys)
    if (known == key) json["by"] = name;
  json["period"] = period;
  json["rows"] = Json::array();
  for (const SpendRow& row : rows) {
    json["rows"].push_back(Json{{"key", row.key},
                                {"spent_usd", row.spent.text()},
                                {"calls", row.calls},
                                {"tokens", row.tokens},
                                {"suspended", row.suspended},
                                {"avoided_usd", row.avoided.text()},
                                {"avoided_calls", row.avoided_calls}});
  }
  return dump(json);
}

std::string encode(const std::vector<inference::ProviderView>& views) {
  Json json;
  json["providers"] = Json::array();
  for (const inference::ProviderView& view : views) {
    Json each;
    each["provider"] = view.provider;
    each["model"] = view.model;
    each["url"] = view.url;
    each["local"] = view.is_local;
    each["has_key"] = view.has_key;
    each["usable"] = view.refusal.empty() && !view.resting;
    each["refusal"] = view.refusal;
    each["breaker"] = view.breaker_open ? "open" : "closed";
    each["failures"] = view.failures;
    each["rests_ms"] = view.resting ? Json(view.resting->count()) : Json();
    json["providers"].push_back(std::move(each));
  }
  return dump(json);
}

std::string encode(const std::vector<service::CacheView>& caches) {
  Json json;
  json["caches"] = Json::array();
  for (const service::CacheView& view : caches) {
    json["caches"].push_back(
        Json{{"name", view.name},
             {"policy", view.policy},
             {"entries", view.stats.entries},
             {"most_entries", view.most_entries},
             {"bytes", view.stats.bytes},
             {"most_bytes", view.most_bytes},
             {"life_s", std::chrono::duration_cast<std::chrono::seconds>(view.life).count()},
             {"hits", view.stats.hits},
             {"misses", view.stats.misses},
             {"evictions", view.stats.evictions},
             {"expirations", view.stats.expirations},
             {"saved_usd", view.saved.text()}});
  }
  return dump(json);
}

std::optional<SpendKey> parse_spend_key(std::string_view name) {
  for (const auto& [known, key] : kSpendKeys)
    if (known == name) return key;
  return std::nullopt;
}

Result<service::InferRequest> decode_infer(std::string_view text) {
  return infer_of(TACIT_TRY(object_of(text)));
}

std::string encode(const service::InferRequest& request) {
  return dump(json_of(request));
}

std::string encode(const service::BatchView& view) {
  Json json = head_of(view);
  json["lines"] = Json::array();
  for (const service::BatchLine& line : view.lines) {
    Json each = {{"line", line.line}};
    if (line.error)
      each["error"] = Json::parse(encode(*line.error))["error"];
    else
      each["answer"] =
          Json{{"text", line.text}, {"finish", line.finish}, {"usage", json_of(line.usage)}};
    each["cost_usd"] = line.cost.text();
    json["lines"].push_back(std::move(each));
  }
  return dump(json);
}

std::string encode(const std::vector<service::BatchView>& views) {
  Json json;
  json["batches"] = Json::array();
  for (const service::BatchView& view : views) json["batches"].push_back(head_of(view));
  return dump(json);
}

Result<std::vector<service::BatchItem>> decode_batch(std::string_view text) {
  const Json json = TACIT_TRY(object_of(text));
  const auto requests = json.find("requests");
  if (json.size() != 1 || requests == json.end() || !requests->is_array())
    return fail(ErrorKind::kInvalidInput, "the body must hold a list of requests and nothing else");
  std::vector<service::BatchItem> items;
  for (const Json& one : *requests) {
    const auto line = one.is_object() ? one.find("line") : one.end();
    const auto request = one.is_object() ? one.find("request") : one.end();
    if (!one.is_object() || one.size() != 2 || line == one.end() || request == one.end() ||
        !line->is_number_integer() || !request->is_object())
      return fail(ErrorKind::kInvalidInput, "each request needs a line and a request");
    service::BatchItem item;
    item.line = line->get<std::int64_t>();
    auto read = infer_of(*request);
    if (!read)
      return std::unexpected(
          std::move(read).error().with_context(fmt::format("line {}", item.line)));
    item.request = std::move(*read);
    items.push_back(std::move(item));
  }
  return items;
}

std::string encode(const std::vector<service::BatchItem>& items) {
  Json json;
  json["requests"] = Json::array();
  for (const service::BatchItem& item : items)
    json["requests"].push_back(Json{{"line", item.line}, {"request", json_of(item.request)}});
  return dump(json);
}

}  // namespace tacit::wire
