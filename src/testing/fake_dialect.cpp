#include "testing/fake_dialect.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/hash.h"

namespace tacit::testing {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kLetters = 5;  // of a text, in one piece of a stream
constexpr int kUsualDimensions = 8;
constexpr std::string_view kModelsPath = "/models/";

bool has_usage(const FakeRule& rule) {
  return rule.fault != Fault::kNoUsage;
}
std::int64_t reported(const FakeRule& rule, std::int64_t tokens) {
  return rule.fault == Fault::kZeroUsage ? 0 : tokens;
}

Json openai_usage(const FakeRule& rule) {
  const auto in = reported(rule, rule.input_tokens);
  const auto out = reported(rule, rule.output_tokens);
  return {{"prompt_tokens", in}, {"completion_tokens", out}, {"total_tokens", in + out}};
}
Json anthropic_usage(const FakeRule& rule, bool is_start) {
  return {{"input_tokens", reported(rule, rule.input_tokens)},
          {"output_tokens", is_start ? 1 : reported(rule, rule.output_tokens)}};
}
Json gemini_usage(const FakeRule& rule) {
  return {{"promptTokenCount", reported(rule, rule.input_tokens)},
          {"candidatesTokenCount", reported(rule, rule.output_tokens)}};
}

std::string anthropic_stop(const FakeRule& rule) {
  if (rule.finish == "length") return "max_tokens";
  return rule.finish == "content_filter" ? "refusal" : "end_turn";
}
std::string gemini_stop(const FakeRule& rule) {
  if (rule.finish == "length") return "MAX_TOKENS";
  return rule.finish == "content_filter" ? "SAFETY" : "STOP";
}

std::string data(const Json& json) {
  return "data: " + json.dump() + "\n\n";
}
std::string named(const std::string& type, Json json) {
  json["type"] = type;
  return "event: " + type + "\n" + data(json);
}

// Half of the output, as a count that is told on the way.
FakeRule halfway(FakeRule rule) {
  rule.output_tokens /= 2;
  return rule;
}

Json openai_chunk(const FakeRule& rule, const Json& delta, const Json& finish) {
  return {{"id", "chatcmpl-fake"},
          {"object", "chat.completion.chunk"},
          {"model", rule.model},
          {"choices", Json::array({{{"index", 0}, {"delta", delta}, {"finish_reason", finish}}})}};
}

Json openai_usage_chunk(const FakeRule& rule) {
  return {{"object", "chat.completion.chunk"},
          {"choices", Json::array()},
          {"usage", openai_usage(rule)}};
}

// Groq tells the usage in the last chunk of the choice, in a field of its own.
std::vector<std::string> openai_stream(const FakeRule& rule, const std::vector<std::string>& words,
                                       bool is_groq) {
  std::vector<std::string> pieces;
  pieces.push_back(data(openai_chunk(rule, {{"role", "assistant"}, {"content", ""}}, nullptr)));
  for (const std::string& word : words)
    pieces.push_back(data(openai_chunk(rule, {{"content", word}}, nullptr)));
  if (rule.fault == Fault::kUsageTwice) pieces.push_back(data(openai_usage_chunk(halfway(rule))));
  Json last = openai_chunk(rule, Json::object(), rule.finish);
  if (is_groq && has_usage(rule))
    last["x_groq"] = {{"id", "req_fake"}, {"usage", openai_usage(rule)}};
  if (rule.fault != Fault::kNoTerminator) pieces.push_back(data(last));
  if (!is_groq && has_usage(rule)) pieces.push_back(data(openai_usage_chunk(rule)));
  if (rule.fault != Fault::kNoTerminator) pieces.emplace_back("data: [DONE]\n\n");
  return pieces;
}

std::vector<std::string> anthropic_stream(const FakeRule& rule,
                                          const std::vector<std::string>& words) {
  std::vector<std::string> pieces;
  Json message = {{"id", "msg_fake"},
                  {"type", "message"},
                  {"role", "assistant"},
                  {"model", rule.model},
                  {"content", Json::array()}};
  if (has_usage(rule)) message["usage"] = anthropic_usage(rule, true);
  pieces.push_back(named("message_start", {{"message", message}}));
  pieces.push_back(named("content_block_start",
                         {{"index", 0}, {"content_block", {{"type", "text"}, {"text", ""}}}}));
  pieces.push_back(named("ping", Json::object()));
  for (const std::string& word : words)
    pieces.push_back(named("content_block_delta",
                           {{"index", 0}, {"delta", {{"type", "text_delta"}, {"text", word}}}}));
  pieces.push_back(named("content_block_stop", {{"index", 0}}));
  if (rule.fault == Fault::kUsageTwice)
    pieces.push_back(named("message_delta", {{"delta", Json::object()},
                                             {"usage", anthropic_usage(halfway(rule), false)}}));
  Json delta = {{"delta", {{"stop_reason", anthropic_stop(rule)}}}};
  if (has_usage(rule)) delta["usage"] = anthropic_usage(rule, false);
  pieces.push_back(named("message_delta", delta));
  if (rule.fault != Fault::kNoTerminator) pieces.push_back(named("message_stop", Json::object()));
  return pieces;
}

Json gemini_part(const std::string& text) {
  return {{"content", {{"role", "model"}, {"parts", Json::array({{{"text", text}}})}}},
          {"index", 0}};
}

std::vector<std::string> gemini_stream(const FakeRule& rule,
                                       const std::vector<std::string>& words) {
  std::vector<std::string> pieces;
  for (std::size_t i = 0; i < words.size(); ++i) {
    Json candidate = gemini_part(words[i]);
    if (i + 1 == words.size() && rule.fault != Fault::kNoTerminator)
      candidate["finishReason"] = gemini_stop(rule);
    Json chunk = {{"candidates", Json::array({candidate})}, {"modelVersion", rule.model}};
    const bool is_first_of_two = rule.fault == Fault::kUsageTwice && i + 1 < words.size();
    if (has_usage(rule))
      chunk["usageMetadata"] = gemini_usage(is_first_of_two ? halfway(rule) : rule);
    pieces.push_back(data(chunk));
  }
  return pieces;
}

Json ollama_end(const FakeRule& rule) {
  Json end = {{"model", rule.model},
              {"done", true},
              {"done_reason", rule.finish},
              {"message", {{"role", "assistant"}, {"content", ""}}}};
  if (has_usage(rule)) {
    end["prompt_eval_count"] = reported(rule, rule.input_tokens);
    end["eval_count"] = reported(rule, rule.output_tokens);
  }
  return end;
}

std::vector<std::string> ollama_stream(const FakeRule& rule,
                                       const std::vector<std::string>& words) {
  std::vector<std::string> pieces;
  for (const std::string& word : words) {
    const Json line = {{"model", rule.model},
                       {"message", {{"role", "assistant"}, {"content", word}}},
                       {"done", false}};
    pieces.push_back(line.dump() + "\n");
  }
  if (rule.fault != Fault::kNoTerminator) pieces.push_back(ollama_end(rule).dump() + "\n");
  return pieces;
}

// A unit vector by the text, the same at every place in a batch.
std::vector<float> vector_of(const std::string& text, int dimensions) {
  const std::uint64_t bits = xxh3(text);
  const float size = 1.0F / std::sqrt(static_cast<float>(dimensions));
  std::vector<float> vector;
  for (int i = 0; i < dimensions; ++i)
    vector.push_back(((bits >> static_cast<unsigned>(i % 64)) & 1U) != 0 ? size : -size);
  return vector;
}

std::vector<std::string> words_of(const FakeRule& rule) {
  std::vector<std::string> words;
  for (std::size_t i = 0; i < rule.text.size(); i += kLetters)
    words.push_back(rule.text.substr(i, kLetters));
  for (int i = 0; rule.text.empty() && i < rule.words; ++i) words.push_back(fmt::format("w{} ", i));
  return words;
}

std::vector<std::string> texts_of(const Json& request, int& dimensions) {
  std::vector<std::string> texts;
  dimensions = request.value("dimensions", kUsualDimensions);
  if (request.contains("requests")) {
    for (const Json& one : request["requests"]) {
      dimensions = one.value("outputDimensionality", kUsualDimensions);
      texts.push_back(one["content"].dump());
    }
  } else if (request.contains("input") && request["input"].is_array()) {
    for (const Json& text : request["input"]) texts.push_back(text.dump());
  } else {
    texts.push_back(request.dump());
  }
  return texts;
}

bool is_embedding_path(const std::string& path) {
  return path.ends_with("/embeddings") || path.find("mbedContent") != std::string::npos ||
         path == "/api/embed";
}

bool is_stream_asked(const Json& request, const std::string& path, FakeDialect dialect) {
  return path.find("streamGenerate") != std::string::npos ||
         (request.is_object() && request.value("stream", dialect == FakeDialect::kOllama));
}

FakeReply stream_of(FakeDialect dialect, const FakeRule& rule,
                    const std::vector<std::string>& words) {
  switch (dialect) {
    case FakeDialect::kOpenAi:
    case FakeDialect::kGroq:
      return {"text/event-stream", openai_stream(rule, words, dialect == FakeDialect::kGroq)};
    case FakeDialect::kAnthropic:
      return {"text/event-stream", anthropic_stream(rule, words)};
    case FakeDialect::kGemini:
      return {"text/event-stream", gemini_stream(rule, words)};
    default:
      return {"application/x-ndjson", ollama_stream(rule, words)};
  }
}

FakeReply whole_of(FakeDialect dialect, const FakeRule& rule, const std::string& text) {
  Json reply;
  switch (dialect) {
    case FakeDialect::kOpenAi:
    case FakeDialect::kGroq:
      reply = {{"id", "chatcmpl-fake"},
               {"model", rule.model},
               {"choices", Json::array({{{"index", 0},
                                         {"message", {{"role", "assistant"}, {"content", text}}},
                                         {"finish_reason", rule.finish}}})}};
      if (has_usage(rule)) reply["usage"] = openai_usage(rule);
      break;
    case FakeDialect::kAnthropic:
      reply = {{"id", "msg_fake"},
               {"type", "message"},
               {"role", "assistant"},
               {"model", rule.model},
               {"content", Json::array({{{"type", "text"}, {"text", text}}})},
               {"stop_reason", anthropic_stop(rule)}};
      if (has_usage(rule)) reply["usage"] = anthropic_usage(rule, false);
      break;
    case FakeDialect::kGemini: {
      Json candidate = gemini_part(text);
      candidate["finishReason"] = gemini_stop(rule);
      reply = {{"candidates", Json::array({candidate})}, {"modelVersion", rule.model}};
      if (has_usage(rule)) reply["usageMetadata"] = gemini_usage(rule);
      break;
    }
    default:
      reply = ollama_end(rule);
      reply["message"]["content"] = text;
  }
  return {"application/json", {reply.dump()}};
}

FakeReply embeddings_of(FakeDialect dialect, const FakeRule& rule,
                        const std::vector<std::string>& texts, int dimensions) {
  const bool is_openai = dialect == FakeDialect::kOpenAi || dialect == FakeDialect::kGroq;
  Json list = Json::array();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto vector = vector_of(texts[i], dimensions);
    if (is_openai)
      list.push_back({{"index", i}, {"embedding", vector}});
    else if (dialect == FakeDialect::kGemini)
      list.push_back({{"values", vector}});
    else
      list.push_back(vector);
  }
  Json reply;
  if (is_openai) {
    reply = {{"data", list}, {"model", rule.model}};
    if (has_usage(rule))
      reply["usage"] = {{"prompt_tokens", reported(rule, rule.input_tokens)},
                        {"total_tokens", reported(rule, rule.input_tokens)}};
  } else if (dialect == FakeDialect::kGemini) {
    reply = {{"embeddings", list}};
  } else {
    reply = {{"model", rule.model},
             {"embeddings", list},
             {"prompt_eval_count", reported(rule, rule.input_tokens)}};
  }
  return {"application/json", {reply.dump()}};
}

}  // namespace

