// What a caller sees, and what a provider gets, when a provider fails: the sixteen scenarios of the
// public bench failoverbench (S01 to S16), and the breaker's own.
#include <atomic>

#include "base/worker.h"
#include "engine_fixture.h"

namespace tacit::inference {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Failover : public EngineTestBase {
 protected:
  static std::vector<std::string> outcomes(const Result<Completion>& done) {
    std::vector<std::string> outcomes;
    if (!done) return outcomes;
    for (const AttemptRecord& attempt : done->attempts)
      outcomes.push_back(attempt.provider + ": " + attempt.outcome);
    return outcomes;
  }
};

TEST_F(Failover, S01HonoursRetryAfterAndAsksElsewhereMeanwhile) {
  FakeRule busy = refusal(429);
  busy.to_call = 1;
  busy.headers["retry-after"] = "2";
  first_->set_script({busy});
  open({first_route(), second_route()});
  const auto done = ask();
  ASSERT_TRUE(done.has_value()) << done.error().message();
  EXPECT_THAT(outcomes(done), ElementsAre("groq: rate limited", "openai: answered"));
  manual_clock_.advance(milliseconds(1999));
  ASSERT_TRUE(ask().has_value());
  EXPECT_EQ(first_->attempts().size(), 1U) << "asked before the time it asked for";
  manual_clock_.advance(milliseconds(201));
  ASSERT_TRUE(ask().has_value());
  EXPECT_EQ(first_->attempts().size(), 2U);
}

TEST_F(Failover, S01WaitsItselfWhenThereIsNobodyElse) {
  FakeRule busy = refusal(429);
  busy.to_call = 1;
  busy.headers["retry-after"] = "2";
  first_->set_script({busy});
  open({first_route()});
  const SteadyTime before = manual_clock_.steady();
  const auto done = ask();
  ASSERT_TRUE(done.has_value()) << done.error().message();
  EXPECT_GE(manual_clock_.steady() - before, seconds(2));
  EXPECT_EQ(first_->attempts().size(), 2U);
}

TEST_F(Failover, S02GivesUpOnAPersistent429WithinItsAttempts) {
  FakeRule busy = refusal(429);
  busy.headers["retry-after"] = "1";
  first_->set_script({busy});
  open({first_route()});
  const auto done = ask();
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().kind(), ErrorKind::kRateLimited);
  EXPECT_LE(first_->attempts().size(), 6U);
  EXPECT_EQ(ada().used(), Money()) << "turned away, so not billed";
}

TEST_F(Failover, S03RepeatsASingle500AtTheSamePlace) {
  FakeRule once = refusal(500);
  once.to_call = 1;
  first_->set_script({once});
  open({first_route(), second_route()});
  const auto done = ask();
  EXPECT_THAT(outcomes(done), ElementsAre("groq: server fault", "groq: answered"));
  EXPECT_TRUE(second_->attempts().empty());
}

TEST_F(Failover, S04LeavesAPersistent503AndOpensTheBreakerAtFive) {
  first_->set_script({refusal(503)});
  open({first_route(), second_route()});
  for (int i = 0; i < 10; ++i) {
    const auto done = ask();
    ASSERT_TRUE(done.has_value()) << done.error().message();
    EXPECT_EQ(done->provider, "openai");
  }
  EXPECT_EQ(first_->attempts().size(), 5U);
  EXPECT_TRUE(engine_->providers()[0].breaker_open);
}

TEST_F(Failover, S05FallsThroughOnAResetBeforeTheHead) {
  first_->set_script({fault(FakeFault::kResetBeforeHead)});
  open({first_route(), second_route()});
  const auto done = ask();
  EXPECT_THAT(outcomes(done), ElementsAre("groq: broken reply", "openai: answered"));
  EXPECT_EQ(first_->attempts().size(), 1U) << "a request that may have been billed is not repeated";
}

