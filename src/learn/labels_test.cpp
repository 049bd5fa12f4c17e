// Measures the rules against exchanges that readers labelled worth keeping or not. Prints the
// figures that docs/learning.md quotes and holds a floor under them.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "learn/extract.h"
#include "testing/fixtures.h"
#include "transcript/reader.h"

namespace tacit::learn {
namespace {

using nlohmann::json;

struct Figures {
  int true_keep = 0, false_keep = 0, missed = 0, rightly_left = 0;
  int statements = 0, statements_in_kept = 0;

  double precision() const { return ratio(true_keep, true_keep + false_keep); }
  double recall() const { return ratio(true_keep, true_keep + missed); }
  double f1() const {
    const double sum = precision() + recall();
    return sum > 0 ? 2 * precision() * recall() / sum : 0;
  }
  double statement_precision() const { return ratio(statements_in_kept, statements); }
  static double ratio(int a, int b) { return b > 0 ? static_cast<double>(a) / b : 0; }
};

// The labels hold an exchange clipped: request, replies as one text, calls and errors.
Exchange exchange_of(const json& row) {
  Exchange exchange;
  exchange.steps.push_back({StepKind::kRequest, "", row.at("user").get<std::string>(), false, {}});
  for (const json& tool : row.at("tools")) {
    const auto text = tool.get<std::string>();
    exchange.steps.push_back({StepKind::kCall, text.substr(0, text.find(':')), text, false, {}});
  }
  for (const json& error : row.at("errors")) {
    exchange.steps.push_back({StepKind::kResult, "tool", error.get<std::string>(), true, {}});
  }
  exchange.steps.push_back(
      {StepKind::kReply, "", row.at("assistant").get<std::string>(), false, {}});
  return exchange;
}

void score(const std::vector<Observation>& learned, bool keep, Figures& figures) {
  if (learned.empty()) {
    ++(keep ? figures.missed : figures.rightly_left);
  } else {
    ++(keep ? figures.true_keep : figures.false_keep);
  }
  figures.statements += static_cast<int>(learned.size());
  if (keep) figures.statements_in_kept += static_cast<int>(learned.size());
}

void count(const json& row, Figures& figures) {
  Exchange previous;
  previous.steps.push_back(
      {StepKind::kRequest, "", row.at("prev_user").get<std::string>(), false, {}});
  score(extract(exchange_of(row), &previous, testing::test_key()),
        row.at("label").at("keep").get<bool>(), figures);
}

void print(const char* what, const Figures& figures) {
  std::cout << what << ": precision " << figures.precision() << ", recall " << figures.recall()
            << ", F1 " << figures.f1() << "; kept " << figures.true_keep << ", kept wrongly "
            << figures.false_keep << ", missed " << figures.missed << ", left rightly "
            << figures.rightly_left << "; statements " << figures.statements
            << ", of which in exchanges worth keeping " << figures.statement_precision() << "\n";
}

bool is_our_format(const json& row) {
  const auto format = row.at("fmt").get<std::string>();
  return format == "claude-code-jsonl" || format == "codex-rollout-jsonl" ||
         format == "specstory-md";
}

std::optional<std::filesystem::path> corpus_folder() {
  const char* corpus = std::getenv("TACIT_CORPUS");
  if (corpus == nullptr) return std::nullopt;
  return std::filesystem::path(corpus);
}

std::vector<json> read_labels(const std::filesystem::path& corpus) {
  std::vector<json> rows;
  std::ifstream in(corpus / "labels" / "exchanges.jsonl");
  for (std::string line; std::getline(in, line);) {
    json row = json::parse(line);
    if (is_our_format(row)) rows.push_back(std::move(row));
  }
  return rows;
}

TEST(Labels, RulesKeepWhatReadersKept) {
  const auto corpus = corpus_folder();
  if (!corpus) GTEST_SKIP() << "set TACIT_CORPUS to the folder of the unpacked corpus";
  const auto rows = read_labels(*corpus);
  ASSERT_FALSE(rows.empty());
  Figures figures;
  for (const json& row : rows) count(row, figures);
  print("clipped exchanges", figures);
  EXPECT_GE(figures.precision(), 0.64);
  EXPECT_GE(figures.recall(), 0.60);
  EXPECT_GE(figures.f1(), 0.62);
}

// The same labels, joined by the beginning of the request to the whole exchanges of the session
// files.
class WholeExchanges {
 public:
  explicit WholeExchanges(const std::vector<json>& rows) {
    for (const json& row : rows) {
      labels_[key_of(row.at("user").get<std::string>())].push_back(
          row.at("label").at("keep").get<bool>());
    }
  }

  void read(const std::filesystem::path& file) {
    Exchange previous;
    const auto report =
        transcript::read_file(file, [&](const Session&, Exchange&& exchange) -> Result<void> {
          if (seen_.insert(exchange.identity).second) {
            add(exchange, previous.steps.empty() ? nullptr : &previous);
          }
          previous = std::move(exchange);
          return {};
        });
    EXPECT_TRUE(report) << file;
  }

  const Figures& figures() const { return figures_; }

 private:
  static std::string key_of(const std::string& request) {
    return std::string(clip_utf8(normalise_space(request), 120));
  }

  void add(const Exchange& exchange, const Exchange* previous) {
    const auto learned = extract(exchange, previous, testing::test_key());
    for (const Observation& observation : learned) {
      for (const Span& span : observation.spans) {
        ASSERT_LT(span.step, exchange.steps.size());
        ASSERT_LE(span.offset + span.length, exchange.steps[span.step].text.size());
      }
    }
    const auto label = labels_.find(key_of(exchange.request()));
    if (label == labels_.end() || label->second.size() != 1) return;  // "yes" is said too often
    score(learned, label->second.front(), figures_);
  }

  std::map<std::string, std::vector<bool>> labels_;
  std::set<std::string> seen_;
  Figures figures_;
};

TEST(Labels, RulesHoldOnWholeExchanges) {
  const auto corpus = corpus_folder();
  if (!corpus) GTEST_SKIP() << "set TACIT_CORPUS to the folder of the unpacked corpus";
  WholeExchanges whole(read_labels(*corpus));
  for (const char* format : {"claude-code-jsonl", "codex-rollout-jsonl", "specstory-md"}) {
    const auto files = transcript::list_files(*corpus / "sessions" / format);
    ASSERT_TRUE(files) << files.error().message();
    for (const auto& file : *files) whole.read(file);
  }
  print("whole exchanges", whole.figures());
  EXPECT_GE(whole.figures().precision(), 0.58);
  EXPECT_GE(whole.figures().f1(), 0.62);
}

}  // namespace
}  // namespace tacit::learn
