#include "inference/tokens.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <random>

#include "inference/merge.h"
#include "inference/pieces.h"
#include "inference/ranks.h"
#include "testing/fixtures.h"

namespace tacit::inference {
namespace {

using Ids = std::vector<std::uint32_t>;

// Both counters, opened once: reading the ranks takes a while under sanitizers.
const TokenCounter* counter(Encoding encoding) {
  static const auto kCounters = [] {
    std::vector<std::unique_ptr<TokenCounter>> counters;
    if (const auto folder = find_token_ranks()) {
      for (const Encoding one : {Encoding::kO200kBase, Encoding::kCl100kBase}) {
        auto opened = TokenCounter::open(*folder, one);
        if (opened) counters.push_back(std::move(*opened));
      }
    }
    return counters;
  }();
  const auto index = static_cast<std::size_t>(encoding);
  return index < kCounters.size() ? kCounters[index].get() : nullptr;
}

class TokensTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!find_token_ranks()) GTEST_SKIP() << "the token ranks are not here (tools/assets fetch)";
    ASSERT_NE(counter(Encoding::kCl100kBase), nullptr) << "the token ranks cannot be read";
  }
};

struct Vector {
  Encoding encoding;
  std::string_view text;
  Ids ids;
};

// Ids as npm's tiktoken 1.0.22 gives them.
const std::vector<Vector>& vectors() {
  static const std::vector<Vector> kVectors = {
      {Encoding::kO200kBase, "hello world", {24912, 2375}},
      {Encoding::kCl100kBase, "hello world", {15339, 1917}},
      {Encoding::kO200kBase,
       "don't DON'T we'Ll it'\xc5\xbf",
       {91418, 153384, 581, 6, 141022, 480, 6, 70067}},
      {Encoding::kCl100kBase,
       "don't DON'T we'Ll it'\xc5\xbf",
       {15357, 956, 45373, 17773, 584, 92526, 75, 433, 6, 129, 123}},
      {Encoding::kO200kBase, "camelCaseWord HTTPServer", {178067, 6187, 12929, 21929, 6444}},
      {Encoding::kCl100kBase, "camelCaseWord HTTPServer", {94421, 4301, 11116, 10339, 5592}},
      {Encoding::kO200kBase,
       "a  b\t\tc \n\n  d\r\ne  ",
       {64, 220, 287, 197, 2736, 1202, 220, 272, 370, 68, 256}},
      {Encoding::kCl100kBase,
       "a  b\t\tc \n\n  d\r\ne  ",
       {64, 220, 293, 197, 1470, 4815, 220, 294, 319, 68, 256}},
      {Encoding::kO200kBase,
       "1234567 \xd9\xa3\xd9\xa3\xd9\xa3\xd9\xa3 \xe2\x85\xa7",
       {7633, 19354, 22, 220, 81473, 81473, 81473, 81473, 220, 25371, 100}},
      {Encoding::kCl100kBase,
       "1234567 \xd9\xa3\xd9\xa3\xd9\xa3\xd9\xa3 \xe2\x85\xa7",
       {4513, 10961, 22, 220, 149, 96, 149, 96, 149, 96, 149, 96, 220, 71567, 100}},
      {Encoding::kO200kBase, "//path/to\n/file !?\n\n", {393, 4189, 72231, 198, 51766, 1073, 1715}},
      {Encoding::kCl100kBase, "//path/to\n/file !?\n\n", {322, 2398, 33529, 198, 24849, 758, 1980}},
      {Encoding::kO200kBase,
       "\xe6\xbc\xa2\xe5\xad\x97\xe3\x81\xa8\xe3\x81\x8b\xe3\x81\xaa",
       {183591, 8134, 5330, 165732}},
      {Encoding::kCl100kBase,
       "\xe6\xbc\xa2\xe5\xad\x97\xe3\x81\xa8\xe3\x81\x8b\xe3\x81\xaa",
       {78256, 95, 19113, 19732, 32149, 26854}},
      {Encoding::kO200kBase,
       "e\xcc\x81 \xcc\x81"
       "A \xcc\x81\xcc\x81"
       "bC",
       {68, 13430, 220, 13430, 32, 220, 13430, 13430, 65, 34}},
      {Encoding::kCl100kBase,
       "e\xcc\x81 \xcc\x81"
       "A \xcc\x81\xcc\x81"
       "bC",
       {68, 54939, 220, 54939, 32, 220, 54939, 54939, 65, 34}},
      {Encoding::kO200kBase, "\xc7\x85\xca\xb0\xd0\x96\xd0\xb6", {131, 227, 134, 108, 16063, 1065}},
      {Encoding::kCl100kBase,
       "\xc7\x85\xca\xb0\xd0\x96\xd0\xb6",
       {131, 227, 134, 108, 140, 244, 17394}},
      {Encoding::kO200kBase,
       "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7\xf0\x90\xb5\x90\xf0\x90\xb5\xb0",
       {28823, 102, 2524, 28823, 100, 172, 238, 113, 238, 172, 238, 113, 108}},
      {Encoding::kCl100kBase,
       "\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa7\xf0\x90\xb5\x90\xf0\x90\xb5\xb0",
       {9468, 239, 102, 378, 235, 9468, 239, 100, 172, 238, 113, 238, 172, 238, 113, 108}},
      {Encoding::kO200kBase,
       "a\xc2\xa0"
       "b\xe3\x80\x80"
       "c\xc2\x85"
       "d\xef\xbb\xbf"
       "e",
       {64, 5310, 65, 1397, 66, 126, 227, 67, 5574, 68}},
      {Encoding::kCl100kBase,
       "a\xc2\xa0"
       "b\xe3\x80\x80"
       "c\xc2\x85"
       "d\xef\xbb\xbf"
       "e",
       {64, 4194, 65, 23249, 66, 126, 227, 67, 3305, 68}},
      {Encoding::kO200kBase, "<|endoftext|>", {27, 91, 419, 1440, 919, 91, 29}},
      {Encoding::kCl100kBase, "<|endoftext|>", {27, 91, 8862, 728, 428, 91, 29}},
      {Encoding::kO200kBase, "MAX_SIZE=0x1F;", {21911, 7347, 28, 15, 87, 16, 37, 26}},
      {Encoding::kCl100kBase, "MAX_SIZE=0x1F;", {10809, 4190, 28, 15, 87, 16, 37, 26}},
      {Encoding::kO200kBase, "\xe0\xa4\x95\xe0\xa5\x8d\xe0\xa4\xb7", {10670}},
      {Encoding::kCl100kBase, "\xe0\xa4\x95\xe0\xa5\x8d\xe0\xa4\xb7", {65804, 31584, 115}},
  };
  return kVectors;
}

