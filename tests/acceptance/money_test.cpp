// Money along the whole path: what is held, settled, released and counted as spent, and who is
// refused; with the ledger and the providers at the ends of it real or on real sockets.
#include <atomic>

#include "base/worker.h"
#include "engine_fixture.h"

namespace tacit::inference {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;

class MoneyPath : public EngineTestBase {
 protected:
  void limit(Money month) {
    engine_.reset();
    ledger_.reset();
    budget_.developer_month = month;
    ledger_ = store::open_ledger(*store_, budget_, *clock_).value();
  }
  // The most that question() can cost at the first place.
  Money price_of_one() const {
    const auto tokens =
        static_cast<std::int64_t>(question().prompt.messages[0].text.size()) + 4 + 103;
    return quote(*first_route().facts, tokens, 64, test_time())->amount;
  }
};

TEST_F(MoneyPath, RefusesACallThatDoesNotFitAndSendsNothing) {
  limit(price_of_one() - Money::pico(1));
  open({first_route()});
  const auto done = ask();
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().kind(), ErrorKind::kBudgetExhausted);
  EXPECT_TRUE(first_->attempts().empty());
  limit(price_of_one());
  open({first_route()});
  EXPECT_TRUE(ask().has_value());
}

TEST_F(MoneyPath, AsksALocalModelWhenTheMoneyIsGone) {
  limit(Money::pico(1));
  open({first_route(), local_route()});
  const auto done = ask();
  ASSERT_TRUE(done.has_value()) << done.error().message();
  EXPECT_EQ(done->provider, "local");
  EXPECT_EQ(done->cost, Money());
  EXPECT_TRUE(first_->attempts().empty());
}

TEST_F(MoneyPath, CountsTheWholeHoldWhenNobodyKnowsWhatACallCost) {
  for (const FakeFault how : {FakeFault::kResetBeforeHead, FakeFault::kHang, FakeFault::kGarbage,
                              FakeFault::kNoUsage, FakeFault::kZeroUsage}) {
    first_->set_script({fault(how)});
    open({first_route()});
    const Money before = ada().spent;
    (void)ask();
    EXPECT_EQ((ada().spent - before), price_of_one()) << static_cast<int>(how);
    EXPECT_EQ(ada().held, Money());
  }
  EXPECT_GE(ada().spent.pico(), first_->billed_pico());
}

TEST_F(MoneyPath, ReleasesWhatWasProvablyNotBilled) {
  for (const int status : {400, 401, 413, 429, 503}) {
    first_->set_script({refusal(status)});
    open({first_route()});
    (void)ask();
    EXPECT_EQ(ada().used(), Money()) << status;
  }
  const Route nobody = route("groq/openai/gpt-oss-20b", "http://127.0.0.1:1/v1");
  open({nobody});
  const auto done = ask();
  ASSERT_FALSE(done.has_value());
  EXPECT_THAT(done.error().message(), HasSubstr("unreachable"));
  EXPECT_EQ(ada().used(), Money());
}

TEST_F(MoneyPath, HoldsForEachAttemptAndEndsOneBeforeTheNext) {
  FakeRule twice = refusal(500);
  twice.to_call = 2;
  first_->set_script({twice});
  open({first_route()});
  const auto done = ask();
  ASSERT_TRUE(done.has_value()) << done.error().message();
  ASSERT_EQ(done->attempts.size(), 3U);
  EXPECT_NE(done->attempts[0].hold, done->attempts[1].hold);
  EXPECT_EQ(ada().held, Money());
  EXPECT_EQ(done->cost, ada().spent) << "failed attempts that may be billed are part of the cost";
}

TEST_F(MoneyPath, NeverCutsACostDownToItsHold) {
  FakeRule dear;
  dear.input_tokens = 50'000;
  first_->set_script({dear});
  open({first_route()});
  const auto done = ask();
  ASSERT_TRUE(done.has_value()) << done.error().message();
  EXPECT_GT(done->cost, price_of_one());
  EXPECT_EQ(ada().spent, done->cost);
}

TEST_F(MoneyPath, LearnsNothingFromPromptsThatWereCountedByTheirBytes) {
  open({first_route()});
  ASSERT_TRUE(ask().has_value());
  EXPECT_TRUE(ledger_->prompt_counts("groq", first_route().model, 10)->empty());
}

TEST_F(MoneyPath, CallsNothingRemoteWithoutALedger) {
  engine_.reset();
  options_.chain = {first_route(), local_route()};
  EngineParts parts{*clock_};
  parts.ledger_trouble = "the disk is full";
  engine_ = Engine::open(options_, std::move(parts)).value();
  EXPECT_EQ(ask()->provider, "local");
  EXPECT_TRUE(first_->attempts().empty());
}

TEST_F(MoneyPath, RefusesWhatHasNoPriceOrIsRetired) {
  Route unpriced = route("groq/qwen/qwen3.8-27b", first_->url() + "/v1");
  open({unpriced});
  const auto done = ask();
  ASSERT_FALSE(done.has_value());
  EXPECT_THAT(done.error().message(), HasSubstr("price"));
  EXPECT_TRUE(first_->attempts().empty());
}