TEST_F(Failover, S06LeavesASilentProviderWithinTheCallsTime) {
  clock_ = &real_clock_;
  first_->set_script({fault(FakeFault::kHang)});
  open({first_route(), second_route()});
  CompletionRequest request = question();
  request.time = seconds(20);
  const SteadyTime before = real_clock_.steady();
  const auto done = ask(request);
  EXPECT_THAT(outcomes(done), ElementsAre("groq: timeout", "openai: answered"));
  EXPECT_LT(real_clock_.steady() - before, request.time);
}

TEST_F(Failover, S07TakesASlowFirstByteWithinItsLimitAndLeavesOneBeyond) {
  FakeRule slow;
  slow.delay = milliseconds(100);
  first_->set_script({slow});
  open({first_route(), second_route()});
  EXPECT_EQ(ask()->provider, "groq");
  slow.delay = seconds(5);
  first_->set_script({slow});
  EXPECT_EQ(ask()->provider, "openai");
}

TEST_F(Failover, S08ReportsAStreamThatIsCutAsIncompleteNeverAsSuccess) {
  for (const FakeFault how : {FakeFault::kCutStream, FakeFault::kResetStream}) {
    FakeRule cut = fault(how, 41);
    cut.words = 60;
    cut.piece_delay = milliseconds(2);  // a reset takes what the reader has not got yet
    first_->set_script({cut});
    open({first_route(), second_route()});
    const auto done = stream();
    ASSERT_FALSE(done.has_value());
    EXPECT_THAT(done.error().message(), HasSubstr("broke off after a part"));
    EXPECT_THAT(shown_, HasSubstr(how == FakeFault::kCutStream ? "w39" : "w0"));
    EXPECT_TRUE(second_->attempts().empty()) << "another model would not continue but begin anew";
  }
}

TEST_F(Failover, S08FallsBackFromAStreamThatIsCutBeforeAnyText) {
  first_->set_script({fault(FakeFault::kCutStream, 1)});
  open({first_route(), second_route()});
  const auto done = stream();
  ASSERT_TRUE(done.has_value()) << done.error().message();
  EXPECT_EQ(done->provider, "openai");
  EXPECT_EQ(done->text, shown_);
}

TEST_F(Failover, S09LeavesAStreamThatStalls) {
  first_->set_script({fault(FakeFault::kStall, 1)});
  open({first_route(), second_route()});
  const auto done = stream();
  EXPECT_THAT(outcomes(done), ElementsAre("groq: timeout", "openai: answered"));
  first_->set_script({fault(FakeFault::kStall, 4)});
  const auto broken = stream();
  ASSERT_FALSE(broken.has_value());
  EXPECT_EQ(broken.error().kind(), ErrorKind::kDeadlineExceeded);
}

TEST_F(Failover, S10DoesNotTakeAMalformedPieceForText) {
  FakeRule malformed = fault(FakeFault::kMalformedPiece, 10);
  malformed.words = 30;
  first_->set_script({malformed});
  open({first_route()});
  const auto done = stream();
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().kind(), ErrorKind::kUnavailable);
  EXPECT_THAT(done.error().message(), HasSubstr("no JSON"));
}

TEST_F(Failover, S11DoesNotTakeAStreamWithoutItsEndForAnAnswer) {
  first_->set_script({fault(FakeFault::kNoTerminator)});
  open({first_route()});
  const auto done = stream();
  ASSERT_FALSE(done.has_value());
  EXPECT_THAT(done.error().message(), HasSubstr("ended before its end"));
}

TEST_F(Failover, S12DoesNotRepeatWhatIsTooLongAndAsksAnotherModel) {
  FakeRule too_long = refusal(400);
  too_long.body = R"({"error":{"message":"This model's maximum context length is 10 tokens",)"
                  R"("type":"invalid_request_error","code":"context_length_exceeded"}})";
  first_->set_script({too_long});
  open({first_route(), second_route()});
  EXPECT_THAT(outcomes(ask()), ElementsAre("groq: too long", "openai: answered"));
  open({first_route()});
  const auto alone = ask();
  ASSERT_FALSE(alone.has_value());
  EXPECT_EQ(alone.error().kind(), ErrorKind::kInvalidInput);
  EXPECT_EQ(first_->attempts().size(), 2U);
}

