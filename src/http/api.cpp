#include "http/api.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <string_view>

#include "base/json_text.h"
#include "base/log.h"
#include "base/text.h"
#include "base/version.h"
#include "domain/budget.h"
#include "http/api_metrics.h"
#include "http/assets.h"
#include "http/openapi.h"
#include "http/parameters.h"
#include "http/replays.h"
#include "wire/codec.h"
#include "wire/errors.h"
#include "wire/inference_codec.h"

namespace tacit::http {
namespace {

using net::Request;
using net::Response;

constexpr std::size_t kDefaultPage = 50;
constexpr std::string_view kEventStream = "text/event-stream";

Response json(std::string body) {
  Response response;
  response.body = std::move(body);
  return response;
}

Response refuse(const Error& error) {
  const wire::ErrorRow& row = wire::row_of(error.kind());
  if (row.level >= log::Level::kWarn) {
    log::write(row.level, "http", "request_failed", {{"kind", name_of(error.kind())}});
  }
  Response response;
  response.status = row.http_status;
  response.body = wire::encode(error);
  if (row.may_retry) response.headers.emplace_back("Retry-After", "1");
  return response;
}

Response refuse_with(int status, const Error& error) {
  Response response;
  response.status = status;
  response.body = wire::encode(error);
  return response;
}

template <class T, class Encode>
Response answer(const Result<T>& result, Encode encode) {
  return result ? json(encode(*result)) : refuse(result.error());
}

std::string json_list(const std::vector<std::string>& texts) {
  std::string list;
  for (const std::string& text : texts) list += (list.empty() ? "" : ",") + json_quote(text);
  return "[" + list + "]";
}

std::vector<std::string> troubles(const service::Status& status) {
  std::vector<std::string> reasons;
  if (!status.has_model) {
    reasons.push_back("search goes by words alone: " +
                      (status.model.empty() ? std::string("no embedding model") : status.model));
  } else if (status.without_vectors > 0) {
    reasons.push_back(fmt::format("{} texts wait for vectors; until then words find them",
                                  status.without_vectors));
  }
  return reasons;
}

std::string event(std::string_view name, const std::string& data) {
  return fmt::format("event: {}\ndata: {}\n\n", name, data);
}

// The answer of a model as it comes: "text" events, then "answer" or "error". A client that leaves
// ends the call.
Response push_answer(service::InferenceService& inference, const service::InferRequest& wanted) {
  Response response;
  response.content_type = kEventStream;
  response.push = [&inference, wanted](const net::PieceWriter& write, std::stop_token gone) {
    const auto forward = [&write](std::string_view piece) {
      write(event("text", fmt::format(R"({{"text":{}}})", json_quote(piece))));
    };
    const auto done = inference.infer(wanted, forward, std::move(gone));
    write(done ? event("answer", wire::encode(*done)) : event("error", wire::encode(done.error())));
  };
  return response;
}

// What stands for {id} in `pattern`, empty for a pattern without; nothing for another path.
std::optional<std::string> match(std::string_view pattern, std::string_view path) {
  constexpr std::string_view kId = "{id}";
  const std::size_t at = pattern.find(kId);
  if (at == std::string_view::npos)
    return path == pattern ? std::optional<std::string>("") : std::nullopt;
  const std::string_view before = pattern.substr(0, at);
  const std::string_view after = pattern.substr(at + kId.size());
  if (path.size() <= before.size() + after.size() || !path.starts_with(before) ||
      !path.ends_with(after))
    return std::nullopt;
  const std::string_view id =
      path.substr(before.size(), path.size() - before.size() - after.size());
  if (id.find('/') != std::string_view::npos) return std::nullopt;
  return std::string(id);
}

}  // namespace

struct Api::State {
  struct Route {
    RouteText text;
    Response (State::*call)(const Request&, const std::string&);
  };
  static const std::array<Route, 28> kRoutes;

