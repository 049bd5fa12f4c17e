#include "bench/bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/metrics.h"
#include "bench/bench_case.h"
#include "bench/provenance.h"

namespace tacit::bench {
namespace {

constexpr double kRegression = 1.10;

double percentile(std::vector<double> sorted, double share) {
  if (sorted.empty()) return 0;
  const auto rank = static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1) + 0.5);
  return sorted[std::min(rank, sorted.size() - 1)];
}

double measured(const nlohmann::json& line, Measure measure) {
  switch (measure) {
    case Measure::kP95Ms:
      return line["p95_ms"].get<double>();
    case Measure::kThroughput:
      return line["throughput"].get<double>();
    case Measure::kRssMb:
      return line["rss_mb"].get<double>();
    case Measure::kRecall:
      return line.value("recall", 0.0);
  }
  return 0;
}

void hold_against(nlohmann::json& line, const char* name, const char* met,
                  const std::optional<Limit>& limit) {
  line[name] = nullptr;
  line[met] = nullptr;
  if (!limit) return;
  const double value = measured(line, limit->measure);
  const bool is_upper = limit->measure == Measure::kP95Ms || limit->measure == Measure::kRssMb;
  line[name] = limit->value;
  line[met] = is_upper ? value <= limit->value : value >= limit->value;
}

nlohmann::json line_of(const Case& one, const Sample& sample) {
  std::vector<double> ms = sample.ms;
  std::sort(ms.begin(), ms.end());
  const double sum = std::accumulate(ms.begin(), ms.end(), 0.0);
  nlohmann::json line;
  line["component"] = one.component;
  line["case"] = one.name;
  line["n"] = ms.size();
  line["p50_ms"] = percentile(ms, 0.50);
  line["p95_ms"] = percentile(ms, 0.95);
  line["p99_ms"] = percentile(ms, 0.99);
  line["avg_ms"] = ms.empty() ? 0 : sum / static_cast<double>(ms.size());
  line["throughput"] = sample.throughput > 0
                           ? sample.throughput
                           : (sum > 0 ? 1000.0 * static_cast<double>(ms.size()) / sum : 0);
  line["unit"] = sample.unit;
  line["rss_mb"] = sample.rss_mb.value_or(static_cast<double>(resident_bytes()) / 1e6);
  if (sample.recall) line["recall"] = *sample.recall;
  if (sample.hit_rate) line["hit_rate"] = *sample.hit_rate;
  hold_against(line, "target", "met", one.target);
  hold_against(line, "goal", "goal_met", one.goal);
  return line;
}

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
    line["commit"] = current_commit();
    line["machine"] = machine_name();
    summary.targets_met = summary.targets_met && line["met"] != nlohmann::json(false);
    print(line.dump());
  }
  if (!any) {
    return fail(ErrorKind::kInvalidInput,
                fmt::format("--component: \"{}\" is none of machine, embedding, vector, pipeline, "
                            "database, store, serve, "
                            "inference, budget, cache, all",
                            options.component));
  }
  return summary;
}

}  // namespace tacit::bench
