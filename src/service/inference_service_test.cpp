#include "service/inference_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "service/workspace.h"
#include "testing/fake_provider.h"
#include "testing/fixtures.h"

namespace tacit::service {
namespace {

using testing::FakeProvider;
using ::testing::HasSubstr;
using ::testing::Not;

// A remote place and a local one, both on loopback.
class InferenceServiceTest : public ::testing::Test {
 protected:
  InferenceServiceTest() : clock_(parse_time("2026-11-25T12:00:00Z").value()) {}

  void SetUp() override {
    remote_ = FakeProvider::start({}).value();
    local_ = FakeProvider::start({}).value();
    WorkspaceOptions options;
    options.data_dir = folder_.path() / "data";
    options.wants_model = false;
    workspace_ = Workspace::open(options, Access::kWriter, clock_).value();
    inference::PlaceOptions remote;
    remote.provider = "groq";
    remote.model = "openai/gpt-oss-20b";
    remote.url = remote_->url() + "/v1";
    remote.key_file = (folder_.path() / "key").string();
    testing::write_file(remote.key_file, "gsk-invented");
    std::filesystem::permissions(
        remote.key_file, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    inference::PlaceOptions local;
    local.provider = "local";
    local.protocol = inference::Protocol::kOllama;
    local.model = "gemma3:270m";
    local.url = local_->url();
    settings_.chain = {remote, local};
    settings_.developer = "ada";
    open();
  }
  void TearDown() override { service_.reset(); }

  void open() {
    service_.reset();
    service_ = InferenceService::open(settings_, {workspace_->store(), workspace_->redactor(),
                                                  workspace_->key(), clock_})
                   .value();
  }
  Result<InferAnswer> ask(const std::string& prompt, PrivacyMode mode = PrivacyMode::kAuto) {
    InferRequest request;
    request.prompt = prompt;
    request.mode = mode;
    return service_->infer(request);
  }
  std::vector<CallAudit> audits() const {
    return store::call_audits(workspace_->store(), {}).value();
  }

  testing::TempFolder folder_;
  testing::ManualClock clock_;
  std::unique_ptr<FakeProvider> remote_, local_;
  std::unique_ptr<Workspace> workspace_;
  InferenceSettings settings_;
  std::unique_ptr<InferenceService> service_;
};

constexpr const char* kOrdinary = "Name three common causes of flaky tests in a C++ project.";

TEST_F(InferenceServiceTest, AsksTheChainForAnOrdinaryTextAndKeepsAnAuditWithoutContent) {
  const auto answer = ask(kOrdinary);
  ASSERT_TRUE(answer.has_value()) << answer.error().message();
  EXPECT_EQ(answer->completion.provider, "groq");
  EXPECT_GT(answer->completion.cost, Money());
  const auto kept = audits();
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].provider, "groq");
  EXPECT_EQ(kept[0].outcome, "answered");
  EXPECT_NE(kept[0].hold, 0);
  EXPECT_EQ(kept[0].content_hash.size(), 64U);
  EXPECT_EQ(service_->budget()->state.spent, answer->completion.cost);
  EXPECT_EQ(service_->usage(SpendKey::kProvider)->at(0).key, "groq");
}

TEST_F(InferenceServiceTest, WhatTheCacheSavedIsInTheUsageAndOutlivesARestart) {
  const auto paid = ask(kOrdinary);
  ASSERT_TRUE(ask(kOrdinary)->completion.is_cached);
  ASSERT_TRUE(ask(kOrdinary)->completion.is_cached);
  for (int start = 0; start < 2; ++start) {
    const auto rows = service_->usage(SpendKey::kModel).value();
    ASSERT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].calls, 1);
    EXPECT_EQ(rows[0].spent, paid->completion.cost);
    EXPECT_EQ(rows[0].avoided_calls, 2);
    EXPECT_EQ(rows[0].avoided, paid->completion.cost * 2);
    open();
  }
}

TEST_F(InferenceServiceTest, KeepsASecretHereAndMasksItEvenForTheLocalModel) {
  const std::string password = "Xk29" + std::string("vQw7Zr41Lm");
  for (const auto mode : {PrivacyMode::kAuto, PrivacyMode::kRemote, PrivacyMode::kLocal}) {
    const auto answer = ask("Why does login fail with DB_PASSWORD=" + password + "?", mode);
    ASSERT_TRUE(answer.has_value()) << answer.error().message();
    EXPECT_EQ(answer->completion.provider, "local");
    EXPECT_EQ(answer->sensitivity, Sensitivity::kSecret);
    EXPECT_THAT(answer->reason, Not(HasSubstr(password)));
  }
  EXPECT_TRUE(remote_->attempts().empty());
  ASSERT_FALSE(local_->attempts().empty());
  for (const auto& attempt : local_->attempts())
    EXPECT_THAT(attempt.body, Not(HasSubstr(password)));
}