  State(service::KnowledgeService& with, service::InferenceService& models,
        net::Handler answers_mcp);

  Response route(const Request& request);
  Response health(const Request&, const std::string&);
  Response ready(const Request&, const std::string&);
  Response print_metrics(const Request&, const std::string&);
  Response search(const Request& request, const std::string&);
  Response items(const Request& request, const std::string&);
  Response item(const Request&, const std::string& id);
  Response sessions(const Request& request, const std::string&);
  Response session(const Request&, const std::string& id);
  Response exchange(const Request&, const std::string& id);
  Response status(const Request&, const std::string&);
  Response stream(const Request&, const std::string&);
  Response events(const Request& request, const std::string&);
  Response infer(const Request& request, const std::string&);
  Response send_batch(const Request& request, const std::string&);
  Response batches(const Request&, const std::string&);
  Response batch(const Request&, const std::string& id);
  Response cancel_batch(const Request&, const std::string& id);
  Response budget(const Request& request, const std::string&);
  Response usage(const Request& request, const std::string&);
  Response providers(const Request&, const std::string&);
  Response caches(const Request&, const std::string&);
  Response describe(const Request&, const std::string&);
  Response mcp_message(const Request& request, const std::string&);
  Response asset(const Request& request, const std::string&);

  template <class Kind>
  Response record(const std::string& id);
  Result<service::IngestReport> take(const std::string& body);

