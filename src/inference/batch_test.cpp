// Goal: the batch endpoints as pure protocols: what goes out, and what each reply means for answer
// and money. Method: replies written from the providers' documents.
#include "inference/batch.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace tacit::inference {
namespace {

using Json = nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Endpoint endpoint(const std::string& provider) {
  Endpoint endpoint;
  endpoint.provider = provider;
  endpoint.url = "https://" + provider + ".example/v1";
  endpoint.key = "key-invented";
  return endpoint;
}

std::vector<BatchRequest> two_requests() {
  Prompt prompt;
  prompt.messages = {{Role::kSystem, "Be short."}, {Role::kUser, "Why \"retry\"?\nSay."}};
  prompt.max_output = 50;
  return {{"line-1", prompt}, {"line-3", prompt}};
}

TEST(OpenAiBatchTest, UploadsOneRequestALineAndMakesABatchOfTheFile) {
  const BatchProtocol& batches = openai_batches();
  const auto requests = two_requests();
  const auto upload = batches.upload(endpoint("openai"), "gpt-5-nano", requests);
  ASSERT_TRUE(upload.has_value());
  EXPECT_EQ(upload->url, "https://openai.example/v1/files");
  std::string type;
  for (const auto& [name, value] : upload->headers)
    if (name == "content-type") type = value;
  ASSERT_THAT(type, HasSubstr("boundary="));
  const std::string boundary = type.substr(type.find("boundary=") + 9);
  EXPECT_TRUE(upload->body.starts_with("--" + boundary + "\r\n"));
  EXPECT_TRUE(upload->body.ends_with("\r\n--" + boundary + "--\r\n"));
  EXPECT_THAT(upload->body, HasSubstr("name=\"purpose\"\r\n\r\nbatch\r\n"));
  const std::size_t start = upload->body.find("application/jsonl\r\n\r\n") + 21;
  const std::string first = upload->body.substr(start, upload->body.find('\n', start) - start);
  const Json line = Json::parse(first);
  EXPECT_EQ(line["custom_id"], "line-1");
  EXPECT_EQ(line["method"], "POST");
  EXPECT_EQ(line["url"], "/v1/chat/completions");
  EXPECT_EQ(line["body"]["model"], "gpt-5-nano");
  EXPECT_EQ(line["body"]["max_completion_tokens"], 50);
  EXPECT_FALSE(line["body"].contains("stream"));

  EXPECT_EQ(batches.read_upload(R"({"id":"file-abc","object":"file"})").value(), "file-abc");
  EXPECT_FALSE(batches.read_upload(R"({"id":"../../v1/keys"})").has_value());
  const auto create = batches.create(endpoint("openai"), "gpt-5-nano", requests, "file-abc");
  EXPECT_EQ(create.url, "https://openai.example/v1/batches");
  EXPECT_EQ(Json::parse(create.body)["input_file_id"], "file-abc");
  EXPECT_EQ(Json::parse(create.body)["completion_window"], "24h");
}

TEST(OpenAiBatchTest, KnowsHowABatchStands) {
  const BatchProtocol& batches = openai_batches();
  const auto running = batches.read_status(R"({"id":"batch_1","status":"in_progress"})");
  ASSERT_TRUE(running.has_value());
  EXPECT_FALSE(running->has_ended);
  const auto done = batches.read_status(
      R"({"id":"batch_1","status":"completed","output_file_id":"file-o","error_file_id":null,)"
      R"("request_counts":{"total":2,"completed":2,"failed":0}})");
  ASSERT_TRUE(done.has_value());
  EXPECT_TRUE(done->has_ended);
  EXPECT_THAT(done->results, ElementsAre("file-o"));
  EXPECT_FALSE(done->answered.has_value()) << "who is missing in a completed batch is not known";
  const auto expired = batches.read_status(
      R"({"id":"batch_1","status":"expired","output_file_id":"file-o","error_file_id":"file-e",)"
      R"("request_counts":{"total":2,"completed":1,"failed":1}})");
  EXPECT_THAT(expired->results, ElementsAre("file-o", "file-e"));
  EXPECT_EQ(expired->answered, 1);
  EXPECT_EQ(batches.read_status(R"({"id":"batch_1","status":"failed"})")->answered, 0);
  EXPECT_FALSE(batches.read_status(R"({"id":"../x","status":"completed"})").has_value());
  EXPECT_FALSE(
      batches.read_status(R"({"id":"batch_1","status":"completed","output_file_id":"a/../../b"})")
          .has_value());
  EXPECT_FALSE(batches.read_status("<html>").has_value());
}

TEST(OpenAiBatchTest, ReadsAnswersRefusalsAndWhatWasNotRun) {
  const BatchProtocol& batches = openai_batches();
  const auto answer = batches.read_result(
      R"({"custom_id":"line-1","response":{"status_code":200,"body":{"model":"m","choices":[)"
      R"({"message":{"role":"assistant","content":"Because."},"finish_reason":"stop"}],)"
      R"("usage":{"prompt_tokens":10,"completion_tokens":3}}},"error":null})");
  ASSERT_TRUE(answer.has_value());
  ASSERT_TRUE(answer->reply.has_value());
  EXPECT_EQ(answer->reply->text, "Because.");
  EXPECT_EQ(ending_of(*answer), Ending::kSettle);
  const auto refused = batches.read_result(
      R"({"custom_id":"line-1","response":{"status_code":400,"body":{"error":{"code":"bad"}}}})");
  EXPECT_EQ(ending_of(*refused), Ending::kRelease);
  const auto failed = batches.read_result(
      R"({"custom_id":"line-1","response":{"status_code":500,"body":{}},"error":null})");
  EXPECT_EQ(ending_of(*failed), Ending::kSuspend);
  const auto expired = batches.read_result(
      R"({"custom_id":"line-1","response":null,"error":{"code":"batch_expired","message":"x"}})");
  EXPECT_EQ(ending_of(*expired), Ending::kRelease);
  const auto strange = batches.read_result(
      R"({"custom_id":"line-1","response":null,"error":{"code":"gone_wrong","message":"x"}})");
  EXPECT_EQ(ending_of(*strange), Ending::kSuspend) << "nobody says that it was not billed";
  EXPECT_FALSE(batches.read_result("{}").has_value());
}

TEST(AnthropicBatchTest, SendsTheRequestsAlongAndFollowsNoAddress) {
  const BatchProtocol& batches = anthropic_batches();
  const auto requests = two_requests();
  EXPECT_FALSE(batches.upload(endpoint("anthropic"), "claude-haiku-5-5", requests).has_value());
  const auto create = batches.create(endpoint("anthropic"), "claude-haiku-5-5", requests, "");
  EXPECT_TRUE(create.url.ends_with("/v1/messages/batches"));
  const Json body = Json::parse(create.body);
  ASSERT_EQ(body["requests"].size(), 2U);
  EXPECT_EQ(body["requests"][1]["custom_id"], "line-3");
  EXPECT_EQ(body["requests"][1]["params"]["max_tokens"], 50);
  EXPECT_EQ(body["requests"][1]["params"]["system"], "Be short.");
  const auto ended = batches.read_status(
      R"({"id":"msgbatch_1","processing_status":"ended","results_url":"https://evil.example/x"})");
  ASSERT_TRUE(ended.has_value());
  EXPECT_TRUE(ended->has_ended);
  const auto fetch = batches.fetch(endpoint("anthropic"), ended->results.at(0));
  EXPECT_THAT(fetch.url, Not(HasSubstr("evil")));
  EXPECT_TRUE(fetch.url.ends_with("/v1/messages/batches/msgbatch_1/results"));
}

TEST(AnthropicBatchTest, BillsWhatSucceededAlone) {
  const BatchProtocol& batches = anthropic_batches();
  const auto answer = batches.read_result(
      R"({"custom_id":"line-1","result":{"type":"succeeded","message":{"type":"message",)"
      R"("content":[{"type":"text","text":"Yes."}],"stop_reason":"end_turn",)"
      R"("usage":{"input_tokens":9,"output_tokens":2}}}})");
  ASSERT_TRUE(answer->reply.has_value());
  EXPECT_EQ(answer->reply->text, "Yes.");
  EXPECT_EQ(ending_of(*answer), Ending::kSettle);
  for (const char* const type : {"errored", "canceled", "expired"}) {
    const auto none = batches.read_result(
        Json{{"custom_id", "line-1"}, {"result", {{"type", type}, {"error", Json::object()}}}}
            .dump());
    EXPECT_EQ(ending_of(*none), Ending::kRelease) << type;
  }
  const auto strange = batches.read_result(R"({"custom_id":"line-1","result":{"type":"paused"}})");
  EXPECT_EQ(ending_of(*strange), Ending::kSuspend);
}

TEST(GeminiBatchTest, KnowsResultsByKeyOrPlace) {
  const BatchProtocol& batches = gemini_batches();
  const auto create =
      batches.create(endpoint("gemini"), "gemini-2.5-flash-lite", two_requests(), "");
  EXPECT_TRUE(create.url.ends_with("/models/gemini-2.5-flash-lite:batchGenerateContent"));
  const Json inner = Json::parse(create.body)["batch"]["inputConfig"]["requests"]["requests"];
  ASSERT_EQ(inner.size(), 2U);
  EXPECT_EQ(inner[0]["metadata"]["key"], "line-1");
  EXPECT_TRUE(inner[0]["request"].contains("contents"));
  EXPECT_FALSE(
      batches.read_status(R"({"name":"batches/b1","metadata":{"state":"BATCH_STATE_RUNNING"}})")
          ->has_ended);
  const auto ended = batches.read_status(
      R"({"name":"batches/b1","done":true,"metadata":{"state":"BATCH_STATE_SUCCEEDED"},)"
      R"("response":{"inlinedResponses":{"inlinedResponses":[{"response":{"candidates":[{"content":)"
      R"({"parts":[{"text":"Ja."}]},"finishReason":"STOP"}],"usageMetadata":)"
      R"({"promptTokenCount":4,"candidatesTokenCount":1}}},)"
      R"({"metadata":{"key":"line-3"},"error":{"code":13,"message":"x"}}]}}})");
  ASSERT_TRUE(ended.has_value());
  EXPECT_EQ(ended->id, "b1");
  EXPECT_TRUE(ended->has_ended);
  ASSERT_EQ(ended->attached.size(), 2U);
  const auto first = batches.read_result(ended->attached[0]);
  EXPECT_EQ(first->id, "");
  EXPECT_EQ(first->place, 0U);
  EXPECT_EQ(first->reply->text, "Ja.");
  EXPECT_EQ(ending_of(*first), Ending::kSettle);
  const auto second = batches.read_result(ended->attached[1]);
  EXPECT_EQ(second->id, "line-3");
  EXPECT_EQ(ending_of(*second), Ending::kSuspend);
  EXPECT_EQ(
      batches.read_status(R"({"name":"batches/b1","metadata":{"state":"BATCH_STATE_EXPIRED"}})")
          ->answered,
      0);
}

TEST(BatchTest, LocalServersHaveNone) {
  EXPECT_EQ(batch_protocol_of(Protocol::kOllama), nullptr);
  EXPECT_FALSE(is_batch_id(""));
  EXPECT_FALSE(is_batch_id("a b"));
  EXPECT_FALSE(is_batch_id(std::string(kMaxBatchIdLetters + 1, 'a')));
}

}  // namespace
}  // namespace tacit::inference