TEST_F(InferenceServiceTest, KeepsATextAboutASensitiveFileHere) {
  InferRequest request;
  request.prompt = kOrdinary;
  request.paths = {"/home/dev/shop/.env"};
  const auto answer = service_->infer(request);
  ASSERT_TRUE(answer.has_value()) << answer.error().message();
  EXPECT_EQ(answer->completion.provider, "local");
  EXPECT_TRUE(remote_->attempts().empty());
}

TEST_F(InferenceServiceTest, RefusesWhatIsNoQuestion) {
  EXPECT_EQ(ask("  \n").error().kind(), ErrorKind::kInvalidInput);
  EXPECT_EQ(ask(std::string(kMaxPromptBytes + 1, 'x')).error().kind(), ErrorKind::kInvalidInput);
  InferRequest request;
  request.prompt = kOrdinary;
  request.max_output = 0;
  EXPECT_EQ(service_->infer(request).error().kind(), ErrorKind::kInvalidInput);
  EXPECT_TRUE(remote_->attempts().empty());
}

TEST_F(InferenceServiceTest, PaysFromTheBudgetOfTheDeveloperThatIsNamed) {
  InferRequest request;
  request.prompt = kOrdinary;
  request.developer = "bob";
  ASSERT_TRUE(service_->infer(request).has_value());
  EXPECT_EQ(service_->budget()->state.spent, Money());
  EXPECT_GT(service_->budget("bob")->state.spent, Money());
}

TEST_F(InferenceServiceTest, SaysWhyAPlaceIsNotCalled) {
  settings_.chain[0].model = "llama-3.1-8b-instant";
  open();
  EXPECT_THAT(service_->providers()[0].refusal, HasSubstr("retired"));
  EXPECT_EQ(ask(kOrdinary)->completion.provider, "local");
}

TEST_F(InferenceServiceTest, AnAnswerOutlivesARestartAndCostsNothingThen) {
  const auto first = ask(kOrdinary);
  ASSERT_TRUE(first.has_value()) << first.error().message();
  open();
  const auto again = ask(kOrdinary);
  ASSERT_TRUE(again.has_value()) << again.error().message();
  EXPECT_TRUE(again->completion.is_cached);
  EXPECT_EQ(again->completion.text, first->completion.text);
  EXPECT_EQ(again->completion.cost, Money());
  EXPECT_EQ(service_->responses().saved, first->completion.cost);
  EXPECT_EQ(remote_->attempts().size(), 1U);
  EXPECT_EQ(service_->budget()->state.spent, first->completion.cost);
}

TEST_F(InferenceServiceTest, AnAnswerThatIsTooOldOrOfAnotherFolderIsAskedAnew) {
  ASSERT_TRUE(ask(kOrdinary).has_value());
  service_.reset();
  clock_.advance(inference::kReplyLife + std::chrono::minutes(1));
  open();
  EXPECT_FALSE(ask(kOrdinary)->completion.is_cached);
}

TEST_F(InferenceServiceTest, AnswersToSensitiveTextsAndAnswersWithSecretsNeverReachTheDisk) {
  testing::FakeRule tells;
  tells.text = "use DB_PASSWORD=Xk29" + std::string("vQw7Zr41Lm");
  remote_->set_script({tells});
  ASSERT_TRUE(ask(kOrdinary).has_value());
  testing::FakeRule local;
  local.text = "the pay is confidential";
  local_->set_script({local});
  ASSERT_TRUE(ask("What is the salary of our designer Ada Miller?").has_value());
  service_.reset();
  workspace_.reset();
  std::string bytes;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path()))
    if (entry.is_regular_file()) bytes += testing::read_file(entry.path());
  EXPECT_THAT(bytes, Not(HasSubstr("vQw7Zr41Lm")));
  EXPECT_THAT(bytes, Not(HasSubstr("the pay is confidential")));
}

TEST_F(InferenceServiceTest, ForgettingAnythingForgetsTheAnswers) {
  testing::FakeRule tells;
  tells.text = "an answer made of what is forgotten";
  remote_->set_script({tells});
  ASSERT_TRUE(ask(kOrdinary).has_value());
  service_.reset();
  store::ForgetTarget target;
  target.exchange = ExchangeId{1};
  ASSERT_TRUE(workspace_->service().forget(target, false).has_value());
  workspace_.reset();
  std::string bytes;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path()))
    if (entry.is_regular_file()) bytes += testing::read_file(entry.path());
  EXPECT_THAT(bytes, Not(HasSubstr("made of what is forgotten")));
}

}  // namespace
}  // namespace tacit::service
