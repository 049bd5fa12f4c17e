#include "transcript/reader.h"

#include <gtest/gtest.h>

#include "testing/fixtures.h"

namespace tacit::transcript {
namespace {

namespace fs = std::filesystem;

struct Collected {
  FileReport report;
  std::vector<Session> sessions;
  std::vector<Exchange> exchanges;
};

Collected collect(const fs::path& file) {
  Collected result;
  auto report = read_file(file, [&](const Session& session, Exchange&& exchange) -> Result<void> {
    result.sessions.push_back(session);
    result.exchanges.push_back(std::move(exchange));
    return {};
  });
  EXPECT_TRUE(report.has_value());
  if (report) result.report = std::move(*report);
  return result;
}

class ReaderTest : public ::testing::Test {
 protected:
  fs::path put(const std::string& name, std::string_view text) {
    const fs::path file = folder_.path() / name;
    fs::create_directories(file.parent_path());
    testing::write_file(file, text);
    return file;
  }

  testing::TempFolder folder_;
};

std::string claude(const std::string& type, int number, const std::string& content) {
  const std::string uuid = "00000000-0000-4000-8000-0000000000" + std::to_string(10 + number);
  return R"({"type":")" + type + R"(","uuid":")" + uuid +
         R"(","sessionId":"s","timestamp":"2026-01-01T10:00:)" + std::to_string(10 + number) +
         R"(Z","message":{"id":"m)" + std::to_string(number) + R"(","role":")" + type +
         R"(","content":)" + content + "}}\n";
}

TEST_F(ReaderTest, RecognisesByContentWhateverTheName) {
  const std::string text = claude("user", 1, R"("hello")") + claude("assistant", 2, R"("hi")");
  EXPECT_EQ(collect(put("notes.txt", text)).report.format, "claude-code");
  EXPECT_EQ(collect(put("a.jsonl", "{\"role\":\"user\",\"content\":\"x\"}\n")).report.format, "");
  EXPECT_EQ(collect(put("b.md", "# Notes\n\nsome text\n")).report.format, "");
  EXPECT_EQ(collect(put("empty", "")).report.format, "");
}

TEST_F(ReaderTest, KeepsALineOverTheCapAsAMarkedStubBetweenItsNeighbours) {
  const std::string big(kMaxLineBytes + 1000, 'x');
  const auto read = collect(
      put("big.jsonl",
          claude("user", 1, R"("what is in the dump?")") +
              claude("user", 2,
                     R"([{"type":"tool_result","tool_use_id":"t","content":")" + big + "\"}]") +
              claude("assistant", 3, R"("An x.")")));
  ASSERT_EQ(read.exchanges.size(), 1U);
  ASSERT_EQ(read.exchanges[0].steps.size(), 3U);
  EXPECT_EQ(read.exchanges[0].steps[1].kind, StepKind::kResult);
  EXPECT_NE(read.exchanges[0].steps[1].text.find("truncated"), std::string::npos);
  EXPECT_EQ(read.exchanges[0].steps[2].text, "An x.");
  ASSERT_EQ(read.report.notices.size(), 1U);
  EXPECT_EQ(read.report.notices[0].line, 2U);
}

TEST_F(ReaderTest, ClipsLongStepsAroundAVisibleMark) {
  const auto read = collect(put(
      "a.jsonl", claude("user", 1, R"("q")") +
                     claude("assistant", 2, "\"" + std::string(kMaxStepBytes * 3, 'y') + "\"")));
  ASSERT_EQ(read.exchanges.size(), 1U);
  EXPECT_LT(read.exchanges[0].steps[1].text.size(), kMaxStepBytes + 200);
  EXPECT_NE(read.exchanges[0].steps[1].text.find("bytes left out"), std::string::npos);
}

