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

  void expect_close(const std::string& manifest_format, const std::string& format, int floor,
                    double share) {
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
  expect_close("claude-code-jsonl", "claude-code", 3, 0.05);
}

TEST_F(Corpus, CodexExchangesAgreeWithTheManifest) {
  expect_close("codex-rollout-jsonl", "codex", 2, 0.02);
}

TEST_F(Corpus, SpecStoryExchangesAgreeWithTheManifest) {
  expect_close("specstory-md", "specstory", 2, 0.02);
}

TEST_F(Corpus, FilesOfOtherFormatsAreNotTaken) {
  for (const Row& row : rows_) {
    if (row.format == "claude-code-jsonl" || row.format == "codex-rollout-jsonl" ||
        row.format == "specstory-md")
      continue;
    if (row.format == "misc-agents")
      continue;  // a mixture that holds small files of our formats as well
    EXPECT_EQ(read(row).format, "") << row.file;
  }
}

// The labels carry a hash of each raw request: what the adapters hand out is what a person
// labelled.
TEST_F(Corpus, RequestsAreThoseThatWereLabelled) {
  std::map<std::string, std::set<std::string>> hashes;
  for (const Row& row : rows_) {
    if (!row.id.starts_with("cc-") && !row.id.starts_with("cx-") && !row.id.starts_with("ss-"))
      continue;
    for (const std::string& request : read(row).requests)
      hashes[row.id].insert(hex(sha256(trim(request)), 6));
  }
  std::ifstream labels(root_ / "labels" / "exchanges.jsonl");
  JsonParser parser;
  int labelled = 0;
  int found = 0;
  for (std::string line; std::getline(labels, line);) {
    const auto value = parser.parse(line);
    ASSERT_TRUE(value);
    const std::string_view id = value->text("id");
    const std::string file(id.substr(0, id.find('#')));
    if (!file.starts_with("cc-") && !file.starts_with("cx-") && !file.starts_with("ss-")) continue;
    ++labelled;
    if (hashes[file].contains(std::string(value->text("hash"))))
      ++found;
    else
      fmt::print("no request of {} has the hash {}\n", id, value->text("hash"));
  }
  fmt::print("labelled requests found: {} of {}\n", found, labelled);
  EXPECT_GE(found, labelled * 95 / 100);
}

}  // namespace
}  // namespace tacit::transcript
