#include "bench/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/worker.h"
#include "bench/bench_case.h"
#include "bench/bench_line.h"

namespace tacit::bench {
namespace {

constexpr double kRegression = 1.10;

// p50 of each case of an earlier run.
Result<std::map<std::string, double>> read_baseline(const std::filesystem::path& file) {
  std::ifstream stream(file);
  if (!stream)
    return fail(ErrorKind::kNotFound, fmt::format("--baseline: cannot read {}", file.string()));
  std::map<std::string, double> baseline;
  for (std::string text; std::getline(stream, text);) {
    const auto line = nlohmann::json::parse(text, nullptr, false);
    if (!line.is_object() || !line.contains("case") || !line.contains("p50_ms")) {
      return fail(
          ErrorKind::kInvalidInput,
          fmt::format("--baseline: {} holds a line that is no bench result", file.string()));
    }
    baseline[line["case"].get<std::string>()] = line["p50_ms"].get<double>();
  }
  return baseline;
}

std::vector<Case> all_cases() {
  std::vector<Case> cases;
  for (auto part :
       {machine_cases(), embedding_cases(), vector_cases(), pipeline_cases(), database_cases(),
        store_cases(), serve_cases(), inference_cases(), call_cases(), cache_cases()}) {
    cases.insert(cases.end(), part.begin(), part.end());
  }
  return cases;
}

}  // namespace

Result<std::vector<double>> paced(WorkerPool& pool, int rate, std::size_t calls,
                                  const std::function<Result<void>(std::size_t)>& body) {
  const SystemClock clock;
  const auto period = std::chrono::microseconds(1'000'000 / rate);
  const SteadyTime start = clock.steady();
  std::vector<double> ms(calls);
  std::atomic<bool> has_failed{false};
  pool.parallel_for(calls, [&](std::size_t i, std::size_t) {
    const SteadyTime due = start + period * (i + 1);
    const auto early = std::chrono::duration_cast<Duration>(due - clock.steady());
    if (early > Duration(0)) clock.wait(early, {});
    const SteadyTime from = clock.steady();
    if (!body(i)) has_failed = true;
    ms[i] = std::chrono::duration<double, std::milli>(clock.steady() - from).count();
  });
  if (has_failed) return fail(ErrorKind::kInternal, "a call failed");
  return ms;
}

Result<Sample> time_each(int iterations, const std::function<Result<void>(int)>& body) {
  TACIT_TRY(body(0));
  Sample sample;
  for (int i = 0; i < iterations; ++i) {
    const auto start = std::chrono::steady_clock::now();
    TACIT_TRY(body(i));
    sample.ms.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
            .count());
  }
  return sample;
}

Result<BenchSummary> run_bench(const BenchOptions& options,
                               FunctionRef<void(const std::string& line)> print) {
  std::map<std::string, double> baseline;
  if (options.baseline) baseline = TACIT_TRY(read_baseline(*options.baseline));
  BenchSummary summary;
  bool any = false;
  for (const Case& one : all_cases()) {
    if (options.component != "all" && options.component != one.component) continue;
    if (one.name.find(options.only) == std::string::npos) continue;
    any = true;
    auto sample = one.run(options, options.iterations > 0 ? options.iterations : one.iterations);
    if (!sample) {
      if (sample.error().kind() != ErrorKind::kNotFound)
        return std::unexpected(std::move(sample).error().with_context(one.name));
      print(nlohmann::json{
          {"component", one.component}, {"case", one.name}, {"skipped", sample.error().message()}}
                .dump());
      continue;
    }
    nlohmann::json line = line_of(one, *sample);
    if (const auto before = baseline.find(one.name);
        before != baseline.end() && before->second > 0) {
      const double ratio = line["p50_ms"].get<double>() / before->second;
      line["vs_baseline"] = ratio;
      summary.regressed = summary.regressed || ratio > kRegression;
    }
    summary.targets_met = summary.targets_met && line["met"] != nlohmann::json(false);
    print(line.dump());
  }
  if (!any) {
    return fail(
        ErrorKind::kInvalidInput,
        fmt::format("--component \"{}\" --case \"{}\": there is no such case; components are "
                    "machine, embedding, vector, pipeline, database, store, serve, "
                    "inference, budget, cache, all",
                    options.component, options.only));
  }
  return summary;
}

}  // namespace tacit::bench