  service::KnowledgeService& service;
  service::InferenceService& inference;
  const net::Handler mcp;
  std::string description;  // OpenAPI
  ApiMetrics metrics;
  Replays replays;
};

// method, path, name, summary, parameters, takes, gives
constexpr std::array<Api::State::Route, 28> Api::State::kRoutes = {{
    {{"GET", "/health", "health", "The process lives.", "", "", "Health"}, &State::health},
    {{"GET", "/ready", "ready", "What does not work, if anything; 503 without the store.", "", "",
      "Readiness"},
     &State::ready},
    {{"GET", "/metrics", "metrics", "Counters for Prometheus.", "", "", "text/plain"},
     &State::print_metrics},
    {{"GET", "/v1/search", "search", "Searches knowledge items and exchanges.",
      "q k limit mode project type kind since as_of explain", "", "Answer"},
     &State::search},
    {{"GET", "/v1/items", "listItems", "Knowledge items, newest first or ranked.",
      "project type limit before order intent", "", "ItemPage"},
     &State::items},
    {{"GET", "/v1/items/{id}", "getItem", "One knowledge item with its evidence.", "", "", "Item"},
     &State::item},
    {{"GET", "/v1/sessions", "listSessions", "Sessions, newest first.", "project limit before", "",
      "SessionPage"},
     &State::sessions},
    {{"GET", "/v1/sessions/{id}", "getSession", "One session with its exchanges.", "", "",
      "Session"},
     &State::session},
    {{"GET", "/v1/exchanges/{id}", "getExchange", "One exchange with its steps.", "", "",
      "Exchange"},
     &State::exchange},
    {{"GET", "/v1/status", "status", "How much is remembered.", "", "", "Status"}, &State::status},
    {{"GET", "/v1/stream", "stream", "The status once a second as server-sent events.", "", "",
      "text/event-stream"},
     &State::stream},
    {{"POST", "/v1/events", "sendEvents",
      "Takes exchanges and uses; answers once they are durable.", "", "EventBatch", "IngestReport"},
     &State::events},
    {{"POST", "/v1/infer", "infer",
      "Asks a model, within privacy and budget; as events while it answers, when they are "
      "accepted.",
      "", "InferRequest", "InferAnswer"},
     &State::infer},
    {{"POST", "/v1/batches", "sendBatch",
      "Sends requests that may wait a day to a provider's batch endpoint, at a lower price.", "",
      "BatchRequest", "Batch"},
     &State::send_batch},
    {{"GET", "/v1/batches", "listBatches", "Batches, newest first, without their lines.", "", "",
      "Batches"},
     &State::batches},
    {{"GET", "/v1/batches/{id}", "getBatch", "How a batch stands, with the lines that have ended.",
      "", "", "Batch"},
     &State::batch},
    {{"POST", "/v1/batches/{id}/cancel", "cancelBatch",
      "Ends a batch at its provider; what was answered by then is kept and paid.", "", "", "Batch"},
     &State::cancel_batch},
    {{"GET", "/v1/budget", "budget", "What a developer's month allows and has cost.", "developer",
      "", "Budget"},
     &State::budget},
    {{"GET", "/v1/usage", "usage", "What was spent, by one key.", "by period", "", "Usage"},
     &State::usage},
    {{"GET", "/v1/providers", "providers", "The chain of providers and how each stands.", "", "",
      "Providers"},
     &State::providers},
    {{"GET", "/v1/cache", "caches", "The caches of the server and what they are worth.", "", "",
      "Caches"},
     &State::caches},
    {{"GET", "/v1/openapi.json", "describe", "This document.", "", "", "OpenApi"},
     &State::describe},
    {{"POST", "/mcp", "mcp", "Model Context Protocol over streamable HTTP.", "", "RpcMessage",
      "RpcMessage"},
     &State::mcp_message},
    {{"GET", "/", "", "", "", "", ""}, &State::asset},
    {{"GET", "/app.js", "", "", "", "", ""}, &State::asset},
    {{"GET", "/style.css", "", "", "", "", ""}, &State::asset},
    {{"GET", "/favicon.svg", "", "", "", "", ""}, &State::asset},
    {{"GET", "/favicon.ico", "", "", "", "", ""}, &State::asset},
}};

Api::State::State(service::KnowledgeService& with, service::InferenceService& models,
                  net::Handler answers_mcp)
    : service(with), inference(models), mcp(std::move(answers_mcp)) {
  std::vector<RouteText> texts;
  for (const Route& route : kRoutes) texts.push_back(route.text);
  description = openapi(texts);
}

Response Api::State::route(const Request& request) {
  std::string allowed;  // methods of the path
  for (const Route& route : kRoutes) {
    const auto id = match(route.text.path, request.path);
    if (!id) continue;
    if (request.method == route.text.method) {
      const auto known = Parameters(request).refuse_unknown(route.text.parameters);
      return known ? (this->*route.call)(request, *id) : refuse(known.error());
    }
    allowed += route.text.method == "GET" ? "GET, HEAD, " : "POST, ";
  }
  if (allowed.empty())
    return refuse({ErrorKind::kNotFound,
                   fmt::format("there is nothing at {}", clip_utf8(request.path, 100))});
  allowed += "OPTIONS";
  Response response;
  if (request.method == "OPTIONS")
    response.status = wire::kHttpNoContent;
  else
    response =
        refuse_with(wire::kHttpNotAllowed,
                    {ErrorKind::kInvalidInput, fmt::format("{} takes {}", request.path, allowed)});
  response.headers.emplace_back("Allow", allowed);
  return response;
}

Response Api::State::health(const Request&, const std::string&) {
  return json(
      fmt::format(R"({{"status":"ok","name":"tacit","version":{}}})", json_quote(kVersion)));
}

Response Api::State::ready(const Request&, const std::string&) {
  const auto status = service.status();
  if (!status) {
    Response response = refuse(status.error());
    response.status = wire::row_of(ErrorKind::kUnavailable).http_status;
    response.body = fmt::format(R"({{"status":"unavailable","reasons":{}}})",
                                json_list({status.error().message()}));
    return response;
  }
  const auto reasons = troubles(*status);
  return json(fmt::format(R"({{"status":"{}","reasons":{},"to_learn":{}}})",
                          reasons.empty() ? "ready" : "degraded", json_list(reasons),
                          status->counts.to_learn));
}

Response Api::State::print_metrics(const Request&, const std::string&) {
  Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = metrics.print(service.status());
  return response;
}

Response Api::State::search(const Request& request, const std::string&) {
  const auto query = read_query(request);
  if (!query) return refuse(query.error());
  return answer(service.search(*query), [](const Answer& found) { return wire::encode(found); });
}

Response Api::State::items(const Request& request, const std::string&) {
  const auto page = [&]() -> Result<std::string> {
    const Parameters parameters(request);
    const auto type = TACIT_TRY(parameters.type());
    const auto limit = TACIT_TRY(parameters.number("limit", kDefaultPage, service::kMaxPage));
    if (auto ranking = TACIT_TRY(read_ranking(request))) {
      const auto best = TACIT_TRY(service.ranked_items(*std::move(ranking), limit));
      return wire::encode_items(best, service.now(), wire::kLastPage);
    }
    const auto found = TACIT_TRY(
        service.items(parameters.text("project"), type, limit, parameters.text("before")));
    return wire::encode_items(found, service.now(), limit);
  };
  return answer(page(), [](const std::string& text) { return text; });
}

Response Api::State::sessions(const Request& request, const std::string&) {
  const auto page = [&]() -> Result<std::string> {
    const Parameters parameters(request);
    const auto limit = TACIT_TRY(parameters.number("limit", kDefaultPage, service::kMaxPage));
    const auto found =
        TACIT_TRY(service.sessions(parameters.text("project"), limit, parameters.text("before")));
    return wire::encode_sessions(found, limit);
  };
  return answer(page(), [](const std::string& text) { return text; });
}

template <class Kind>
Response Api::State::record(const std::string& id) {
  const auto found = service.get(id);
  if (!found) return refuse(found.error());
  if (!std::holds_alternative<Kind>(*found)) {
    return refuse({ErrorKind::kNotFound,
                   fmt::format("\"{}\" is the id of another kind of thing", clip_utf8(id, 64))});
  }
  return json(wire::encode(*found));
}

Response Api::State::item(const Request&, const std::string& id) {
  return record<service::ItemRecord>(id);
}
Response Api::State::session(const Request&, const std::string& id) {
  return record<service::SessionRecord>(id);
}
Response Api::State::exchange(const Request&, const std::string& id) {
  return record<service::ExchangeRecord>(id);
}

Response Api::State::status(const Request&, const std::string&) {
  return answer(service.status(), [](const service::Status& now) { return wire::encode(now); });
}

Response Api::State::stream(const Request&, const std::string&) {
  metrics.streams.add();
  Response response;
  response.content_type = kEventStream;
  response.stream = std::make_shared<net::Stream>();
  response.stream->next = [this]() -> std::optional<std::string> {
    const auto status = service.status();
    return status ? event("status", wire::encode(*status))
                  : event("trouble", wire::encode(status.error()));
  };
  response.stream->last_words = event("shutdown", "{}");
  return response;
}

Result<service::IngestReport> Api::State::take(const std::string& body) {
  wire::EventBatch batch = TACIT_TRY(wire::decode_events(body));
  service::IngestReport report;
  if (!batch.exchanges.empty()) {
    report = TACIT_TRY(service.ingest(std::move(batch.exchanges), batch.again));
  }
  TACIT_TRY(service.record_use(batch.used));
  return report;
}

Response Api::State::events(const Request& request, const std::string&) {
  if (request.media_type() != "application/json") {
    return refuse_with(wire::kHttpWrongContent,
                       {ErrorKind::kInvalidInput, "send Content-Type: application/json"});
  }
  const auto key = request.headers.find("idempotency-key");
  const bool has_key = key != request.headers.end() && !key->second.empty();
  if (has_key) {
    auto before = replays.find(key->second, request.body);
    if (!before) return refuse(before.error());
    if (*before) {
      metrics.replays.add();
      return std::move(**before);
    }
  }
  Response response = answer(
      take(request.body), [](const service::IngestReport& report) { return wire::encode(report); });
  if (has_key && response.status == wire::kHttpOk) {
    replays.remember(key->second, request.body, response);
  }
  return response;
}

Response Api::State::infer(const Request& request, const std::string&) {
  if (request.media_type() != "application/json") {
    return refuse_with(wire::kHttpWrongContent,
                       {ErrorKind::kInvalidInput, "send Content-Type: application/json"});
  }
  const auto wanted = wire::decode_infer(request.body);
  if (!wanted) return refuse(wanted.error());
  if (request.header("accept").find(kEventStream) != std::string::npos)
    return push_answer(inference, *wanted);
  return answer(inference.infer(*wanted),
                [](const service::InferAnswer& done) { return wire::encode(done); });
}

Response Api::State::send_batch(const Request& request, const std::string&) {
  if (request.media_type() != "application/json") {
    return refuse_with(wire::kHttpWrongContent,
                       {ErrorKind::kInvalidInput, "send Content-Type: application/json"});
  }
  const auto items = wire::decode_batch(request.body);
  if (!items) return refuse(items.error());
  return answer(inference.batches().submit(*items),
                [](const service::BatchView& sent) { return wire::encode(sent); });
}

Response Api::State::batches(const Request&, const std::string&) {
  return answer(inference.batches().list(),
                [](const std::vector<service::BatchView>& found) { return wire::encode(found); });
}

Response Api::State::batch(const Request&, const std::string& id) {
  return answer(inference.batches().view(id),
                [](const service::BatchView& found) { return wire::encode(found); });
}

Response Api::State::cancel_batch(const Request&, const std::string& id) {
  return answer(inference.batches().cancel(id),
                [](const service::BatchView& left) { return wire::encode(left); });
}

Response Api::State::budget(const Request& request, const std::string&) {
  return answer(inference.budget(Parameters(request).text("developer")),
                [](const service::BudgetView& view) { return wire::encode(view); });
}

Response Api::State::usage(const Request& request, const std::string&) {
  const Parameters parameters(request);
  const std::string by = parameters.text("by").empty() ? "provider" : parameters.text("by");
  const auto key = wire::parse_spend_key(by);
  if (!key) {
    return refuse(
        {ErrorKind::kInvalidInput, "by: choose developer, project, provider, model or operation"});
  }
  const std::string period =
      parameters.text("period").empty() ? period_of(service.now()) : parameters.text("period");
  return answer(inference.usage(*key, period), [&](const std::vector<SpendRow>& rows) {
    return wire::encode_usage(*key, period, rows);
  });
}

Response Api::State::providers(const Request&, const std::string&) {
  return json(wire::encode(inference.providers()));
}

Response Api::State::caches(const Request&, const std::string&) {
  return answer(service.status(), [&](const service::Status& now) {
    return wire::encode(std::vector<service::CacheView>{
        service::view_of(now.cache), inference.responses(),
        service::embeddings_view(now.embeddings), service::words_view(now.words)});
  });
}

Response Api::State::describe(const Request&, const std::string&) {
  return json(description);
}

Response Api::State::mcp_message(const Request& request, const std::string&) {
  return mcp(request);
}

Response Api::State::asset(const Request& request, const std::string&) {
  const auto asset = find_asset(request.path == "/favicon.ico" ? "/favicon.svg" : request.path);
  Response response;
  response.content_type = asset->content_type;
  response.body = asset->bytes;
  return response;
}

Api::Api(service::KnowledgeService& service, service::InferenceService& inference, net::Handler mcp)
    : state_(std::make_unique<State>(service, inference, std::move(mcp))) {}
Api::~Api() = default;

Response Api::handle(const Request& request) {
  const auto start = std::chrono::steady_clock::now();
  Response response = state_->route(request);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  state_->metrics.count(response.status, took.count());
  return response;
}

}  // namespace tacit::http
