// POST /v1/infer as events, over the real engine and a scripted provider.
#include <gmock/gmock.h>

#include "http/api_fixture_test.h"
#include "net/event_stream.h"
#include "testing/fake_provider.h"

namespace tacit::http {
namespace {

using ::testing::HasSubstr;

// Keeps the events that are written; leaves after `most` of them.
class Listener {
 public:
  explicit Listener(std::size_t most = 1'000) : most_(most) {}
  void hear(const net::Response& response) {
    response.push([this](std::string_view piece) { return write(piece); }, gone_.get_token());
  }

  std::vector<net::ServerEvent> events;

 private:
  bool write(std::string_view piece) {
    EXPECT_TRUE(stream_
                    .feed(piece,
                          [&](const net::ServerEvent& event) -> Result<void> {
                            events.push_back(event);
                            return {};
                          })
                    .has_value());
    if (events.size() >= most_) gone_.request_stop();
    return !gone_.stop_requested();
  }

  const std::size_t most_;
  net::EventStream stream_;
  std::stop_source gone_;
};

class ApiInferTest : public ApiTest {
 protected:
  ApiInferTest() : provider_(testing::FakeProvider::start({}).value()) {
    inference::PlaceOptions local;
    local.provider = "local";
    local.model = "gemma3:270m";
    local.url = provider_->url();
    service::InferenceSettings settings;
    settings.developer = "ada";
    settings.chain = {local};
    api_.reset();
    inference_ =
        service::InferenceService::open(
            settings, {workspace_->store(), workspace_->redactor(), workspace_->key(), clock_})
            .value();
    api_ = std::make_unique<Api>(workspace_->service(), *inference_,
                                 [](const net::Request&) { return net::Response(); });
  }

  net::Response infer(const std::string& accept) {
    net::Request request;
    request.method = "POST";
    request.path = "/v1/infer";
    request.headers = {{"content-type", "application/json"}, {"accept", accept}};
    request.body = R"({"prompt":"Name three causes of flaky tests."})";
    return api_->handle(request);
  }

  std::unique_ptr<testing::FakeProvider> provider_;
};

TEST_F(ApiInferTest, IsOneDocumentUnlessEventsAreAccepted) {
  const net::Response response = infer("application/json");
  EXPECT_EQ(response.status, 200);
  EXPECT_FALSE(response.push);
  EXPECT_EQ(json::parse(response.body)["provider"], "local");
}

TEST_F(ApiInferTest, TellsTheTextInPiecesAndThenTheWholeAnswer) {
  testing::FakeRule talkative;
  talkative.words = 64;
  provider_->set_script({talkative});
  const net::Response response = infer("text/event-stream");
  EXPECT_EQ(response.content_type, "text/event-stream");
  ASSERT_TRUE(response.push);
  Listener listener;
  listener.hear(response);
  ASSERT_GT(listener.events.size(), 2U);
  std::string text;
  for (std::size_t i = 0; i + 1 < listener.events.size(); ++i) {
    EXPECT_EQ(listener.events[i].name, "text");
    text += json::parse(listener.events[i].data)["text"].get<std::string>();
  }
  EXPECT_EQ(listener.events.back().name, "answer");
  EXPECT_EQ(json::parse(listener.events.back().data)["text"], text);
}

TEST_F(ApiInferTest, AClientThatLeavesEndsTheCall) {
  testing::FakeRule endless;
  endless.fault = testing::Fault::kStall;
  endless.at_piece = 2;
  provider_->set_script({endless});
  const net::Response response = infer("text/event-stream");
  Listener listener(1);
  listener.hear(response);
  provider_->await_attempts(1);
  EXPECT_TRUE(provider_->attempts().at(0).hung_up);
  EXPECT_EQ(json::parse(listener.events.back().data)["error"]["kind"], "cancelled");
}

TEST_F(ApiInferTest, SaysAsAnEventWhyThereIsNoAnswer) {
  testing::FakeRule refuses;
  refuses.status = 400;
  provider_->set_script({refuses});
  const net::Response response = infer("text/event-stream");
  Listener listener;
  listener.hear(response);
  ASSERT_EQ(listener.events.size(), 1U);
  EXPECT_EQ(listener.events[0].name, "error");
  EXPECT_THAT(listener.events[0].data, HasSubstr("\"message\""));
}

}  // namespace
}  // namespace tacit::http
