#include "bench/eval.h"

#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>

#include "base/hash.h"
#include "bench/eval_cache.h"
#include "testing/fixtures.h"

namespace tacit::bench {
namespace {

using Json = nlohmann::json;
using testing::HashEmbedder;
using testing::TempFolder;
using testing::write_file;

// Counts what reaches the model.
class CountingEmbedder final : public Embedder {
 public:
  const EmbeddingSpace& space() const override { return inner_.space(); }
  Result<std::vector<Embedding>> embed(std::span<const std::string_view> texts,
                                       Deadline deadline) override {
    texts_ += texts.size();
    return inner_.embed(texts, deadline);
  }
  std::size_t texts() const { return texts_; }

 private:
  HashEmbedder inner_;
  std::size_t texts_ = 0;
};

class EvalTest : public ::testing::Test {
 protected:
  void SetUp() override { setenv("XDG_CACHE_HOME", (folder_.path() / "cache").c_str(), 1); }
  void TearDown() override { unsetenv("XDG_CACHE_HOME"); }

  EvalOptions options(const std::string& set) {
    EvalOptions result;
    result.set = set;
    result.corpus = folder_.path() / "corpus";
    result.embedder = &embedder_;
    result.progress = false;
    return result;
  }

  void write_kites() {
    const auto set = folder_.path() / "corpus" / "eval" / "kites";
    std::string documents;
    for (int i = 0; i < 30; ++i) {
      documents += "{\"id\":\"n" + std::to_string(i) + "\",\"title\":\"Note " + std::to_string(i) +
                   "\",\"text\":\"filler words about subject" + std::to_string(i) + "\"}\n";
    }
    documents +=
        "{\"id\":\"k\",\"title\":\"Kites\",\"text\":\"A kite flies when wind lifts it.\"}\n";
    write_file(set / "corpus.jsonl", documents);
    write_file(set / "open" / "queries.tsv", "1\tkite wind\n2\tsubject7 filler\n");
    write_file(set / "open" / "qrels.tsv", "1\tk\t1\n2\tn7\t1\n");
  }

