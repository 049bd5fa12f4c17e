#include "inference/outbound.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace tacit::inference {
namespace {

using Json = nlohmann::json;
using std::string_view_literals::operator""sv;

constexpr std::chrono::milliseconds kVerifyTimeout{3'000};
constexpr std::size_t kMaxVerifyBytes = 16U << 20U;  // a model's description holds its licence

// How Ollama's own catalogue marks models that its vendor runs.
constexpr std::array kCloudEndings = {":cloud"sv, "-cloud"sv};

}  // namespace

bool is_cloud_name(std::string_view model) {
  const std::string name = lower_ascii(model);
  return std::ranges::any_of(kCloudEndings,
                             [&](std::string_view ending) { return name.ends_with(ending); });
}

bool is_loopback_url(std::string_view url) {
  for (const std::string_view scheme : {"http://"sv, "https://"sv}) {
    if (!url.starts_with(scheme)) continue;
    std::string_view host = url.substr(scheme.size());
    host = host.substr(0, host.find_first_of("/?#"));
    if (host.find('@') != std::string_view::npos) return false;
    if (host.starts_with("[::1]")) return host.size() == 5 || host[5] == ':';
    host = host.substr(0, host.find(':'));
    if (host == "localhost") return true;
    if (!host.starts_with("127.")) return false;
    return std::ranges::count(host, '.') == 3 &&
           host.find_first_not_of("0123456789.") == std::string_view::npos;
  }
  return false;
}

Result<std::unique_ptr<Outbound>> Outbound::start(const net::HttpClientOptions& options) {
  return std::unique_ptr<Outbound>(new Outbound(TACIT_TRY(net::HttpClient::start(options))));
}

net::HttpOutcome Outbound::remote(const Hold& /*money is set aside*/, const net::HttpCall& call,
                                  FunctionRef<bool(const net::HttpHead&)> on_head,
                                  FunctionRef<bool(std::string_view)> on_data,
                                  std::stop_token stop) {
  return client_->send(call, on_head, on_data, std::move(stop));
}

net::HttpOutcome Outbound::local(net::HttpCall call,
                                 FunctionRef<bool(const net::HttpHead&)> on_head,
                                 FunctionRef<bool(std::string_view)> on_data,
                                 std::stop_token stop) {
  call.stays_local = true;
  return client_->send(call, on_head, on_data, std::move(stop));
}

Result<void> Outbound::verify_local(const Endpoint& endpoint, const std::string& model,
                                    std::stop_token stop) {
  if (!is_loopback_url(endpoint.url))
    return fail(ErrorKind::kForbidden,
                fmt::format("{} is no address of this machine: a local model is asked at "
                            "127.0.0.1, [::1] or localhost",
                            endpoint.url));
  if (is_cloud_name(model))
    return fail(ErrorKind::kForbidden,
                fmt::format("{} runs at its vendor's, not on this machine: choose a model that a "
                            "local server holds",
                            model));
  if (endpoint.protocol != Protocol::kOllama) return {};
  net::HttpCall show;
  show.url = endpoint.url + "/api/show";
  show.headers = {{"content-type", "application/json"}};
  show.body = Json{{"model", model}}.dump();
  show.first_byte_timeout = show.idle_timeout = show.total_timeout = kVerifyTimeout;
  show.most_reply_bytes = kMaxVerifyBytes;
  std::string body;
  const net::HttpOutcome outcome = local(
      show, [](const net::HttpHead&) { return true; },
      [&](std::string_view bytes) {
        body += bytes;
        return true;
      },
      std::move(stop));
  if (outcome.error) return std::unexpected<Error>(*outcome.error);
  const Json facts = Json::parse(body, nullptr, false);
  if (!facts.is_object() || facts.contains("error"))
    return fail(ErrorKind::kUnavailable,
                fmt::format("the local server does not know the model {}", model));
  for (const char* const mark : {"remote_host", "remote_model"}) {
    if (facts.contains(mark) && facts[mark].is_string() && !facts[mark].get<std::string>().empty())
      return fail(ErrorKind::kForbidden,
                  fmt::format("the local server would pass {} on to another machine: choose a "
                              "model that it holds itself",
                              model));
  }
  return {};
}

}  // namespace tacit::inference
