// The shipped encoder with the real weights against published vectors and scores. Needs the model
// and the evaluation data and says so where they are not there.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>

#include "embed/encoder.h"
#include "testing/fixtures.h"

namespace tacit::embed {
namespace {

using Json = nlohmann::json;

class EncoderReference : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* corpus = std::getenv("TACIT_CORPUS");
    const auto model = find_model_dir();
    if (corpus == nullptr) GTEST_SKIP() << "TACIT_CORPUS is not set: no reference vectors";
    if (!model) GTEST_SKIP() << "no model: run tools/assets fetch";
    eval_ = std::filesystem::path(corpus) / "eval";
    auto opened = open_encoder({*model, 0, 0, true});
    ASSERT_TRUE(opened) << opened.error().message();
    encoder_ = std::move(*opened);
    auto preferred = open_encoder({*model});
    ASSERT_TRUE(preferred) << preferred.error().message();
    preferred_ = std::move(*preferred);
  }

  Json read(const std::string& name) {
    return Json::parse(testing::read_file(eval_ / "minilm-l6-v2-vectors/open" / name), nullptr,
                       false);
  }

  std::vector<Embedding> embed(const std::vector<std::string>& texts) {
    return embed(*encoder_, texts);
  }

  static std::vector<Embedding> embed(Embedder& encoder, const std::vector<std::string>& texts) {
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    auto result = encoder.embed(views, Deadline::none());
    EXPECT_TRUE(result) << result.error().message();
    return result ? std::move(*result) : std::vector<Embedding>(texts.size(), Embedding(384));
  }

  std::filesystem::path eval_;
  std::unique_ptr<Embedder> encoder_;    // in f32, as what was published
  std::unique_ptr<Embedder> preferred_;  // as this processor likes it best
};

std::vector<std::vector<std::string>> read_csv(const std::string& text) {
  std::vector<std::vector<std::string>> rows(1, {""});
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"' && quoted && i + 1 < text.size() && text[i + 1] == '"')
      rows.back().back() += text[++i];
    else if (c == '"')
      quoted = !quoted;
    else if (c == ',' && !quoted)
      rows.back().emplace_back();
    else if (c == '\n' && !quoted)
      rows.push_back({""});
    else
      rows.back().back() += c;
  }
  std::erase_if(rows, [](const auto& row) { return row.size() != 3; });
  return rows;
}

// Ranks with ties at their mean.
std::vector<double> ranks(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> result(values.size());
  for (std::size_t i = 0; i < order.size();) {
    std::size_t end = i;
    while (end < order.size() && values[order[end]] == values[order[i]]) ++end;
    for (std::size_t k = i; k < end; ++k) result[order[k]] = static_cast<double>(i + end - 1) / 2;
    i = end;
  }
  return result;
}

double spearman(const std::vector<double>& a, const std::vector<double>& b) {
  const auto x = ranks(a);
  const auto y = ranks(b);
  const double mean = static_cast<double>(a.size() - 1) / 2;
  double xy = 0;
  double xx = 0;
  double yy = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    xy += (x[i] - mean) * (y[i] - mean);
    xx += (x[i] - mean) * (x[i] - mean);
    yy += (y[i] - mean) * (y[i] - mean);
  }
  return xy / std::sqrt(xx * yy);
}

TEST_F(EncoderReference, TheSpaceHasItsName) {
  EXPECT_EQ(encoder_->space().text(), "all-MiniLM-L6-v2/384");
}

TEST_F(EncoderReference, FullVectorsHaveCosineAboveFourNines) {
  const Json items = read("tei-full-vectors.json")["items"];
  ASSERT_EQ(items.size(), 2u);
  for (const Json& item : items) {
    const auto got = embed({item["text"].get<std::string>()})[0];
    auto expected = item["vector"].get<std::vector<float>>();
    const float norm = std::sqrt(dot(expected, expected));
    EXPECT_GE(dot(got, expected) / norm, 0.9999f) << item["text"];
    EXPECT_NEAR(dot(got, got), 1.0f, 1e-5f);
  }
}

