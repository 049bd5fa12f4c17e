#include "transcript/record_reader.h"

#include <gtest/gtest.h>

#include "base/hash.h"
#include "testing/fixtures.h"

namespace tacit::transcript {
namespace {

struct Outcome {
  std::vector<std::string> names;  // the member "n" of each record, or "stub"
  std::vector<Notice> notices;
  std::vector<Stub> stubs;
};

Outcome read(std::string_view text, std::size_t max_line = kMaxLineBytes) {
  testing::TempFolder folder;
  const auto file = folder.path() / "a.jsonl";
  testing::write_file(file, text);
  Outcome outcome;
  FileReport report;
  const auto done = read_records(
      file, report,
      [&](const Record& record) -> Result<void> {
        outcome.names.emplace_back(record.value.text("n"));
        return {};
      },
      [&](const Stub& stub) -> Result<void> {
        outcome.names.emplace_back("stub");
        outcome.stubs.push_back(stub);
        return {};
      },
      max_line);
  EXPECT_TRUE(done);
  EXPECT_EQ(report.bytes, text.size());
  outcome.notices = report.notices;
  return outcome;
}

using Names = std::vector<std::string>;

TEST(RecordReader, ReadsLinesWithAndWithoutAFinalNewline) {
  EXPECT_EQ(read("{\"n\":\"a\"}\n\r\n{\"n\":\"b\"}").names, (Names{"a", "b"}));
  EXPECT_TRUE(read("{\"n\":\"a\"}\n{\"n\":\"b\"}").notices.empty());
  EXPECT_TRUE(read("").names.empty());
}

TEST(RecordReader, ReadsRecordsGluedOnOneLineAndSaysSo) {
  const Outcome outcome = read("{\"n\":\"a\"}\n{\"n\":\"b }{\"}{\"n\":\"c\"}\n{\"n\":\"d\"}\n");
  EXPECT_EQ(outcome.names, (Names{"a", "b }{", "c", "d"}));
  ASSERT_EQ(outcome.notices.size(), 1U);
  EXPECT_EQ(outcome.notices[0].line, 2U);
  EXPECT_NE(outcome.notices[0].reason.find("glued"), std::string::npos);
}

TEST(RecordReader, KeepsARecordThatFollowsACutOffOneOnTheSameLine) {
  const Outcome outcome =
      read("{\"type\":\"x\",\"n\":\"lost{\"type\":\"y\",\"n\":\"kept\"}\n{\"n\":\"d\"}\n");
  EXPECT_EQ(outcome.names, (Names{"kept", "d"}));
  ASSERT_EQ(outcome.notices.size(), 1U);
  EXPECT_NE(outcome.notices[0].reason.find("cut off"), std::string::npos);
}

TEST(RecordReader, BoundsTheWorkOnALineOfManyCutOffRecords) {
  constexpr int kPairs = 2000;  // scanned to the end from each one, this would take kPairs² steps
  std::string line;
  for (int i = 0; i < kPairs; ++i) line += R"({"type":"x","n":["lost{"type":"y","n":"kept"})";
  const Outcome outcome = read(line + "\n{\"n\":\"next\"}\n");
  EXPECT_GT(outcome.names.size(), 30U);
  EXPECT_LT(outcome.names.size(), std::size_t{kPairs});
  EXPECT_EQ(outcome.names.back(), "next");
  EXPECT_NE(outcome.notices.back().reason.find("more cut-off records"), std::string::npos);
}

TEST(RecordReader, ReportsAnUnfinishedLastLineAndKeepsWhatIsBeforeIt) {
  const Outcome outcome = read("{\"n\":\"a\"}\n{\"n\":\"b");
  EXPECT_EQ(outcome.names, (Names{"a"}));
  ASSERT_EQ(outcome.notices.size(), 1U);
  EXPECT_EQ(outcome.notices[0].line, 2U);
  EXPECT_NE(outcome.notices[0].reason.find("unfinished"), std::string::npos);
}

TEST(RecordReader, LeavesOutABadLineAndKeepsWhatFollows) {
  const Outcome outcome = read("{\"n\":\"a\"}\nnot json\n[1]\n{\"n\":\"b\"}\n");
  EXPECT_EQ(outcome.names, (Names{"a", "b"}));
  ASSERT_EQ(outcome.notices.size(), 2U);
  EXPECT_EQ(outcome.notices[0].line, 2U);
  EXPECT_EQ(outcome.notices[1].line, 3U);
}

TEST(RecordReader, ReplacesInvalidUtf8AndCountsIt) {
  const Outcome outcome = read("{\"n\":\"a\xFF\xC3z\"}\n");
  EXPECT_EQ(outcome.names, (Names{"a\uFFFD\uFFFDz"}));
  ASSERT_EQ(outcome.notices.size(), 1U);
  EXPECT_NE(outcome.notices[0].reason.find("2 malformed UTF-8"), std::string::npos);
}

TEST(RecordReader, RepairsHalfSurrogatesAndRawControlCharacters) {
  const Outcome outcome =
      read("{\"n\":\"a\\ud83d\"}\n{\"n\":\"b\tc\"}\n{\"n\":\"\\ud83d\\ude00 \\\\ud83d\"}\n");
  EXPECT_EQ(outcome.names, (Names{"a\uFFFD", "b c", "\U0001F600 \\ud83d"}));
  EXPECT_EQ(outcome.notices.size(), 2U);
}

TEST(RecordReader, KeepsAStubOfALineOverTheCap) {
  const std::string big = "{\"n\":\"" + std::string(900'000, 'x') + "END\"}";
  const Outcome outcome = read("{\"n\":\"a\"}\n" + big + "\n{\"n\":\"b\"}\n", 100'000);
  EXPECT_EQ(outcome.names, (Names{"a", "stub", "b"}));
  ASSERT_EQ(outcome.stubs.size(), 1U);
  EXPECT_EQ(outcome.stubs[0].sha256, hex(sha256(big)));
  EXPECT_TRUE(outcome.stubs[0].head.starts_with("{\"n\":\"xx"));
  EXPECT_TRUE(outcome.stubs[0].tail.ends_with("xEND\"}"));
  EXPECT_NE(outcome.stubs[0].text.find("truncated"), std::string::npos);
  EXPECT_NE(outcome.stubs[0].text.find(std::to_string(big.size())), std::string::npos);
  ASSERT_EQ(outcome.notices.size(), 1U);
  EXPECT_EQ(outcome.notices[0].line, 2U);
}

TEST(RecordReader, TakesALineOfExactlyTheCapWhole) {
  const std::string line = "{\"n\":\"" + std::string(1000, 'x') + "\"}";
  EXPECT_TRUE(read(line + "\n", line.size()).stubs.empty());
  EXPECT_EQ(read(line + "\n", line.size() - 1).stubs.size(), 1U);
  EXPECT_EQ(read(line, line.size() - 1).stubs.size(), 1U);
}

TEST(RecordReader, KeepsLinesOfMillionsOfTinyValuesAsStubs) {
  std::string dense = "{\"n\":\"a\",\"v\":[0";
  for (int i = 0; i < 2'200'000; ++i) dense += ",1";
  EXPECT_EQ(read(dense + "]}\n{\"n\":\"b\"}\n").names, (Names{"stub", "b"}));
}

TEST(RecordReader, SaysThatAFileIsMissing) {
  FileReport report;
  const auto done = read_records(
      "/nowhere/a.jsonl", report, [](const Record&) -> Result<void> { return {}; },
      [](const Stub&) -> Result<void> { return {}; });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind(), ErrorKind::kUnavailable);
}

}  // namespace
}  // namespace tacit::transcript
