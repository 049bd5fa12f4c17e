// The encoder against values that others published for the same weights. Skipped, with the reason,
// where the weights or the published values are not on this machine.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "embed/encoder.h"
#include "embed/word_piece.h"
#include "testing/fixtures.h"

namespace tacit::embed {
namespace {

using nlohmann::json;

std::optional<std::filesystem::path> reference_folder() {
  const char* corpus = std::getenv("TACIT_CORPUS");
  if (corpus == nullptr) return std::nullopt;
  return std::filesystem::path(corpus) / "eval" / "minilm-l6-v2-vectors" / "open";
}

json read_json(const std::filesystem::path& file) {
  return json::parse(testing::read_file(file));
}

#define NEED_REFERENCE()                  \
  const auto folder = reference_folder(); \
  const auto model = find_model_dir();    \
  if (!folder || !model) GTEST_SKIP() << "needs TACIT_CORPUS and the model (tools/assets fetch)"

Embedding embed_one(Embedder& embedder, std::string_view text) {
  auto result = embedder.embed({&text, 1}, Deadline::none());
  EXPECT_TRUE(result.has_value());
  return std::move(result->front());
}

std::unique_ptr<Embedder> open_model(const std::filesystem::path& model,
                                     std::size_t max_pieces = kMaxPieces) {
  EncoderOptions options;
  options.model_dir = model;
  options.max_pieces = max_pieces;
  auto opened = open_encoder(options);
  EXPECT_TRUE(opened.has_value()) << opened.error().message();
  return std::move(*opened);
}

TEST(WordPieceReference, GivesTheIdsOfTwoOtherTokenizers) {
  NEED_REFERENCE();
  const auto pieces = WordPiece::load(*folder / "vocab.txt");
  ASSERT_TRUE(pieces.has_value());
  int cases = 0;
  for (const char* name : {"wordpiece-bert-cpp.jsonl", "wordpiece-llama-cpp.jsonl"}) {
    std::ifstream stream(*folder / name);
    for (std::string line; std::getline(stream, line); ++cases) {
      const json row = json::parse(line);
      auto ids = (*pieces)->encode(row["text"].get<std::string>(), 512);
      const bool bare = row.contains("ids_without_cls_sep");
      if (bare) ids = {ids.begin() + 1, ids.end() - 1};
      EXPECT_EQ(
          ids,
          row[bare ? "ids_without_cls_sep" : "ids_with_cls_sep"].get<std::vector<std::int32_t>>())
          << row["text"];
    }
  }
  EXPECT_EQ(cases, 45);
  EXPECT_EQ((*pieces)->encode(std::string(50'000, 'a'), 512),
            (std::vector<std::int32_t>{101, 100, 102}));
}

TEST(EncoderReference, AgreesWithTwoFullVectors) {
  NEED_REFERENCE();
  const auto embedder = open_model(*model);
  const json reference = read_json(*folder / "tei-full-vectors.json");
  for (const json& item : reference["items"]) {
    const auto ours = embed_one(*embedder, item["text"].get<std::string>());
    const auto theirs = item["vector"].get<std::vector<float>>();
    EXPECT_GE(dot(ours, theirs) / std::sqrt(dot(theirs, theirs)), 0.9999F) << item["text"];
  }
  EXPECT_EQ(reference["items"].size(), 2U);
}

TEST(EncoderReference, AgreesWithPublishedParts) {
  NEED_REFERENCE();
  const auto embedder = open_model(*model);
  const json published = read_json(*folder / "published-values.json");
  const json& sums = published["sum_of_all_384_components"];
  for (std::size_t i = 0; i < sums["texts"].size(); ++i) {
    double sum = 0;
    for (const float value : embed_one(*embedder, sums["texts"][i].get<std::string>()))
      sum += value;
    EXPECT_NEAR(sum, sums["all_MiniLM_L6_v2"][i].get<double>(), 0.01);
  }
  const json& matrix = published["cosine_matrix"];
  for (std::size_t i = 0; i < 3; ++i) {
    for (std::size_t j = 0; j < 3; ++j) {
      const auto a = embed_one(*embedder, matrix["texts"][i].get<std::string>());
      const auto b = embed_one(*embedder, matrix["texts"][j].get<std::string>());
      EXPECT_NEAR(dot(a, b), matrix["all_MiniLM_L6_v2"][i][j].get<double>(), 0.0002);
    }
  }
  // The long sample was published at 384 word pieces; our own limit is 256.
  const auto wide = open_model(*model, 384);
  const auto vector =
      embed_one(*wide, testing::read_file(*folder / "fastembed-rs-sample-text.txt"));
  const json& first = published["long_text_first_ten_components"]["all_MiniLM_L6_v2"];
  for (std::size_t i = 0; i < first.size(); ++i)
    EXPECT_NEAR(vector[i], first[i].get<double>(), 1e-5) << i;
}

// Positions of the values in ascending order; ties get their mean.
std::vector<double> ranks_of(const std::vector<double>& values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  std::vector<double> ranks(values.size());
  for (std::size_t i = 0; i < order.size();) {
    std::size_t end = i;
    while (end < order.size() && values[order[end]] == values[order[i]]) ++end;
    for (std::size_t j = i; j < end; ++j) {
      ranks[order[j]] = static_cast<double>(i + end - 1) / 2;
    }
    i = end;
  }
  return ranks;
}

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const double mean = static_cast<double>(a.size() - 1) / 2;
  double ab = 0;
  double aa = 0;
  double bb = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += (a[i] - mean) * (b[i] - mean);
    aa += (a[i] - mean) * (a[i] - mean);
    bb += (b[i] - mean) * (b[i] - mean);
  }
  return ab / std::sqrt(aa * bb);
}

// One line of the pairs: two texts and a score, texts quoted where they hold commas.
std::vector<std::string> csv_fields(const std::string& line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"' && quoted && i + 1 < line.size() && line[i + 1] == '"') {
      fields.back() += line[++i];
    } else if (line[i] == '"') {
      quoted = !quoted;
    } else if (line[i] == ',' && !quoted) {
      fields.emplace_back();
    } else {
      fields.back() += line[i];
    }
  }
  return fields;
}

