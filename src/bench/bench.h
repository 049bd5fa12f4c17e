#pragma once
// `tacit bench`: cases that measure the product's own code and write one JSON line each
// ({component, case, n, p50_ms, p95_ms, p99_ms, avg_ms, throughput, rss_mb, target, met, goal,
// goal_met, vs_baseline?, commit, machine}). A case is a function registered in one table
// (bench.cpp); later work adds rows. Data is generated from a fixed seed or read from
// $TACIT_CORPUS, and a case that lacks its data says so.

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/function_ref.h"
#include "base/result.h"
#include "domain/embedding.h"

namespace tacit::bench {

struct BenchOptions {
  std::string component = "all";                  // one of the tables in bench_*.cpp, or all
  std::string only;                               // what a case's name must hold
  int iterations = 0;                             // 0: each case's own number
  std::optional<std::filesystem::path> baseline;  // lines of an earlier run
  std::optional<std::filesystem::path> corpus;
  std::optional<std::filesystem::path> model_dir;
  std::filesystem::path program;  // this executable, for start-up time
};

struct BenchSummary {
  bool targets_met = true;  // of the cases that have one
  bool regressed = false;   // more than 10 % worse than the baseline
};

Result<BenchSummary> run_bench(const BenchOptions& options,
                               FunctionRef<void(const std::string& line)> print);

}  // namespace tacit::bench
