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
  ASSERT_EQ(set->views.size(), 1U);
  ASSERT_EQ(set->views[0].collections.size(), 1U);
  const EvalCollection& collection = set->views[0].collections[0];
  EXPECT_EQ(collection.documents.size(), 3U);
  ASSERT_EQ(collection.queries.size(), 2U);
  EXPECT_EQ(collection.queries[0].text, "wind toys");
  ASSERT_EQ(collection.queries[0].relevant.size(), 1U);
  EXPECT_EQ(collection.queries[0].relevant[0].document, "d1");
  EXPECT_DOUBLE_EQ(collection.queries[1].relevant[0].grade, 2.0);
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
  write_file(folder.path() / "qrels.txt", "1 Q0 d1 1\n2 Q0 d2 2\n");
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

TEST(EvalSet, KeepsTheRelationOfPairsBesideTheirScore) {
  const TempFolder folder;
  write_file(folder.path() / "pairs.tsv",
             "n\tone long sentence\ttwo long sentence\tscore\tkind\n"
             "1\tA man runs home\tNo man runs home\t3.1\tAGAINST\n"
             "2\tA dog eats bread\tA dog sleeps well\t2.5\tAPART\n");
  const auto set = load_eval_set({folder.path()});
  ASSERT_TRUE(set) << set.error().message();
  ASSERT_EQ(set->pairs.at("pairs.tsv").size(), 2U);
  EXPECT_EQ(set->pairs.at("pairs.tsv")[0].second, "No man runs home");
  EXPECT_EQ(set->pairs.at("pairs.tsv")[0].relation, "AGAINST");
}

TEST(EvalSet, ReadsQueriesThatNameTheirOwnDocument) {
  const TempFolder folder;
  write_gzip(folder.path() / "code.jsonl.gz",
             "{\"id\": 0, \"code\": \"def fly(): pass\"}\n"
             "{\"id\": 1, \"code\": \"def bake(): pass\"}\n");
  write_file(folder.path() / "open" / "q.jsonl",
             "{\"idx\": \"a-1\", \"query\": \"bake bread\", \"gold_code_id\": 1}\n");
  write_file(folder.path() / "open" / "pairs.jsonl",
             "{\"idx\": \"b-0\", \"query\": \"x\", \"code\": \"def x(): y\", \"label\": 0}\n");
  const auto set = load_eval_set({folder.path()});
  ASSERT_TRUE(set) << set.error().message();
  const EvalCollection& collection = set->views.at(0).collections.at(0);
  ASSERT_EQ(collection.documents.size(), 2U);
  EXPECT_EQ(collection.documents[1].text, "def bake(): pass");
  ASSERT_EQ(collection.queries.size(), 1U);
  EXPECT_EQ(collection.queries[0].text, "bake bread");
  EXPECT_EQ(collection.queries[0].relevant.at(0).document, "1");
}

TEST(EvalSet, ReadsProceduresAndGradedJudgementsOfTheQuerysLine) {
  const TempFolder folder;
  write_gzip(folder.path() / "all.json.gz",
             "{\n\"about\": {\"steps\": 2},\n\"runs\": [\n{\"run_id\": \"r1\", "
             "\"task_description\": \"make tea\", \"pairs\": [{\"step\": 1, \"action\": "
             "\"boil water\", \"state\": \"kettle is on\"}, {\"step\": 2, \"action\": \"add "
             "leaves\"}]},\n{\"run_id\": \"r2\", \"task_description\": \"bake\", \"pairs\": "
             "[{\"action\": \"knead\"}]}\n]\n}\n");
  write_file(folder.path() / "open" / "q.jsonl",
             "{\"query_id\": \"q1\", \"tier\": \"EASY\", \"query\": \"hot drink\", "
             "\"relevant\": [{\"id\": \"r1\", \"score\": 8.5}, {\"id\": \"r2\", \"score\": 0}]}\n");
  const auto set = load_eval_set({folder.path()});
  ASSERT_TRUE(set) << set.error().message();
  const EvalCollection& collection = set->views.at(0).collections.at(0);
  ASSERT_EQ(collection.documents.size(), 2U);
  EXPECT_EQ(collection.documents[0].title, "make tea");
  EXPECT_EQ(collection.documents[0].text, "boil water kettle is on\nadd leaves");
  ASSERT_EQ(collection.queries.size(), 1U);
  EXPECT_EQ(collection.queries[0].kind, "EASY");
  ASSERT_EQ(collection.queries[0].relevant.size(), 1U);
  EXPECT_DOUBLE_EQ(collection.queries[0].relevant[0].grade, 8.5);
}