TEST(EncoderReference, OrdersSentencePairsAsAnIndependentRunDoes) {
  NEED_REFERENCE();
  // A float32 forward pass in NumPy 2.4.6 over the same weights with the word pieces of Hugging
  // Face tokenizers 0.23.3 gives Spearman 0.86716 on these 1,500 pairs.
  constexpr double kIndependent = 0.86716;
  const auto embedder = open_model(*model);
  std::ifstream stream(folder->parent_path().parent_path() / "sts-benchmark" / "open" /
                       "stsb-en-dev.csv");
  std::vector<std::string> texts;
  std::vector<double> gold;
  for (std::string line; std::getline(stream, line);) {
    const auto fields = csv_fields(line);
    ASSERT_EQ(fields.size(), 3U) << line;
    texts.insert(texts.end(), {fields[0], fields[1]});
    gold.push_back(std::stod(fields[2]));
  }
  ASSERT_EQ(gold.size(), 1500U);
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const auto vectors = embedder->embed(views, Deadline::none());
  ASSERT_TRUE(vectors.has_value());
  std::vector<double> cosines;
  for (std::size_t i = 0; i < gold.size(); ++i) {
    cosines.push_back(dot((*vectors)[2 * i], (*vectors)[2 * i + 1]));
  }
  EXPECT_NEAR(correlation(ranks_of(cosines), ranks_of(gold)), kIndependent, 0.002);
}

TEST(Encoder, GivesTheSameVectorAloneAndInABatch) {
  const auto model = find_model_dir();
  if (!model) GTEST_SKIP() << "needs the model (tools/assets fetch)";
  const auto embedder = open_model(*model);
  const std::vector<std::string_view> texts = {
      "a short one", "", "the second text is a little longer than the first one was"};
  const auto batch = embedder->embed(texts, Deadline::none());
  ASSERT_TRUE(batch.has_value());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto alone = embed_one(*embedder, texts[i]);
    EXPECT_NEAR(dot(alone, (*batch)[i]), 1.0F, 1e-5F);
    EXPECT_NEAR(dot(alone, alone), 1.0F, 1e-5F);
  }
}

TEST(Encoder, StopsAtItsDeadline) {
  const auto model = find_model_dir();
  if (!model) GTEST_SKIP() << "needs the model (tools/assets fetch)";
  const auto embedder = open_model(*model);
  const std::string_view text = "late";
  const auto result = embedder->embed({&text, 1}, Deadline::after(std::chrono::milliseconds(-1)));
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind(), ErrorKind::kDeadlineExceeded);
}

TEST(Encoder, SaysWhatIsMissing) {
  const testing::TempFolder empty;
  EncoderOptions options;
  options.model_dir = empty.path();
  const auto opened = open_encoder(options);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().kind(), ErrorKind::kNotFound);
}

TEST(Encoder, RefusesDamagedWeights) {
  const auto model = find_model_dir();
  if (!model) GTEST_SKIP() << "needs the model (tools/assets fetch)";
  const testing::TempFolder folder;
  for (const char* name : {"vocab.txt", "config.json"})
    std::filesystem::copy(*model / name, folder.path() / name);
  const auto whole = std::filesystem::file_size(*model / "model.safetensors");
  std::ifstream stream(*model / "model.safetensors", std::ios::binary);
  std::string head(1U << 16U, '\0');
  stream.read(head.data(), static_cast<std::streamsize>(head.size()));
  ASSERT_GT(whole, head.size());
  EncoderOptions options;
  options.model_dir = folder.path();
  // Cut short, then with each of many bytes of the header changed.
  for (std::size_t damage = 0; damage < 50; ++damage) {
    std::string bytes = head;
    if (damage > 0) bytes[damage * 53] = static_cast<char>(bytes[damage * 53] ^ 0x55);
    testing::write_file(folder.path() / "model.safetensors", bytes);
    const auto opened = open_encoder(options);
    ASSERT_FALSE(opened.has_value()) << damage;
    EXPECT_EQ(opened.error().kind(), ErrorKind::kCorrupt)
        << damage << ": " << opened.error().message();
  }
}

}  // namespace
}  // namespace tacit::embed
