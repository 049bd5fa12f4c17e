// The fake provider itself: a test double that is wrong makes tests that prove nothing.
#include "testing/fake_provider.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/worker.h"
#include "net/event_stream.h"
#include "net/http_client.h"
#include "testing/fixtures.h"

namespace tacit::testing {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::int64_t kOneCall = 100 * FakeProvider::kInputPrice + 20 * FakeProvider::kOutputPrice;

class FakeProviderTest : public ::testing::Test {
 protected:
  net::HttpCall call(const std::string& model, const std::string& path) const {
    net::HttpCall call;
    call.url = provider_->url() + path;
    call.body = Json{{"model", model}, {"stream", true}}.dump();
    call.stays_local = true;
    return call;
  }
  std::string ask(const std::string& model, const std::string& path = "/v1/chat/completions") {
    return send(call(model, path));
  }
  std::string send(const net::HttpCall& call) {
    std::string body;
    client_->send(
        call, [](const net::HttpHead&) { return true; },
        [&](std::string_view piece) {
          body += piece;
          return true;
        });
    return body;
  }
  static std::vector<std::string> events_of(std::string_view body) {
    net::EventStream stream;
    std::vector<std::string> events;
    const auto fed = stream.feed(body, [&](const net::ServerEvent& event) -> Result<void> {
      const Json json = Json::parse(event.data, nullptr, false);
      events.push_back(json.is_discarded() ? event.data : json.dump());
      return {};
    });
    EXPECT_TRUE(fed.has_value());
    EXPECT_EQ(stream.take_rest(), "");
    return events;
  }

