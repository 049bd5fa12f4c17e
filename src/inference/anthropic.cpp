// Anthropic's Messages API (platform.claude.com, October 2026; docs/inference.md). Tokens read from
// and written to its cache stand beside input_tokens, not within; usage in a stream is cumulative.
#include "inference/protocols.h"
#include "inference/reply_parts.h"
#include "net/event_stream.h"

namespace tacit::inference {
namespace {

constexpr const char* kVersion = "2023-06-01";

bool has_count(const Json& usage, const char* key) {
  return usage.contains(key) && usage[key].is_number();
}

// Later usage replaces earlier: each field that is there and not null.
void take_usage(const Json& usage, Reply& reply) {
  BilledTokens billed = reply.usage.value_or(BilledTokens{});
  if (has_count(usage, "input_tokens")) billed.input = count_at(usage, "input_tokens");
  if (has_count(usage, "cache_read_input_tokens"))
    billed.cache_read = count_at(usage, "cache_read_input_tokens");
  if (has_count(usage, "cache_creation_input_tokens")) {
    const std::int64_t written = count_at(usage, "cache_creation_input_tokens");
    const Json* const kinds = object_at(usage, "cache_creation");
    billed.cache_write_long =
        kinds == nullptr ? 0 : std::min(written, count_at(*kinds, "ephemeral_1h_input_tokens"));
    billed.cache_write = written - billed.cache_write_long;
  }
  if (has_count(usage, "output_tokens")) billed.output = count_at(usage, "output_tokens");
  if (const Json* details = object_at(usage, "output_tokens_details"))
    reply.reasoning_tokens = count_at(*details, "thinking_tokens");
  reply.usage = billed;
}

Finish finish_of(std::string_view reason) {
  if (reason == "end_turn" || reason == "stop_sequence" || reason == "tool_use")
    return Finish::kStop;
  if (reason == "max_tokens" || reason == "model_context_window_exceeded") return Finish::kLength;
  return reason == "refusal" ? Finish::kContentFilter : Finish::kOther;
}

Fault error_fault(const Json& json) {
  const Json* const error = object_at(json, "error");
  const std::string code = error == nullptr ? "" : code_word(text_at(*error, "type"));
  return server_fault("an error within the reply" + (code.empty() ? "" : ": " + code));
}

class Reader final : public ReplyReader {
 public:
  explicit Reader(bool is_streamed) : is_streamed_(is_streamed) {}