std::vector<std::string> pieces(Encoding encoding, std::string_view text) {
  std::vector<std::string> found;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = piece_end(encoding, text, at);
    found.emplace_back(text.substr(at, end - at));
    at = end;
  }
  return found;
}

std::string repeated(std::string_view unit, std::size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += unit;
  return text;
}

// The plain definition of byte-pair merging, as an oracle for Merger.
Ids merge_plainly(const Ranks& ranks, std::string_view piece) {
  std::vector<std::string> parts;
  for (const char c : piece) parts.emplace_back(1, c);
  while (true) {
    Rank best = kNoRank;
    std::size_t where = 0;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      const Rank rank = ranks.find(parts[i] + parts[i + 1]);
      if (rank < best) {
        best = rank;
        where = i;
      }
    }
    if (best == kNoRank) break;
    parts[where] += parts[where + 1];
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(where) + 1);
  }
  Ids ids;
  for (const std::string& part : parts) ids.push_back(ranks.find(part));
  return ids;
}

TEST_F(TokensTest, IdsAreThoseOfTheReference) {
  for (const Vector& one : vectors()) {
    SCOPED_TRACE(std::string(name_of(one.encoding)) + ": " + std::string(one.text));
    EXPECT_EQ(counter(one.encoding)->ids(one.text), one.ids);
    EXPECT_EQ(counter(one.encoding)->count(one.text), one.ids.size());
  }
}

