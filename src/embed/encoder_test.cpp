#include "embed/encoder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <string>

#include "base/worker.h"
#include "embed/toy_bert.h"
#include "embed/word_piece.h"
#include "testing/fixtures.h"

namespace tacit::embed {
namespace {

class EncoderTest : public ::testing::Test {
 protected:
  void SetUp() override { toy_.write(folder_.path()); }

  std::unique_ptr<Embedder> open(std::size_t threads = 2, std::size_t max_pieces = 40,
                                 bool f32_only = true) {
    auto opened = open_encoder({folder_.path(), threads, max_pieces, f32_only});
    EXPECT_TRUE(opened) << opened.error().message();
    return opened ? std::move(*opened) : nullptr;
  }

  // A text of `count` words that differ from place to place.
  static std::string words(std::size_t count, std::size_t seed = 0) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += toy_words()[(i * i + seed) % 9] + " ";
    return text;
  }

  void expect_like_the_reference(const Embedding& got, const std::string& text,
                                 std::size_t max_pieces = 40) {
    const auto pieces = WordPiece::load(folder_.path() / "vocab.txt");
    ASSERT_TRUE(pieces);
    const auto expected = toy_.embed((*pieces)->encode(text, max_pieces));
    ASSERT_EQ(got.size(), expected.size());
    for (std::size_t i = 0; i < got.size(); ++i)
      EXPECT_NEAR(static_cast<double>(got[i]), expected[i], 2e-6) << text;
  }

  // In what precision this processor likes best; the toy's few and wild weights lose more to bf16
  // than a real model's.
  static double cosine_with(const Embedding& got, const std::vector<double>& expected) {
    double sum = 0;
    for (std::size_t i = 0; i < got.size(); ++i) sum += static_cast<double>(got[i]) * expected[i];
    return sum;
  }

  std::vector<double> expected(const std::string& text) {
    const auto pieces = WordPiece::load(folder_.path() / "vocab.txt");
    return toy_.embed((*pieces)->encode(text, 40));
  }

  testing::TempFolder folder_;
  ToyBert toy_;
};

TEST_F(EncoderTest, EqualsTheNaiveEncoderAtEveryLength) {
  const auto encoder = open();
  for (std::size_t count = 0; count < 45; ++count) {
    const std::string text = words(count);
    const std::string_view view = text;
    const auto got = encoder->embed({&view, 1}, Deadline::none());
    ASSERT_TRUE(got) << got.error().message();
    expect_like_the_reference((*got)[0], text);
  }
}

TEST_F(EncoderTest, EqualsTheNaiveEncoderForHeadsThatFillNoVector) {
  toy_ = ToyBert({.hidden = 48, .intermediate = 80, .layers = 3, .heads = 4, .positions = 40});
  toy_.write(folder_.path());
  const auto encoder = open();
  const std::string text = words(21);
  const std::string_view view = text;
  expect_like_the_reference(encoder->embed({&view, 1}, Deadline::none()).value()[0], text);
}

TEST_F(EncoderTest, ABatchGivesTheVectorsOfItsTextsInOrder) {
  const auto encoder = open();
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < 23; ++i) texts.push_back(words(i * 7 % 31, i));
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const auto got = encoder->embed(views, Deadline::none());
  ASSERT_TRUE(got);
  ASSERT_EQ(got->size(), texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) expect_like_the_reference((*got)[i], texts[i]);
}

// Packs hold texts of any number and length; each vector must be that of its text alone.
TEST_F(EncoderTest, ThePreferredPrecisionIsNearTheNaiveEncoderInPacksAndAlone) {
  for (const ToyShape shape :
       {ToyShape{}, ToyShape{.hidden = 48, .intermediate = 80, .layers = 3, .heads = 4},
        ToyShape{.hidden = 128, .intermediate = 256, .layers = 2, .heads = 2}}) {
    toy_ = ToyBert(shape);
    toy_.write(folder_.path());
    const auto encoder = open(2, 40, false);
    std::vector<std::string> texts;
    for (std::size_t count = 0; count < 45; ++count) texts.push_back(words(count, count));
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    const auto got = encoder->embed(views, Deadline::none());
    ASSERT_TRUE(got) << got.error().message();
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const auto wanted = expected(texts[i]);
      EXPECT_GE(cosine_with((*got)[i], wanted), 0.999) << shape.hidden << ": " << texts[i];
      const auto alone = encoder->embed({&views[i], 1}, Deadline::none());
      ASSERT_TRUE(alone);
      EXPECT_GE(cosine_with((*alone)[0], wanted), 0.999) << shape.hidden << ": " << texts[i];
    }
  }
}

