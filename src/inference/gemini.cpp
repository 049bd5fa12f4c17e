// Gemini's generateContent (python-genai's types, ai.google.dev; docs/inference.md). A stream has
// no terminator: the finishReason is its end. Thoughts are billed as output but stand beside the
// candidates; cached tokens stand within the prompt's.
#include <algorithm>

#include "inference/protocols.h"
#include "inference/reply_parts.h"
#include "net/event_stream.h"

namespace tacit::inference {
namespace {

constexpr std::string_view kStopped = "STOP";

BilledTokens usage_of(const Json& usage, std::int64_t& reasoning) {
  BilledTokens billed;
  const std::int64_t prompt =
      count_at(usage, "promptTokenCount") + count_at(usage, "toolUsePromptTokenCount");
  billed.cache_read = std::min(prompt, count_at(usage, "cachedContentTokenCount"));
  billed.input = prompt - billed.cache_read;
  reasoning = count_at(usage, "thoughtsTokenCount");
  billed.output = count_at(usage, "candidatesTokenCount") + reasoning;
  return billed;
}

Finish finish_of(std::string_view reason) {
  if (reason == kStopped) return Finish::kStop;
  if (reason == "MAX_TOKENS") return Finish::kLength;
  for (const std::string_view filter :
       {"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE"})
    if (reason == filter) return Finish::kContentFilter;
  return Finish::kOther;
}

// {"error":{…}}, also within a list of one.
std::optional<Json> error_in(std::string_view text) {
  const std::size_t start = text.find('{');
  const std::size_t end = text.rfind('}');
  if (start == std::string_view::npos || end == std::string_view::npos || end < start)
    return std::nullopt;
  const auto json = parse_object(text.substr(start, end - start + 1));
  if (!json) return std::nullopt;
  const Json* const error = object_at(*json, "error");
  return error == nullptr ? std::nullopt : std::optional<Json>(*error);
}

Fault error_fault(const Json& error) {
  const std::string code = code_word(text_at(error, "status"));
  return server_fault("an error within the reply" + (code.empty() ? "" : ": " + code));
}

// Thoughts count against maxOutputTokens and are billed; short extractions need few or none.
std::optional<Json> thinking_of(std::string_view model) {
  if (model.starts_with("gemini-2.5-flash")) return Json{{"thinkingBudget", 0}};
  if (model.starts_with("gemini-3")) return Json{{"thinkingLevel", "low"}};
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
      const auto show_nothing = [](std::string_view) {};
      if (auto read = take(body_, show_nothing); !read)
        return std::unexpected<Fault>(std::move(read).error());
    }
    if (!has_finish_) {
      if (const auto error = error_in(events_.take_rest()))
        return std::unexpected<Fault>(error_fault(*error));
      return std::unexpected<Fault>(broken("the reply ended without a finishReason"));
    }
    reply_.usage = believed(reply_.usage, !reply_.text.empty());
    return reply_;
  }
  const Reply& partial() const override { return reply_; }

 private:
  Attempted<void> take(const std::string& data, FunctionRef<void(std::string_view)> on_text) {
    if (const auto error = error_in(data)) return std::unexpected<Fault>(error_fault(*error));
    const auto json = parse_object(data);
    if (!json) return std::unexpected<Fault>(broken("a piece of the reply is no JSON"));
    if (const std::string model = text_at(*json, "modelVersion"); !model.empty())
      reply_.model = model;
    if (const Json* usage = object_at(*json, "usageMetadata"))
      reply_.usage = usage_of(*usage, reply_.reasoning_tokens);
    if (const Json* feedback = object_at(*json, "promptFeedback")) {
      if (!text_at(*feedback, "blockReason").empty()) {  // a blocked prompt has no candidates
        has_finish_ = true;
        reply_.finish = Finish::kContentFilter;
      }
    }
    const Json* const candidate = first_of(*json, "candidates");
    if (candidate == nullptr) return {};
    if (const Json* content = object_at(*candidate, "content")) take_parts(*content, on_text);
    if (const std::string reason = text_at(*candidate, "finishReason"); !reason.empty()) {
      has_finish_ = true;
      reply_.finish = finish_of(reason);
    }
    return {};
  }

  void take_parts(const Json& content, FunctionRef<void(std::string_view)> on_text) {
    if (!content.contains("parts") || !content["parts"].is_array()) return;
    for (const Json& part : content["parts"]) {
      if (part.is_object() && part.contains("thought") && part["thought"] == true) continue;
      const std::string text = text_at(part, "text");
      reply_.text += text;
      if (!text.empty()) on_text(text);
    }
  }

  const bool is_streamed_;
  net::EventStream events_;
  std::string body_;
  Reply reply_;
  bool has_finish_ = false;
};

