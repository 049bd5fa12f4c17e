#include "bench/eval_secrets.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "testing/fixtures.h"

namespace tacit::bench {
namespace {

using testing::TempFolder;
using testing::write_file;
using Json = nlohmann::json;

Json measured(const std::filesystem::path& folder) {
  const auto line = evaluate_secrets({folder}, "a set");
  EXPECT_TRUE(line.has_value());
  EXPECT_TRUE(line->has_value()) << "the layout is recognised";
  return Json::parse(line->value_or("{}"));
}

TEST(EvalSecrets, CountsCasesWithAndWithoutASecret) {
  const TempFolder folder;
  const std::string lines =
      R"({"rule": "a", "label": "secret", "text": "password=tr0ub4dor&3x", "secret": "tr0ub4dor&3x"})"
      "\n"
      R"({"rule": "a", "label": "secret", "text": "nothing here", "secret": "here"})"
      "\n"
      // The mask stands elsewhere than the secret: not found.
      R"({"rule": "b", "label": "secret", "text": "door 12, password=tr0ub4dor&3x", "secret": "door 12"})"
      "\n"
      R"({"rule": "b", "label": "not_secret", "text": "a plain text"})"
      "\n"
      R"({"rule": "b", "label": "not_secret", "text": "DB_PASSWORD='n0t-re4lly-So'"})"
      "\n";
  write_file(folder.path() / "open" / "x.jsonl", lines);
  const Json line = measured(folder.path());
  EXPECT_EQ(line["half"], "open");
  EXPECT_EQ(line["n"], 5);
  EXPECT_DOUBLE_EQ(line["metrics"]["recall"].get<double>(), 0.3333);
  EXPECT_DOUBLE_EQ(line["metrics"]["precision"].get<double>(), 0.5);
  EXPECT_DOUBLE_EQ(line["metrics"]["false_mask_rate"].get<double>(), 0.5);
  EXPECT_EQ(line["kinds"]["a"]["marked"], 2);
  EXPECT_EQ(line["kinds"]["a"]["found"], 1);
  EXPECT_EQ(line["kinds"]["b"]["falsely_masked"], 1);
}

TEST(EvalSecrets, CountsLinesAndWholeValuesOfFiles) {
  const TempFolder folder;
  write_file(folder.path() / "x.jsonl",
             R"({"file": "f", "text": "one\npassword=tr0ub4dor&3x\ntwo\npassword=0ther&3xtra\n",)"
             R"( "expected": [{"rule": "Password", "line": 2, "value": "tr0ub4dor&3x"},)"
             R"( {"rule": "Some Service", "line": 3, "value": "two"}]})"
             "\n"
             R"({"file": "g", "text": "quiet", "expected": []})"
             "\n");
  const Json metrics = measured(folder.path())["metrics"];
  EXPECT_EQ(metrics["lines_expected"], 2);
  EXPECT_EQ(metrics["lines_found"], 1);
  EXPECT_EQ(metrics["lines_not_expected"], 1);
  EXPECT_DOUBLE_EQ(metrics["generic_masked_whole"].get<double>(), 1.0);
  EXPECT_DOUBLE_EQ(metrics["structured_masked_whole"].get<double>(), 0.0);
  EXPECT_EQ(metrics["files_without_secrets"], 1);
  EXPECT_EQ(metrics["of_these_masked"], 0);
}

TEST(EvalSecrets, CountsPlacesOfPeopleByKindAndInCharacters) {
  const TempFolder folder;
  // The offsets count characters: the password begins at byte 25, character 23.
  write_file(
      folder.path() / "x.jsonl",
      R"({"text": "Müller: pässw password=tr0ub4dor&3x", "spans":)"
      R"( [{"type": "CODE", "start": 23, "end": 35}, {"type": "NAME", "start": 0, "end": 6}]})"
      "\n");
  const Json line = measured(folder.path());
  EXPECT_EQ(line["kinds"]["CODE"]["masked_whole"], 1);
  EXPECT_EQ(line["kinds"]["NAME"]["found"], 0);
  EXPECT_DOUBLE_EQ(line["metrics"]["recall"].get<double>(), 0.5);
  EXPECT_DOUBLE_EQ(line["metrics"]["precision"].get<double>(), 1.0);
}

TEST(EvalSecrets, CountsTextsAboutPeopleThatMayNotLeave) {
  const TempFolder folder;
  write_file(
      folder.path() / "x.jsonl",
      R"({"text": "Call +49 30 901820 or Ann", "spans":)"
      R"( [{"type": "PHONE", "start": 5, "end": 18}, {"type": "NAME", "start": 22, "end": 25}]})"
      "\n"
      R"({"text": "Ann sorts the list", "spans": [{"type": "NAME", "start": 0, "end": 3}]})"
      "\n"
      R"({"text": "the list is sorted", "spans": []})"
      "\n");
  const Json line = measured(folder.path());
  EXPECT_EQ(line["kinds"]["PHONE"]["texts"], 1);
  EXPECT_EQ(line["kinds"]["PHONE"]["kept_here"], 1);
  EXPECT_EQ(line["kinds"]["NAME"]["texts"], 2);
  EXPECT_EQ(line["kinds"]["NAME"]["kept_here"], 1);
  EXPECT_DOUBLE_EQ(line["metrics"]["texts_with_marks_kept_here"].get<double>(), 0.5);
  EXPECT_EQ(line["metrics"]["texts_without_marks"], 1);
  EXPECT_EQ(line["metrics"]["of_these_kept_here"], 0);
}

TEST(EvalSecrets, LeavesOtherSetsToOthers) {
  const TempFolder folder;
  write_file(folder.path() / "x.jsonl", "{\"id\": \"d1\", \"text\": \"How to fly a kite.\"}\n");
  const auto line = evaluate_secrets({folder.path()}, "a set");
  ASSERT_TRUE(line.has_value());
  EXPECT_FALSE(line->has_value());
}

}  // namespace
}  // namespace tacit::bench