TEST(EvalSet, CutsAConversationIntoSessionsAndIntoTurns) {
  const TempFolder folder;
  write_file(
      folder.path() / "open" / "one.json",
      "{\n\"conversation\": {\"speaker_a\": \"Ann\", \"session_1_date_time\": \"8 May\",\n"
      "\"session_1\": [{\"speaker\": \"Ann\", \"dia_id\": \"D1:1\", \"text\": \"I fly kites\", "
      "\"blip_caption\": \"a red kite\"}, {\"speaker\": \"Bob\", \"dia_id\": \"D1:2\", "
      "\"text\": \"Nice\"}],\n\"session_2_date_time\": \"9 May\", \"session_2\": [{\"speaker\": "
      "\"Bob\", \"dia_id\": \"D2:1\", \"text\": \"I bake\"}]},\n\"qa\": [{\"question\": \"Who "
      "flies?\", \"evidence\": [\"D1:1\", \"D1:2\", \"D9:9\"], \"category\": 4}, {\"question\": "
      "\"Nobody knows?\", \"evidence\": [], \"category\": 5}]\n}\n");
  const auto set = load_eval_set({folder.path()});
  ASSERT_TRUE(set) << set.error().message();
  ASSERT_EQ(set->views.size(), 2U);
  EXPECT_EQ(set->views[0].name, "sessions");
  const EvalCollection& sessions = set->views[0].collections.at(0);
  ASSERT_EQ(sessions.documents.size(), 2U);
  EXPECT_EQ(sessions.documents[0].title, "8 May");
  EXPECT_EQ(sessions.documents[0].text, "Ann: I fly kites [a red kite]\nBob: Nice");
  ASSERT_EQ(sessions.queries.size(), 1U);
  EXPECT_EQ(sessions.queries[0].kind, "4");
  EXPECT_EQ(sessions.queries[0].relevant.size(), 1U);  // two turns of one session
  EXPECT_EQ(set->views[1].name, "turns");
  const EvalCollection& turns = set->views[1].collections.at(0);
  ASSERT_EQ(turns.documents.size(), 3U);
  EXPECT_EQ(turns.documents[0].title, "8 May Ann: I fly kites [a red kite]");
  EXPECT_EQ(turns.documents[0].session, turns.documents[1].session);
  EXPECT_NE(turns.documents[1].session, turns.documents[2].session);
  ASSERT_EQ(turns.queries.size(), 1U);
  EXPECT_EQ(turns.queries[0].relevant.size(), 2U);
}

TEST(EvalSet, CutsAChatWithRolesIntoExchangesAndAsksTheQuestionsBesideIt) {
  const TempFolder folder;
  const auto write_chat = [&](const char* name, const char* word) {
    write_gzip(folder.path() / "open" / name / "chat.json.gz",
               std::string("[{\"turns\": [[{\"role\": \"user\", \"id\": 0, \"content\": \"") +
                   word +
                   "\"}, {\"role\": \"assistant\", \"id\": 1, \"content\": \"sure\"}, "
                   "{\"role\": \"assistant\", \"id\": 2, \"content\": \"done\"}], "
                   "[{\"role\": \"user\", \"id\": 3, \"content\": \"thanks\"}]]}]");
    write_file(folder.path() / "open" / name / "asked.jsonl",
               std::string("{\"type\": \"recall\", \"question\": \"which ") + word +
                   "\", \"evidence_message_ids\": [0, 2]}\n"
                   "{\"type\": \"none\", \"question\": \"?\", \"evidence_message_ids\": []}\n");
  };
  write_chat("a", "kite");
  write_chat("b", "bread");
  const auto set = load_eval_set({folder.path()});
  ASSERT_TRUE(set) << set.error().message();
  ASSERT_EQ(set->views.size(), 1U);
  EXPECT_EQ(set->views[0].name, "exchanges");
  ASSERT_EQ(set->views[0].collections.size(), 2U);
  const EvalCollection& chat = set->views[0].collections[1];
  ASSERT_EQ(chat.documents.size(), 2U);
  EXPECT_EQ(chat.documents[0].title, "bread");
  EXPECT_EQ(chat.documents[0].text, "sure\n\ndone");
  ASSERT_EQ(chat.queries.size(), 1U);
  EXPECT_EQ(chat.queries[0].text, "which bread");
  EXPECT_EQ(chat.queries[0].relevant.size(), 1U);
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
