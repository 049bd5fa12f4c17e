#include "embed/encoder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <string>

#include "base/worker.h"
#include "embed/kernels.h"
#include "embed/toy_bert.h"
#include "embed/word_piece.h"
#include "testing/fixtures.h"

namespace tacit::embed {
namespace {

class EncoderTest : public ::testing::Test {
 protected:
  void SetUp() override { toy_.write(folder_.path()); }

  std::unique_ptr<Embedder> open(std::size_t threads = 2, std::size_t max_pieces = 40) {
    auto opened = open_encoder({folder_.path(), threads, max_pieces});
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

TEST(Kernels, EveryVariantAgreesWithThePlainOne) {
  const auto kernels = usable_kernels();
  const AttentionShape shape{37, 3, 16};
  const std::size_t hidden = 48;
  std::vector<float> qkv(40 * 3 * hidden);
  for (std::size_t i = 0; i < qkv.size(); ++i) qkv[i] = std::sin(static_cast<float>(i) * 0.37f) * 3;
  const std::vector<float> bias(qkv.begin(), qkv.begin() + 3 * hidden);
  const auto outputs = [&](const Kernels& variant) {
    std::vector<float> scratch(attention_scratch(shape));
    std::vector<float> result(40 * hidden);
    variant.attention(qkv.data(), bias.data(), shape, result.data(), scratch.data());
    std::vector<float> state(qkv);
    variant.add_bias_gelu(state.data(), bias.data(), shape.tokens, 3 * hidden);
    result.insert(result.end(), state.begin(), state.end());
    variant.add_and_norm(state.data(), qkv.data(), bias.data(),
                         {bias.data(), bias.data() + 5, 1e-12f}, shape.tokens, 2 * hidden);
    result.insert(result.end(), state.begin(), state.end());
    return result;
  };
  const auto expected = outputs(kernels.back());
  for (const Kernels& variant : kernels) {
    const auto got = outputs(variant);
    for (std::size_t i = 0; i < got.size(); ++i)
      ASSERT_NEAR(got[i], expected[i], 1e-5f) << variant.name;
  }
}

TEST(Kernels, GeluIsTheExactFormEverywhere) {
  for (const Kernels& variant : usable_kernels()) {
    std::vector<float> values(4096);
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = (static_cast<float>(i) - 2048) / 128;
    const std::vector<float> before = values;
    const std::vector<float> zero(values.size(), 0.0f);
    variant.add_bias_gelu(values.data(), zero.data(), 1, values.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      const double x = static_cast<double>(before[i]);
      EXPECT_NEAR(static_cast<double>(values[i]), 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))),
                  2e-6)
          << x;
    }
  }
}

}  // namespace
}  // namespace tacit::embed
