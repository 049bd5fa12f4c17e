// Goal: a batch pays for what it got and for nothing else, whatever the provider, the network or a
// restart does, and nothing that must stay enters one. Method: the real service and ledger against
// the scripted provider, whose own meter is the bill.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "service/inference_service.h"
#include "service/workspace.h"
#include "testing/fake_provider.h"
#include "testing/fixtures.h"

namespace tacit::service {
namespace {

using testing::FakeBatchScript;
using testing::FakeProvider;
using testing::FakeRule;
using Fate = testing::FakeBatchScript::Fate;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class BatchServiceTest : public ::testing::Test {
 protected:
  BatchServiceTest() : clock_(parse_time("2026-11-25T12:00:00Z").value()) {}

  // Reading the ranks takes seconds under sanitizers, and bytes do for holds.
  static void SetUpTestSuite() { ::setenv("TACIT_TOKEN_RANKS", "/there/are/none", 1); }
  static void TearDownTestSuite() { ::unsetenv("TACIT_TOKEN_RANKS"); }

  void SetUp() override {
    provider_ = FakeProvider::start({}).value();
    use("openai", "gpt-5-nano", "/v1");
    open();
  }
  void TearDown() override {
    service_.reset();
    workspace_.reset();
  }

  void use(const std::string& name, const std::string& model, const std::string& below) {
    inference::PlaceOptions place;
    place.provider = name;
    place.model = model;
    place.url = provider_->url() + below;
    place.key_file = (folder_.path() / "key").string();
    testing::write_file(place.key_file, "key-invented");
    std::filesystem::permissions(
        place.key_file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    settings_.chain = {place};
    settings_.developer = "ada";
  }
  // A restart: the ledger and the batches are read anew.
  void open() {
    service_.reset();
    if (workspace_ == nullptr) {
      WorkspaceOptions options;
      options.data_dir = folder_.path() / "data";
      options.wants_model = false;
      workspace_ = Workspace::open(options, Access::kWriter, clock_).value();
    }
    service_ = InferenceService::open(settings_, {workspace_->store(), workspace_->redactor(),
                                                  workspace_->key(), clock_})
                   .value();
  }
  static BatchItem item(std::int64_t line, const std::string& prompt) {
    BatchItem item;
    item.line = line;
    item.request.prompt = prompt;
    item.request.max_output = 100;
    return item;
  }
  static std::vector<BatchItem> three() {
    return {item(1, "Name a cause of flaky tests."), item(2, "Name another cause of them."),
            item(4, "And what is a third one?")};
  }
  Result<BatchView> submit(const std::vector<BatchItem>& items = three()) {
    return service_->batches().submit(items);
  }
  // Lets as much time pass as the next look needs, and looks.
  void look() {
    clock_.advance(kMostLook);
    service_->batches().step();
  }
  BatchView view(const std::string& id) { return service_->batches().view(id).value(); }
  AccountState ada() { return service_->budget()->state; }
  static FakeRule rule(const std::string& path, testing::Fault fault, int status = 200) {
    FakeRule rule;
    rule.path = path;
    rule.fault = fault;
    rule.status = status;
    return rule;
  }
  int calls_to(const std::string& path) const {
    int count = 0;
    for (const auto& attempt : provider_->attempts()) count += attempt.path.ends_with(path) ? 1 : 0;
    return count;
  }
  // What 100 tokens in and 20 out cost in a batch of gpt-5-nano.
  static Money of_one() { return Money::pico((100 * 50'000 + 20 * 400'000) / 2); }

  testing::TempFolder folder_;
  testing::ManualClock clock_;
  std::unique_ptr<FakeProvider> provider_;
  std::unique_ptr<Workspace> workspace_;
  InferenceSettings settings_;
  std::unique_ptr<InferenceService> service_;
};

TEST_F(BatchServiceTest, EveryLineIsAnsweredAtHalfThePriceInAnyOrder) {
  FakeBatchScript script;
  script.running_looks = 1;
  provider_->set_batches(script);
  const auto sent = submit();
  ASSERT_TRUE(sent.has_value()) << sent.error().message();
  EXPECT_EQ(sent->state, "running");
  EXPECT_EQ(sent->waiting, 3);
  EXPECT_GT(sent->held, Money());
  EXPECT_EQ(ada().held, sent->held);
  look();
  EXPECT_EQ(view(sent->id).waiting, 3) << "it runs";
  look();
  const BatchView done = view(sent->id);
  EXPECT_EQ(done.state, "ended");
  EXPECT_EQ(done.outcome, "completed");
  ASSERT_EQ(done.lines.size(), 3U);
  EXPECT_EQ(done.lines[2].line, 4);
  EXPECT_FALSE(done.lines[2].error.has_value());
  EXPECT_THAT(done.lines[2].text, HasSubstr("w0"));
  EXPECT_EQ(done.lines[2].usage.output, 20);
  EXPECT_EQ(done.cost, of_one() * 3);
  EXPECT_EQ(ada().spent, of_one() * 3);
  EXPECT_EQ(ada().held, Money());
  const auto audits = store::call_audits(workspace_->store(), {}).value();
  ASSERT_EQ(audits.size(), 3U);
  EXPECT_EQ(audits[0].outcome, "sent in a batch");
  EXPECT_NE(audits[0].hold, 0);
  look();
  EXPECT_EQ(ada().spent, of_one() * 3) << "settled once";
}

TEST_F(BatchServiceTest, WhatMustStayNeverEntersABatchAndSecretsAreMasked) {
  const std::string password = "Xk29" + std::string("vQw7Zr41Lm");
  auto items = three();
  items[0].request.prompt = "Why does login fail with DB_PASSWORD=" + password + "?";
  items[1].request.mode = PrivacyMode::kLocal;
  const auto sent = submit(items);
  ASSERT_TRUE(sent.has_value()) << sent.error().message();
  EXPECT_EQ(sent->waiting, 1);
  EXPECT_EQ(sent->failed, 2);
  ASSERT_EQ(sent->lines.size(), 2U);
  EXPECT_EQ(sent->lines[0].error->kind(), ErrorKind::kForbidden);
  EXPECT_EQ(sent->lines[1].error->kind(), ErrorKind::kForbidden);
  for (const auto& attempt : provider_->attempts()) {
    EXPECT_THAT(attempt.body, Not(HasSubstr(password)));
    EXPECT_THAT(attempt.body, Not(HasSubstr("another cause")));
  }
  items.erase(items.begin() + 2);
  const auto calls = provider_->attempts().size();
  EXPECT_EQ(submit(items).error().kind(), ErrorKind::kForbidden);
  EXPECT_EQ(provider_->attempts().size(), calls) << "nothing is left to send";
}

TEST_F(BatchServiceTest, ARefusedUploadCostsNothing) {
  provider_->set_script({rule("/files", testing::Fault::kNone, 413)});
  EXPECT_EQ(submit().error().kind(), ErrorKind::kUnavailable);
  EXPECT_EQ(ada().used(), Money());
  provider_->set_script({rule("/files", testing::Fault::kResetBeforeHead)});
  EXPECT_FALSE(submit().has_value());
  EXPECT_EQ(ada().used(), Money()) << "a file that lies there runs nothing";
  EXPECT_EQ(calls_to("/batches"), 0);
  provider_->set_script({rule("/batches", testing::Fault::kNone, 400)});
  EXPECT_FALSE(submit().has_value());
  EXPECT_EQ(ada().used(), Money());
}

TEST_F(BatchServiceTest, ABatchThatMayHaveBegunCountsAsSpent) {
  provider_->set_script({rule("/batches", testing::Fault::kResetBeforeHead)});
  const auto sent = submit();
  EXPECT_FALSE(sent.has_value());
  EXPECT_EQ(ada().held, Money());
  EXPECT_GT(ada().spent, Money());
  EXPECT_GE(ada().spent.pico(), provider_->billed_pico());
  const auto all = service_->batches().list().value();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].state, "ended");
  EXPECT_EQ(all[0].failed, 3);
}

TEST_F(BatchServiceTest, AFailedBatchRanNothing) {
  FakeBatchScript script;
  script.outcome = "failed";
  for (const char* const id : {"line-1", "line-2", "line-4"}) script.fates[id] = Fate::kMissing;
  provider_->set_batches(script);
  const auto sent = submit();
  look();
  const BatchView done = view(sent->id);
  EXPECT_EQ(done.state, "ended");
  EXPECT_EQ(done.failed, 3);
  EXPECT_EQ(ada().used(), Money());
}

TEST_F(BatchServiceTest, EachLineEndsAsItsOwnResultSays) {
  FakeBatchScript script;
  script.outcome = "expired";
  script.fates = {{"line-1", Fate::kRefused}, {"line-2", Fate::kFailed}, {"line-4", Fate::kUnrun}};
  provider_->set_batches(script);
  auto items = three();
  items.push_back(item(5, "And a fourth one?"));
  items.push_back(item(6, "And a fifth one?"));
  script.fates["line-6"] = Fate::kMissing;
  provider_->set_batches(script);
  const auto sent = submit(items);
  const Money hold = Money::pico(sent->held.pico() / 5);
  look();
  const BatchView done = view(sent->id);
  ASSERT_EQ(done.lines.size(), 5U);
  EXPECT_EQ(done.lines[0].cost, Money()) << "turned away";
  EXPECT_GT(done.lines[1].cost, of_one()) << "nobody knows: the whole hold";
  EXPECT_EQ(done.lines[2].cost, Money()) << "expired";
  EXPECT_EQ(done.lines[3].cost, of_one());
  EXPECT_FALSE(done.lines[3].error.has_value());
  EXPECT_EQ(done.lines[4].cost, Money()) << "every answer is there, so it was not run";
  EXPECT_LT(ada().spent, hold * 3);
  EXPECT_EQ(ada().held, Money());
}

TEST_F(BatchServiceTest, AnAnswerThatIsCountedButNotThereCountsAsSpent) {
  for (const char* const outcome : {"completed", "expired"}) {
    FakeBatchScript script;
    script.outcome = outcome;
    script.fates = {{"line-2", Fate::kHidden}};
    provider_->set_batches(script);
    const Money before = ada().spent;
    const auto sent = submit();
    look();
    EXPECT_EQ(view(sent->id).failed, 1);
    EXPECT_GT(ada().spent - before, of_one() * 3) << outcome;
    EXPECT_EQ(ada().held, Money());
  }
}

TEST_F(BatchServiceTest, TheFirstResultOfALineCountsAndStrangeOnesDoNot) {
  FakeBatchScript script;
  const std::string reply =
      R"({"status_code":200,"body":{"choices":[{"message":{"content":"first"},)"
      R"("finish_reason":"stop"}],"usage":{"prompt_tokens":100,"completion_tokens":20}}}})";
  script.first_lines = {R"({"custom_id":"line-1","response":)" + reply + "\n",
                        R"({"custom_id":"line-99","response":)" + reply + "\n", "this is no JSON\n",
                        "{}\n"};
  provider_->set_batches(script);
  const auto sent = submit();
  look();
  const BatchView done = view(sent->id);
  EXPECT_EQ(done.answered, 3);
  EXPECT_EQ(done.lines[0].text, "first");
  EXPECT_EQ(ada().spent, of_one() * 3);
}

TEST_F(BatchServiceTest, ARunningBatchOutlivesARestart) {
  FakeBatchScript script;
  script.running_looks = 2;
  provider_->set_batches(script);
  const auto sent = submit();
  look();
  open();
  EXPECT_EQ(ada().held, sent->held);
  look();
  open();
  look();
  EXPECT_EQ(view(sent->id).answered, 3);
  EXPECT_EQ(ada().spent, of_one() * 3);
  EXPECT_EQ(calls_to("/batches"), 1) << "never sent again";
}

TEST_F(BatchServiceTest, WhatWasBeingSentWhenTheProcessDiedCountsAsSpent) {
  const auto sent = submit();
  const Money held = sent->held;
  // As if the answer to the call that makes the batch had never been written down.
  ASSERT_TRUE(workspace_->store()
                  .write([&](store::WriteTxn& txn) -> Result<void> {
                    auto row = TACIT_TRY(store::find_batch(store::as_read(txn), sent->id)).value();
                    row.stage = store::BatchStage::kSending;
                    row.remote.clear();
                    return store::update_batch(txn, row);
                  })
                  .has_value());
  open();
  EXPECT_EQ(ada().held, Money());
  EXPECT_EQ(ada().spent, held);
  look();
  const BatchView done = view(sent->id);
  EXPECT_EQ(done.state, "ended");
  EXPECT_EQ(done.failed, 3);
  EXPECT_EQ(ada().spent, held);
  EXPECT_EQ(calls_to("/batches"), 1) << "never sent again";
}

TEST_F(BatchServiceTest, ResultsThatBreakOffAreFetchedAgainAndPaidOnce) {
  FakeRule cut = rule("/content", testing::Fault::kCutStream);
  cut.at_piece = 1;
  const auto sent = submit();
  provider_->set_script({cut});
  look();
  BatchView half = view(sent->id);
  EXPECT_EQ(half.state, "running");
  EXPECT_EQ(half.answered, 1);
  EXPECT_EQ(ada().spent, of_one());
  open();
  EXPECT_EQ(ada().spent, of_one());
  provider_->set_script({});
  look();
  EXPECT_EQ(view(sent->id).answered, 3);
  EXPECT_EQ(ada().spent, of_one() * 3);
}

TEST_F(BatchServiceTest, ACrashBetweenMoneyAndAnswersLosesNeither) {
  const auto sent = submit();
  std::vector<HoldEnd> ends;
  ASSERT_TRUE(
      workspace_->store()
          .read([&](store::ReadTxn& txn) -> Result<void> {
            for (const auto& line : TACIT_TRY(store::batch_lines(txn, sent->id)))
              ends.push_back({line.hold, HoldEnd::Kind::kSettle, of_one(), {100, 0, 0, 0, 20}, ""});
            return {};
          })
          .has_value());
  service_.reset();
  auto ledger = store::open_ledger(workspace_->store(), settings_.budget, clock_).value();
  ASSERT_TRUE(ledger->end_all(ends).has_value());
  ledger.reset();
  open();
  look();
  EXPECT_EQ(view(sent->id).answered, 3);
  EXPECT_EQ(ada().spent, of_one() * 3);
}

TEST_F(BatchServiceTest, AFileOfResultsAboveEveryLimitEndsTheBatch) {
  settings_.batch.most_result_bytes = 600;
  settings_.batch.most_result_line = 300;
  open();
  FakeBatchScript script;
  script.first_lines = {std::string(400, 'x') + "\n"};  // one line too long: passed over
  provider_->set_batches(script);
  const auto sent = submit();
  look();
  const BatchView done = view(sent->id);
  EXPECT_EQ(done.state, "ended");
  EXPECT_THAT(done.outcome, HasSubstr("longer than"));
  EXPECT_EQ(ada().held, Money());
  EXPECT_EQ(ada().spent, sent->held) << "of the lines without a result nobody knows";
}

TEST_F(BatchServiceTest, CancellingEndsItAtTheProviderAndSettlesWhatWasAnswered) {
  FakeBatchScript script;
  script.running_looks = 1000;
  script.fates = {{"line-1", Fate::kUnrun}, {"line-2", Fate::kMissing}};
  provider_->set_batches(script);
  const auto sent = submit();
  look();
  const auto cancelled = service_->batches().cancel(sent->id);
  ASSERT_TRUE(cancelled.has_value()) << cancelled.error().message();
  EXPECT_TRUE(cancelled->is_cancelled);
  look();
  const BatchView done = view(sent->id);
  EXPECT_EQ(done.state, "ended");
  EXPECT_EQ(done.outcome, "cancelled");
  EXPECT_EQ(done.answered, 1);
  EXPECT_EQ(ada().spent, of_one());
  EXPECT_EQ(ada().held, Money());
  EXPECT_EQ(service_->batches().cancel(sent->id).error().kind(), ErrorKind::kConflict);
  EXPECT_EQ(service_->batches().cancel("b0").error().kind(), ErrorKind::kNotFound);
}

TEST_F(BatchServiceTest, OneThatNeverEndsIsCancelledAfterADayAndThenGivenUp) {
  provider_->set_script({rule("/cancel", testing::Fault::kNone, 500)});
  FakeBatchScript script;
  script.running_looks = 1'000'000;
  provider_->set_batches(script);
  const auto sent = submit();
  look();
  EXPECT_EQ(calls_to("/cancel"), 0);
  clock_.advance(kBatchWindow);
  look();
  EXPECT_EQ(calls_to("/cancel"), 1);
  EXPECT_EQ(view(sent->id).state, "running");
  clock_.advance(kBatchGivenUp - kBatchWindow);
  look();
  EXPECT_EQ(view(sent->id).state, "ended");
  EXPECT_EQ(ada().held, Money());
  EXPECT_EQ(ada().spent, sent->held);
}

TEST_F(BatchServiceTest, AProviderThatAsksForTimeGetsIt) {
  FakeRule busy = rule("/batches/", testing::Fault::kNone, 429);
  busy.headers = {{"retry-after", "3600"}};
  provider_->set_script({busy});
  const auto sent = submit();
  look();
  const auto calls = provider_->attempts().size();
  look();
  EXPECT_EQ(provider_->attempts().size(), calls);
  provider_->set_script({});
  clock_.advance(std::chrono::hours(1));
  look();
  EXPECT_EQ(view(sent->id).answered, 3);
}

TEST_F(BatchServiceTest, HoldsNoMoreThanTheBudget) {
  settings_.budget.developer_month = Money::pico(50'000'000);
  open();
  const auto sent = submit();
  ASSERT_TRUE(sent.has_value()) << sent.error().message();
  EXPECT_GT(sent->failed, 0);
  for (const BatchLine& line : sent->lines)
    EXPECT_EQ(line.error->kind(), ErrorKind::kBudgetExhausted);
  look();
  EXPECT_LE(provider_->billed_pico(), 50'000'000);
}

TEST_F(BatchServiceTest, AnthropicAndGeminiBatchesAreSettledToo) {
  use("anthropic", "claude-haiku-5-5", "");
  open();
  FakeBatchScript script;
  script.fates = {{"line-2", Fate::kUnrun}};
  provider_->set_batches(script);
  const auto first = submit();
  ASSERT_TRUE(first.has_value()) << first.error().message();
  look();
  EXPECT_EQ(view(first->id).answered, 2);
  EXPECT_EQ(ada().spent, Money::pico((100 * 100'000 + 20 * 500'000) / 2) * 2);
  use("gemini", "gemini-2.5-flash-lite", "/v1beta");
  open();
  script.fates.clear();
  provider_->set_batches(script);
  const Money before = ada().spent;
  const auto second = submit();
  ASSERT_TRUE(second.has_value()) << second.error().message();
  look();
  EXPECT_EQ(view(second->id).answered, 3);
  EXPECT_EQ(ada().spent - before, Money::pico((100 * 100'000 + 20 * 400'000) / 2) * 3);
}

TEST_F(BatchServiceTest, KeepsASchemaUntilTheAnswerIsThere) {
  auto items = three();
  for (BatchItem& one : items)
    one.request.schema =
        R"({"type":"object","properties":{"a":{"type":"integer"}},"required":["a"]})";
  const auto sent = submit(items);
  open();
  look();
  const BatchView done = view(sent->id);
  EXPECT_EQ(done.failed, 3);
  EXPECT_THAT(done.lines.at(0).error->message(), HasSubstr("schema"));
  EXPECT_EQ(ada().spent, of_one() * 3) << "it was answered, and is paid";
}

TEST_F(BatchServiceTest, RefusesWhatIsNoBatch) {
  EXPECT_EQ(submit({}).error().kind(), ErrorKind::kInvalidInput);
  EXPECT_EQ(submit({item(1, "One."), item(1, "Two.")}).error().kind(), ErrorKind::kInvalidInput);
  EXPECT_EQ(submit({item(0, "One.")}).error().kind(), ErrorKind::kInvalidInput);
  settings_.chain.clear();
  open();
  EXPECT_EQ(submit().error().kind(), ErrorKind::kUnavailable);
}

}  // namespace
}  // namespace tacit::service
