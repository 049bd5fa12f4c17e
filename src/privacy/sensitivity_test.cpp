// Goal: the rules around the layers: what decides first, and that whatever goes wrong keeps a text
// at home. The tables of texts are in sensitivity_table_test.cpp. Method: a scripted embedder and
// model.
#include "privacy/sensitivity.h"

#include <gtest/gtest.h>

#include <cmath>

#include "testing/fixtures.h"

namespace tacit::privacy {
namespace {

using enum Sensitivity;

// Gives the axis that belongs to a text; fails when told to.
class AxisEmbedder final : public Embedder {
 public:
  const EmbeddingSpace& space() const override { return space_; }
  Result<std::vector<Embedding>> embed(std::span<const std::string_view> texts,
                                       Deadline deadline) override {
    ++calls;
    if (fails) return fail(ErrorKind::kUnavailable, "no model");
    if (deadline.has_passed()) return fail(ErrorKind::kDeadlineExceeded, "late");
    std::vector<Embedding> embeddings;
    for (const std::string_view text : texts) {
      if (text.find("meteor") != std::string_view::npos)
        embeddings.push_back({similarity, std::sqrt(1 - similarity * similarity)});
      else
        embeddings.push_back(text.find("comet") != std::string_view::npos ? Embedding{1, 0}
                                                                          : Embedding{-1, 0});
    }
    if (drops_one) embeddings.pop_back();
    return embeddings;
  }

  float similarity = 1;
  bool fails = false;
  bool drops_one = false;
  int calls = 0;

 private:
  EmbeddingSpace space_{"axis", 2};
};

class SensitivityTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto redactor = Redactor::make(testing::test_key());
    ASSERT_TRUE(redactor.has_value());
    redactor_ = redactor->release();
  }
  static void TearDownTestSuite() {
    delete redactor_;
    redactor_ = nullptr;
  }
  void SetUp() override {
    options_.topics.push_back({"sky", kConfidential, {}, {}, {}, {}, {"The comet was seen."}});
  }
  std::unique_ptr<Sensitivities> make(Embedder* embedder = nullptr,
                                      LocalSensitivityModel model = {}) {
    auto made = Sensitivities::make(options_, {*redactor_, embedder, std::move(model)});
    EXPECT_TRUE(made.has_value()) << made.error().message();
    return made ? std::move(*made) : nullptr;
  }
  static SensitivityDecision decide(const Sensitivities& sensitivities, std::string_view text,
                                    std::vector<std::string_view> paths = {}) {
    return sensitivities.decide({{text}, std::move(paths)}, Deadline::none());
  }

  static inline Redactor* redactor_ = nullptr;  // compiling its rules takes a while
  SensitivityOptions options_;
  AxisEmbedder embedder_;
};

TEST_F(SensitivityTest, AnOrdinaryTextMayLeaveAndThePatternLayerSaysSo) {
  const auto decision = decide(*make(), "Why does this test fail?", {"src/net/http.cpp"});
  EXPECT_EQ(decision.label, kInternal);
  EXPECT_EQ(decision.layer, SensitivityLayer::kPattern);
  EXPECT_EQ(decision.reason, "nothing found");
  EXPECT_TRUE(may_leave(decision.label, PrivacyMode::kAuto));
}

TEST_F(SensitivityTest, AnUndecidedDecisionStays) {
  EXPECT_FALSE(may_leave(SensitivityDecision{}.label, PrivacyMode::kRemote));
}

TEST_F(SensitivityTest, ThePathDecidesFirst) {
  const auto sensitivities = make(&embedder_);
  for (const char* path :
       {"app/.env", "C:\\Users\\ada\\.ssh\\id_rsa", "deploy/prod.pem", "hr/reviews/2026.md",
        "docs/Legal/opinion.txt", "data/customers_2026.csv", "PAYROLL_nov.xlsx", ".aws/config",
        "medical/letters/1.txt", "secrets/db.yaml", "s\u200becrets/db.yaml"}) {
    const auto decision = decide(*sensitivities, "Explain this file.", {"README.md", path});
    EXPECT_FALSE(may_leave(decision.label, PrivacyMode::kRemote)) << path;
    EXPECT_EQ(decision.layer, SensitivityLayer::kPath) << path;
  }
  EXPECT_EQ(embedder_.calls, 0);
  for (const char* path : {"src/secret_santa.ts", ".env.example", "src/keys.cpp", "docs/hr.css",
                           "paths/environment.ts", "legally/blonde.md"})
    EXPECT_EQ(decide(*sensitivities, "Explain this file.", {path}).layer,
              SensitivityLayer::kEmbedding)
        << path;
}

