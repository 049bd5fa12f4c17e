#include "cli/owner_client.h"

#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "net/event_stream.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "wire/codec.h"
#include "wire/errors.h"

namespace tacit::cli {
namespace {

constexpr std::chrono::seconds kTimeout{60};

template <class Number>
Number number(const nlohmann::json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number_integer() ? found->get<Number>() : Number{0};
}

Result<nlohmann::json> object(const std::string& text) {
  auto json = nlohmann::json::parse(text, nullptr, false);
  if (json.is_discarded() || !json.is_object()) {
    return fail(ErrorKind::kInternal,
                "the running server answered with something that is not JSON");
  }
  return json;
}

// The error that a body of the server holds.
Error refusal_of(const std::string& body, std::string reason) {
  ErrorKind kind = ErrorKind::kUnavailable;
  const auto json = nlohmann::json::parse(body, nullptr, false);
  if (json.is_object() && json.contains("error") && json["error"].is_object()) {
    reason = json["error"].value("message", reason);
    const std::string name = json["error"].value("kind", "");
    for (int i = 0; i < kErrorKindCount; ++i)
      if (name_of(static_cast<ErrorKind>(i)) == name) kind = static_cast<ErrorKind>(i);
  }
  return {kind, "the running server refused: " + reason};
}

Result<std::string> body_of(Result<net::ClientResponse> response) {
  if (!response)
    return std::unexpected(std::move(response).error().with_context("the running server"));
  if (response->status == wire::kHttpOk || response->status == wire::kHttpAccepted)
    return std::move(response->body);
  return std::unexpected(refusal_of(response->body, fmt::format("HTTP {}", response->status)));
}

// What the events of a spoken answer come to.
struct Hearing {
  FunctionRef<void(std::string_view)> on_text;
  std::optional<Result<std::string>> end;

  Result<void> take(const net::ServerEvent& event) {
    if (event.name == "text") {
      const auto json = TACIT_TRY(object(event.data));
      on_text(json.value("text", ""));
    } else if (event.name == "answer") {
      end = event.data;
    } else if (event.name == "error") {
      end = std::unexpected(refusal_of(event.data, "for no reason"));
    }
    return {};
  }
};

}  // namespace

OwnerClient::OwnerClient(const service::Owner& owner) {
  const auto scheme = owner.url.find("://");
  const std::string rest = scheme == std::string::npos ? owner.url : owner.url.substr(scheme + 3);
  const auto colon = rest.rfind(':');
  host_ = rest.substr(0, colon);
  if (colon != std::string::npos)
    port_ = static_cast<unsigned short>(std::atoi(rest.c_str() + colon + 1));
}

Result<std::string> OwnerClient::post(const std::string& target, const std::string& body) const {
  return body_of(net::send_local(host_, port_, "POST", target, body, kTimeout,
                                 {{"content-type", "application/json"}}));
}

Result<std::string> OwnerClient::ask(const std::string& method, const std::string& target,
                                     const std::string& body,
                                     std::chrono::milliseconds timeout) const {
  return body_of(net::send_local(host_, port_, method, target, body, timeout,
                                 {{"content-type", "application/json"}}));
}

Result<std::string> OwnerClient::ask_aloud(const std::string& target, const std::string& body,
                                           std::chrono::milliseconds timeout,
                                           FunctionRef<void(std::string_view)> on_text) const {
  const auto client = TACIT_TRY(net::HttpClient::start({}));
  net::HttpCall call;
  call.url = fmt::format("http://{}:{}{}", host_, port_, target);
  call.headers = {{"content-type", "application/json"}, {"accept", "text/event-stream"}};
  call.body = body;
  call.first_byte_timeout = call.idle_timeout = call.total_timeout = timeout;
  call.stays_local = true;
  Hearing hearing{on_text, {}};
  net::EventStream events;
  std::string refused;
  Result<void> heard;
  bool is_refused = false;
  const auto on_head = [&](const net::HttpHead& head) {
    is_refused = head.status != wire::kHttpOk;
    return true;
  };
  const auto on_data = [&](std::string_view piece) {
    if (is_refused)
      refused += piece;
    else
      heard =
          events.feed(piece, [&](const net::ServerEvent& event) { return hearing.take(event); });
    return heard.has_value();
  };
  const net::HttpOutcome outcome = client->send(call, on_head, on_data);
  if (!heard) return std::unexpected(heard.error());
  if (is_refused)
    return std::unexpected(refusal_of(refused, fmt::format("HTTP {}", outcome.head.status)));
  if (hearing.end) return std::move(*hearing.end);
  if (outcome.error)
    return std::unexpected(Error(*outcome.error).with_context("the running server"));
  return fail(ErrorKind::kUnavailable, "the running server ended before its answer");
}

Result<service::IngestReport> OwnerClient::ingest(std::vector<service::Incoming> batch,
                                                  bool again) const {
  wire::EventBatch events;
  events.exchanges = std::move(batch);
  events.again = again;
  const auto json = TACIT_TRY(object(TACIT_TRY(post("/v1/events", wire::encode_events(events)))));
  service::IngestReport report;
  report.sessions = number<std::size_t>(json, "sessions");
  report.exchanges = number<std::size_t>(json, "exchanges");
  report.grown = number<std::size_t>(json, "grown");
  report.duplicates = number<std::size_t>(json, "duplicates");
  report.forgotten = number<std::size_t>(json, "forgotten");
  report.redactions = number<std::size_t>(json, "redactions");
  return report;
}

Result<void> OwnerClient::record_use(const std::vector<ItemId>& items) const {
  wire::EventBatch events;
  events.used = items;
  TACIT_TRY(post("/v1/events", wire::encode_events(events)));
  return {};
}

Result<store::StoreCounts> OwnerClient::counts() const {
  const auto json = TACIT_TRY(
      object(TACIT_TRY(body_of(net::send_local(host_, port_, "GET", "/v1/status", "", kTimeout)))));
  store::StoreCounts counts;
  const auto& from = json.contains("counts") && json["counts"].is_object() ? json["counts"] : json;
  counts.observations = number<std::int64_t>(from, "observations");
  counts.items = number<std::int64_t>(from, "items");
  counts.to_learn = number<std::int64_t>(from, "to_learn");
  return counts;
}

}  // namespace tacit::cli
