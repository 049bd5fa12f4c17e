// OpenAI's chat completions and embeddings, as OpenAI, Groq, vLLM, llama.cpp's server and Ollama's
// /v1 speak them (OpenAI's openapi.yaml, Groq's SDK, the servers' READMEs; docs/inference.md).
#include <algorithm>
#include <array>

#include "inference/protocols.h"
#include "inference/reply_parts.h"
#include "net/event_stream.h"

namespace tacit::inference {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kEnd = "[DONE]";

std::string_view role_of(Role role) {
  if (role == Role::kSystem) return "system";
  return role == Role::kUser ? "user" : "assistant";
}

BilledTokens usage_of(const Json& usage, std::int64_t& reasoning) {
  BilledTokens billed;
  const std::int64_t prompt = count_at(usage, "prompt_tokens");
  if (const Json* details = object_at(usage, "prompt_tokens_details")) {
    billed.cache_read = std::min(prompt, count_at(*details, "cached_tokens"));
    billed.cache_write =
        std::min(prompt - billed.cache_read, count_at(*details, "cache_write_tokens"));
  }
  billed.input = prompt - billed.cache_read - billed.cache_write;
  billed.output = count_at(usage, "completion_tokens");
  if (const Json* details = object_at(usage, "completion_tokens_details"))
    reasoning = std::min(billed.output, count_at(*details, "reasoning_tokens"));
  return billed;
}

Finish finish_of(std::string_view reason) {
  if (reason == "stop" || reason == "tool_calls") return Finish::kStop;
  if (reason == "length") return Finish::kLength;
  return reason == "content_filter" ? Finish::kContentFilter : Finish::kOther;
}

// How much a model is told to reason, which costs time and money that short extractions do not
// need. Not every model knows every word, and the older ones know none.
struct Effort {
  std::string_view provider, model, word;  // `model` is a part of its name
  bool takes_temperature;
};
constexpr std::array kEfforts = {
    Effort{"openai", "gpt-6", "none", true},      Effort{"openai", "gpt-5.6", "none", true},
    Effort{"openai", "gpt-5-", "minimal", false}, Effort{"groq", "gpt-oss", "low", true},
    Effort{"groq", "qwen/qwen3", "none", true},
};

const Effort* effort_of(const Endpoint& endpoint, std::string_view model) {
  const auto found = std::ranges::find_if(kEfforts, [&](const Effort& each) {
    return each.provider == endpoint.provider && model.find(each.model) != std::string_view::npos;
  });
  return found == kEfforts.end() ? nullptr : &*found;
}

// Groq decodes by the schema for gpt-oss alone and refuses strict elsewhere.
bool is_strict(const Endpoint& endpoint, std::string_view model) {
  return endpoint.provider != "groq" || model.find("gpt-oss") != std::string_view::npos;
}

// {"error":{…}}, {"error":"text"}, and vLLM's {"object":"error","message":…}.
struct Complaint {
  std::string message, type, code;
};
std::optional<Complaint> complaint_of(const Json& json) {
  if (const Json* error = object_at(json, "error"))
    return Complaint{text_at(*error, "message"), text_at(*error, "type"), text_at(*error, "code")};
  if (const std::string text = text_at(json, "error"); !text.empty())
    return Complaint{text, "", ""};
  if (text_at(json, "object") == "error")
    return Complaint{text_at(json, "message"), text_at(json, "type"), ""};
  return std::nullopt;
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
      return std::unexpected<Fault>(rest_fault());
    }
    if (is_refused_) reply_.finish = Finish::kContentFilter;
    reply_.usage = believed(reply_.usage, !reply_.text.empty());
    return reply_;
  }
  const Reply& partial() const override { return reply_; }

 private:
  Attempted<void> take(const std::string& data, FunctionRef<void(std::string_view)> on_text) {
    if (data == kEnd) {
      has_end_ = true;
      return {};
    }
    const auto json = parse_object(data);
    if (!json) return std::unexpected<Fault>(broken("a piece of the stream is no JSON"));
    if (auto error = error_of(*json)) return std::unexpected<Fault>(std::move(*error));
    take_usage(*json);
    const Json* const choice = first_of(*json, "choices");
    if (choice == nullptr) return {};
    take_finish(*choice);
    const Json* const delta = object_at(*choice, "delta");
    if (delta == nullptr) return {};
    const std::string text = text_at(*delta, "content");
    reply_.text += text;
    if (!text.empty()) on_text(text);
    if (!text_at(*delta, "refusal").empty()) is_refused_ = true;
    return {};
  }

  static std::optional<Fault> error_of(const Json& json) {
    auto complaint = complaint_of(json);
    if (const Json* groq = object_at(json, "x_groq"); !complaint && groq != nullptr) {
      if (const std::string text = text_at(*groq, "error"); !text.empty())
        complaint = Complaint{text, "", ""};
    }
    if (!complaint) return std::nullopt;
    const std::string code = code_word(complaint->code.empty() ? complaint->type : complaint->code);
    return server_fault("an error within the reply" + (code.empty() ? "" : ": " + code));
  }

  void take_usage(const Json& json) {
    if (const std::string model = text_at(json, "model"); !model.empty()) reply_.model = model;
    const Json* usage = object_at(json, "usage");
    if (const Json* groq = object_at(json, "x_groq"); usage == nullptr && groq != nullptr)
      usage = object_at(*groq, "usage");
    if (usage != nullptr) reply_.usage = usage_of(*usage, reply_.reasoning_tokens);
  }

  void take_finish(const Json& choice) {
    const std::string reason = text_at(choice, "finish_reason");
    if (reason.empty()) return;
    has_finish_ = true;
    reply_.finish = finish_of(reason);
  }

  Attempted<void> read_whole() {
    const auto json = parse_object(body_);
    if (!json) return std::unexpected<Fault>(broken("the reply is no JSON"));
    if (auto error = error_of(*json)) return std::unexpected<Fault>(std::move(*error));
    take_usage(*json);
    const Json* const choice = first_of(*json, "choices");
    const Json* const message = choice == nullptr ? nullptr : object_at(*choice, "message");
    if (message == nullptr) return std::unexpected<Fault>(broken("the reply holds no answer"));
    take_finish(*choice);
    if (!has_finish_) return std::unexpected<Fault>(broken("the reply does not say that it ended"));
    reply_.text = text_at(*message, "content");
    if (!text_at(*message, "refusal").empty()) is_refused_ = true;
    return {};
  }

  // Servers that fail within a stream may leave a bare JSON error behind.
  Fault rest_fault() {
    const std::string rest = events_.take_rest();
    if (const auto json = parse_object(rest)) {
      if (auto error = error_of(*json)) return std::move(*error);
    }
    return broken("the stream ended before its end");
  }

  const bool is_streamed_;
  net::EventStream events_;
  std::string body_;
  Reply reply_;
  bool has_end_ = false;
  bool has_finish_ = false;
  bool is_refused_ = false;
};