TEST_F(ReaderTest, BoundsTheStepsAndTheBytesOfAnExchange) {
  std::string content = "[";
  for (std::size_t i = 0; i < kMaxStepsPerExchange + 50; ++i)
    content += R"({"type":"text","text":"a"},)";
  content.back() = ']';
  const auto many =
      collect(put("many.jsonl", claude("user", 1, R"("q")") + claude("assistant", 2, content)));
  ASSERT_EQ(many.exchanges.size(), 1U);
  EXPECT_EQ(many.exchanges[0].steps.size(), kMaxStepsPerExchange);
  ASSERT_EQ(many.report.notices.size(), 1U);
  EXPECT_EQ(many.report.notices[0].line, 1U);

  std::string large = claude("user", 1, R"("q")");
  for (int i = 2; i < 6; ++i) {
    std::string blocks = "[";
    for (int j = 0; j < 80; ++j)
      blocks += R"({"type":"text","text":")" + std::string(kMaxStepBytes, 'z') + R"("},)";
    blocks.back() = ']';
    large += claude("assistant", i, blocks);
  }
  const auto heavy = collect(put("heavy.jsonl", large));
  ASSERT_EQ(heavy.exchanges.size(), 1U);
  std::size_t bytes = 0;
  for (const Step& step : heavy.exchanges[0].steps) bytes += step.text.size();
  EXPECT_LT(bytes, kMaxExchangeBytes + (100U << 10U));
  EXPECT_EQ(heavy.report.notices.size(), 1U);
}

TEST_F(ReaderTest, PassesTheSinksErrorOn) {
  const auto file = put("a.jsonl", claude("user", 1, R"("q")") + claude("assistant", 2, R"("a")"));
  const auto report = read_file(file, [](const Session&, Exchange&&) -> Result<void> {
    return fail(ErrorKind::kCancelled, "enough");
  });
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().kind(), ErrorKind::kCancelled);
}

TEST_F(ReaderTest, SaysThatAFileCannotBeRead) {
  const auto report = read_file(folder_.path() / "missing",
                                [](const Session&, Exchange&&) -> Result<void> { return {}; });
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().kind(), ErrorKind::kUnavailable);
}

TEST_F(ReaderTest, SaysThatACompressedRolloutIsNotRead) {
  const auto read = collect(put("rollout-x.jsonl.zst", "\x28\xB5\x2F\xFD rest"));
  EXPECT_EQ(read.report.format, "");
  ASSERT_EQ(read.report.notices.size(), 1U);
}

TEST_F(ReaderTest, ListsRegularFilesSortedWithoutHiddenFoldersAndLinks) {
  put("b.md", "x");
  put("a/c.jsonl", "x");
  put(".cache/d.md", "x");
  put(".specstory/history/e.md", "x");
  fs::create_symlink(folder_.path() / "b.md", folder_.path() / "link.md");
  const auto files = list_files(folder_.path());
  ASSERT_TRUE(files);
  std::vector<std::string> names;
  for (const auto& file : *files) names.push_back(file.filename().string());
  EXPECT_EQ(names, (std::vector<std::string>{"e.md", "c.jsonl", "b.md"}));
  EXPECT_EQ(list_files(folder_.path() / "b.md")->size(), 1U);
  EXPECT_EQ(list_files(folder_.path() / "missing").error().kind(), ErrorKind::kNotFound);
}

TEST_F(ReaderTest, FindsTheUsualPlacesThatExist) {
  const fs::path home = folder_.path() / "home";
  const fs::path work = folder_.path() / "work";
  for (const char* place : {"home/.claude/projects", "home/.codex/sessions",
                            "home/.codex/archived_sessions", "work/.specstory/history"}) {
    fs::create_directories(folder_.path() / place);
  }
  ASSERT_EQ(unsetenv("CLAUDE_CONFIG_DIR"), 0);
  ASSERT_EQ(unsetenv("CODEX_HOME"), 0);
  EXPECT_EQ(usual_places(home, work).size(), 4U);
  fs::create_directories(folder_.path() / "other/projects");
  ASSERT_EQ(setenv("CLAUDE_CONFIG_DIR", (folder_.path() / "other").c_str(), 1), 0);
  ASSERT_EQ(setenv("CODEX_HOME", (home / ".codex").c_str(), 1), 0);
  const auto places = usual_places(home, work);
  EXPECT_EQ(places.size(), 5U);
  EXPECT_EQ(places.front(), folder_.path() / "other/projects");
  ASSERT_EQ(unsetenv("CLAUDE_CONFIG_DIR"), 0);
  ASSERT_EQ(unsetenv("CODEX_HOME"), 0);
}

}  // namespace
}  // namespace tacit::transcript
