#include "bench/eval_set.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "testing/fixtures.h"

namespace tacit::bench {
namespace {

using testing::TempFolder;
using testing::write_file;

constexpr const char* kDocuments =
    "{\"id\": \"d1\", \"title\": \"Kites\", \"text\": \"How to fly a kite.\"}\n"
    "{\"id\": \"d2\", \"title\": \"\", \"text\": \"Bread needs time.\"}\n"
    "{\"id\": \"1\", \"title\": \"Tea\", \"text\": \"An id that is also a query's.\"}\n";
constexpr const char* kQueries = "1\twind toys\n2\tbaking\n3\tnever judged\n4\tjudged as wrong\n";
constexpr const char* kJudgements = "query-id\tcorpus-id\tscore\n1\td1\t1\n2\td2\t2\n4\td1\t0\n";

void write_gzip(const std::filesystem::path& file, const std::string& text) {
  std::filesystem::create_directories(file.parent_path());
  gzFile stream = gzopen(file.c_str(), "wb");
  ASSERT_NE(stream, nullptr);
  gzwrite(stream, text.data(), static_cast<unsigned>(text.size()));
  gzclose(stream);
}

void expect_kites(const Result<EvalSet>& set) {
  ASSERT_TRUE(set) << set.error().message();
  EXPECT_EQ(set->layout, EvalLayout::kRetrieval);
  EXPECT_EQ(set->documents.size(), 3U);
  ASSERT_EQ(set->queries.size(), 2U);
  EXPECT_EQ(set->queries[0].text, "wind toys");
  EXPECT_EQ(set->queries[0].relevant, std::vector<std::string>{"d1"});
}

TEST(EvalSet, RecognisesAHalfWithSharedPackedDocuments) {
  const TempFolder folder;
  write_gzip(folder.path() / "a.gz", "unused");
  write_gzip(folder.path() / "things.jsonl.gz", kDocuments);
  write_file(folder.path() / "open" / "x.tsv", kQueries);
  write_file(folder.path() / "open" / "y.tsv", kJudgements);
  const auto set = load_eval_set({folder.path()});
  expect_kites(set);
  EXPECT_EQ(set->half, "open");
  // Pointing at the half itself is the same.
  const auto half = load_eval_set({folder.path() / "open"});
  expect_kites(half);
  EXPECT_EQ(half->half, "open");
}

TEST(EvalSet, PrefersTheBlindHalfAndTakesDocumentsFromASharedFolder) {
  const TempFolder folder;
  write_file(folder.path() / "here" / "blind" / "q", kQueries);
  write_file(folder.path() / "here" / "blind" / "j", kJudgements);
  write_file(folder.path() / "here" / "open" / "q", "9\tother\n");
  write_file(folder.path() / "here" / "open" / "j", "9\td1\t1\n");
  write_file(folder.path() / "there" / "documents.jsonl", kDocuments);
  const auto set = load_eval_set({folder.path() / "here"}, {folder.path() / "there"});
  expect_kites(set);
  EXPECT_EQ(set->half, "blind");
}

TEST(EvalSet, ReadsJsonQueriesAndJudgementsOneFolderDeeper) {
  const TempFolder folder;
  write_file(folder.path() / "corpus.jsonl", kDocuments);
  write_file(folder.path() / "queries.jsonl",
             "{\"_id\": \"1\", \"text\": \"wind toys\"}\n{\"_id\": \"2\", \"text\": \"baking\"}\n");
  write_file(folder.path() / "qrels" / "test.tsv", kJudgements);
  expect_kites(load_eval_set({folder.path()}));
}

TEST(EvalSet, ReadsJudgementsOfFourColumnsSeparatedByBlanks) {
  const TempFolder folder;
  write_file(folder.path() / "documents.jsonl", kDocuments);
  write_file(folder.path() / "topics.tsv", kQueries);
  write_file(folder.path() / "qrels.txt", "1 Q0 d1 1\n2 Q0 d2 1\n");
  expect_kites(load_eval_set({folder.path()}));
}

TEST(EvalSet, RecognisesScoredPairsWithAndWithoutHeader) {
  const TempFolder folder;
  write_file(folder.path() / "open" / "pairs.csv",
             "\"A man, running\",A man runs,4.5\nA dog,\"The \"\"cat\"\"\",0.5\n");
  auto set = load_eval_set({folder.path()});
  ASSERT_TRUE(set) << set.error().message();
  EXPECT_EQ(set->layout, EvalLayout::kPairs);
  ASSERT_EQ(set->pairs.at("pairs.csv").size(), 2U);
  EXPECT_EQ(set->pairs.at("pairs.csv")[0].first, "A man, running");
  EXPECT_EQ(set->pairs.at("pairs.csv")[1].second, "The \"cat\"");
  EXPECT_DOUBLE_EQ(set->pairs.at("pairs.csv")[0].score, 4.5);

  const TempFolder headed;
  write_file(headed.path() / "pairs.txt",
             "pair\tone\ttwo\tsimilarity_score\tkind\n1\tA man runs\tA man is running\t4.8\tSAME\n"
             "2\tA dog\tA cat sleeps\t1.2\tOTHER\n");
  set = load_eval_set({headed.path()});
  ASSERT_TRUE(set) << set.error().message();
  ASSERT_EQ(set->pairs.at("pairs.txt").size(), 2U);
  EXPECT_DOUBLE_EQ(set->pairs.at("pairs.txt")[1].score, 1.2);
  EXPECT_EQ(set->pairs.at("pairs.txt")[1].second, "A cat sleeps");
}

TEST(EvalSet, RecognisesLabelledExchangesAndKeepsThoseWithAQuery) {
  const TempFolder folder;
  write_file(folder.path() / "rows.jsonl",
             "{\"id\":\"f-1#3\",\"hash\":\"00aa\",\"fmt\":\"codex\",\"label\":{\"keep\":true,"
             "\"query\":\"why\"}}\n"
             "{\"id\":\"f-1#4\",\"hash\":\"00ab\",\"label\":{\"keep\":false,\"query\":null}}\n"
             "{\"id\":\"f-2#1\",\"hash\":\"00ac\",\"label\":{\"keep\":true,\"query\":null}}\n");
  write_file(folder.path() / "GUIDE.md", "# a\tb\n");
  const auto set = load_eval_set({folder.path()});
  ASSERT_TRUE(set) << set.error().message();
  EXPECT_EQ(set->layout, EvalLayout::kLabels);
  ASSERT_EQ(set->gold.size(), 1U);
  EXPECT_EQ(set->gold[0].source, "f-1");
  EXPECT_EQ(set->gold[0].hash, "00aa");
}

TEST(EvalSet, SaysWhatIsMissing) {
  const TempFolder folder;
  auto set = load_eval_set({folder.path() / "nowhere"});
  ASSERT_FALSE(set);
  EXPECT_EQ(set.error().kind(), ErrorKind::kNotFound);
  EXPECT_NE(set.error().message().find("nowhere"), std::string::npos);

  write_file(folder.path() / "j.tsv", kJudgements);
  write_file(folder.path() / "q.tsv", kQueries);
  set = load_eval_set({folder.path()});
  ASSERT_FALSE(set);
  EXPECT_NE(set.error().message().find("no documents"), std::string::npos) << set.error().message();
}

TEST(EvalSet, RefusesDamagedGzip) {
  const TempFolder folder;
  write_gzip(folder.path() / "a.gz", std::string(10'000, 'x') + kDocuments);
  std::string bytes = testing::read_file(folder.path() / "a.gz");
  bytes.resize(bytes.size() / 2);
  write_file(folder.path() / "b.gz", bytes);
  const auto read = read_maybe_gzip(folder.path() / "b.gz");
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().kind(), ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace tacit::bench
