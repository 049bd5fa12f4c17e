// What each provider is sent, to the letter.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "inference/provider.h"

namespace tacit::inference {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

constexpr const char* kSchema = R"({"type":"object"})";

Prompt full_prompt() {
  Prompt prompt;
  prompt.messages = {{Role::kSystem, "Be brief."},
                     {Role::kUser, "Gr\xC3\xBC\xC3\x9F dich \"x\"\n"},
                     {Role::kAssistant, "Hallo."},
                     {Role::kUser, "Why?"}};
  prompt.max_output = 64;
  prompt.temperature = 0.5;
  prompt.schema = kSchema;
  return prompt;
}

Prompt short_prompt() {
  Prompt prompt;
  prompt.messages = {{Role::kUser, "Why?"}};
  prompt.max_output = 64;
  prompt.temperature = 0.5;
  return prompt;
}

net::HttpCall chat(Protocol protocol, const Endpoint& endpoint, const std::string& model,
                   const Prompt& prompt, bool is_streamed) {
  const net::HttpCall call = provider_of(protocol).chat(endpoint, model, prompt, is_streamed);
  EXPECT_EQ(call.method, "POST");
  EXPECT_THAT(call.headers, Contains(Pair("content-type", "application/json")));
  EXPECT_THAT(call.url, Not(HasSubstr(endpoint.key.empty() ? "?key=" : endpoint.key)));
  return call;
}

Endpoint endpoint_of(const std::string& provider, Protocol protocol, const std::string& url) {
  Endpoint endpoint;
  endpoint.provider = provider;
  endpoint.protocol = protocol;
  endpoint.url = url;
  endpoint.key = "KEY";
  return endpoint;
}

TEST(Requests, ToOpenAi) {
  const Endpoint endpoint = endpoint_of("openai", Protocol::kOpenAi, "http://o/v1");
  const auto call = chat(Protocol::kOpenAi, endpoint, "gpt-6-luna", full_prompt(), true);
  EXPECT_EQ(call.url, "http://o/v1/chat/completions");
  EXPECT_THAT(call.headers, Contains(Pair("authorization", "Bearer KEY")));
  EXPECT_EQ(
      call.body,
      "{\"max_completion_tokens\":64,\"messages\":[{\"content\":\"Be "
      "brief.\",\"role\":\"system\"},{\"content\":\"Gr\xC3\xBC\xC3\x9F dich "
      "\\\"x\\\"\\n\",\"role\":\"user\"},{\"content\":\"Hallo.\",\"role\":\"assistant\"},"
      "{\"content\":\"Why?\",\"role\":\"user\"}],\"model\":\"gpt-6-luna\",\"reasoning_effort\":"
      "\"none\",\"response_format\":{\"json_schema\":{\"name\":\"answer\",\"schema\":{\"type\":"
      "\"object\"},\"strict\":true},\"type\":\"json_schema\"},\"stream\":true,\"stream_options\":{"
      "\"include_usage\":true},\"temperature\":0.5}");
}

// Models differ in what they are told about reasoning, and some refuse a temperature with it.
TEST(Requests, ToOpenAiKnowWhatEachModelTakes) {
  const Endpoint endpoint = endpoint_of("openai", Protocol::kOpenAi, "http://o/v1");
  EXPECT_EQ(chat(Protocol::kOpenAi, endpoint, "gpt-5-nano", short_prompt(), false).body,
            R"({"max_completion_tokens":64,"messages":[{"content":"Why?","role":"user"}],)"
            R"("model":"gpt-5-nano","reasoning_effort":"minimal"})");
  EXPECT_EQ(chat(Protocol::kOpenAi, endpoint, "gpt-4o-mini", short_prompt(), false).body,
            R"({"max_completion_tokens":64,"messages":[{"content":"Why?","role":"user"}],)"
            R"("model":"gpt-4o-mini","temperature":0.5})");
}

TEST(Requests, ToGroq) {
  const Endpoint endpoint = endpoint_of("groq", Protocol::kOpenAi, "http://g/v1");
  Prompt prompt = short_prompt();
  prompt.schema = kSchema;
  EXPECT_EQ(chat(Protocol::kOpenAi, endpoint, "openai/gpt-oss-20b", prompt, false).body,
            R"({"max_completion_tokens":64,"messages":[{"content":"Why?","role":"user"}],)"
            R"("model":"openai/gpt-oss-20b","reasoning_effort":"low","response_format":)"
            R"({"json_schema":{"name":"answer","schema":{"type":"object"},"strict":true},)"
            R"("type":"json_schema"},"temperature":0.5})");
  EXPECT_EQ(chat(Protocol::kOpenAi, endpoint, "qwen/qwen3.6-27b", prompt, false).body,
            R"({"max_completion_tokens":64,"messages":[{"content":"Why?","role":"user"}],)"
            R"("model":"qwen/qwen3.6-27b","reasoning_effort":"none","response_format":)"
            R"({"json_schema":{"name":"answer","schema":{"type":"object"},"strict":false},)"
            R"("type":"json_schema"},"temperature":0.5})");
}

TEST(Requests, ToLocalServersOfOpenAisProtocol) {
  Endpoint endpoint = endpoint_of("local", Protocol::kOpenAi, "http://127.0.0.1:1/v1");
  endpoint.is_local = true;
  endpoint.key.clear();
  const auto call = chat(Protocol::kOpenAi, endpoint, "m", short_prompt(), false);
  EXPECT_EQ(call.body,
            R"({"max_tokens":64,"messages":[{"content":"Why?","role":"user"}],"model":"m",)"
            R"("temperature":0.5})");
  EXPECT_EQ(call.headers.size(), 1U);
}

TEST(Requests, ToAnthropic) {
  const Endpoint endpoint = endpoint_of("anthropic", Protocol::kAnthropic, "http://a");
  const auto call = chat(Protocol::kAnthropic, endpoint, "claude-haiku-5-5", full_prompt(), true);
  EXPECT_EQ(call.url, "http://a/v1/messages");
  EXPECT_THAT(call.headers, Contains(Pair("x-api-key", "KEY")));
  EXPECT_THAT(call.headers, Contains(Pair("anthropic-version", "2023-06-01")));
  EXPECT_EQ(call.body,
            "{\"max_tokens\":64,\"messages\":[{\"content\":\"Gr\xC3\xBC\xC3\x9F dich "
            "\\\"x\\\"\\n\",\"role\":\"user\"},{\"content\":\"Hallo.\",\"role\":\"assistant\"},{"
            "\"content\":\"Why?\",\"role\":\"user\"}],\"model\":\"claude-haiku-5-5\",\"output_"
            "config\":{\"format\":{\"schema\":{\"type\":\"object\"},\"type\":\"json_schema\"}},"
            "\"stream\":true,\"system\":\"Be brief.\"}");
}

TEST(Requests, ToGemini) {
  const Endpoint endpoint = endpoint_of("gemini", Protocol::kGemini, "http://g/v1beta");
  const auto call = chat(Protocol::kGemini, endpoint, "gemini-3.8-flash", full_prompt(), true);
  EXPECT_EQ(call.url, "http://g/v1beta/models/gemini-3.8-flash:streamGenerateContent?alt=sse");
  EXPECT_THAT(call.headers, Contains(Pair("x-goog-api-key", "KEY")));
  EXPECT_EQ(call.body,
            "{\"contents\":[{\"parts\":[{\"text\":\"Gr\xC3\xBC\xC3\x9F dich "
            "\\\"x\\\"\\n\"}],\"role\":\"user\"},{\"parts\":[{\"text\":\"Hallo.\"}],\"role\":"
            "\"model\"},{\"parts\":[{\"text\":\"Why?\"}],\"role\":\"user\"}],\"generationConfig\":{"
            "\"maxOutputTokens\":64,\"responseJsonSchema\":{\"type\":\"object\"},"
            "\"responseMimeType\":\"application/json\",\"temperature\":0.5,\"thinkingConfig\":{"
            "\"thinkingLevel\":\"low\"}},\"systemInstruction\":{\"parts\":[{\"text\":\"Be "
            "brief.\"}]}}");
  const auto older =
      chat(Protocol::kGemini, endpoint, "gemini-2.5-flash-lite", short_prompt(), false);
  EXPECT_EQ(older.url, "http://g/v1beta/models/gemini-2.5-flash-lite:generateContent");
  EXPECT_EQ(older.body,
            R"({"contents":[{"parts":[{"text":"Why?"}],"role":"user"}],"generationConfig":)"
            R"({"maxOutputTokens":64,"temperature":0.5,"thinkingConfig":{"thinkingBudget":0}}})");
}

TEST(Requests, ToOllama) {
  Endpoint endpoint = endpoint_of("local", Protocol::kOllama, "http://127.0.0.1:1");
  endpoint.is_local = true;
  endpoint.local_context = 4096;
  const auto call = chat(Protocol::kOllama, endpoint, "gemma3", full_prompt(), false);
  EXPECT_EQ(call.url, "http://127.0.0.1:1/api/chat");
  EXPECT_EQ(call.headers.size(), 1U);
  EXPECT_EQ(
      call.body,
      "{\"format\":{\"type\":\"object\"},\"messages\":[{\"content\":\"Be "
      "brief.\",\"role\":\"system\"},{\"content\":\"Gr\xC3\xBC\xC3\x9F dich "
      "\\\"x\\\"\\n\",\"role\":\"user\"},{\"content\":\"Hallo.\",\"role\":\"assistant\"},{"
      "\"content\":\"Why?\",\"role\":\"user\"}],\"model\":\"gemma3\",\"options\":{\"num_ctx\":"
      "4096,\"num_predict\":64,\"temperature\":0.5},\"stream\":false}");
}

TEST(Requests, ForVectors) {
  const std::vector<std::string> texts = {"a", "b"};
  const auto of = [&](Protocol protocol, const Endpoint& endpoint, int dimensions) {
    return provider_of(protocol).embeddings(endpoint, "e", texts, dimensions);
  };
  const auto openai =
      of(Protocol::kOpenAi, endpoint_of("openai", Protocol::kOpenAi, "http://o/v1"), 512);
  ASSERT_TRUE(openai.has_value());
  EXPECT_EQ(openai->url, "http://o/v1/embeddings");
  EXPECT_EQ(openai->body,
            R"({"dimensions":512,"encoding_format":"float","input":["a","b"],"model":"e"})");
  const auto gemini =
      of(Protocol::kGemini, endpoint_of("gemini", Protocol::kGemini, "http://g"), 768);
  ASSERT_TRUE(gemini.has_value());
  EXPECT_EQ(gemini->url, "http://g/models/e:batchEmbedContents");
  EXPECT_EQ(gemini->body,
            R"({"requests":[{"content":{"parts":[{"text":"a"}]},"model":"models/e",)"
            R"("outputDimensionality":768,"taskType":"RETRIEVAL_DOCUMENT"},{"content":{"parts":)"
            R"([{"text":"b"}]},"model":"models/e","outputDimensionality":768,"taskType":)"
            R"("RETRIEVAL_DOCUMENT"}]})");
  const auto ollama = of(Protocol::kOllama, endpoint_of("local", Protocol::kOllama, "http://l"), 0);
  ASSERT_TRUE(ollama.has_value());
  EXPECT_EQ(ollama->url, "http://l/api/embed");
  EXPECT_EQ(ollama->body, R"({"input":["a","b"],"model":"e","truncate":false})");
  EXPECT_FALSE(
      of(Protocol::kOpenAi, endpoint_of("groq", Protocol::kOpenAi, "http://g"), 0).has_value());
  EXPECT_FALSE(
      of(Protocol::kAnthropic, endpoint_of("anthropic", Protocol::kAnthropic, "http://a"), 0)
          .has_value());
}

// Text that is no UTF-8 must not end the program, nor leave the JSON.
TEST(Requests, ReplaceWhatIsNoUtf8) {
  Prompt prompt;
  prompt.messages = {{Role::kUser, "a\xFF"}};
  for (const Protocol protocol :
       {Protocol::kOpenAi, Protocol::kAnthropic, Protocol::kGemini, Protocol::kOllama}) {
    const auto call =
        provider_of(protocol).chat(endpoint_of("p", protocol, "http://p"), "m", prompt, false);
    EXPECT_THAT(call.body, HasSubstr("\"a\xEF\xBF\xBD\""));
  }
}

}  // namespace
}  // namespace tacit::inference