std::vector<std::pair<std::string, std::string>> headers_of(const Endpoint& endpoint) {
  std::vector<std::pair<std::string, std::string>> headers = {{"content-type", "application/json"}};
  if (!endpoint.key.empty()) headers.emplace_back("authorization", "Bearer " + endpoint.key);
  return headers;
}

class OpenAi final : public Provider {
 public:
  net::HttpCall chat(const Endpoint& endpoint, const std::string& model, const Prompt& prompt,
                     bool is_streamed) const override {
    Json body = {{"model", model}, {"messages", Json::array()}};
    for (const Message& message : prompt.messages)
      body["messages"].push_back({{"role", role_of(message.role)}, {"content", message.text}});
    // Local servers read the older name alone.
    body[endpoint.is_local ? "max_tokens" : "max_completion_tokens"] = prompt.max_output;
    const Effort* const effort = effort_of(endpoint, model);
    if (effort != nullptr) body["reasoning_effort"] = effort->word;
    if (prompt.temperature && (effort == nullptr || effort->takes_temperature))
      body["temperature"] = *prompt.temperature;
    if (!prompt.schema.empty()) {
      body["response_format"] = {{"type", "json_schema"},
                                 {"json_schema",
                                  {{"name", "answer"},
                                   {"strict", is_strict(endpoint, model)},
                                   {"schema", Json::parse(prompt.schema, nullptr, false)}}}};
    }
    if (is_streamed) {
      body["stream"] = true;
      body["stream_options"] = {{"include_usage", true}};
    }
    net::HttpCall call;
    call.url = endpoint.url + "/chat/completions";
    call.headers = headers_of(endpoint);
    call.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
    return call;
  }

  std::unique_ptr<ReplyReader> reader(bool is_streamed) const override {
    return std::make_unique<Reader>(is_streamed);
  }