FakeDialect dialect_of(const std::string& path) {
  if (path.starts_with("/openai/v1/")) return FakeDialect::kGroq;
  if (path.starts_with("/v1/files") || path.starts_with("/v1/batches")) return FakeDialect::kOpenAi;
  if (path.starts_with("/v1beta/batches/")) return FakeDialect::kGemini;
  if (path.find("/chat/completions") != std::string::npos || path.ends_with("/embeddings"))
    return FakeDialect::kOpenAi;
  if (path.find("/messages") != std::string::npos) return FakeDialect::kAnthropic;
  if (path.find("enerateContent") != std::string::npos ||
      path.find("mbedContent") != std::string::npos)
    return FakeDialect::kGemini;
  if (path.starts_with("/api/")) return FakeDialect::kOllama;
  return FakeDialect::kNone;
}

std::string fake_model(const std::string& path, const std::string& body) {
  const Json request = Json::parse(body, nullptr, false);
  if (request.is_object() && request.contains("model") && request["model"].is_string())
    return request["model"].get<std::string>();
  const std::size_t start = path.find(kModelsPath);
  if (start == std::string::npos) return "";
  const std::string rest = path.substr(start + kModelsPath.size());
  return rest.substr(0, rest.find(':'));
}

FakeReply fake_reply(const FakeRule& rule, const std::string& path, const std::string& body) {
  const FakeDialect dialect = dialect_of(path);
  const Json request = Json::parse(body, nullptr, false);
  if (is_embedding_path(path) && request.is_object()) {
    int dimensions = 0;
    const auto texts = texts_of(request, dimensions);
    return embeddings_of(dialect, rule, texts, dimensions);
  }
  const auto words = words_of(rule);
  if (is_stream_asked(request, path, dialect)) return stream_of(dialect, rule, words);
  std::string text;
  for (const std::string& word : words) text += word;
  return whole_of(dialect, rule, text);
}