TEST_F(TokensTest, IdsAreThoseOfThePublishedVectors) {
  const char* corpus = std::getenv("TACIT_CORPUS");
  if (corpus == nullptr) GTEST_SKIP() << "TACIT_CORPUS is not set";
  std::size_t checked = 0;
  const auto folder = std::filesystem::path(corpus) / "eval" / "token-vectors";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".jsonl") continue;
    std::ifstream stream(entry.path());
    for (std::string line; std::getline(stream, line);) {
      const auto json = nlohmann::json::parse(line);
      if (json.value("special_tokens_allowed", false)) continue;  // special tokens are text here
      const auto encoding = parse_encoding(json["encoding"].get<std::string>());
      ASSERT_TRUE(encoding);
      const auto text = json["text"].get<std::string>();
      EXPECT_EQ(counter(*encoding)->ids(text), json["ids"].get<Ids>()) << text;
      EXPECT_EQ(counter(*encoding)->count(text), json["count"].get<std::size_t>()) << text;
      ++checked;
    }
  }
  EXPECT_GT(checked, 500U);
}

TEST(TokenCounters, OpensWhatIsAskedForOnceAndHasNoneThatIsDamaged) {
  EXPECT_EQ(TokenCounters(std::nullopt).of(Encoding::kO200kBase), nullptr);
  const testing::TempFolder folder;
  testing::write_file(folder.path() / "cl100k_base.json", R"({"bpe_ranks": "! 0 IQ=="})");
  TokenCounters damaged(folder.path());
  EXPECT_EQ(damaged.of(Encoding::kO200kBase), nullptr) << "there is no such file";
  EXPECT_EQ(damaged.of(Encoding::kCl100kBase), nullptr) << "not the ranks of this encoding";
  if (!find_token_ranks()) GTEST_SKIP() << "there are no token ranks here";
  TokenCounters counters(find_token_ranks());
  const TokenCounter* const first = counters.of(Encoding::kO200kBase);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->encoding(), Encoding::kO200kBase);
  EXPECT_EQ(counters.of(Encoding::kO200kBase), first);
}

TEST_F(TokensTest, MergingByHeapAndByArrayFollowTheDefinition) {
  auto opened = Ranks::open(*find_token_ranks() / "cl100k_base.json", Encoding::kCl100kBase);
  ASSERT_TRUE(opened);
  std::mt19937 random(11);
  constexpr std::string_view kAlphabet = "aaaaeeinst \xc3\xa9";
  for (int round = 0; round < 200; ++round) {
    std::string piece;
    const std::size_t size = 1 + random() % 120;
    while (piece.size() < size) piece += kAlphabet[random() % kAlphabet.size()];
    Merger merger(**opened);
    Ids ids;
    const std::size_t count = merger.merge(piece, &ids);
    EXPECT_EQ(count, ids.size());
    EXPECT_EQ(ids, merge_plainly(**opened, piece)) << piece;
  }
}

