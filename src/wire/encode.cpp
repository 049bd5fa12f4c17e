#include <cmath>

#include "wire/codec.h"
#include "wire/errors.h"
#include "wire/json_value.h"

namespace tacit::wire {
namespace {

constexpr double kScoreDigits = 1e4;
constexpr double kMillisDigits = 1e3;

double rounded(double value, double digits) {
  return std::round(value * digits) / digits;
}

template <class T>
Json optional_json(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

Json json_of(const Explanation& why) {
  Json json;
  json["summary"] = why.summary;
  json["text_rank"] = optional_json(why.text_rank);
  json["text_score"] = why.text_score ? Json(rounded(*why.text_score, kScoreDigits)) : Json();
  json["vector_rank"] = optional_json(why.vector_rank);
  json["cosine"] = why.cosine ? Json(rounded(*why.cosine, kScoreDigits)) : Json();
  json["closeness"] = why.closeness ? Json(rounded(*why.closeness, kScoreDigits)) : Json();
  json["matched_terms"] = why.matched_terms;
  return json;
}

Json json_of(const Hit& hit) {
  Json json;
  json["kind"] = name_of(hit.kind);
  json["id"] = hit.id_text();
  json["title"] = hit.title;
  json["statement"] = hit.statement;
  json["type"] = hit.type ? Json(name_of(*hit.type)) : Json();
  json["score"] = rounded(hit.score, kScoreDigits);
  json["freshness"] = hit.freshness ? Json(name_of(*hit.freshness)) : Json();
  json["project"] = hit.project;
  json["session"] = id_json(hit.session);
  json["exchange"] = id_json(hit.exchange);
  json["time"] = time_json(hit.time);
  if (hit.why) json["why"] = json_of(*hit.why);
  return json;
}

void add_item(Json& json, const KnowledgeItem& item) {
  json["id"] = item.id.text();
  json["type"] = name_of(item.type);
  json["title"] = item.title;
  json["statement"] = item.statement;
  json["confidence"] = rounded(item.confidence, kScoreDigits);
  json["project"] = item.project;
  json["session"] = id_json(item.session);
  json["first_seen"] = time_json(item.first_seen);
  json["last_seen"] = time_json(item.last_seen);
  json["support"] = item.support;
  json["uses"] = item.uses;
  json["last_used"] = time_json(item.last_used);
}

Json json_of(const KnowledgeItem& item, Freshness freshness) {
  Json json;
  add_item(json, item);
  json["freshness"] = name_of(freshness);
  return json;
}

void add_session(Json& json, const Session& session) {
  json["id"] = id_json(session.id);
  json["agent"] = session.agent;
  json["native_id"] = session.native_id;
  json["title"] = session.title;
  json["project"] = session.project;
  json["branch"] = session.branch;
  json["started"] = time_json(session.started);
  json["ended"] = time_json(session.ended);
}

Json json_of(const Step& step) {
  Json json;
  json["kind"] = name_of(step.kind);
  json["tool"] = step.tool;
  json["text"] = step.text;
  json["failed"] = step.failed;
  json["time"] = time_json(step.time);
  return json;
}

void add_exchange(Json& json, const Exchange& exchange) {
  json["id"] = id_json(exchange.id);
  json["ordinal"] = exchange.ordinal;
  json["time"] = time_json(exchange.time);
  json["model"] = exchange.model;
  json["tokens"] = {{"input", exchange.tokens.input},
                    {"output", exchange.tokens.output},
                    {"cached", exchange.tokens.cached}};
}

Json steps_json(const Exchange& exchange) {
  Json steps = Json::array();
  for (const Step& step : exchange.steps) steps.push_back(json_of(step));
  return steps;
}

Json json_of(const service::Evidence& evidence) {
  const Observation& observation = evidence.observation;
  Json json;
  json["observation"] = observation.id.text();
  json["exchange"] = id_json(observation.exchange);
  json["type"] = name_of(observation.type);
  json["statement"] = observation.statement;
  json["confidence"] = rounded(observation.confidence, kScoreDigits);
  json["seen"] = time_json(observation.seen);
  json["quotes"] = Json::array();
  for (std::size_t i = 0; i < observation.spans.size(); ++i) {
    const Span& span = observation.spans[i];
    json["quotes"].push_back({{"step", span.step},
                              {"offset", span.offset},
                              {"length", span.length},
                              {"text", i < evidence.quotes.size() ? evidence.quotes[i] : ""}});
  }
  return json;
}

Json json_of(const service::ItemRecord& record) {
  Json json;
  json["kind"] = "item";
  add_item(json, record.item);
  json["freshness"] = name_of(record.freshness);
  json["evidence"] = Json::array();
  for (const auto& evidence : record.evidence) json["evidence"].push_back(json_of(evidence));
  return json;
}

Json json_of(const service::ExchangeRecord& record) {
  Json json;
  json["kind"] = "exchange";
  add_exchange(json, record.exchange);
  Json session;
  add_session(session, record.session);
  json["session"] = std::move(session);
  json["steps"] = steps_json(record.exchange);
  json["items"] = Json::array();
  for (const KnowledgeItem& item : record.items) {
    Json entry;
    add_item(entry, item);
    json["items"].push_back(std::move(entry));
  }
  return json;
}

Json json_of(const service::SessionRecord& record) {
  Json json;
  json["kind"] = "session";
  add_session(json, record.session);
  json["exchanges"] = Json::array();
  for (const Exchange& exchange : record.exchanges) {
    Json entry;
    add_exchange(entry, exchange);
    entry["steps"] = steps_json(exchange);
    json["exchanges"].push_back(std::move(entry));
  }
  return json;
}

Json json_of(const store::StoreCounts& counts) {
  Json json;
  json["sessions"] = counts.sessions;
  json["exchanges"] = counts.exchanges;
  json["observations"] = counts.observations;
  json["items"] = counts.items;
  json["vectors"] = counts.vectors;
  json["uses"] = counts.uses;
  json["to_learn"] = counts.to_learn;
  json["projects"] = counts.projects;
  json["tombstones"] = counts.tombstones;
  json["database_bytes"] = counts.database_bytes;
  return json;
}

Json event_json(const service::Incoming& incoming) {
  const Session& session = incoming.session;
  const Exchange& exchange = incoming.exchange;
  Json json;
  json["type"] = "exchange";
  json["session"] = {{"agent", session.agent},           {"native_id", session.native_id},
                     {"title", session.title},           {"project", session.project},
                     {"branch", session.branch},         {"started", time_json(session.started)},
                     {"ended", time_json(session.ended)}};
  json["exchange"] = {{"identity", exchange.identity},
                      {"ordinal", exchange.ordinal},
                      {"time", time_json(exchange.time)},
                      {"model", exchange.model},
                      {"tokens",
                       {{"input", exchange.tokens.input},
                        {"output", exchange.tokens.output},
                        {"cached", exchange.tokens.cached}}},
                      {"steps", steps_json(exchange)}};
  return json;
}

}  // namespace

std::string encode(const Answer& answer) {
  Json json;
  json["hits"] = Json::array();
  for (const Hit& hit : answer.hits) json["hits"].push_back(json_of(hit));
  json["took_ms"] = rounded(answer.took_ms, kMillisDigits);
  json["degraded"] = answer.degraded;
  if (!answer.advice.empty()) json["advice"] = answer.advice;
  return dump(json);
}

std::string encode(const KnowledgeItem& item, Freshness freshness) {
  return dump(json_of(item, freshness));
}

std::string encode(const service::Record& record) {
  return std::visit([](const auto& kind) { return dump(json_of(kind)); }, record);
}

std::string encode(const service::Status& status) {
  Json json;
  json["version"] = status.version;
  json["data_dir"] = status.data_dir;
  json["counts"] = json_of(status.counts);
  json["has_model"] = status.has_model;
  json["model"] = status.model;
  json["without_vectors"] = status.without_vectors;
  json["rss_bytes"] = status.rss_bytes;
  json["freshness"] = {{"fresh", status.freshness.fresh},
                       {"aging", status.freshness.aging},
                       {"stale", status.freshness.stale}};
  json["query_cache"] = {{"answers", status.cache.answers},
                         {"bytes", status.cache.bytes},
                         {"hits", status.cache.hits},
                         {"misses", status.cache.misses},
                         {"evictions", status.cache.evictions},
                         {"expirations", status.cache.expirations},
                         {"invalidations", status.cache.invalidations}};
  return dump(json);
}

std::string encode(const service::IngestReport& report) {
  Json json;
  json["sessions"] = report.sessions;
  json["exchanges"] = report.exchanges;
  json["grown"] = report.grown;
  json["duplicates"] = report.duplicates;
  json["forgotten"] = report.forgotten;
  json["redactions"] = report.redactions;
  return dump(json);
}

std::string encode(const store::ForgetReceipt& receipt, bool dry_run) {
  Json json;
  json["dry_run"] = dry_run;
  json["sessions"] = receipt.sessions;
  json["exchanges"] = receipt.exchanges;
  json["observations"] = receipt.observations;
  json["items"] = receipt.items;
  return dump(json);
}

std::string encode_items(const std::vector<KnowledgeItem>& items, Instant now, std::size_t limit) {
  Json json;
  json["items"] = Json::array();
  for (const auto& item : items) json["items"].push_back(json_of(item, freshness_of(item, now)));
  const bool is_full = !items.empty() && items.size() >= limit;
  json["next"] = is_full ? id_json(items.back().id) : Json();
  return dump(json);
}

std::string encode_sessions(const std::vector<store::SessionRow>& rows, std::size_t limit) {
  Json json;
  json["sessions"] = Json::array();
  for (const store::SessionRow& row : rows) {
    Json entry;
    add_session(entry, row.session);
    entry["exchanges"] = row.exchanges;
    entry["items"] = row.items;
    json["sessions"].push_back(std::move(entry));
  }
  const bool is_full = !rows.empty() && rows.size() >= limit;
  json["next"] = is_full ? id_json(rows.back().session.id) : Json();
  return dump(json);
}

std::string encode_events(const EventBatch& batch) {
  Json json;
  json["events"] = Json::array();
  for (const auto& incoming : batch.exchanges) json["events"].push_back(event_json(incoming));
  if (!batch.used.empty()) {
    Json items = Json::array();
    for (const ItemId id : batch.used) items.push_back(id.text());
    json["events"].push_back({{"type", "use"}, {"items", std::move(items)}});
  }
  json["again"] = batch.again;
  return dump(json);
}

std::string encode(const Error& error) {
  Json json;
  json["error"] = {{"kind", name_of(error.kind())},
                   {"message", error.message()},
                   {"may_retry", row_of(error.kind()).may_retry}};
  return dump(json);
}

}  // namespace tacit::wire