  Attempted<void> feed(std::string_view bytes,
                       FunctionRef<void(std::string_view)> on_text) override {
    if (!is_streamed_) {
      body_ += bytes;
      return {};
    }
    std::optional<Fault> fault;
    const auto fed = events_.feed(bytes, [&](const net::ServerEvent& event) -> Result<void> {
      if (auto taken = take(event.data, on_text); !taken) {
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
    if (!is_streamed_) {
      if (auto read = read_whole(); !read) return std::unexpected<Fault>(std::move(read).error());
    } else if (!has_end_ || !has_finish_) {
      return std::unexpected<Fault>(broken("the stream ended before its message_stop"));
    }
    reply_.usage = believed(reply_.usage, !reply_.text.empty());
    return reply_;
  }
  const Reply& partial() const override { return reply_; }

 private:
  Attempted<void> take(const std::string& data, FunctionRef<void(std::string_view)> on_text) {
    const auto json = parse_object(data);
    if (!json) return std::unexpected<Fault>(broken("a piece of the stream is no JSON"));
    const std::string type = text_at(*json, "type");
    if (type == "error") return std::unexpected<Fault>(error_fault(*json));
    if (type == "message_start") {
      if (const Json* message = object_at(*json, "message")) {
        reply_.model = text_at(*message, "model");
        if (const Json* usage = object_at(*message, "usage")) take_usage(*usage, reply_);
      }
    } else if (type == "content_block_delta") {
      const Json* const delta = object_at(*json, "delta");
      const std::string text = delta == nullptr ? "" : text_at(*delta, "text");
      reply_.text += text;
      if (!text.empty()) on_text(text);
    } else if (type == "message_delta") {
      if (const Json* delta = object_at(*json, "delta"))
        take_finish(text_at(*delta, "stop_reason"));
      if (const Json* usage = object_at(*json, "usage")) take_usage(*usage, reply_);
    } else if (type == "message_stop") {
      has_end_ = true;
    }
    return {};  // ping, and whatever comes with later versions
  }

  void take_finish(const std::string& reason) {
    if (reason.empty()) return;
    has_finish_ = true;
    reply_.finish = finish_of(reason);
  }

  Attempted<void> read_whole() {
    const auto json = parse_object(body_);
    if (!json) return std::unexpected<Fault>(broken("the reply is no JSON"));
    if (text_at(*json, "type") == "error") return std::unexpected<Fault>(error_fault(*json));
    reply_.model = text_at(*json, "model");
    if (const Json* usage = object_at(*json, "usage")) take_usage(*usage, reply_);
    take_finish(text_at(*json, "stop_reason"));
    if (!has_finish_ || !json->contains("content") || !(*json)["content"].is_array())
      return std::unexpected<Fault>(broken("the reply holds no answer, or does not end"));
    for (const Json& block : (*json)["content"])
      if (text_at(block, "type") == "text") reply_.text += text_at(block, "text");
    return {};
  }

  const bool is_streamed_;
  net::EventStream events_;
  std::string body_;
  Reply reply_;
  bool has_end_ = false;
  bool has_finish_ = false;
};

class Anthropic final : public Provider {
 public:
  net::HttpCall chat(const Endpoint& endpoint, const std::string& model, const Prompt& prompt,
                     bool is_streamed) const override {
    Json body = {{"model", model}, {"max_tokens", prompt.max_output}, {"messages", Json::array()}};
    std::string system;
    for (const Message& message : prompt.messages) {
      if (message.role == Role::kSystem) {
        system += (system.empty() ? "" : "\n\n") + message.text;
        continue;
      }
      body["messages"].push_back({{"role", message.role == Role::kUser ? "user" : "assistant"},
                                  {"content", message.text}});
    }
    if (!system.empty()) body["system"] = system;
    // No temperature: the later models refuse it.
    if (!prompt.schema.empty())
      body["output_config"] = {
          {"format",
           {{"type", "json_schema"}, {"schema", Json::parse(prompt.schema, nullptr, false)}}}};
    if (is_streamed) body["stream"] = true;
    net::HttpCall call;
    call.url = endpoint.url + "/v1/messages";
    call.headers = {{"content-type", "application/json"},
                    {"x-api-key", endpoint.key},
                    {"anthropic-version", kVersion}};
    call.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
    return call;
  }

  std::unique_ptr<ReplyReader> reader(bool is_streamed) const override {
    return std::make_unique<Reader>(is_streamed);
  }

  Result<net::HttpCall> embeddings(const Endpoint& /*endpoint*/, const std::string& /*model*/,
                                   const std::vector<std::string>& /*texts*/,
                                   int /*dimensions*/) const override {
    return fail(ErrorKind::kUnavailable, "Anthropic has no embeddings");
  }
  Attempted<EmbeddingReply> read_embeddings(std::string_view /*body*/,
                                            std::size_t /*texts*/) const override {
    return std::unexpected<Fault>(broken("Anthropic has no embeddings"));
  }

  Fault read_refusal(const net::HttpHead& head, std::string_view body, Instant now) const override {
    Fault fault;
    fault.kind = kind_of_status(head.status);
    fault.billed_maybe = is_maybe_billed(head.status);
    fault.wait = retry_after(head, now);
    fault.message = refusal_text(head.status, {});
    const auto json = parse_object(body);
    const Json* const error = json ? object_at(*json, "error") : nullptr;
    if (error == nullptr) return fault;
    const std::string type = text_at(*error, "type");
    fault.message = refusal_text(head.status, {type});
    const std::string message = text_at(*error, "message");
    if (type == "rate_limit_error" && message.find("spend limit") != std::string::npos)
      fault.kind = FaultKind::kQuota;
    else if (type == "billing_error")
      fault.kind = FaultKind::kQuota;
    else if (type == "invalid_request_error" && message.find("too long") != std::string::npos)
      fault.kind = FaultKind::kTooLong;
    if (fault.kind == FaultKind::kRateLimited && !fault.wait) fault.wait = reset_of(head, now);
    return fault;
  }

 private:
  // The latest of the resets (RFC 3339) whose limit is used up.
  static std::optional<std::chrono::milliseconds> reset_of(const net::HttpHead& head, Instant now) {
    std::optional<std::chrono::milliseconds> wait;
    for (const char* const limit : {"requests", "tokens", "input-tokens", "output-tokens"}) {
      const std::string name = std::string("anthropic-ratelimit-") + limit;
      const auto remaining = head.headers.find(name + "-remaining");
      const auto reset = head.headers.find(name + "-reset");
      if (remaining == head.headers.end() || reset == head.headers.end()) continue;
      const auto time = parse_time(reset->second);
      if (remaining->second != "0" || !time) continue;
      const auto left =
          std::max(std::chrono::milliseconds(0), std::chrono::milliseconds(*time - now));
      wait = std::max(wait.value_or(left), left);
    }
    return wait;
  }
};

}  // namespace

const Provider& anthropic_protocol() {
  static const Anthropic kProtocol;
  return kProtocol;
}

}  // namespace tacit::inference
