// The counts that the corpus' manifest gives, against what the adapters find. docs/adapters.md
// explains every file that differs.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/hash.h"
#include "base/text.h"
#include "transcript/json_value.h"
#include "transcript/reader.h"

namespace tacit::transcript {
namespace {

// What the manifest calls a format, and the adapter that reads it.
const std::map<std::string, std::string> kRead{
    {"aider-md", "aider"},
    {"claude-code-jsonl", "claude-code"},
    {"cline-json", "cline"},
    {"codex-rollout-jsonl", "codex"},
    {"copilot-cli-jsonl", "copilot-cli"},
    {"copilot-vscode-json", "copilot-chat"},
    {"gemini-cli", "gemini"},
    {"lsl-classification-jsonl", "lsl"},
    {"lsl-md", "lsl"},
    {"opencode-json", "opencode"},
    {"specstory-md", "specstory"},
    {"trajectory-json", "trajectory"},
};

struct Row {
  std::string id;
  std::string format;
  int exchanges = 0;
  std::filesystem::path file;
};

struct Found {
  std::string format;
  int fresh = 0;  // not seen in an earlier file
  int all = 0;
  std::vector<std::string> requests;
  std::size_t notices = 0;
};

// The hash that a label of this request may carry. aider's labels were made from its file: lines
// end in two blanks there, and what /ask asks is written twice.
std::vector<std::string> label_hashes(const Row& row, const std::string& request) {
  std::vector<std::string> texts{std::string(trim(request))};
  if (row.format == "aider-md") {
    std::string lines;
    for (const char c : texts[0]) lines += c == '\n' ? std::string("  \n") : std::string(1, c);
    texts.push_back(lines);
    if (const std::size_t blank = lines.find(' '); lines.starts_with('/') && blank < lines.size())
      texts.push_back(lines + "  \n\n" + lines.substr(blank));
  }
  for (std::string& text : texts) text = hex(sha256(text), 6);
  return texts;
}

class Corpus : public ::testing::Test {
 protected:
  void SetUp() override {
    const char* folder = std::getenv("TACIT_CORPUS");
    if (folder == nullptr)
      GTEST_SKIP() << "TACIT_CORPUS is not set: unpack the corpus and point it there";
    root_ = folder;
    std::ifstream manifest(root_ / "sessions" / "MANIFEST.tsv");
    std::string line;
    std::getline(manifest, line);
    while (std::getline(manifest, line)) {
      std::vector<std::string> cells;
      std::istringstream cellar(line);
      for (std::string cell; std::getline(cellar, cell, '\t');) cells.push_back(cell);
      if (cells.size() < 11) continue;
      rows_.push_back(
          {cells[0], cells[2], std::atoi(cells[9].c_str()), root_ / "sessions" / cells[10]});
    }
  }

  Found read(const Row& row) {
    Found found;
    const auto sink = [&](const Session& session, Exchange&& exchange) -> Result<void> {
      ++found.all;
      if (seen_.insert(session.agent + "\n" + exchange.identity).second) ++found.fresh;
      found.requests.push_back(exchange.request());
      EXPECT_FALSE(session.native_id.empty());
      EXPECT_FALSE(exchange.identity.empty());
      return {};
    };
    const auto report = read_file(row.file, sink);
    EXPECT_TRUE(report.has_value()) << row.file;
    if (!report) return found;
    found.format = report->format;
    found.notices = report->notices.size();
    EXPECT_EQ(report->exchanges, static_cast<std::size_t>(found.all));
    return found;
  }

  void expect_close(const std::string& manifest_format, int floor = 3, double share = 0.05) {
    const std::string& format = kRead.at(manifest_format);
    int wanted = 0;
    int fresh = 0;
    for (const Row& row : rows_) {
      if (row.format != manifest_format) continue;
      const Found found = read(row);
      EXPECT_EQ(found.format, format) << row.file;
      if (found.fresh != row.exchanges) {
        fmt::print("{} manifest {} found {} (before deduplication {})\n", row.id, row.exchanges,
                   found.fresh, found.all);
      }
      wanted += row.exchanges;
      fresh += found.fresh;
    }
    fmt::print("{}: manifest {} found {}\n", format, wanted, fresh);
    ASSERT_GT(wanted, 0) << "the manifest names no such file";
    EXPECT_LE(std::abs(wanted - fresh), std::max<double>(floor, share * wanted));
    // The second reading of everything adds nothing.
    for (const Row& row : rows_) {
      if (row.format == manifest_format) {
        EXPECT_EQ(read(row).fresh, 0) << row.file;
      }
    }
  }