TEST_F(EncoderReference, FirstDimensionsAndSumsAreThePublishedOnes) {
  const Json first = read("fastembed-first-five-dims.json");
  const auto hello = embed({"hello world"})[0];
  const auto dims =
      first["models"]["sentence-transformers/all-MiniLM-L6-v2"].get<std::vector<float>>();
  for (std::size_t i = 0; i < dims.size(); ++i) EXPECT_NEAR(hello[i], dims[i], 1e-3f);
  const Json sums = read("published-values.json")["sum_of_all_384_components"];
  const auto texts = sums["texts"].get<std::vector<std::string>>();
  const auto expected = sums["all_MiniLM_L6_v2"].get<std::vector<float>>();
  const auto vectors = embed(texts);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    EXPECT_NEAR(std::accumulate(vectors[i].begin(), vectors[i].end(), 0.0f), expected[i], 0.01f)
        << texts[i];
  }
}

TEST_F(EncoderReference, TheCosineMatrixIsThePublishedOne) {
  const Json matrix = read("published-values.json")["cosine_matrix"];
  const auto vectors = embed(matrix["texts"].get<std::vector<std::string>>());
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    for (std::size_t k = 0; k < vectors.size(); ++k) {
      EXPECT_NEAR(dot(vectors[i], vectors[k]), matrix["all_MiniLM_L6_v2"][i][k].get<float>(),
                  1e-4f);
    }
  }
}

TEST_F(EncoderReference, TheLongSampleCutAt384PiecesIsThePublishedOne) {
  const Json sample = read("published-values.json")["long_text_first_ten_components"];
  const auto long_encoder = open_encoder({*find_model_dir(), 1, 384, true});
  ASSERT_TRUE(long_encoder);
  const std::string text = testing::read_file(eval_ / "minilm-l6-v2-vectors/open" /
                                              sample["text_file"].get<std::string>());
  const std::string_view view = text;
  const auto got = (*long_encoder)->embed({&view, 1}, Deadline::none()).value()[0];
  const auto expected = sample["all_MiniLM_L6_v2"].get<std::vector<float>>();
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_NEAR(got[i], expected[i], sample["tolerance_used_by_source"].get<float>()) << i;
  }
}

// The independent run: a plain NumPy encoder in f32 over the same weights, word pieces from the
// PyPI package `tokenizers` (BertWordPieceTokenizer, lower-case, cut at 256), mean pooling,
// Spearman from SciPy. Its vectors differ from ours by at most 2.1e-7 in any component.
constexpr double kIndependentSpearman = 0.86716;

TEST_F(EncoderReference, SimilarityOfSentencePairsRanksLikeAnIndependentRun) {
  const auto rows = read_csv(testing::read_file(eval_ / "sts-benchmark/open/stsb-en-dev.csv"));
  ASSERT_EQ(rows.size(), 1500u);
  std::vector<std::string> texts;
  std::vector<double> gold;
  for (const auto& row : rows) {
    texts.insert(texts.end(), {row[0], row[1]});
    gold.push_back(std::strtod(row[2].c_str(), nullptr));
  }
  const auto score = [&](const std::vector<Embedding>& vectors) {
    std::vector<double> cosines;
    for (std::size_t i = 0; i < vectors.size(); i += 2)
      cosines.push_back(static_cast<double>(dot(vectors[i], vectors[i + 1])));
    return spearman(cosines, gold);
  };
  const auto exact = embed(texts);
  const auto preferred = embed(*preferred_, texts);
  EXPECT_NEAR(score(exact), kIndependentSpearman, 0.002);
  EXPECT_NEAR(score(preferred), kIndependentSpearman, 0.002);
  for (std::size_t i = 0; i < texts.size(); ++i)
    ASSERT_GE(dot(exact[i], preferred[i]), 0.999f) << texts[i];
}

}  // namespace
}  // namespace tacit::embed
