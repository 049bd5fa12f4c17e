#include "embed/word_piece.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "base/text.h"
#include "embed/encoder.h"
#include "testing/fixtures.h"

namespace tacit::embed {
namespace {

using Ids = std::vector<std::int32_t>;
constexpr std::size_t kNoLimit = 1'000'000;

class WordPieceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::write_file(folder_.path() / "vocab.txt",
                        "[PAD]\n[UNK]\n[CLS]\n[SEP]\nun\n##aff\n##able\n##un\nviet\nnam\n,\n;\n我\n"
                        "\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB\nstraße\nσ\n[\nsep\n]\n");
    auto loaded = WordPiece::load(folder_.path() / "vocab.txt");
    ASSERT_TRUE(loaded) << loaded.error().message();
    pieces_ = std::move(*loaded);
  }
  Ids encode(std::string_view text, std::size_t most = kNoLimit) {
    return pieces_->encode(text, most);
  }

  testing::TempFolder folder_;
  std::unique_ptr<WordPiece> pieces_;
};

TEST_F(WordPieceTest, TakesTheLongestMatchFirst) {
  EXPECT_EQ(encode("unaffable"), (Ids{2, 4, 5, 6, 3}));
}

TEST_F(WordPieceTest, AWordThatIsNotCoveredIsOneUnknown) {
  EXPECT_EQ(encode("unaffablex un"), (Ids{2, 1, 4, 3}));
}

TEST_F(WordPieceTest, LowersAndStripsAccentsOfSeveralMarks) {
  EXPECT_EQ(encode("Việt NĂM nẫm"), (Ids{2, 8, 9, 9, 3}));
  EXPECT_EQ(encode("Vie\u0302\u0323t"), (Ids{2, 8, 3})) << "decomposed input";
}

TEST_F(WordPieceTest, SplitsAtPunctuationAlsoWhenFoldingUncoversIt) {
  EXPECT_EQ(encode("un,un"), (Ids{2, 4, 10, 4, 3}));
  EXPECT_EQ(encode("un\u037Eun"), (Ids{2, 4, 11, 4, 3}))
      << "the Greek question mark is a semicolon";
}

TEST_F(WordPieceTest, ChineseCharactersStandAlone) {
  EXPECT_EQ(encode("un我un"), (Ids{2, 4, 12, 4, 3}));
}

TEST_F(WordPieceTest, HangulSyllablesDecompose) {
  EXPECT_EQ(encode("한"), (Ids{2, 13, 3}));
}

TEST_F(WordPieceTest, KeepsLettersThatDoNotDecomposeAndLowersGreek) {
  EXPECT_EQ(encode("Straße Σ"), (Ids{2, 14, 15, 3}));
}

TEST_F(WordPieceTest, DropsControlCharactersAndMalformedBytes) {
  EXPECT_EQ(encode(std::string_view("u\0n\x01\u200D\xFF\xC3", 9)), (Ids{2, 4, 3}));
  EXPECT_EQ(encode("un\u00A0\u2003un\r\nun\tun"), (Ids{2, 4, 4, 4, 4, 3}))
      << "odd white space separates";
}

TEST_F(WordPieceTest, WordsOverAHundredCharactersAreUnknown) {
  std::string word = "un";
  while (word.size() < 100) word += "un";
  EXPECT_EQ(encode(word).size(), 52u);
  EXPECT_EQ(encode(word + "un"), (Ids{2, 1, 3}));
  EXPECT_EQ(encode(std::string(50'000, 'a')), (Ids{2, 1, 3}));
}

TEST_F(WordPieceTest, CutsToTheLimitAndKeepsTheEndMark) {
  EXPECT_EQ(encode("un un un un", 4), (Ids{2, 4, 4, 3}));
  EXPECT_EQ(encode("unaffable", 3), (Ids{2, 4, 3}));
  EXPECT_EQ(encode("un", 0), (Ids{2, 3})) << "two pieces are the marks";
}

TEST_F(WordPieceTest, AMarkInTheTextIsPlainText) {
  EXPECT_EQ(encode("[SEP]"), (Ids{2, 16, 17, 18, 3}));
}

TEST_F(WordPieceTest, EmptyAndBlankTextsHaveOnlyTheMarks) {
  EXPECT_EQ(encode(""), (Ids{2, 3}));
  EXPECT_EQ(encode(" \n\t"), (Ids{2, 3}));
}

TEST_F(WordPieceTest, AVocabularyWithoutMarksIsCorrupt) {
  testing::write_file(folder_.path() / "bad.txt", "a\nb\n");
  EXPECT_EQ(WordPiece::load(folder_.path() / "bad.txt").error().kind(), ErrorKind::kCorrupt);
  EXPECT_EQ(WordPiece::load(folder_.path() / "none.txt").error().kind(), ErrorKind::kNotFound);
}

TEST(WordPieceReference, IdsEqualThePublishedOnes) {
  const char* corpus = std::getenv("TACIT_CORPUS");
  const auto model = find_model_dir();
  if (corpus == nullptr) GTEST_SKIP() << "TACIT_CORPUS is not set: no reference word pieces";
  if (!model) GTEST_SKIP() << "no model: run tools/assets fetch";
  auto pieces = WordPiece::load(*model / "vocab.txt");
  ASSERT_TRUE(pieces);
  EXPECT_EQ((*pieces)->encode(std::string(50'000, 'a'), kNoLimit), (Ids{101, 100, 102}));
  int cases = 0;
  for (const char* name : {"wordpiece-bert-cpp.jsonl", "wordpiece-llama-cpp.jsonl"}) {
    const auto file = std::filesystem::path(corpus) / "eval/minilm-l6-v2-vectors/open" / name;
    const std::string text = testing::read_file(file);
    for (const std::string_view line : split_lines(text)) {
      const auto entry = nlohmann::json::parse(line, nullptr, false);
      if (!entry.is_object()) continue;
      Ids expected;
      if (entry.contains("ids_with_cls_sep")) {
        expected = entry["ids_with_cls_sep"].get<Ids>();
      } else {
        expected = entry["ids_without_cls_sep"].get<Ids>();
        expected.insert(expected.begin(), 101);
        expected.push_back(102);
      }
      EXPECT_EQ((*pieces)->encode(entry["text"].get<std::string>(), kNoLimit), expected) << line;
      ++cases;
    }
  }
  EXPECT_EQ(cases, 45);
}

}  // namespace
}  // namespace tacit::embed