TEST_F(MoneyPath, KeepsBackgroundWorkLocalFromNinetyPerCentOn) {
  limit(price_of_one() * 10);
  open({first_route(), local_route()});
  FakeRule all;  // each call costs its whole hold
  all.fault = FakeFault::kNoUsage;
  first_->set_script({all});
  for (int i = 0; i < 9; ++i) ASSERT_EQ(ask()->provider, "groq") << i;
  CompletionRequest background = question();
  background.urgency = Urgency::kBackground;
  EXPECT_EQ(ask(background)->provider, "local");
  EXPECT_EQ(ask()->provider, "groq");
  EXPECT_EQ(ask()->provider, "local") << "the month is used up";
}

TEST_F(MoneyPath, PaysOnceForTheSameQuestion) {
  open({first_route()});
  CompletionRequest request = question();
  request.prompt.temperature = 0;
  const auto first = ask(request);
  ASSERT_TRUE(first.has_value()) << first.error().message();
  EXPECT_FALSE(first->is_cached);
  request.developer = "bob";
  const auto again = stream(request);
  ASSERT_TRUE(again.has_value()) << again.error().message();
  EXPECT_TRUE(again->is_cached);
  EXPECT_EQ(shown_, first->text);
  EXPECT_EQ(again->cost, Money());
  EXPECT_EQ(first_->attempts().size(), 1U);
  request.project = "another";
  EXPECT_FALSE(ask(request)->is_cached);
  request.sensitivity = Sensitivity::kPublic;
  EXPECT_FALSE(ask(request)->is_cached);
  manual_clock_.advance(std::chrono::hours(2) + Duration(1));
  EXPECT_FALSE(ask(request)->is_cached);
  EXPECT_EQ(first_->attempts().size(), 4U);
}

TEST_F(MoneyPath, KeepsNeitherCutAnswersNorFailures) {
  FakeRule cut;
  cut.finish = "length";
  first_->set_script({cut});
  open({first_route()});
  CompletionRequest request = question();
  request.prompt.temperature = 0;
  ASSERT_TRUE(ask(request).has_value());
  ASSERT_TRUE(ask(request).has_value());
  first_->set_script({fault(FakeFault::kNoTerminator)});
  EXPECT_FALSE(stream(request).has_value());
  first_->set_script({});
  const auto done = ask(request);
  ASSERT_TRUE(done.has_value()) << done.error().message();
  EXPECT_FALSE(done->is_cached);
}

TEST_F(MoneyPath, AHundredEqualQuestionsAtOnceAreOneCall) {
  FakeRule slow;
  slow.delay = milliseconds(200);
  first_->set_script({slow});
  open({first_route()});
  CompletionRequest request = question();
  request.prompt.temperature = 0;
  std::atomic<int> answered{0};
  std::atomic<int> paid{0};
  WorkerPool callers(100);
  callers.parallel_for(100, [&](std::size_t i, std::size_t) {
    const auto done = engine_->complete("equal-" + std::to_string(i), request);
    if (!done) return;
    ++answered;
    if (done->cost > Money()) ++paid;
  });
  EXPECT_EQ(answered.load(), 100);
  EXPECT_EQ(paid.load(), 1);
  EXPECT_EQ(first_->attempts().size(), 1U);
}

TEST_F(MoneyPath, ACallerThatLeavesTakesNothingFromTheOthers) {
  FakeRule slow;
  slow.delay = milliseconds(200);
  first_->set_script({slow});
  open({first_route()});
  CompletionRequest request = question();
  request.prompt.temperature = 0;
  std::stop_source leaves;
  Result<Completion> left = fail(ErrorKind::kInternal, "");
  Result<Completion> stayed = fail(ErrorKind::kInternal, "");
  {
    Worker first("first", [&](std::stop_token) {
      left = engine_->complete("leaver", request, {}, leaves.get_token());
    });
    first_->await_arrivals(1);
    Worker second("second",
                  [&](std::stop_token) { stayed = engine_->complete("stayer", request); });
    real_clock_.wait(milliseconds(50), {});
    leaves.request_stop();
  }
  EXPECT_EQ(left.error().kind(), ErrorKind::kCancelled);
  EXPECT_TRUE(stayed.has_value());
  EXPECT_EQ(first_->attempts().size(), 1U);
}

TEST_F(MoneyPath, HoldsForEmbeddingsInArraysOf32) {
  options_.embeddings = {route("openai/text-embedding-3-small", second_->url() + "/v1")};
  // 50,000 numbers are written before the first byte: on a busy machine that takes its time.
  options_.attempt.first_byte_timeout = std::chrono::seconds(20);
  open({});
  EmbeddingRequest request;
  request.developer = "ada";
  request.sensitivity = Sensitivity::kInternal;
  for (int i = 0; i < 70; ++i) request.texts.push_back("text " + std::to_string(i));
  const auto done = engine_->embed("embed-1", request);
  ASSERT_TRUE(done.has_value()) << done.error().message();
  EXPECT_EQ(done->vectors.size(), 70U);
  EXPECT_EQ(done->vectors[0].size(), 1536U);
  EXPECT_EQ(second_->attempts().size(), 3U);
  EXPECT_EQ(ada().spent, Money::pico(3 * 100 * 20'000));
  request.sensitivity = Sensitivity::kConfidential;
  EXPECT_FALSE(engine_->embed("embed-2", request).has_value());
  EXPECT_EQ(second_->attempts().size(), 3U);
}

}  // namespace
}  // namespace tacit::inference