TEST_F(EncoderTest, CutsToTheGivenNumberOfPieces) {
  const auto encoder = open(1, 12);
  const std::string text = words(30);
  const std::string_view view = text;
  expect_like_the_reference(encoder->embed({&view, 1}, Deadline::none()).value()[0], text, 12);
}

TEST_F(EncoderTest, AnEmptyBatchIsAnEmptyResult) {
  EXPECT_TRUE(open()->embed({}, Deadline::none()).value().empty());
}

TEST_F(EncoderTest, APassedDeadlineStopsSingleTextsAndBatches) {
  const auto encoder = open();
  const std::vector<std::string_view> texts = {"the build", "fails"};
  const Deadline passed = Deadline::after(std::chrono::milliseconds(-1));
  EXPECT_EQ(encoder->embed(texts, passed).error().kind(), ErrorKind::kDeadlineExceeded);
  EXPECT_EQ(encoder->embed({texts.data(), 1}, passed).error().kind(), ErrorKind::kDeadlineExceeded);
}

TEST_F(EncoderTest, ManyCallersGetTheSameVectors) {
  const auto encoder = open();
  const std::vector<std::string> texts = {words(9), words(17), words(4), words(30)};
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const auto expected = encoder->embed(views, Deadline::none()).value();
  WorkerPool callers(4);
  std::vector<int> wrong(12, 0);
  callers.parallel_for(wrong.size(), [&](std::size_t i, std::size_t) {
    const std::size_t first = i % 2 == 0 ? 0 : i % views.size();
    const std::size_t count = i % 2 == 0 ? views.size() : 1;
    const auto got = encoder->embed(std::span(views).subspan(first, count), Deadline::none());
    for (std::size_t k = 0; k < count; ++k)
      wrong[i] += !got || (*got)[k] != expected[first + k] ? 1 : 0;
  });
  EXPECT_EQ(wrong, std::vector<int>(12, 0));
}

TEST_F(EncoderTest, NamesTheSpaceByTheWeightsNotTheFolder) {
  const auto space = open()->space();
  testing::TempFolder other;
  toy_.write(other.path());
  EXPECT_EQ(open_encoder({other.path(), 1, 40}).value()->space(), space);
  EXPECT_EQ(space.dimension, 32u);
  ToyBert({.positions = 41}).write(other.path());
  EXPECT_NE(open_encoder({other.path(), 1, 40}).value()->space().model, space.model);
}

TEST_F(EncoderTest, TheCardSaysHowToPoolAndWhatStandsBeforeAText) {
  const auto plain = open();
  const std::string_view text = "fails on a cold cache";
  const std::string_view query = "fix fails on a cold cache";
  const std::string_view passage = "the build fails on a cold cache";
  const auto vector_of = [&](const std::string_view& of) {
    return plain->embed({&of, 1}, Deadline::none()).value()[0];
  };
  testing::write_file(folder_.path() / "card.json",
                      R"({"query_prefix": "fix ", "passage_prefix": "the build "})");
  const auto prefixed = open();
  EXPECT_EQ(prefixed->embed_query(text, Deadline::none()).value(), vector_of(query));
  EXPECT_EQ(prefixed->embed({&text, 1}, Deadline::none()).value()[0], vector_of(passage));
  EXPECT_EQ(plain->embed_query(text, Deadline::none()).value(), vector_of(text));

  testing::write_file(folder_.path() / "card.json", R"({"pooling": "cls", "max_pieces": 12})");
  const auto first = open(2, 0);
  const auto pooled = first->embed({&text, 1}, Deadline::none()).value()[0];
  const auto pieces = WordPiece::load(folder_.path() / "vocab.txt");
  const auto reference = toy_.embed((*pieces)->encode(text, 40), true);
  for (std::size_t i = 0; i < pooled.size(); ++i)
    EXPECT_NEAR(static_cast<double>(pooled[i]), reference[i], 2e-6);

  EXPECT_EQ(first->space().model, plain->space().model + "+cls");
  EXPECT_EQ(prefixed->space().model.find(plain->space().model + "+"), 0u);
  EXPECT_NE(prefixed->space().model, first->space().model);
}