std::string fake_error(FakeDialect dialect, int status) {
  const std::string said = fmt::format("the fake provider says {}", status);
  switch (dialect) {
    case FakeDialect::kAnthropic:
      return Json{{"type", "error"},
                  {"error",
                   {{"type", status == 529 ? "overloaded_error" : "api_error"}, {"message", said}}}}
          .dump();
    case FakeDialect::kGemini:
      return Json{{"error", {{"code", status}, {"message", said}, {"status", "UNAVAILABLE"}}}}
          .dump();
    case FakeDialect::kOllama:
      return Json{{"error", said}}.dump();
    default:
      return Json{{"error", {{"message", said}, {"type", "server_error"}, {"code", nullptr}}}}
          .dump();
  }
}

std::string fake_error_piece(FakeDialect dialect) {
  if (dialect == FakeDialect::kAnthropic)
    return named("error", {{"error", {{"type", "overloaded_error"}, {"message", "Overloaded"}}}});
  if (dialect == FakeDialect::kGroq)
    return data({{"choices", Json::array()}, {"x_groq", {{"error", "over capacity"}}}});
  if (dialect == FakeDialect::kOllama) return "{\"error\":\"the runner died\"}\n";
  return data(Json::parse(fake_error(dialect, 503)));
}

}  // namespace tacit::testing
