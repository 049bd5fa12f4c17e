#include "bench/bench.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "bench/bench_line.h"
#include "testing/fixtures.h"

namespace tacit::bench {
namespace {

constexpr const char* kSession =
    R"({"type":"user","uuid":"u1","sessionId":"s1","cwd":"/home/dev/shop","timestamp":)"
    R"("2026-01-28T13:10:29.123Z","message":{"role":"user","content":"why does the build fail?"}})"
    "\n"
    R"({"type":"assistant","uuid":"u2","parentUuid":"u1","sessionId":"s1","timestamp":)"
    R"("2026-01-28T13:10:39.123Z","message":{"role":"assistant","content":[)"
    R"({"type":"text","text":"The cache was cold."}]}})"
    "\n";

// Runs the pipeline cases over a corpus of one small session, without a model.
class BenchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(folder_.path() / "sessions");
    testing::write_file(folder_.path() / "sessions" / "one.jsonl", kSession);
    options_.component = "pipeline";
    options_.iterations = 3;
    options_.corpus = folder_.path();
  }

  Result<BenchSummary> run() {
    lines_.clear();
    return run_bench(options_, [&](const std::string& line) {
      lines_.push_back(nlohmann::json::parse(line, nullptr, false));
    });
  }

  void write_baseline(double p50_ms) {
    options_.baseline = folder_.path() / "before.jsonl";
    nlohmann::json line = lines_.front();
    line["p50_ms"] = p50_ms;
    testing::write_file(*options_.baseline, line.dump() + "\n");
  }

  testing::TempFolder folder_;
  BenchOptions options_;
  std::vector<nlohmann::json> lines_;
};

TEST(BenchLine, ARatioBelowItsGoalIsMissed) {
  Case one;
  one.goal = Limit{Measure::kRatio, 1.5};
  Sample sample;
  sample.ms = {1, 2, 3};
  sample.ratio = 1.25;
  sample.cosine = 0.999;
  sample.setting = "ef 64";
  EXPECT_EQ(line_of(one, sample)["goal_met"], false);
  sample.ratio = 1.5;
  const nlohmann::json line = line_of(one, sample);
  EXPECT_EQ(line["goal_met"], true);
  EXPECT_EQ(line["cosine"], 0.999);
  EXPECT_EQ(line["setting"], "ef 64");
}

TEST_F(BenchTest, ALineHasTheFieldsOfTheContract) {
  ASSERT_TRUE(run());
  ASSERT_FALSE(lines_.empty());
  const nlohmann::json& line = lines_.front();
  for (const char* field :
       {"component", "case", "n", "p50_ms", "p95_ms", "p99_ms", "avg_ms", "throughput", "rss_mb",
        "target", "met", "goal", "goal_met", "commit", "machine"}) {
    EXPECT_TRUE(line.contains(field)) << field;
  }
  EXPECT_EQ(line["n"], 3);
  EXPECT_LE(line["p50_ms"], line["p95_ms"]);
  EXPECT_GT(line["throughput"], 0.0);
}

TEST_F(BenchTest, ACaseWithoutItsDataSaysSoAndFailsNothing) {
  const auto summary = run();
  ASSERT_TRUE(summary);
  EXPECT_TRUE(lines_.back().contains("skipped")) << lines_.back();
  EXPECT_TRUE(summary->targets_met);
  EXPECT_FALSE(summary->regressed);
}

// The same session lies there twice: the store knows the second, a new data folder asks again.
TEST_F(BenchTest, CacheRowsCountWhatTheSessionsRepeat) {
  testing::write_file(folder_.path() / "sessions" / "two.jsonl", kSession);
  options_.component = "cache";
  ASSERT_TRUE(run());
  int rows = 0;
  for (const nlohmann::json& line : lines_) {
    const auto name = line["case"].get<std::string>();
    if (name.find("entries") == std::string::npos || name.starts_with("look")) continue;
    ++rows;
    EXPECT_EQ(line["hit_rate"], name.starts_with("every") ? 0.5 : 0.0) << name;
  }
  EXPECT_EQ(rows, 20);
}

TEST_F(BenchTest, MoreThanATenthOverTheBaselineIsARegression) {
  ASSERT_TRUE(run());
  write_baseline(1e-6);
  const auto slower = run();
  ASSERT_TRUE(slower);
  EXPECT_TRUE(slower->regressed);
  EXPECT_GT(lines_.front()["vs_baseline"], 1.1);
  write_baseline(1e9);
  const auto faster = run();
  ASSERT_TRUE(faster);
  EXPECT_FALSE(faster->regressed);
}

TEST_F(BenchTest, ABaselineThatIsNoneAndAnUnknownComponentAreRefused) {
  options_.baseline = folder_.path() / "none.jsonl";
  EXPECT_EQ(run().error().kind(), ErrorKind::kNotFound);
  testing::write_file(*options_.baseline, "not a result\n");
  EXPECT_EQ(run().error().kind(), ErrorKind::kInvalidInput);
  options_.baseline.reset();
  options_.component = "nothing";
  EXPECT_EQ(run().error().kind(), ErrorKind::kInvalidInput);
}

}  // namespace
}  // namespace tacit::bench