TEST_F(EncoderTest, ACardThatSaysSomethingElseIsCorrupt) {
  for (const char* card : {"[]", "{", R"({"pooling": "max"})", R"({"max_pieces": 1})",
                           R"({"query_prefix": 3})", R"({"passage-prefix": "the "})"}) {
    testing::write_file(folder_.path() / "card.json", card);
    const auto opened = open_encoder({folder_.path(), 1, 40});
    ASSERT_FALSE(opened) << card;
    EXPECT_EQ(opened.error().kind(), ErrorKind::kCorrupt) << card;
    EXPECT_NE(opened.error().message().find("card.json"), std::string::npos);
  }
}

TEST_F(EncoderTest, MissingFilesAreNotFoundWithWhatToDo) {
  std::filesystem::remove(folder_.path() / "model.safetensors");
  const auto opened = open_encoder({folder_.path(), 1, 40});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().kind(), ErrorKind::kNotFound);
  EXPECT_NE(opened.error().message().find("tools/assets fetch"), std::string::npos);
}

TEST_F(EncoderTest, AConfigurationThatTheWeightsContradictIsCorrupt) {
  const std::string config = testing::read_file(folder_.path() / "config.json");
  const auto expect_refused = [&](const std::string& from, const std::string& to) {
    std::string changed = config;
    changed.replace(changed.find(from), from.size(), to);
    testing::write_file(folder_.path() / "config.json", changed);
    const auto opened = open_encoder({folder_.path(), 1, 40});
    ASSERT_FALSE(opened) << to;
    EXPECT_EQ(opened.error().kind(), ErrorKind::kCorrupt) << opened.error().message();
  };
  expect_refused(R"("num_hidden_layers":2)", R"("num_hidden_layers":3)");
  expect_refused(R"("hidden_size":32)", R"("hidden_size":64)");
  expect_refused(R"("hidden_act":"gelu")", R"("hidden_act":"relu")");
  expect_refused(R"("num_attention_heads":4)", R"("num_attention_heads":5)");
  expect_refused(R"("vocab_size":18)", R"("vocab_size":0)");
  expect_refused(R"("layer_norm_eps":1e-12)", R"("layer_norm_eps":"x")");
}

TEST_F(EncoderTest, AVocabularyLargerThanTheModelIsCorrupt) {
  testing::write_file(folder_.path() / "vocab.txt",
                      testing::read_file(folder_.path() / "vocab.txt") + "one\ntwo\n");
  EXPECT_EQ(open_encoder({folder_.path(), 1, 40}).error().kind(), ErrorKind::kCorrupt);
}

TEST_F(EncoderTest, MorePiecesThanPositionsAreRefused) {
  EXPECT_EQ(open_encoder({folder_.path(), 1, 41}).error().kind(), ErrorKind::kInvalidInput);
}

TEST_F(EncoderTest, WeightsThatAreNotNumbersAreReportedNotReturned) {
  std::string bytes = toy_.safetensors();
  bytes.replace(bytes.size() - 4 * 32 * 18, 4 * 32 * 18, std::string(4 * 32 * 18, '\xFF'));
  testing::write_file(folder_.path() / "model.safetensors", bytes);
  const auto encoder = open();
  const std::string_view text = "the build";
  const auto got = encoder->embed({&text, 1}, Deadline::none());
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().kind(), ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace tacit::embed