TEST_F(Failover, S13NeitherRepeatsARefusalNorShopsAround) {
  FakeRule refused = refusal(400);
  refused.body = R"({"error":{"message":"flagged","type":"invalid_request_error",)"
                 R"("code":"content_filter"}})";
  first_->set_script({refused});
  open({first_route(), second_route()});
  const auto done = ask();
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().kind(), ErrorKind::kForbidden);
  EXPECT_EQ(first_->attempts().size(), 1U);
  EXPECT_TRUE(second_->attempts().empty());
  FakeRule filtered;
  filtered.finish = "content_filter";
  first_->set_script({filtered});
  EXPECT_EQ(ask().error().kind(), ErrorKind::kForbidden);
  EXPECT_TRUE(second_->attempts().empty());
}

TEST_F(Failover, S14NeverResumesAStreamByPrefill) {
  FakeRule cut = fault(FakeFault::kCutStream, 6);
  first_->set_script({cut});
  open({first_route(), second_route()});
  ASSERT_FALSE(stream().has_value());
  ASSERT_EQ(first_->attempts().size(), 1U);
  EXPECT_EQ(first_->attempts()[0].body.find("\"assistant\""), std::string::npos);
}

TEST_F(Failover, S15ProbesAnOutageOnceAMinuteInsteadOfHammeringIt) {
  first_->set_script({refusal(503)});
  open({first_route(), second_route()});
  for (int second = 0; second < 60; ++second) {
    ASSERT_TRUE(ask().has_value());
    manual_clock_.advance(seconds(1));
  }
  const std::size_t within_a_minute = first_->attempts().size();
  EXPECT_LE(within_a_minute, 6U);
  first_->set_script({});
  manual_clock_.advance(seconds(70));
  EXPECT_EQ(ask()->provider, "groq") << "the probe is a call like any other";
  EXPECT_FALSE(engine_->providers()[0].breaker_open);
}

TEST_F(Failover, S16AccountsUsageToTheToken) {
  FakeRule exact;
  exact.input_tokens = 1234;
  exact.output_tokens = 56;
  first_->set_script({exact});
  CompletionRequest request = question();
  request.prompt.messages[0].text.assign(2000, 'x');  // held by its bytes: more than is billed
  open({first_route()});
  for (const bool is_streamed : {false, true}) {
    const Money before = ada().spent;
    const auto done = is_streamed ? stream(request) : ask(request);
    ASSERT_TRUE(done.has_value()) << done.error().message();
    EXPECT_EQ(done->usage.input, 1234);
    EXPECT_EQ(done->usage.output, 56);
    const Money bill = Money::pico(1234 * 75'000 + 56 * 300'000);
    EXPECT_EQ(done->cost, bill);
    EXPECT_EQ((ada().spent - before), bill);
    EXPECT_EQ(ada().held, Money());
  }
}

TEST_F(Failover, CountsAnErrorWithinAStreamAgainstThePlaceThoughItsStatusWas200) {
  first_->set_script({fault(FakeFault::kErrorInStream, 1)});
  open({first_route(), second_route()});
  for (int i = 0; i < 5; ++i) {
    const auto done = stream();
    ASSERT_TRUE(done.has_value()) << done.error().message();
    EXPECT_EQ(done->provider, "openai");
  }
  EXPECT_TRUE(engine_->providers()[0].breaker_open);
}

