#include "http/api.h"

#include <fmt/format.h>

#include <array>
#include <chrono>
#include <string_view>

#include "base/json_text.h"
#include "base/log.h"
#include "base/text.h"
#include "http/api_metrics.h"
#include "http/assets.h"
#include "http/parameters.h"
#include "http/replays.h"
#include "service/version.h"
#include "wire/codec.h"
#include "wire/errors.h"

namespace tacit::http {
namespace {

using net::Request;
using net::Response;

constexpr std::size_t kDefaultPage = 50;

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

bool is_json(const Request& request) {
  const auto found = request.headers.find("content-type");
  if (found == request.headers.end()) return false;
  const std::string type = lower_ascii(found->second);
  const std::string_view essence = trim(std::string_view(type).substr(0, type.find(';')));
  return essence == "application/json";
}

// The id behind `pattern`, empty for a pattern without one; nothing when the path is another one.
std::optional<std::string> match(std::string_view pattern, std::string_view path) {
  const bool has_id = pattern.size() > 1 && pattern.ends_with('/');
  if (!has_id) return path == pattern ? std::optional<std::string>("") : std::nullopt;
  if (!path.starts_with(pattern) || path == pattern) return std::nullopt;
  const std::string_view id = path.substr(pattern.size());
  if (id.find('/') != std::string_view::npos) return std::nullopt;
  return std::string(id);
}

}  // namespace

struct Api::State {
  explicit State(service::KnowledgeService& with) : service(with) {}

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
  Response asset(const Request& request, const std::string&);

  template <class Kind>
  Response record(const std::string& id);
  Result<service::IngestReport> take(const std::string& body);

  service::KnowledgeService& service;
  ApiMetrics metrics;
  Replays replays;
};

Response Api::State::route(const Request& request) {
  struct Route {
    std::string_view method;
    std::string_view path;  // ends with '/' when an id follows
    Response (State::*call)(const Request&, const std::string&);
  };
  static constexpr std::array<Route, 17> kRoutes = {{
      {"GET", "/health", &State::health},
      {"GET", "/ready", &State::ready},
      {"GET", "/metrics", &State::print_metrics},
      {"GET", "/v1/search", &State::search},
      {"GET", "/v1/items", &State::items},
      {"GET", "/v1/items/", &State::item},
      {"GET", "/v1/sessions", &State::sessions},
      {"GET", "/v1/sessions/", &State::session},
      {"GET", "/v1/exchanges/", &State::exchange},
      {"GET", "/v1/status", &State::status},
      {"GET", "/v1/stream", &State::stream},
      {"POST", "/v1/events", &State::events},
      {"GET", "/", &State::asset},
      {"GET", "/app.js", &State::asset},
      {"GET", "/style.css", &State::asset},
      {"GET", "/favicon.svg", &State::asset},
      {"GET", "/favicon.ico", &State::asset},
  }};
  for (const Route& route : kRoutes) {
    const auto id = match(route.path, request.path);
    if (!id) continue;
    if (request.method == route.method) return (this->*route.call)(request, *id);
    const std::string allowed = route.method == "GET" ? "GET, HEAD, OPTIONS" : "POST, OPTIONS";
    Response response;
    if (request.method == "OPTIONS")
      response.status = wire::kHttpNoContent;
    else
      response = refuse_with(
          wire::kHttpNotAllowed,
          {ErrorKind::kInvalidInput, fmt::format("{} takes {}", request.path, allowed)});
    response.headers.emplace_back("Allow", allowed);
    return response;
  }
  return refuse(
      {ErrorKind::kNotFound, fmt::format("there is nothing at {}", clip_utf8(request.path, 100))});
}

Response Api::State::health(const Request&, const std::string&) {
  return json(fmt::format(R"({{"status":"ok","name":"tacit","version":{}}})",
                          json_quote(service::kVersion)));
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
    TACIT_TRY(parameters.refuse_unknown({"project", "type", "limit", "before"}));
    const auto type = TACIT_TRY(parameters.type());
    const auto limit = TACIT_TRY(parameters.number("limit", kDefaultPage, service::kMaxPage));
    const auto found = TACIT_TRY(
        service.items(parameters.text("project"), type, limit, parameters.text("before")));
    return wire::encode_items(found, service.now(), limit);
  };
  return answer(page(), [](const std::string& text) { return text; });
}

Response Api::State::sessions(const Request& request, const std::string&) {
  const auto page = [&]() -> Result<std::string> {
    const Parameters parameters(request);
    TACIT_TRY(parameters.refuse_unknown({"project", "limit", "before"}));
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
  response.content_type = "text/event-stream";
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
  if (!is_json(request)) {
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

Response Api::State::asset(const Request& request, const std::string&) {
  const auto asset = find_asset(request.path == "/favicon.ico" ? "/favicon.svg" : request.path);
  Response response;
  response.content_type = asset->content_type;
  response.body = asset->bytes;
  return response;
}

Api::Api(service::KnowledgeService& service) : state_(std::make_unique<State>(service)) {}
Api::~Api() = default;

Response Api::handle(const Request& request) {
  const auto start = std::chrono::steady_clock::now();
  Response response = state_->route(request);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  state_->metrics.count(response.status, took.count());
  return response;
}

}  // namespace tacit::http
