#include "service/warm_replies.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "store/ledger.h"

namespace tacit::service {
namespace {

using Json = nlohmann::json;

std::string body_of(const inference::CachedReply& reply) {
  const BilledTokens& usage = reply.usage;
  const Json json = {
      {"text", reply.text},
      {"provider", reply.provider},
      {"model", reply.model},
      {"usage",
       {usage.input, usage.cache_read, usage.cache_write, usage.cache_write_long, usage.output}},
      {"cost", reply.cost.pico()},
      {"label", name_of(reply.sensitivity)}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

bool is_body(const Json& json) {
  const auto has = [&](const char* key, auto is) {
    const auto found = json.find(key);
    return found != json.end() && ((*found).*is)();
  };
  return json.is_object() && has("text", &Json::is_string) && has("provider", &Json::is_string) &&
         has("model", &Json::is_string) && has("cost", &Json::is_number_integer) &&
         has("label", &Json::is_string) && has("usage", &Json::is_array) &&
         json["usage"].size() == 5 && std::ranges::all_of(json["usage"], [](const Json& one) {
           return one.is_number_integer();
         });
}

std::optional<inference::CachedReply> reply_of(const std::string& body) {
  const Json json = Json::parse(body, nullptr, false);
  if (!is_body(json)) return std::nullopt;
  const auto label = parse_sensitivity(json["label"].get<std::string>());
  if (!label) return std::nullopt;
  inference::CachedReply reply;
  reply.text = json["text"];
  reply.provider = json["provider"];
  reply.model = json["model"];
  const Json& usage = json["usage"];
  reply.usage = {usage[0], usage[1], usage[2], usage[3], usage[4]};
  reply.cost = Money::pico(json["cost"].get<std::int64_t>());
  reply.sensitivity = *label;
  return reply;
}

}  // namespace

Result<std::size_t> warm_replies(inference::Engine& engine, const store::Store& store) {
  std::vector<inference::WarmReply> replies;
  TACIT_TRY(store.read([&](store::ReadTxn& txn) -> Result<void> {
    for (const store::KeptReply& row : TACIT_TRY(store::kept_replies(txn))) {
      if (auto reply = reply_of(row.body))
        replies.push_back({row.key, std::move(*reply), row.made});
    }
    return {};
  }));
  return engine.warm(replies);
}

Result<std::size_t> keep_replies(const inference::Engine& engine, store::Store& store,
                                 const privacy::Redactor& redactor) {
  std::vector<store::KeptReply> rows;
  for (const inference::WarmReply& warm : engine.most_used_replies()) {
    if (redactor.redact(warm.reply.text).text != warm.reply.text) continue;
    rows.push_back({warm.key, warm.made, body_of(warm.reply)});
  }
  TACIT_TRY(
      store.write([&](store::WriteTxn& txn) { return store::replace_kept_replies(txn, rows); }));
  return rows.size();
}

}  // namespace tacit::service