  std::filesystem::path root_;
  std::vector<Row> rows_;
  std::set<std::string> seen_;
};

TEST_F(Corpus, ClaudeCodeExchangesAgreeWithTheManifest) {
  expect_close("claude-code-jsonl");
}

TEST_F(Corpus, CodexExchangesAgreeWithTheManifest) {
  expect_close("codex-rollout-jsonl", 2, 0.02);
}

TEST_F(Corpus, SpecStoryExchangesAgreeWithTheManifest) {
  expect_close("specstory-md", 2, 0.02);
}

TEST_F(Corpus, AiderExchangesAgreeWithTheManifest) {
  expect_close("aider-md");
}

TEST_F(Corpus, CopilotCliExchangesAgreeWithTheManifest) {
  expect_close("copilot-cli-jsonl");
}

TEST_F(Corpus, CopilotChatExchangesAgreeWithTheManifest) {
  expect_close("copilot-vscode-json");
}

TEST_F(Corpus, GeminiExchangesAgreeWithTheManifest) {
  expect_close("gemini-cli");
}

// The manifest counts none in the first and in the three chats of VS Code (docs/adapters.md), of
// which the last is the second as a log.
TEST_F(Corpus, SmallFilesOfSeveralAgentsAreReadAsWhatTheyAre) {
  const std::map<std::string, std::pair<std::string, int>> known{
      {"misc-003", {"codex", 1}},        {"misc-005", {"copilot-cli", 1}},
      {"misc-006", {"copilot-chat", 2}}, {"misc-007", {"copilot-chat", 3}},
      {"misc-008", {"copilot-chat", 0}}, {"misc-009", {"copilot-cli", 1}},
      {"misc-012", {"gemini", 1}}};
  for (const auto& [id, expected] : known) {
    const auto row = std::ranges::find(rows_, id, &Row::id);
    ASSERT_NE(row, rows_.end()) << id;
    const Found found = read(*row);
    EXPECT_EQ(found.format, expected.first) << id;
    EXPECT_EQ(found.fresh, expected.second) << id;
  }
}

TEST_F(Corpus, LslExchangesAgreeWithTheManifest) {
  expect_close("lsl-md");
}

TEST_F(Corpus, OpencodeExchangesAgreeWithTheManifest) {
  expect_close("opencode-json");
}

TEST_F(Corpus, ClineExchangesAgreeWithTheManifest) {
  expect_close("cline-json");
}

TEST_F(Corpus, TrajectoriesAgreeWithTheManifest) {
  expect_close("trajectory-json");
}

TEST_F(Corpus, LslClassificationLogsAreKnownAndHoldNoExchanges) {
  for (const Row& row : rows_) {
    if (row.format != "lsl-classification-jsonl") continue;
    const Found found = read(row);
    EXPECT_EQ(found.format, "lsl") << row.file;
    EXPECT_EQ(found.all, 0) << row.file;
    EXPECT_EQ(found.notices, 0U) << row.file;
  }
}

TEST_F(Corpus, FilesOfOtherFormatsAreNotTaken) {
  for (const Row& row : rows_) {
    // The last is a mixture that holds small files of our formats as well.
    if (kRead.contains(row.format) || row.format == "misc-agents") continue;
    EXPECT_EQ(read(row).format, "") << row.file;
  }
}

// The labels carry a hash of each raw request: what the adapters hand out is what a person
// labelled.
TEST_F(Corpus, RequestsAreThoseThatWereLabelled) {
  std::map<std::string, std::set<std::string>> hashes;
  for (const Row& row : rows_) {
    if (!kRead.contains(row.format)) continue;
    for (const std::string& request : read(row).requests)
      for (std::string& hash : label_hashes(row, request)) hashes[row.id].insert(std::move(hash));
  }
  std::ifstream labels(root_ / "labels" / "exchanges.jsonl");
  JsonParser parser;
  std::map<std::string, std::pair<int, int>> counts;  // found and labelled, by format
  int labelled = 0;
  int found = 0;
  for (std::string line; std::getline(labels, line);) {
    const auto value = parser.parse(line);
    ASSERT_TRUE(value);
    const std::string_view id = value->text("id");
    const std::string file(id.substr(0, id.find('#')));
    const auto row = std::ranges::find(rows_, file, &Row::id);
    if (row == rows_.end() || !kRead.contains(row->format)) continue;
    auto& [found_here, labelled_here] = counts[row->format];
    ++labelled;
    ++labelled_here;
    if (hashes[file].contains(std::string(value->text("hash")))) {
      ++found;
      ++found_here;
    } else {
      fmt::print("no request of {} has the hash {}\n", id, value->text("hash"));
    }
  }
  for (const auto& [format, count] : counts)
    fmt::print("{}: labelled requests found: {} of {}\n", format, count.first, count.second);
  fmt::print("labelled requests found: {} of {}\n", found, labelled);
  EXPECT_GE(found, labelled * 95 / 100);
}

}  // namespace
}  // namespace tacit::transcript