  TempFolder folder_;
  std::unique_ptr<FakeProvider> provider_ = *FakeProvider::start({}, 0, folder_.path() / "log");
  std::unique_ptr<net::HttpClient> client_ = *net::HttpClient::start({});
};

TEST_F(FakeProviderTest, BillsAnswersAlsoThoseThatNobodyGot) {
  ask("m");
  EXPECT_EQ(provider_->billed_pico(), kOneCall);
  for (const Fault fault : {Fault::kCutStream, Fault::kResetBeforeHead, Fault::kGarbage}) {
    const auto before = provider_->billed_pico();
    provider_->set_script({{.fault = fault}});
    ask("m");
    EXPECT_EQ(provider_->billed_pico(), before + kOneCall) << static_cast<int>(fault);
  }
  provider_->set_script({{.fault = Fault::kHang}});
  net::HttpCall impatient = call("m", "/v1/messages");
  impatient.first_byte_timeout = milliseconds(50);
  send(impatient);
  provider_->await_attempts(5);
  EXPECT_TRUE(provider_->attempts().back().hung_up);
  EXPECT_EQ(provider_->billed_pico(), 5 * kOneCall);
}

TEST_F(FakeProviderTest, BillsNoCallThatItTurnedAway) {
  for (const int status : {400, 401, 429, 503, 529}) {
    provider_->set_script({{.status = status}});
    ask("m");
  }
  provider_->set_script({{.fault = Fault::kRedirect, .location = "http://other.example/"}});
  ask("m");
  EXPECT_EQ(provider_->billed_pico(), 0);
  provider_->set_script({{.status = 500}});
  ask("m");
  EXPECT_EQ(provider_->billed_pico(), kOneCall) << "the work may have been done";
}

TEST_F(FakeProviderTest, TheFirstRuleThatFitsDecides) {
  provider_->set_script({{.model = "a", .to_call = 1, .text = "first of a"},
                         {.header = "x-who: me", .text = "with the header"},
                         {.model = "a", .text = "later of a"}});
  EXPECT_THAT(ask("a", "/v1/messages"), HasSubstr("first"));
  EXPECT_THAT(ask("a", "/v1/messages"), HasSubstr("later"));
  net::HttpCall mine = call("a", "/v1/messages");
  mine.headers = {{"X-Who", "me"}};
  EXPECT_THAT(send(mine), HasSubstr("with "));
  EXPECT_THAT(ask("b", "/v1/messages"), HasSubstr("w7 "));
}

TEST_F(FakeProviderTest, AnEventInOtherClothesSaysTheSame) {
  for (const std::string path :
       {"/v1/chat/completions", "/openai/v1/chat/completions", "/v1/messages",
        "/v1beta/models/m:streamGenerateContent?alt=sse"}) {
    provider_->set_script({});
    const std::string plain = ask("m", path);
    provider_->set_script(
        {{.split_at = 5, .has_crlf = true, .has_comments = true, .has_split_data = true}});
    const std::string dressed = ask("m", path);
    EXPECT_THAT(dressed, HasSubstr(": ping\r\n"));
    EXPECT_GT(events_of(plain).size(), 5U);
    EXPECT_EQ(events_of(dressed), events_of(plain)) << path;
  }
}

TEST_F(FakeProviderTest, TellsUsageInEveryWay) {
  const auto count = [](const std::string& text) {
    std::size_t found = 0;
    for (std::size_t at = 0; (at = text.find("prompt_tokens\":100", at)) != std::string::npos; ++at)
      ++found;
    return found;
  };
  EXPECT_EQ(count(ask("m")), 1U);
  EXPECT_THAT(ask("m"), Not(HasSubstr("x_groq")));
  EXPECT_THAT(ask("m", "/openai/v1/chat/completions"), HasSubstr("x_groq"));
  provider_->set_script({{.fault = Fault::kUsageTwice}});
  EXPECT_EQ(count(ask("m")), 2U);
  provider_->set_script({{.fault = Fault::kNoUsage}});
  EXPECT_THAT(ask("m"), Not(HasSubstr("usage")));
  provider_->set_script({{.fault = Fault::kZeroUsage}});
  EXPECT_THAT(ask("m"), HasSubstr("prompt_tokens\":0"));
}

TEST_F(FakeProviderTest, PacksWhatNobodyAskedToBePacked) {
  provider_->set_script({{.fault = Fault::kGzip}});
  EXPECT_TRUE(ask("m").starts_with("\x1f\x8b"));
}

TEST_F(FakeProviderTest, WritesEachEventToItsLogAtOnce) {
  ask("m");
  provider_->await_attempts(1);
  std::vector<std::string> events;
  std::string log = read_file(folder_.path() / "log");
  for (std::size_t end = 0; (end = log.find('\n')) != std::string::npos; log.erase(0, end + 1)) {
    const Json line = Json::parse(log.substr(0, end), nullptr, false);
    ASSERT_TRUE(line.is_object());
    events.push_back(line["event"]);
    if (events.back() == "billed") {
      EXPECT_EQ(line["total"], kOneCall);
    } else if (events.back() == "arrived") {
      EXPECT_EQ(Json::parse(std::string(line["body"]))["model"], "m");
    }
  }
  EXPECT_THAT(events, ElementsAre("arrived", "billed", "ended"));
}

TEST_F(FakeProviderTest, StopsInTheMiddleOfACall) {
  provider_->set_script({{.fault = Fault::kHang}});
  const Worker caller("caller", [&](const std::stop_token&) { ask("m"); });
  provider_->await_arrivals(1);
  const auto start = std::chrono::steady_clock::now();
  provider_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(FakeScript, ReadsRulesFromJson) {
  const auto script = read_fake_script(
      R"([{"model": "a", "fault": "cut_stream", "at_piece": 3, "delay_ms": 20, "status": 200},
          {"status": 429, "headers": {"Retry-After": "2"}, "has_crlf": true}])");
  ASSERT_TRUE(script.has_value());
  ASSERT_EQ(script->size(), 2U);
  EXPECT_EQ(script->at(0).model, "a");
  EXPECT_EQ(script->at(0).fault, Fault::kCutStream);
  EXPECT_EQ(script->at(0).at_piece, 3);
  EXPECT_EQ(script->at(0).delay, milliseconds(20));
  EXPECT_EQ(script->at(1).status, 429);
  EXPECT_EQ(script->at(1).headers.at("Retry-After"), "2");
  EXPECT_TRUE(script->at(1).has_crlf);
}

TEST(FakeScript, RefusesWhatItDoesNotKnow) {
  for (const std::string text :
       {"", "{}", R"([{"modle": "a"}])", R"([{"fault": "boom"}])", R"([{"status": "429"}])"}) {
    const auto script = read_fake_script(text);
    ASSERT_FALSE(script.has_value()) << text;
    EXPECT_EQ(script.error().kind(), ErrorKind::kInvalidInput);
  }
}

}  // namespace
}  // namespace tacit::testing