TEST_F(Failover, DoesNotCountCancelledCallsAgainstThePlace) {
  FakeRule slow;
  slow.piece_delay = milliseconds(20);
  slow.words = 200;
  first_->set_script({slow});
  open({first_route()});
  for (int i = 0; i < 6; ++i) {
    std::stop_source stop;
    const auto done = engine_->complete(
        "cancelled-" + std::to_string(i), question(),
        [&](std::string_view) { stop.request_stop(); }, stop.get_token());
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().kind(), ErrorKind::kCancelled);
  }
  EXPECT_FALSE(engine_->providers()[0].breaker_open);
  first_->await_attempts(6);
  for (const auto& attempt : first_->attempts()) EXPECT_TRUE(attempt.hung_up);
}

TEST_F(Failover, MarksAWrongKeyUnusableAndDoesNotComeBackToIt) {
  first_->set_script({refusal(401)});
  open({first_route(), second_route()});
  for (int i = 0; i < 4; ++i) EXPECT_EQ(ask()->provider, "openai");
  EXPECT_EQ(first_->attempts().size(), 1U);
  EXPECT_THAT(engine_->providers()[0].refusal, HasSubstr("401"));
}

TEST_F(Failover, SendsExactlyOneProbeAmongAHundredCallsAtOnce) {
  first_->set_script({refusal(503)});
  open({first_route(), second_route()});
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(ask().has_value());
  ASSERT_TRUE(engine_->providers()[0].breaker_open);
  const std::size_t before = first_->attempts().size();
  manual_clock_.advance(seconds(70));
  FakeRule slow = refusal(503);
  slow.delay = milliseconds(300);
  first_->set_script({slow});
  std::atomic<int> answered{0};
  WorkerPool pool(16);
  pool.parallel_for(100, [&](std::size_t i, std::size_t) {
    if (engine_->complete("probe-" + std::to_string(i), question())) ++answered;
  });
  EXPECT_EQ(answered.load(), 100);
  EXPECT_EQ(first_->attempts().size() - before, 1U);
}

TEST_F(Failover, AsksElsewhereWhenAnAnswerBreaksItsSchemaAndPaysForBoth) {
  FakeRule unconstrained;  // a server that drops the grammar it was given, under status 200
  unconstrained.text = R"({"reason":"it depends"})";
  first_->set_script({unconstrained});
  FakeRule constrained;
  constrained.text = R"({"cause":"a race"})";
  second_->set_script({constrained});
  open({first_route(), second_route()});
  CompletionRequest request = question();
  request.prompt.schema = R"({"type":"object","properties":{"cause":{"type":"string"}},)"
                          R"("required":["cause"],"additionalProperties":false})";
  const auto done = ask(request);
  ASSERT_TRUE(done.has_value()) << done.error().message();
  EXPECT_EQ(done->text, constrained.text);
  EXPECT_THAT(outcomes(done), ElementsAre("groq: invalid answer", "openai: answered"));
  EXPECT_EQ(done->cost, ada().spent);
  EXPECT_FALSE(engine_->providers()[0].breaker_open);
  request.prompt.schema = R"({"oneOf":[]})";
  EXPECT_EQ(ask(request).error().kind(), ErrorKind::kInvalidInput);
}

TEST_F(Failover, NeverFollowsARedirect) {
  FakeRule away = fault(FakeFault::kRedirect);
  away.location = second_->url() + "/v1/chat/completions";
  first_->set_script({away});
  open({first_route()});
  EXPECT_FALSE(ask().has_value());
  EXPECT_TRUE(second_->attempts().empty());
}

TEST_F(Failover, GivesATextOnWithinMillisecondsOfItsArrival) {
  clock_ = &real_clock_;
  FakeRule paced;
  paced.words = 20;
  paced.piece_delay = milliseconds(30);
  first_->set_script({paced});
  open({first_route()});
  std::vector<SteadyTime> arrivals;
  const auto done = engine_->complete(
      "paced", question(), [&](std::string_view) { arrivals.push_back(real_clock_.steady()); });
  ASSERT_TRUE(done.has_value()) << done.error().message();
  ASSERT_EQ(arrivals.size(), 20U) << "each piece is given on by itself, not with the next";
}

}  // namespace
}  // namespace tacit::inference
