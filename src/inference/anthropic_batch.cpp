// Anthropic's Message Batches (platform.claude.com: build-with-claude/batch-processing and
// api/messages/batches): the requests go along with the call that makes the batch, results are one
// file. Errored, cancelled and expired requests are not billed.
#include "inference/batch.h"
#include "inference/reply_parts.h"

namespace tacit::inference {
namespace {

constexpr const char* kVersion = "2023-06-01";
constexpr int kAnswered = 200;

net::HttpCall call_of(const Endpoint& endpoint, const std::string& rest, std::string method) {
  net::HttpCall call;
  call.method = std::move(method);
  call.url = endpoint.url + "/v1/messages/batches" + rest;
  call.headers = {{"x-api-key", endpoint.key}, {"anthropic-version", kVersion}};
  return call;
}

class AnthropicBatches final : public BatchProtocol {
 public:
  std::optional<net::HttpCall> upload(const Endpoint& /*endpoint*/, const std::string& /*model*/,
                                      std::span<const BatchRequest> /*requests*/) const override {
    return std::nullopt;
  }
  net::HttpCall create(const Endpoint& endpoint, const std::string& model,
                       std::span<const BatchRequest> requests,
                       const std::string& /*uploaded*/) const override {
    net::HttpCall call = call_of(endpoint, "", "POST");
    call.headers.emplace_back("content-type", "application/json");
    call.body = R"({"requests":[)";
    for (const BatchRequest& request : requests) {
      if (!call.body.ends_with('[')) call.body += ',';
      call.body +=
          R"({"custom_id":")" + request.id + R"(","params":)" +
          provider_of(Protocol::kAnthropic).chat(endpoint, model, request.prompt, false).body + "}";
    }
    call.body += "]}";
    return call;
  }
  net::HttpCall look(const Endpoint& endpoint, const std::string& id) const override {
    return call_of(endpoint, "/" + id, "GET");
  }
  net::HttpCall cancel(const Endpoint& endpoint, const std::string& id) const override {
    return call_of(endpoint, "/" + id + "/cancel", "POST");
  }
  // Not by its results_url: the key would go wherever that says.
  net::HttpCall fetch(const Endpoint& endpoint, const std::string& result) const override {
    return call_of(endpoint, "/" + result + "/results", "GET");
  }

  Attempted<std::string> read_upload(std::string_view /*body*/) const override {
    return std::unexpected<Fault>(broken("Anthropic's batches have no upload"));
  }

  Attempted<BatchStatus> read_status(std::string_view body) const override {
    const auto json = parse_object(body);
    BatchStatus status;
    if (json) status.id = text_at(*json, "id");
    if (!is_batch_id(status.id)) return std::unexpected<Fault>(broken("the batch has no id"));
    status.outcome = code_word(text_at(*json, "processing_status"));
    status.has_ended = status.outcome == "ended";
    if (status.has_ended) status.results = {status.id};
    return status;
  }

  Attempted<BatchResult> read_result(std::string_view line) const override {
    const auto json = parse_object(line);
    const std::string id = json ? text_at(*json, "custom_id") : "";
    const Json* const told = json ? object_at(*json, "result") : nullptr;
    if (id.empty() || told == nullptr)
      return std::unexpected<Fault>(broken("a result names no request"));
    const std::string type = text_at(*told, "type");
    if (const Json* message = object_at(*told, "message"); type == "succeeded" && message)
      return read_answer(Protocol::kAnthropic, id, kAnswered, message->dump());
    BatchResult result;
    result.id = id;
    result.is_unrun = type == "errored" || type == "canceled" || type == "expired";
    result.fault = server_fault("the batch has no answer to it: " + code_word(type));
    return result;
  }
};

}  // namespace

const BatchProtocol& anthropic_batches() {
  static const AnthropicBatches kProtocol;
  return kProtocol;
}

}  // namespace tacit::inference
