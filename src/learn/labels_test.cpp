// Measures the rules against exchanges that readers labelled worth keeping or not. Prints the
// figures that docs/learning.md quotes and holds a floor under them.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

#include "learn/extract.h"
#include "testing/fixtures.h"

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

void count(const json& row, Figures& figures) {
  Exchange previous;
  previous.steps.push_back(
      {StepKind::kRequest, "", row.at("prev_user").get<std::string>(), false, {}});
  const auto learned = extract(exchange_of(row), &previous, testing::test_key());
  const bool keep = row.at("label").at("keep").get<bool>();
  if (learned.empty())
    ++(keep ? figures.missed : figures.rightly_left);
  else
    ++(keep ? figures.true_keep : figures.false_keep);
  figures.statements += static_cast<int>(learned.size());
  if (keep) figures.statements_in_kept += static_cast<int>(learned.size());
}

TEST(Labels, RulesKeepWhatReadersKept) {
  const char* corpus = std::getenv("TACIT_CORPUS");
  if (corpus == nullptr) GTEST_SKIP() << "set TACIT_CORPUS to the folder of the unpacked corpus";
  std::ifstream in(std::filesystem::path(corpus) / "labels" / "exchanges.jsonl");
  ASSERT_TRUE(in) << "no labels/exchanges.jsonl in " << corpus;
  Figures figures;
  for (std::string line; std::getline(in, line);) {
    const json row = json::parse(line);
    const auto format = row.at("fmt").get<std::string>();
    if (format == "claude-code-jsonl" || format == "codex-rollout-jsonl" ||
        format == "specstory-md") {
      count(row, figures);
    }
  }
  std::cout << "keep: precision " << figures.precision() << ", recall " << figures.recall()
            << ", F1 " << figures.f1() << "; kept " << figures.true_keep << ", kept wrongly "
            << figures.false_keep << ", missed " << figures.missed << ", left rightly "
            << figures.rightly_left << "; statements " << figures.statements
            << ", of which in exchanges worth keeping " << figures.statement_precision() << "\n";
  EXPECT_GE(figures.precision(), 0.70);
  EXPECT_GE(figures.recall(), 0.38);
  EXPECT_GE(figures.f1(), 0.50);
}

}  // namespace
}  // namespace tacit::learn
