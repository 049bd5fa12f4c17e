// Ollama's own API: /api/chat in JSON lines and /api/embed (ollama's docs and server, 2026-08;
// docs/inference.md). Its own API, because /v1 ignores the context size and cuts prompts silently.
#include "inference/protocols.h"
#include "inference/reply_parts.h"
#include "net/event_stream.h"

namespace tacit::inference {
namespace {

std::string_view role_of(Role role) {
  if (role == Role::kSystem) return "system";
  return role == Role::kUser ? "user" : "assistant";
}

// An answer that another machine made: ids of cloud models are passed on to the vendor.
std::optional<Fault> left_machine(const Json& json) {
  if (text_at(json, "remote_host").empty() && text_at(json, "remote_model").empty())
    return std::nullopt;
  return Fault{FaultKind::kConfiguration, "the local server passed the call on to another machine",
               std::nullopt, false};
}

class Reader final : public ReplyReader {
 public:
  Attempted<void> feed(std::string_view bytes,
                       FunctionRef<void(std::string_view)> on_text) override {
    std::optional<Fault> fault;
    const auto fed = lines_.feed(bytes, [&](std::string_view line) -> Result<void> {
      if (auto taken = take(line, on_text); !taken) {
        fault = std::move(taken).error();
        return fail(ErrorKind::kUnavailable, "stop");
      }
      return {};
    });
    if (fault) return std::unexpected<Fault>(std::move(*fault));
    if (!fed) return std::unexpected<Fault>(broken(fed.error().message()));
    return {};
  }

  Attempted<Reply> finish() override {
    // A whole reply is one line without its end.
    if (const std::string rest = lines_.take_rest(); !rest.empty()) {
      const auto show_nothing = [](std::string_view) {};
      if (auto taken = take(rest, show_nothing); !taken)
        return std::unexpected<Fault>(std::move(taken).error());
    }
    if (!is_done_) return std::unexpected<Fault>(broken("the reply ended before \"done\""));
    return reply_;
  }
  const Reply& partial() const override { return reply_; }

 private:
  Attempted<void> take(std::string_view line, FunctionRef<void(std::string_view)> on_text) {
    const auto json = parse_object(line);
    if (!json) return std::unexpected<Fault>(broken("a line of the reply is no JSON"));
    if (auto left = left_machine(*json)) return std::unexpected<Fault>(std::move(*left));
    if (!text_at(*json, "error").empty())
      return std::unexpected<Fault>(server_fault("an error within the reply"));
    reply_.model = text_at(*json, "model");
    if (const Json* message = object_at(*json, "message")) {
      const std::string text = text_at(*message, "content");
      reply_.text += text;
      if (!text.empty()) on_text(text);
    }
    if (!json->contains("done") || (*json)["done"] != true) return {};
    is_done_ = true;
    const std::string reason = text_at(*json, "done_reason");
    reply_.finish = reason == "length"                   ? Finish::kLength
                    : reason == "stop" || reason.empty() ? Finish::kStop
                                                         : Finish::kOther;
    BilledTokens used;  // costs nothing; a prompt that was cached is not counted
    used.input = count_at(*json, "prompt_eval_count");
    used.output = count_at(*json, "eval_count");
    reply_.usage = used;
    return {};
  }

  net::LineStream lines_;
  Reply reply_;
  bool is_done_ = false;
};

class Ollama final : public Provider {
 public:
  net::HttpCall chat(const Endpoint& endpoint, const std::string& model, const Prompt& prompt,
                     bool is_streamed) const override {
    Json options = {{"num_ctx", endpoint.local_context}, {"num_predict", prompt.max_output}};
    if (prompt.temperature) options["temperature"] = *prompt.temperature;
    Json body = {{"model", model},
                 {"messages", Json::array()},
                 {"stream", is_streamed},
                 {"options", options}};
    for (const Message& message : prompt.messages)
      body["messages"].push_back({{"role", role_of(message.role)}, {"content", message.text}});
    if (!prompt.schema.empty()) body["format"] = Json::parse(prompt.schema, nullptr, false);
    net::HttpCall call;
    call.url = endpoint.url + "/api/chat";
    call.headers = {{"content-type", "application/json"}};
    call.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
    return call;
  }

  std::unique_ptr<ReplyReader> reader(bool /*is_streamed*/) const override {
    return std::make_unique<Reader>();
  }

  Result<net::HttpCall> embeddings(const Endpoint& endpoint, const std::string& model,
                                   const std::vector<std::string>& texts,
                                   int dimensions) const override {
    Json body = {{"model", model}, {"input", texts}, {"truncate", false}};
    if (dimensions > 0) body["dimensions"] = dimensions;
    net::HttpCall call;
    call.url = endpoint.url + "/api/embed";
    call.headers = {{"content-type", "application/json"}};
    call.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
    return call;
  }

  Attempted<EmbeddingReply> read_embeddings(std::string_view body,
                                            std::size_t texts) const override {
    const auto json = parse_object(body);
    if (!json || !json->contains("embeddings") || !(*json)["embeddings"].is_array() ||
        (*json)["embeddings"].size() != texts)
      return std::unexpected<Fault>(broken("the reply does not hold a vector for each text"));
    if (auto left = left_machine(*json)) return std::unexpected<Fault>(std::move(*left));
    EmbeddingReply reply;
    for (const Json& each : (*json)["embeddings"]) {
      auto vector = unit_vector(each);
      if (!vector) return std::unexpected<Fault>(broken("a vector of the reply is none"));
      reply.vectors.push_back(std::move(*vector));
    }
    if (auto same = same_lengths(reply); !same) return std::unexpected<Fault>(same.error());
    BilledTokens used;
    used.input = count_at(*json, "prompt_eval_count");
    reply.usage = used;
    return reply;
  }

  Fault read_refusal(const net::HttpHead& head, std::string_view body,
                     Instant /*now*/) const override {
    Fault fault;
    fault.kind = kind_of_status(head.status);
    fault.message = refusal_text(head.status, {});
    const auto json = parse_object(body);
    const std::string error = json ? text_at(*json, "error") : "";
    if (error.find("not found") != std::string::npos)
      fault.message += ": the model is not installed";
    if (error.find("context length") != std::string::npos ||
        error.find("context size") != std::string::npos)
      fault.kind = FaultKind::kTooLong;
    return fault;
  }
};

}  // namespace

const Provider& ollama_protocol() {
  static const Ollama kProtocol;
  return kProtocol;
}

}  // namespace tacit::inference
