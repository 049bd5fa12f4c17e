#include "store/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace tacit::store {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> found;
  each_token(text, [&](const Token& token) {
    EXPECT_LE(token.begin, token.end);
    EXPECT_LE(token.end, text.size());
    found.push_back(token.text);
    return true;
  });
  return found;
}

TEST(Words, EveryWayOfWritingAnIdentifierGivesTheSameTokens) {
  const std::vector<std::string> expected = {"pars", "parsetim", "time"};
  for (const char* text : {"parseTime", "ParseTime", "parse_time", "parse-time", "PARSE_TIME"}) {
    EXPECT_EQ(words(text), expected) << text;
  }
  EXPECT_THAT(words("parse time"), ElementsAre("pars", "time"));
}

TEST(Words, CutsAcronymsFromWords) {
  EXPECT_THAT(words("HTTPServer"), ElementsAre("http", "httpserver", "server"));
  EXPECT_THAT(words("parseJSON"), ElementsAre("pars", "parsejson", "json"));
}

TEST(Words, KeepsNumbersWithTheirLetters) {
  EXPECT_THAT(words("utf8"), ElementsAre("utf", "utf8"));
  EXPECT_THAT(words("port 8080"), ElementsAre("port", "8080"));
  EXPECT_THAT(words("v1.2.3"), Contains("v123"));
  EXPECT_THAT(words("1.2.3"), ElementsAre("123"));
  EXPECT_THAT(words("a1b2c3d4e5f6a7b8c9"), ElementsAre("a1b2c3d4e5f6a7b8c9"));
}

TEST(Words, PathsAndFileNamesGiveTheirParts) {
  EXPECT_THAT(words("src/store/connection.cpp"),
              IsSupersetOf({"src", "store", "connect", "cpp", "connectioncpp"}));
}

TEST(Words, StemsEnglishEndings) {
  EXPECT_THAT(words("retries retrying retried"), ElementsAre("retri", "retri", "retri"));
  EXPECT_THAT(words("connection connected connecting"),
              ElementsAre("connect", "connect", "connect"));
}

// Pairs of the published examples, one or more for each step.
TEST(Words, StemmerFollowsPortersExamples) {
  const std::vector<std::pair<std::string, std::string>> pairs = {
      {"caresses", "caress"},    {"ponies", "poni"},      {"cats", "cat"},
      {"feed", "feed"},          {"agreed", "agre"},      {"plastered", "plaster"},
      {"motoring", "motor"},     {"sing", "sing"},        {"conflated", "conflat"},
      {"hopping", "hop"},        {"falling", "fall"},     {"filing", "file"},
      {"happy", "happi"},        {"sky", "sky"},          {"relational", "relat"},
      {"conditional", "condit"}, {"digitizer", "digit"},  {"vietnamization", "vietnam"},
      {"triplicate", "triplic"}, {"hopefulness", "hope"}, {"revival", "reviv"},
      {"replacement", "replac"}, {"adoption", "adopt"},   {"probate", "probat"},
      {"rate", "rate"},          {"cease", "ceas"},       {"controll", "control"},
      {"roll", "roll"}};
  for (const auto& [word, expected] : pairs) EXPECT_EQ(stem(word), expected) << word;
}

TEST(Words, DropsAccentsAndCase) {
  EXPECT_EQ(words("Ünïcödé"), words("unicode"));
  EXPECT_EQ(words("Łódź"), words("lodz"));
  EXPECT_EQ(words("ПРИВЕТ"), words("привет"));
  EXPECT_EQ(words("re\xCC\x81sume\xCC\x81"), words("resume"));
}

TEST(Words, ChineseCharactersStandAlone) {
  EXPECT_THAT(words("修复bug"), ElementsAre("修", "复", "bug"));
}

TEST(Words, TypographyAndEmojiSeparate) {
  EXPECT_THAT(words("“quick” — fox…🚀now"), ElementsAre("quick", "fox", "now"));
}

TEST(Words, SurvivesBrokenUtf8AndEmptiness) {
  EXPECT_THAT(words(""), IsEmpty());
  EXPECT_THAT(words("..--__"), IsEmpty());
  for (int first = 0x80; first < 0x100; ++first) {
    words(std::string("a") + static_cast<char>(first));
    words(std::string(1, static_cast<char>(first)) + "b");
  }
}

TEST(Words, LongTokensAreClipped) {
  const auto found = words(std::string(5000, '7'));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found.front().size(), kMaxTokenBytes);
}

TEST(Words, StopsWhenToldTo) {
  int seen = 0;
  EXPECT_FALSE(each_token("one two three", [&](const Token&) { return ++seen < 2; }));
  EXPECT_EQ(seen, 2);
}

}  // namespace
}  // namespace tacit::store