  TempFolder folder_;
  HashEmbedder embedder_;
};

TEST_F(EvalTest, WritesOneLineASystemWithTheContractsFields) {
  write_kites();
  const auto lines = evaluate(options("kites"));
  ASSERT_TRUE(lines) << lines.error().message();
  ASSERT_EQ(lines->size(), 3U);
  const std::array<const char*, 3> systems = {"text", "vector", "hybrid"};
  for (std::size_t i = 0; i < 3; ++i) {
    const Json line = Json::parse((*lines)[i]);
    EXPECT_EQ(line["set"], "kites");
    EXPECT_EQ(line["half"], "open");
    EXPECT_EQ(line["system"], systems[i]);
    EXPECT_EQ(line["n"], 2);
    EXPECT_EQ(line["documents"], 31);
    for (const char* field : {"seconds", "commit", "machine"}) EXPECT_TRUE(line.contains(field));
    EXPECT_DOUBLE_EQ(line["metrics"]["hit@1"].get<double>(), 1.0) << (*lines)[i];
    EXPECT_DOUBLE_EQ(line["metrics"]["ndcg@10"].get<double>(), 1.0);
  }
  const Json gains = Json::parse(lines->back())["metrics"]["gains"];
  ASSERT_FALSE(gains.empty());
  EXPECT_TRUE(gains[0].contains("low95"));
}

TEST_F(EvalTest, MeasuresTextAloneWithoutAModel) {
  write_kites();
  EvalOptions without = options("kites");
  without.embedder = nullptr;
  const auto lines = evaluate(without);
  ASSERT_TRUE(lines) << lines.error().message();
  ASSERT_EQ(lines->size(), 1U);
  EXPECT_EQ(Json::parse(lines->front())["system"], "text");
}

TEST_F(EvalTest, EmbedsNothingTwiceAcrossRuns) {
  write_kites();
  CountingEmbedder first;
  EvalOptions with = options("kites");
  with.embedder = &first;
  const auto before = evaluate(with);
  ASSERT_TRUE(before);
  EXPECT_GT(first.texts(), 30U);
  CountingEmbedder second;
  with.embedder = &second;
  const auto after = evaluate(with);
  ASSERT_TRUE(after);
  EXPECT_EQ(second.texts(), 0U);
  EXPECT_EQ(Json::parse(before->back())["metrics"]["ndcg@10"],
            Json::parse(after->back())["metrics"]["ndcg@10"]);
}

TEST_F(EvalTest, IgnoresATornCacheTail) {
  const auto folder = folder_.path() / "vectors";
  const std::array<std::string_view, 1> text = {"a text"};
  {
    CachedEmbedder cache(embedder_, folder);
    ASSERT_TRUE(cache.embed(text, Deadline::none()));
  }
  const auto file = std::filesystem::directory_iterator(folder)->path();
  write_file(file, testing::read_file(file) + "torn");
  const std::array<std::string_view, 1> other = {"another text"};
  {
    CachedEmbedder cache(embedder_, folder);
    ASSERT_TRUE(cache.embed(text, Deadline::none()));
    EXPECT_EQ(cache.computed(), 0U);
    ASSERT_TRUE(cache.embed(other, Deadline::none()));
  }
  CachedEmbedder cache(embedder_, folder);
  const auto vectors = cache.embed(other, Deadline::none());
  ASSERT_TRUE(vectors);
  EXPECT_EQ(cache.computed(), 0U);
  EXPECT_EQ(vectors->front(), embedder_.embed(other, Deadline::none())->front());
}

TEST_F(EvalTest, ScoresSentencePairsBySpearman) {
  write_file(
      folder_.path() / "pairs" / "p.csv",
      "a man runs,a man runs,5.0\na dog eats,a dog sleeps,3.0\nred car,green tree house,0.5\n");
  EvalOptions with = options("");
  with.data = folder_.path() / "pairs";
  const auto lines = evaluate(with);
  ASSERT_TRUE(lines) << lines.error().message();
  ASSERT_EQ(lines->size(), 1U);
  const Json line = Json::parse(lines->front());
  EXPECT_EQ(line["set"], "pairs");
  EXPECT_EQ(line["system"], "vector");
  EXPECT_DOUBLE_EQ(line["metrics"]["spearman"].get<double>(), 1.0);
  EXPECT_EQ(line["metrics"]["pairs_at_cosine_0.95"], 1);
  with.embedder = nullptr;
  EXPECT_EQ(evaluate(with).error().kind(), ErrorKind::kUnavailable);
}

TEST_F(EvalTest, FindsLabelledExchangesByFileAndHashOfTheRequest) {
  const auto corpus = folder_.path() / "corpus";
  const auto record = [](const char* role, const char* uuid, const std::string& text) {
    const std::string content = std::string(role) == "user"
                                    ? Json(text).dump()
                                    : "[{\"type\":\"text\",\"text\":" + Json(text).dump() + "}]";
    return std::string("{\"type\":\"") + role + "\",\"uuid\":\"" + uuid +
           "\",\"sessionId\":\"11111111-2222-3333-4444-555555555555\",\"cwd\":\"/home/dev/shop\","
           "\"version\":\"2.1.0\",\"timestamp\":\"2026-01-10T09:00:00.000Z\",\"message\":{\"role\":"
           "\"" +
           role + "\",\"content\":" + content + "}}\n";
  };
  write_file(corpus / "sessions" / "c" / "one.jsonl",
             record("user", "u1", "why does the kite crash") +
                 record("assistant", "a1", "The kite crashes because the tail is too short.") +
                 record("user", "u2", "bake bread") +
                 record("assistant", "a2", "Bread is in the oven now."));
  write_file(corpus / "sessions" / "MANIFEST.tsv",
             "id\tfile\nc-1\tc/one.jsonl\nz-1\tz/other.bin\n");
  const std::string hash = hex(sha256("why does the kite crash"), 6);
  const auto row = [](const std::string& id, const std::string& row_hash) {
    return "{\"id\":\"" + id + "\",\"hash\":\"" + row_hash +
           "\",\"label\":{\"keep\":true,\"query\":\"kite tail too short\"}}\n";
  };
  write_file(corpus / "labels" / "exchanges.jsonl",
             row("c-1#1", hash) + row("c-1#9", "000000000000") + row("z-1#1", hash));
  const auto lines = evaluate(options("labels"));
  ASSERT_TRUE(lines) << lines.error().message();
  ASSERT_EQ(lines->size(), 3U);
  const Json line = Json::parse(lines->front());
  EXPECT_EQ(line["n"], 1);
  EXPECT_EQ(line["rows"], 2);
  EXPECT_EQ(line["rows_unmapped"], 1);
  EXPECT_EQ(line["rows_of_formats_not_read"], 1);
  EXPECT_EQ(line["exchanges"], 2);
  EXPECT_DOUBLE_EQ(line["metrics"]["hit@1"].get<double>(), 1.0) << lines->front();
}

TEST_F(EvalTest, SaysWhatIsMissing) {
  EvalOptions nothing;
  EXPECT_EQ(evaluate(nothing).error().kind(), ErrorKind::kInvalidInput);
  EXPECT_EQ(evaluate(options("unknown")).error().kind(), ErrorKind::kNotFound);
}

}  // namespace
}  // namespace tacit::bench
