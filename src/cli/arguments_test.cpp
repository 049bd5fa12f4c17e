#include "cli/arguments.h"
#include "cli/terminal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tacit::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Parsed parse_words(std::vector<const char*> words) {
  words.insert(words.begin(), "tacit");
  return parse(static_cast<int>(words.size()), words.data(),
               {{"data_dir", "where"}, {"listen", "address"}});
}

TEST(Arguments, ReadAVerbWithItsOptions) {
  const auto parsed = parse_words({"search", "why", "retry", "-k", "3", "--explain", "--json"});
  ASSERT_TRUE(parsed.arguments.has_value()) << parsed.text;
  EXPECT_EQ(parsed.arguments->verb, "search");
  EXPECT_THAT(parsed.arguments->words, ElementsAre("why", "retry"));
  EXPECT_EQ(parsed.arguments->limit, 3U);
  EXPECT_TRUE(parsed.arguments->explain);
  EXPECT_TRUE(parsed.arguments->json);
}

TEST(Arguments, TakeConfigurationKeysAsFlagsBehindTheVerb) {
  const auto parsed = parse_words({"serve", "--listen", "127.0.0.1:0", "--data-dir", "/tmp/x"});
  ASSERT_TRUE(parsed.arguments.has_value()) << parsed.text;
  EXPECT_EQ(parsed.arguments->overrides.at("listen"), "127.0.0.1:0");
  EXPECT_EQ(parsed.arguments->overrides.at("data_dir"), "/tmp/x");
}

TEST(Arguments, SuggestTheNearestVerb) {
  const auto parsed = parse_words({"serach"});
  EXPECT_FALSE(parsed.arguments.has_value());
  EXPECT_EQ(parsed.exit_status, 2);
  EXPECT_THAT(parsed.text, HasSubstr("did you mean `tacit search`?"));
}

TEST(Arguments, RefuseUnknownOptionsAndBadNumbers) {
  EXPECT_EQ(parse_words({"search", "x", "--wat"}).exit_status, 2);
  EXPECT_EQ(parse_words({"search", "x", "-k", "many"}).exit_status, 2);
  EXPECT_EQ(parse_words({}).exit_status, 2);
}

TEST(Progress, SaysRateAndTimeLeftOnceThereIsEnoughToJudgeBy) {
  EXPECT_EQ(progress_line({"reading", 1, 100, "MB"}, 10), "reading   1 %");
  EXPECT_EQ(progress_line({"reading", 50, 100, "MB"}, 1), "reading  50 %");
  EXPECT_EQ(progress_line({"reading", 25, 100, "MB"}, 10),
            "reading  25 %, 2.5 MB/s, about 30 s left");
  EXPECT_EQ(progress_line({"learning", 4000, 8000, "texts"}, 10),
            "learning  50 %, 400 texts/s, about 10 s left");
  EXPECT_EQ(progress_line({"nothing", 0, 0, "texts"}, 0), "nothing 100 %");
}

TEST(Arguments, EveryVerbHasHelpWithAnExample) {
  for (const char* verb : {"import", "search", "show", "status", "serve", "doctor", "config",
                           "redact", "embed", "count-tokens", "forget", "eval", "bench", "mcp"}) {
    const auto parsed = parse_words({verb, "--help"});
    EXPECT_EQ(parsed.exit_status, 0) << verb;
    EXPECT_THAT(parsed.text, HasSubstr("Example:")) << verb;
  }
}

}  // namespace
}  // namespace tacit::cli
