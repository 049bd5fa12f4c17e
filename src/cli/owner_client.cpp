#include "cli/owner_client.h"

#include <fmt/format.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

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

Result<std::string> body_of(Result<net::ClientResponse> response) {
  if (!response)
    return std::unexpected(std::move(response).error().with_context("the running server"));
  if (response->status == wire::kHttpOk || response->status == wire::kHttpAccepted)
    return std::move(response->body);
  std::string reason = fmt::format("HTTP {}", response->status);
  ErrorKind kind = ErrorKind::kUnavailable;
  const auto json = nlohmann::json::parse(response->body, nullptr, false);
  if (json.is_object() && json.contains("error") && json["error"].is_object()) {
    reason = json["error"].value("message", reason);
    const std::string name = json["error"].value("kind", "");
    for (int i = 0; i < kErrorKindCount; ++i)
      if (name_of(static_cast<ErrorKind>(i)) == name) kind = static_cast<ErrorKind>(i);
  }
  return fail(kind, "the running server refused: " + reason);
}

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
