// OpenAI's Batch API (developers.openai.com: guides/batch and its openapi.yaml), which Groq speaks
// too (console.groq.com/docs/batch): a file of lines, a batch made of it, an output file and an
// error file. A batch that ends early keeps what was answered in its output file and bills nothing
// else; one that fails its validation ran nothing.
#include <algorithm>
#include <array>

#include "base/hash.h"
#include "inference/batch.h"
#include "inference/reply_parts.h"

namespace tacit::inference {
namespace {

constexpr std::string_view kPath = "/v1/chat/completions";
constexpr std::size_t kBoundaryBytes = 16;
// Of a line that was not run.
constexpr std::array kUnrun = {"batch_expired", "batch_cancelled"};

net::HttpCall call_of(const Endpoint& endpoint, const std::string& path, std::string method) {
  net::HttpCall call;
  call.method = std::move(method);
  call.url = endpoint.url + path;
  if (!endpoint.key.empty()) call.headers.emplace_back("authorization", "Bearer " + endpoint.key);
  return call;
}

class OpenAiBatches final : public BatchProtocol {
 public:
  std::optional<net::HttpCall> upload(const Endpoint& endpoint, const std::string& model,
                                      std::span<const BatchRequest> requests) const override {
    std::string lines;
    for (const BatchRequest& request : requests) {
      const std::string body =
          provider_of(Protocol::kOpenAi).chat(endpoint, model, request.prompt, false).body;
      lines += R"({"custom_id":")" + request.id + R"(","method":"POST","url":")" +
               std::string(kPath) + R"(","body":)" + body + "}\n";
    }
    // A digest of what it bounds cannot stand within it.
    const std::string boundary = "tacit-" + hex(sha256(lines), kBoundaryBytes);
    const std::string part = "--" + boundary + "\r\ncontent-disposition: form-data; name=";
    net::HttpCall call = call_of(endpoint, "/files", "POST");
    call.headers.emplace_back("content-type", "multipart/form-data; boundary=" + boundary);
    call.body = part + "\"purpose\"\r\n\r\nbatch\r\n" + part +
                "\"file\"; filename=\"batch.jsonl\"\r\ncontent-type: application/jsonl\r\n\r\n" +
                lines + "\r\n--" + boundary + "--\r\n";
    return call;
  }

  net::HttpCall create(const Endpoint& endpoint, const std::string& /*model*/,
                       std::span<const BatchRequest> /*requests*/,
                       const std::string& uploaded) const override {
    net::HttpCall call = call_of(endpoint, "/batches", "POST");
    call.headers.emplace_back("content-type", "application/json");
    call.body =
        Json{{"input_file_id", uploaded}, {"endpoint", kPath}, {"completion_window", "24h"}}.dump();
    return call;
  }
  net::HttpCall look(const Endpoint& endpoint, const std::string& id) const override {
    return call_of(endpoint, "/batches/" + id, "GET");
  }
  net::HttpCall cancel(const Endpoint& endpoint, const std::string& id) const override {
    return call_of(endpoint, "/batches/" + id + "/cancel", "POST");
  }
  net::HttpCall fetch(const Endpoint& endpoint, const std::string& result) const override {
    return call_of(endpoint, "/files/" + result + "/content", "GET");
  }

  Attempted<std::string> read_upload(std::string_view body) const override {
    const auto json = parse_object(body);
    std::string id = json ? text_at(*json, "id") : "";
    if (!is_batch_id(id)) return std::unexpected<Fault>(broken("the upload has no id"));
    return id;
  }

  Attempted<BatchStatus> read_status(std::string_view body) const override {
    const auto json = parse_object(body);
    BatchStatus status;
    if (json) status.id = text_at(*json, "id");
    if (!is_batch_id(status.id)) return std::unexpected<Fault>(broken("the batch has no id"));
    status.outcome = code_word(text_at(*json, "status"));
    const bool is_cut =
        status.outcome == "failed" || status.outcome == "expired" || status.outcome == "cancelled";
    status.has_ended = is_cut || status.outcome == "completed";
    if (const Json* counts = object_at(*json, "request_counts"); is_cut)
      status.answered = counts == nullptr ? 0 : count_at(*counts, "completed");
    for (const char* const key : {"output_file_id", "error_file_id"}) {
      const std::string file = text_at(*json, key);
      if (file.empty()) continue;
      if (!is_batch_id(file)) return std::unexpected<Fault>(broken("a file of results has no id"));
      status.results.push_back(file);
    }
    return status;
  }

  Attempted<BatchResult> read_result(std::string_view line) const override {
    const auto json = parse_object(line);
    const std::string id = json ? text_at(*json, "custom_id") : "";
    if (id.empty()) return std::unexpected<Fault>(broken("a result names no request"));
    if (const Json* response = object_at(*json, "response")) {
      const Json* const body = object_at(*response, "body");
      return read_answer(Protocol::kOpenAi, id,
                         static_cast<int>(count_at(*response, "status_code")),
                         body == nullptr ? "" : body->dump());
    }
    BatchResult result;
    result.id = id;
    const Json* const error = object_at(*json, "error");
    const std::string code = error == nullptr ? "" : text_at(*error, "code");
    result.is_unrun = std::ranges::find(kUnrun, code) != kUnrun.end();
    result.fault = server_fault("the batch has no answer to it: " + code_word(code));
    return result;
  }
};

}  // namespace

const BatchProtocol& openai_batches() {
  static const OpenAiBatches kProtocol;
  return kProtocol;
}

}  // namespace tacit::inference