TEST_F(SensitivityTest, ReasonsNameTheTopicAndNeverTheText) {
  const auto decision = decide(*make(), "Her salary is 84,500 euros.");
  EXPECT_EQ(decision.reason, "pay");
  EXPECT_EQ(decision.layer, SensitivityLayer::kPattern);
  EXPECT_GT(decision.took.count(), 0);
}

TEST_F(SensitivityTest, SecretsAreMoreThanConfidential) {
  EXPECT_EQ(decide(*make(), "key AKIAQ3EGRIPLW7XK4T5N stops working").label, kSecret);
  EXPECT_EQ(decide(*make(), "The password is Tulip-Fjord-88").label, kSecret);
}

TEST_F(SensitivityTest, AllMessagesAreJudgedTogether) {
  const auto sensitivities = make();
  const SensitivityQuestion question{{"You help developers.", "salary of", "Ada: 84500"}, {}};
  EXPECT_EQ(sensitivities->decide(question, Deadline::none()).reason, "pay");
}

TEST_F(SensitivityTest, HintsDecideOnlyNearEachOther) {
  const auto sensitivities = make();
  EXPECT_EQ(decide(*sensitivities, "the attacker knew the exploit").reason, "security");
  const std::string far = "the attacker" + std::string(2 * 200, '.') +
                          std::string(
                              " some words between them here and there and more of them "
                              "until nobody thinks of what was said at first, since it "
                              "is long ago and about another matter altogether") +
                          " the exploit";
  EXPECT_EQ(decide(*sensitivities, far).label, kInternal);
}

TEST_F(SensitivityTest, TopicsOfOnesOwnAreFoundBelowDisguises) {
  options_.topics.push_back(
      {"falcon", kSecret, {"Project Falcon-X", "heronlist*"}, {}, {}, {"falcon*"}, {}});
  const auto sensitivities = make();
  for (const char* text : {"when does project falcon x ship", "PROJECT_FALCON_X", "projectFalconX",
                           "pr0j3ct f4lc0n x", "p r o j e c t f a l c o n x", "the heronlisten"}) {
    const auto decision = decide(*sensitivities, text);
    EXPECT_EQ(decision.label, kSecret) << text;
    EXPECT_EQ(decision.reason, "falcon") << text;
  }
  EXPECT_EQ(decide(*sensitivities, "", {"plans/falcon-2.md"}).label, kSecret);
}

TEST_F(SensitivityTest, AKnownTopicCanBeLeftOutOrAddedTo) {
  options_.without = {"legal"};
  options_.topics.push_back({"pay", kConfidential, {"per diem"}, {}, {}, {}, {}});
  const auto sensitivities = make();
  EXPECT_EQ(decide(*sensitivities, "the plaintiff waits").label, kInternal);
  EXPECT_EQ(decide(*sensitivities, "the per diem for Oslo").reason, "pay");
  EXPECT_EQ(decide(*sensitivities, "the payroll for Oslo").reason, "pay");
}

TEST_F(SensitivityTest, WrongTopicsAreRefused) {
  const auto refused = [&](SensitivityTopic topic) {
    SensitivityOptions options;
    options.topics.push_back(std::move(topic));
    const auto made = Sensitivities::make(options, {*redactor_});
    return !made && made.error().kind() == ErrorKind::kInvalidInput;
  };
  EXPECT_TRUE(refused({"", kConfidential, {"word"}, {}, {}, {}, {}}));
  EXPECT_TRUE(refused({"x", kConfidential, {" "}, {}, {}, {}, {}}));
  EXPECT_TRUE(refused({"x", kConfidential, {"*"}, {}, {}, {}, {}}));
  EXPECT_TRUE(refused({"x", kConfidential, {std::string(kMaxWordBytes + 1, 'a')}, {}, {}, {}, {}}));
  EXPECT_FALSE(refused({"x", kConfidential, {"(a[b"}, {}, {}, {}, {}})) << "no pattern language";
  SensitivityOptions options;
  options.without = {"weather"};
  EXPECT_FALSE(Sensitivities::make(options, {*redactor_}).has_value());
}

TEST_F(SensitivityTest, TooLongATextStays) {
  options_.max_bytes = 100;
  EXPECT_EQ(decide(*make(), std::string(98, 'x')).label, kInternal);
  EXPECT_EQ(decide(*make(), std::string(101, 'x')).reason, "too long");
  options_.max_bytes = kMaxDecidedBytes;
  options_.max_embedded_bytes = 50;
  EXPECT_EQ(decide(*make(&embedder_), std::string(101, 'x')).reason, "too long");
}