class Gemini final : public Provider {
 public:
  net::HttpCall chat(const Endpoint& endpoint, const std::string& model, const Prompt& prompt,
                     bool is_streamed) const override {
    Json body = {{"contents", Json::array()}};
    std::string system;
    for (const Message& message : prompt.messages) {
      if (message.role == Role::kSystem) {
        system += (system.empty() ? "" : "\n\n") + message.text;
        continue;
      }
      body["contents"].push_back({{"role", message.role == Role::kUser ? "user" : "model"},
                                  {"parts", Json::array({{{"text", message.text}}})}});
    }
    if (!system.empty()) body["systemInstruction"] = {{"parts", Json::array({{{"text", system}}})}};
    Json config = {{"maxOutputTokens", prompt.max_output}};
    if (prompt.temperature) config["temperature"] = *prompt.temperature;
    if (const auto thinking = thinking_of(model)) config["thinkingConfig"] = *thinking;
    if (!prompt.schema.empty()) {
      config["responseMimeType"] = "application/json";
      config["responseJsonSchema"] = Json::parse(prompt.schema, nullptr, false);
    }
    body["generationConfig"] = config;
    net::HttpCall call = call_of(
        endpoint, model, is_streamed ? ":streamGenerateContent?alt=sse" : ":generateContent");
    call.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
    return call;
  }

  std::unique_ptr<ReplyReader> reader(bool is_streamed) const override {
    return std::make_unique<Reader>(is_streamed);
  }

  Result<net::HttpCall> embeddings(const Endpoint& endpoint, const std::string& model,
                                   const std::vector<std::string>& texts,
                                   int dimensions) const override {
    Json body = {{"requests", Json::array()}};
    for (const std::string& text : texts) {
      Json request = {{"model", "models/" + model},
                      {"content", {{"parts", Json::array({{{"text", text}}})}}},
                      {"taskType", "RETRIEVAL_DOCUMENT"}};
      if (dimensions > 0) request["outputDimensionality"] = dimensions;
      body["requests"].push_back(std::move(request));
    }
    net::HttpCall call = call_of(endpoint, model, ":batchEmbedContents");
    call.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
    return call;
  }

  Attempted<EmbeddingReply> read_embeddings(std::string_view body,
                                            std::size_t texts) const override {
    const auto json = parse_object(body);
    if (!json || !json->contains("embeddings") || !(*json)["embeddings"].is_array() ||
        (*json)["embeddings"].size() != texts)
      return std::unexpected<Fault>(broken("the reply does not hold a vector for each text"));
    EmbeddingReply reply;
    for (const Json& each : (*json)["embeddings"]) {
      auto vector =
          each.is_object() && each.contains("values") ? unit_vector(each["values"]) : std::nullopt;
      if (!vector) return std::unexpected<Fault>(broken("a vector of the reply is none"));
      reply.vectors.push_back(std::move(*vector));
    }
    if (auto same = same_lengths(reply); !same) return std::unexpected<Fault>(same.error());
    return reply;  // without usage: it is not reported
  }

  Fault read_refusal(const net::HttpHead& head, std::string_view body, Instant now) const override {
    Fault fault;
    fault.kind = kind_of_status(head.status);
    fault.billed_maybe = is_maybe_billed(head.status);
    fault.wait = retry_after(head, now);
    const auto error = error_in(body);
    const std::string status = error ? text_at(*error, "status") : "";
    fault.message = refusal_text(head.status, {status});
    if (!error) return fault;
    const std::string message = text_at(*error, "message");
    if (status == "INVALID_ARGUMENT" && message.find("token count") != std::string::npos)
      fault.kind = FaultKind::kTooLong;
    // The account must be changed first: its key, its region, its billing.
    if (status == "FAILED_PRECONDITION" ||
        (status == "INVALID_ARGUMENT" && message.find("API key") != std::string::npos))
      fault.kind = FaultKind::kConfiguration;
    if (error->contains("details") && (*error)["details"].is_array())
      take_details((*error)["details"], fault);
    return fault;
  }

 private:
  static net::HttpCall call_of(const Endpoint& endpoint, const std::string& model,
                               std::string_view method) {
    net::HttpCall call;
    call.url = endpoint.url + "/models/" + model + std::string(method);
    // Never as ?key=: addresses end up in logs.
    call.headers = {{"content-type", "application/json"}, {"x-goog-api-key", endpoint.key}};
    return call;
  }

  // google.rpc.RetryInfo and QuotaFailure: there are no headers for them.
  static void take_details(const Json& details, Fault& fault) {
    for (const Json& detail : details) {
      if (const auto delay = parse_span(text_at(detail, "retryDelay"))) fault.wait = delay;
      if (!detail.is_object() || !detail.contains("violations") || !detail["violations"].is_array())
        continue;
      for (const Json& violation : detail["violations"]) {
        // A limit of nothing never comes back by waiting.
        if (text_at(violation, "quotaId").find("PerDay") != std::string::npos ||
            text_at(violation, "quotaValue") == "0")
          fault.kind = FaultKind::kQuota;
      }
    }
  }
};

}  // namespace

const Provider& gemini_protocol() {
  static const Gemini kProtocol;
  return kProtocol;
}

}  // namespace tacit::inference