  Result<net::HttpCall> embeddings(const Endpoint& endpoint, const std::string& model,
                                   const std::vector<std::string>& texts,
                                   int dimensions) const override {
    if (endpoint.provider == "groq") return fail(ErrorKind::kUnavailable, "Groq has no embeddings");
    Json body = {{"model", model}, {"input", texts}, {"encoding_format", "float"}};
    if (dimensions > 0) body["dimensions"] = dimensions;
    net::HttpCall call;
    call.url = endpoint.url + "/embeddings";
    call.headers = headers_of(endpoint);
    call.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
    return call;
  }

  Attempted<EmbeddingReply> read_embeddings(std::string_view body,
                                            std::size_t texts) const override {
    const auto json = parse_object(body);
    if (!json || !json->contains("data") || !(*json)["data"].is_array())
      return std::unexpected<Fault>(broken("the reply holds no vectors"));
    EmbeddingReply reply;
    reply.vectors.resize(texts);
    for (const Json& each : (*json)["data"]) {
      const auto vector = each.is_object() && each.contains("embedding")
                              ? unit_vector(each["embedding"])
                              : std::nullopt;
      const auto index = static_cast<std::size_t>(count_at(each, "index"));
      if (!vector || index >= texts || !reply.vectors[index].empty())
        return std::unexpected<Fault>(broken("a vector of the reply is none, or stands twice"));
      reply.vectors[index] = *vector;
    }
    if (auto same = same_lengths(reply); !same) return std::unexpected<Fault>(same.error());
    std::int64_t reasoning = 0;
    if (const Json* usage = object_at(*json, "usage"))
      reply.usage = believed(usage_of(*usage, reasoning), texts > 0);
    return reply;
  }

  Fault read_refusal(const net::HttpHead& head, std::string_view body, Instant now) const override {
    Fault fault;
    fault.kind = kind_of_status(head.status);
    fault.billed_maybe = is_maybe_billed(head.status);
    fault.wait = retry_after(head, now);
    const auto json = parse_object(body);
    const auto complaint = json ? complaint_of(*json) : std::nullopt;
    fault.message = refusal_text(head.status, {});
    if (!complaint) return fault;
    fault.message = refusal_text(head.status, {complaint->code, complaint->type});
    const auto is = [&](std::string_view word) {
      return complaint->code == word || complaint->type == word;
    };
    // "organization_spend_limit_exceeded" and the like; "rate_limit_exceeded" passes by itself.
    const bool is_used_up =
        is("insufficient_quota") || is("credit_balance_exhausted") ||
        (complaint->code.ends_with("_limit_exceeded") && complaint->code != "rate_limit_exceeded");
    if (is_used_up) {
      fault.kind = FaultKind::kQuota;
    } else if (is("context_length_exceeded") || is("string_above_max_length") ||
               is("exceed_context_size_error") ||  // llama.cpp
               complaint->message.find("maximum context length") != std::string::npos) {  // vLLM
      fault.kind = FaultKind::kTooLong;
    } else if (is("content_filter") || is("content_policy_violation")) {
      fault.kind = FaultKind::kRefused;
    } else if (is("json_validate_failed")) {
      // Groq checked what it had generated: another try may do, and this one may be billed.
      fault.kind = FaultKind::kBroken;
      fault.billed_maybe = true;
    } else if (is("model_not_found") || is("model_decommissioned")) {
      fault.kind = FaultKind::kConfiguration;
    }
    if (fault.kind == FaultKind::kRateLimited && !fault.wait) fault.wait = reset_of(head);
    return fault;
  }

 private:
  // The longer of the two limits' resets, of those that are used up.
  static std::optional<std::chrono::milliseconds> reset_of(const net::HttpHead& head) {
    std::optional<std::chrono::milliseconds> wait;
    for (const auto& [left, reset] :
         std::array{std::pair{"x-ratelimit-remaining-requests"sv, "x-ratelimit-reset-requests"sv},
                    std::pair{"x-ratelimit-remaining-tokens"sv, "x-ratelimit-reset-tokens"sv}}) {
      const auto remaining = head.headers.find(std::string(left));
      const auto span = head.headers.find(std::string(reset));
      if (remaining == head.headers.end() || span == head.headers.end()) continue;
      if (remaining->second != "0") continue;
      if (const auto time = parse_span(span->second)) wait = std::max(wait.value_or(*time), *time);
    }
    return wait;
  }
};

}  // namespace

const Provider& openai_protocol() {
  static const OpenAi kProtocol;
  return kProtocol;
}

}  // namespace tacit::inference
