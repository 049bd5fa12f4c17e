// Gemini's batches with the requests inline (ai.google.dev/api/batch-api): a long-running operation
// whose results come with it, in the order of the requests. The key of a request's metadata does
// not always come back, so a result is known by its place too. Whether a request with an error is
// billed is not written anywhere, so nobody knows.
#include "inference/batch.h"
#include "inference/reply_parts.h"

namespace tacit::inference {
namespace {

constexpr std::string_view kPrefix = "batches/";
constexpr int kAnswered = 200;

net::HttpCall call_of(const Endpoint& endpoint, const std::string& path, std::string method) {
  net::HttpCall call;
  call.method = std::move(method);
  call.url = endpoint.url + path;
  // Never as ?key=: addresses end up in logs.
  call.headers = {{"x-goog-api-key", endpoint.key}};
  return call;
}

// The list below inlinedResponses.inlinedResponses of the output, wherever the operation has it.
const Json* responses_of(const Json& operation) {
  for (const char* const key : {"response", "metadata"}) {
    const Json* output = object_at(operation, key);
    if (const Json* inner = output == nullptr ? nullptr : object_at(*output, "output"))
      output = inner;
    const Json* const outer = output == nullptr ? nullptr : object_at(*output, "inlinedResponses");
    if (outer == nullptr) continue;
    const auto list = outer->find("inlinedResponses");
    if (list != outer->end() && list->is_array()) return &*list;
  }
  return nullptr;
}

class GeminiBatches final : public BatchProtocol {
 public:
  std::optional<net::HttpCall> upload(const Endpoint& /*endpoint*/, const std::string& /*model*/,
                                      std::span<const BatchRequest> /*requests*/) const override {
    return std::nullopt;
  }
  net::HttpCall create(const Endpoint& endpoint, const std::string& model,
                       std::span<const BatchRequest> requests,
                       const std::string& /*uploaded*/) const override {
    net::HttpCall call = call_of(endpoint, "/models/" + model + ":batchGenerateContent", "POST");
    call.headers.emplace_back("content-type", "application/json");
    call.body = R"({"batch":{"displayName":"tacit","inputConfig":{"requests":{"requests":[)";
    for (const BatchRequest& request : requests) {
      if (!call.body.ends_with('[')) call.body += ',';
      call.body +=
          R"({"metadata":{"key":")" + request.id + R"("},"request":)" +
          provider_of(Protocol::kGemini).chat(endpoint, model, request.prompt, false).body + "}";
    }
    call.body += "]}}}}";
    return call;
  }
  net::HttpCall look(const Endpoint& endpoint, const std::string& id) const override {
    return call_of(endpoint, "/batches/" + id, "GET");
  }
  net::HttpCall cancel(const Endpoint& endpoint, const std::string& id) const override {
    return call_of(endpoint, "/batches/" + id + ":cancel", "POST");
  }
  net::HttpCall fetch(const Endpoint& endpoint, const std::string& result) const override {
    return look(endpoint, result);
  }

  Attempted<std::string> read_upload(std::string_view /*body*/) const override {
    return std::unexpected<Fault>(broken("Gemini's batches have no upload"));
  }

  Attempted<BatchStatus> read_status(std::string_view body) const override {
    const auto json = parse_object(body);
    std::string name = json ? text_at(*json, "name") : "";
    if (name.starts_with(kPrefix)) name.erase(0, kPrefix.size());
    if (!is_batch_id(name)) return std::unexpected<Fault>(broken("the batch has no name"));
    BatchStatus status;
    status.id = name;
    const Json* const metadata = object_at(*json, "metadata");
    std::string state = metadata == nullptr ? "" : text_at(*metadata, "state");
    for (const std::string_view prefix : {"BATCH_STATE_", "JOB_STATE_"})
      if (state.starts_with(prefix)) state.erase(0, prefix.size());
    status.outcome = code_word(state);
    const bool is_cut = state == "FAILED" || state == "CANCELLED" || state == "EXPIRED";
    status.has_ended = is_cut || state == "SUCCEEDED";
    if (is_cut) {
      const Json* const stats = object_at(*metadata, "batchStats");
      // Numbers of 64 bits are texts here; what is no number of nothing is not known.
      const std::string done = stats == nullptr ? "" : text_at(*stats, "successfulRequestCount");
      if (done.empty() || done == "0") status.answered = 0;
    }
    if (const Json* list = responses_of(*json); status.has_ended && list != nullptr) {
      for (std::size_t i = 0; i < list->size(); ++i)
        status.attached.push_back(Json{{"place", i}, {"told", (*list)[i]}}.dump());
    }
    return status;
  }

  Attempted<BatchResult> read_result(std::string_view line) const override {
    const auto json = parse_object(line);
    const Json* const told = json ? object_at(*json, "told") : nullptr;
    if (told == nullptr) return std::unexpected<Fault>(broken("a result is none"));
    const Json* const metadata = object_at(*told, "metadata");
    const std::string id = metadata == nullptr ? "" : text_at(*metadata, "key");
    BatchResult result;
    if (const Json* response = object_at(*told, "response"))
      result = read_answer(Protocol::kGemini, id, kAnswered, response->dump());
    else
      result.fault = server_fault("the batch has no answer to it");
    result.id = id;
    result.place = static_cast<std::size_t>(count_at(*json, "place"));
    return result;
  }
};

}  // namespace

const BatchProtocol& gemini_batches() {
  static const GeminiBatches kProtocol;
  return kProtocol;
}

}  // namespace tacit::inference
