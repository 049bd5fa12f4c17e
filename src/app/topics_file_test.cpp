#include "app/topics_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/config.h"
#include "privacy/redactor.h"
#include "testing/fixtures.h"

namespace tacit::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class TopicsFileTest : public ::testing::Test {
 protected:
  Result<privacy::SensitivityOptions> read(const std::string& text) {
    testing::write_file(file_, text);
    return read_topics(file_);
  }
  std::string refusal(const std::string& text) {
    const auto topics = read(text);
    return topics ? "accepted" : topics.error().message();
  }

  testing::TempFolder folder_;
  const std::filesystem::path file_ = folder_.path() / "topics.toml";
};

TEST_F(TopicsFileTest, ReadsTopicsAndWhatIsLeftOut) {
  const auto topics = read(R"(
without = ["health"]
[[topic]]
name = "merger"
label = "secret"
words = ["project falcon*"]
hints = ["board", "acquisition"]
paths = ["deals/*"]
examples = ["We buy the other company in spring."]
[[topic]]
name = "pay"
words = ["bonus pool"]
)");
  ASSERT_TRUE(topics.has_value()) << topics.error().message();
  EXPECT_THAT(topics->without, ElementsAre("health"));
  ASSERT_EQ(topics->topics.size(), 2U);
  EXPECT_EQ(topics->topics[0].label, Sensitivity::kSecret);
  EXPECT_THAT(topics->topics[0].words, ElementsAre("project falcon*"));
  EXPECT_THAT(topics->topics[0].hints, ElementsAre("board", "acquisition"));
  EXPECT_EQ(topics->topics[1].label, Sensitivity::kConfidential);
}

TEST_F(TopicsFileTest, TellsEachMistakeWithItsLine) {
  EXPECT_THAT(refusal("without = \"health\"\n"), HasSubstr(":1: without must be a list"));
  EXPECT_THAT(refusal("[[topic]]\nwords = [\"x\"]\n"), HasSubstr(":1: a topic has a name"));
  EXPECT_THAT(refusal("[[topic]]\nname = \"a\"\nwrods = [\"x\"]\n"),
              HasSubstr(":3: there is no \"wrods\" here"));
  EXPECT_THAT(refusal("[[topic]]\nname = \"a\"\nwords = [1]\n"), HasSubstr(":3: words must be"));
  EXPECT_THAT(refusal("[topic]\nname = \"a\"\n"), HasSubstr("[[topic]]"));
  EXPECT_THAT(refusal("[[topic\n"), HasSubstr("topics.toml:1"));
  EXPECT_THAT(refusal(std::string(kMaxTopicsFileBytes + 1, '#')), HasSubstr("at most"));
  std::filesystem::remove(file_);
  EXPECT_THAT(read_topics(file_).error().message(), HasSubstr("cannot read"));
}

TEST_F(TopicsFileTest, ATopicCannotOpenWhatAnotherCloses) {
  for (const std::string label : {"public", "internal", "loud"})
    EXPECT_THAT(refusal("[[topic]]\nname = \"a\"\nlabel = \"" + label + "\"\n"),
                HasSubstr("must be confidential or secret"));
}

TEST_F(TopicsFileTest, IsNamedByTheConfigurationAndDecides) {
  testing::write_file(file_, "[[topic]]\nname = \"merger\"\nwords = [\"project falcon\"]\n");
  const auto config = load_config(std::nullopt, [](const std::string&) { return std::nullopt; },
                                  {{"sensitivity_topics", file_.string()}});
  ASSERT_TRUE(config.has_value()) << config.error().message();
  const auto redactor = privacy::Redactor::make(testing::test_key()).value();
  const auto sensitivities =
      privacy::Sensitivities::make(config->settings.inference.sensitivity, {*redactor}).value();
  const auto decide = [&](std::string_view text) {
    return sensitivities->decide({{text}, {}}, Deadline::none()).label;
  };
  EXPECT_EQ(decide("Write a slide about Project Falcon."), Sensitivity::kConfidential);
  EXPECT_NE(decide("Write a slide about caching."), Sensitivity::kConfidential);
}

}  // namespace
}  // namespace tacit::app