// A piece is merged in n log n steps. The quadratic way would take minutes here even without
// sanitizers, and the test's time limit would end it.
TEST_F(TokensTest, ALongRunOfEqualLettersIsCountedInTime) {
  for (const std::string_view unit : {"x", " ", "\n", "!", "\xcc\x81", "xY", "\xff"}) {
    const std::string text = repeated(unit, 300'000);
    const std::size_t tokens = counter(Encoding::kO200kBase)->count(text);
    EXPECT_GT(tokens, 1000U);
    EXPECT_LE(tokens, text.size());
  }
  EXPECT_EQ(counter(Encoding::kO200kBase)->count(repeated("x", 300'000)), 37'500U);
}

TEST_F(TokensTest, MalformedUtf8IsCountedByteByByte) {
  const std::string_view text = "ok \xc3( \xe2\x82 \xed\xa0\x80 \xf5\x80";
  const auto ids = counter(Encoding::kCl100kBase)->ids(text);
  EXPECT_EQ(ids.size(), counter(Encoding::kCl100kBase)->count(text));
  EXPECT_LE(ids.size(), text.size());
}

TEST_F(TokensTest, ALongTextCountsLikeItsIds) {
  std::string text;
  std::mt19937 random(5);
  while (text.size() < 1'200'000) text += vectors()[random() % vectors().size()].text;
  for (const Encoding encoding : {Encoding::kO200kBase, Encoding::kCl100kBase})
    EXPECT_EQ(counter(encoding)->count(text), counter(encoding)->ids(text).size());
}

TEST_F(TokensTest, RanksThatAreNotThePublishedOnesAreRefused) {
  const testing::TempFolder folder;
  std::string text = testing::read_file(*find_token_ranks() / "cl100k_base.json");
  const std::size_t at = text.find("IQ== Ig==");
  ASSERT_NE(at, std::string::npos);
  testing::write_file(folder.path() / "o200k_base.json", text);
  text.replace(at, 9, "Ig== IQ==");
  testing::write_file(folder.path() / "cl100k_base.json", text);
  for (const Encoding encoding : {Encoding::kO200kBase, Encoding::kCl100kBase}) {
    const auto opened = TokenCounter::open(folder.path(), encoding);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind(), ErrorKind::kCorrupt);
  }
}

TEST(TokenRanks, MissingRanksSayWhatToDo) {
  const testing::TempFolder folder;
  const auto opened = TokenCounter::open(folder.path(), Encoding::kO200kBase);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind(), ErrorKind::kNotFound);
  EXPECT_NE(opened.error().message().find("tools/assets fetch"), std::string::npos);
}

TEST(Pieces, WordsKeepThePrefixAndTheContraction) {
  EXPECT_EQ(pieces(Encoding::kO200kBase, "I don't, HTTPServer!"),
            (std::vector<std::string>{"I", " don't", ",", " HTTPServer", "!"}));
  EXPECT_EQ(pieces(Encoding::kCl100kBase, "I don't, HTTPServer!"),
            (std::vector<std::string>{"I", " don", "'t", ",", " HTTPServer", "!"}));
  EXPECT_EQ(pieces(Encoding::kO200kBase, "camelCaseWord"),
            (std::vector<std::string>{"camel", "Case", "Word"}));
}

TEST(Pieces, TheLastBlankGoesToTheNextWord) {
  EXPECT_EQ(pieces(Encoding::kO200kBase, "a   b"), (std::vector<std::string>{"a", "  ", " b"}));
  EXPECT_EQ(pieces(Encoding::kO200kBase, "a \n  b  "),
            (std::vector<std::string>{"a", " \n", " ", " b", "  "}));
}

TEST(Pieces, OfAHostileTextTakeLinearTime) {
  for (const Encoding encoding : {Encoding::kO200kBase, Encoding::kCl100kBase}) {
    for (const std::string_view unit : {"\xcc\x81", "A",
                                        "\xcc\x81"
                                        "A",
                                        " ", " \n", "'", "1"}) {
      const std::string text = repeated(unit, 500'000);
      std::size_t at = 0;
      while (at < text.size()) {
        const std::size_t end = piece_end(encoding, text, at);
        ASSERT_GT(end, at);
        at = end;
      }
      EXPECT_EQ(at, text.size());
    }
  }
}

TEST_F(TokensTest, TheEstimateIsNear) {
  const std::string text = repeated(
      "The retry loop in src/net/client.cpp waits 250 ms, then doubles: see RetryPolicy. ", 4000);
  for (const Encoding encoding : {Encoding::kO200kBase, Encoding::kCl100kBase}) {
    const auto exact = static_cast<double>(counter(encoding)->count(text));
    EXPECT_NEAR(static_cast<double>(estimate_tokens(encoding, text)) / exact, 1.0, 0.25);
  }
}

}  // namespace
}  // namespace tacit::inference