TEST_F(SensitivityTest, AnUnknownLanguageStays) {
  EXPECT_EQ(decide(*make(), "他的工资是每月三万元请帮我写一封邮件给人事部门").reason,
            "unknown language");
  EXPECT_EQ(decide(*make(), "Rename the class 数据 in all files of the module").label, kInternal);
}

TEST_F(SensitivityTest, MoreDisguisesThanAreTakenOffStay) {
  std::string text = "a \"quote\" in a line";
  for (int i = 0; i < 7; ++i) {
    std::string outer = "\"";
    for (const char c : text)
      outer += (c == '"' || c == '\\') ? std::string{'\\', c} : std::string{c};
    text = outer + "\"";
  }
  EXPECT_EQ(decide(*make(), text).reason, "too many disguises");
}

TEST_F(SensitivityTest, WhatIsNearAnExampleStays) {
  const auto sensitivities = make(&embedder_);
  embedder_.similarity = 0.9F;
  const auto decision = decide(*sensitivities, "A meteor fell.");
  EXPECT_EQ(decision.label, kConfidential);
  EXPECT_EQ(decision.layer, SensitivityLayer::kEmbedding);
  EXPECT_EQ(decision.reason, "sky");
  EXPECT_EQ(decide(*sensitivities, "A train came.").label, kInternal);
  EXPECT_EQ(decide(*make(), "A meteor fell.").label, kInternal) << "without the layer it leaves";
}

TEST_F(SensitivityTest, OnePieceOfALongTextIsEnough) {
  embedder_.similarity = 0.9F;
  std::string text;
  for (int i = 0; i < 200; ++i) text += "A train came to the station.\n";
  text += "A meteor fell.\n";
  EXPECT_EQ(decide(*make(&embedder_), text).reason, "sky");
}

TEST_F(SensitivityTest, AnEmbedderThatFailsOrIsLateKeepsTheTextHere) {
  embedder_.fails = true;
  EXPECT_EQ(decide(*make(&embedder_), "A train came.").reason, "embedder failed");
  EXPECT_EQ(decide(*make(&embedder_), "A train came.").label, kConfidential);
  embedder_.fails = false;
  const auto sensitivities = make(&embedder_);
  const auto late = sensitivities->decide({{"A train came."}, {}},
                                          Deadline::after(std::chrono::milliseconds(-1)));
  EXPECT_EQ(late.label, kConfidential);
  EXPECT_EQ(late.reason, "no time");
  embedder_.drops_one = true;
  EXPECT_EQ(decide(*make(&embedder_), "A train came.").label, kConfidential);
}

TEST_F(SensitivityTest, OnlyWhatIsInDoubtIsAskedOfTheModel) {
  int asked = 0;
  const auto sensitivities = make(&embedder_, [&](std::string_view) -> Result<Sensitivity> {
    ++asked;
    return kPublic;
  });
  EXPECT_EQ(decide(*sensitivities, "A train came.").label, kInternal);
  EXPECT_EQ(asked, 0);
  embedder_.similarity = 0.45F;
  const auto decision = decide(*sensitivities, "A meteor fell.");
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(decision.label, kPublic);
  EXPECT_EQ(decision.layer, SensitivityLayer::kModel);
  embedder_.similarity = 0.9F;
  EXPECT_EQ(decide(*sensitivities, "A meteor fell.").label, kConfidential);
  EXPECT_EQ(asked, 1) << "a model cannot open what a layer before it closed";
}

TEST_F(SensitivityTest, DoubtWithoutAnAnswerIsConfidential) {
  embedder_.similarity = 0.45F;
  EXPECT_EQ(decide(*make(&embedder_), "A meteor fell.").reason, "in doubt");
  // One says that it failed, one throws, one says what is no label.
  const std::vector<LocalSensitivityModel> broken = {
      [](std::string_view) -> Result<Sensitivity> { return fail(ErrorKind::kUnavailable, "down"); },
      [](std::string_view) -> Result<Sensitivity> {
        return static_cast<Sensitivity>(std::vector<int>().at(1));
      },
      [](std::string_view) -> Result<Sensitivity> { return static_cast<Sensitivity>(9); }};
  for (const LocalSensitivityModel& model : broken) {
    const auto decision = decide(*make(&embedder_, model), "A meteor fell.");
    EXPECT_EQ(decision.label, kConfidential);
    EXPECT_EQ(decision.reason, "model failed");
  }
}

TEST(SensitivityTopics, AreNamed) {
  EXPECT_EQ(known_sensitivity_topics().size(), 11U);
  EXPECT_EQ(known_sensitivity_topics().front(), "credentials");
}

}  // namespace
}  // namespace tacit::privacy
