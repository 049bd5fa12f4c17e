// /v1/batches over the real service and a scripted provider.
#include <gmock/gmock.h>

#include <filesystem>

#include "http/api_fixture_test.h"
#include "testing/fake_provider.h"

namespace tacit::http {
namespace {

using ::testing::HasSubstr;

class ApiBatchTest : public ApiTest {
 protected:
  ApiBatchTest() : provider_(testing::FakeProvider::start({}).value()) {
    testing::FakeBatchScript script;
    script.running_looks = 1;
    provider_->set_batches(script);
    inference::PlaceOptions place;
    place.provider = "openai";
    place.model = "gpt-5-nano";
    place.url = provider_->url() + "/v1";
    place.key_file = (folder_.path() / "key").string();
    testing::write_file(place.key_file, "key-invented");
    std::filesystem::permissions(
        place.key_file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    service::InferenceSettings settings;
    settings.developer = "ada";
    settings.chain = {place};
    clock_.advance(parse_time("2026-11-25T12:00:00Z").value() - clock_.now());
    api_.reset();
    inference_ =
        service::InferenceService::open(
            settings, {workspace_->store(), workspace_->redactor(), workspace_->key(), clock_})
            .value();
    api_ = std::make_unique<Api>(workspace_->service(), *inference_,
                                 [](const net::Request&) { return net::Response(); });
  }

  net::Response send(const std::string& body, const std::string& type = "application/json") {
    net::Request request;
    request.method = "POST";
    request.path = "/v1/batches";
    request.headers = {{"content-type", type}};
    request.body = body;
    return api_->handle(request);
  }

  std::unique_ptr<testing::FakeProvider> provider_;
};

constexpr const char* kTwo =
    R"({"requests":[{"line":1,"request":{"prompt":"Name a cause of flaky tests."}},)"
    R"({"line":4,"request":{"prompt":"Name another cause.","privacy":"local"}}]})";

TEST_F(ApiBatchTest, SendsAndTellsHowItStands) {
  const net::Response sent = send(kTwo);
  ASSERT_EQ(sent.status, 200) << sent.body;
  const json batch = json::parse(sent.body);
  EXPECT_EQ(batch["state"], "running");
  EXPECT_EQ(batch["waiting"], 1);
  ASSERT_EQ(batch["lines"].size(), 1U);
  EXPECT_EQ(batch["lines"][0]["line"], 4);
  EXPECT_EQ(batch["lines"][0]["error"]["kind"], "forbidden");
  const std::string id = batch["id"];
  EXPECT_EQ(ask_json("/v1/batches")["batches"][0]["id"], id);
  for (int i = 0; i < 2; ++i) {
    clock_.advance(service::kMostLook);
    inference_->batches().step();
  }
  const json done = ask_json("/v1/batches/" + id);
  EXPECT_EQ(done["state"], "ended");
  EXPECT_FALSE(done["lines"][0]["answer"]["text"].get<std::string>().empty());
  EXPECT_EQ(ask_json("/v1/budget")["spent_usd"], done["cost_usd"]);
  EXPECT_EQ(ask("/v1/batches/" + id + "/cancel", {}, "POST").status, 409);
}

TEST_F(ApiBatchTest, CancelsAtTheProvider) {
  const std::string id = json::parse(send(kTwo).body)["id"];
  const net::Response cancelled = ask("/v1/batches/" + id + "/cancel", {}, "POST");
  EXPECT_EQ(cancelled.status, 200) << cancelled.body;
  EXPECT_EQ(json::parse(cancelled.body)["cancelled"], true);
  inference_->batches().step();
  EXPECT_EQ(ask_json("/v1/batches/" + id)["outcome"], "cancelled");
}

TEST_F(ApiBatchTest, RefusesWhatItDoesNotUnderstand) {
  EXPECT_EQ(send(kTwo, "text/plain").status, 415);
  for (const char* const body :
       {"", "[]", "{}", R"({"requests":[{"line":1}]})", R"({"requests":[],"more":1})",
        R"({"requests":[{"line":"1","request":{}}]})"})
    EXPECT_EQ(send(body).status, 400) << body;
  const net::Response wrong =
      send(R"({"requests":[{"line":7,"request":{"prompt":"x","promt":1}}]})");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_THAT(wrong.body, HasSubstr("line 7"));
  EXPECT_EQ(ask("/v1/batches/unknown").status, 404);
  EXPECT_EQ(ask("/v1/batches/a/b").status, 404);
  EXPECT_EQ(ask("/v1/batches", {}, "DELETE").status, 405);
  EXPECT_EQ(ask("/v1/batches/x/cancel").status, 405);
}

}  // namespace
}  // namespace tacit::http
