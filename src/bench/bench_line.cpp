#include "bench/bench_line.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>

#include "base/metrics.h"
#include "bench/provenance.h"

namespace tacit::bench {
namespace {

double percentile(std::vector<double> sorted, double share) {
  if (sorted.empty()) return 0;
  const auto rank = static_cast<std::size_t>(share * static_cast<double>(sorted.size() - 1) + 0.5);
  return sorted[std::min(rank, sorted.size() - 1)];
}

double measured(const nlohmann::json& line, Measure measure) {
  switch (measure) {
    case Measure::kP50Ms:
      return line["p50_ms"].get<double>();
    case Measure::kP99Ms:
      return line["p99_ms"].get<double>();
    case Measure::kP95Ms:
      return line["p95_ms"].get<double>();
    case Measure::kThroughput:
      return line["throughput"].get<double>();
    case Measure::kRssMb:
      return line["rss_mb"].get<double>();
    case Measure::kRecall:
      return line.value("recall", 0.0);
    case Measure::kRatio:
      return line.value("ratio", 0.0);
  }
  return 0;
}

void hold_against(nlohmann::json& line, const char* name, const char* met,
                  const std::optional<Limit>& limit) {
  line[name] = nullptr;
  line[met] = nullptr;
  if (!limit) return;
  const double value = measured(line, limit->measure);
  const bool is_upper = limit->measure != Measure::kThroughput &&
                        limit->measure != Measure::kRecall && limit->measure != Measure::kRatio;
  line[name] = limit->value;
  line[met] = is_upper ? value <= limit->value : value >= limit->value;
}

}  // namespace

nlohmann::json line_of(const Case& one, const Sample& sample) {
  std::vector<double> ms = sample.ms;
  std::sort(ms.begin(), ms.end());
  std::vector<double> without = sample.ms_without;
  std::sort(without.begin(), without.end());
  const double sum = std::accumulate(ms.begin(), ms.end(), 0.0);
  const auto at = [&](double share) {
    return std::max(0.0, percentile(ms, share) - percentile(without, share));
  };
  nlohmann::json line;
  line["component"] = one.component;
  line["case"] = one.name;
  line["n"] = ms.size();
  line["p50_ms"] = at(0.50);
  line["p95_ms"] = at(0.95);
  line["p99_ms"] = at(0.99);
  if (!without.empty()) line["without_ms"] = {percentile(without, 0.50), percentile(without, 0.99)};
  line["avg_ms"] = ms.empty() ? 0 : sum / static_cast<double>(ms.size());
  line["throughput"] = sample.throughput > 0
                           ? sample.throughput
                           : (sum > 0 ? 1000.0 * static_cast<double>(ms.size()) / sum : 0);
  line["unit"] = sample.unit;
  line["rss_mb"] = sample.rss_mb.value_or(static_cast<double>(resident_bytes()) / 1e6);
  if (sample.recall) line["recall"] = *sample.recall;
  if (sample.hit_rate) line["hit_rate"] = *sample.hit_rate;
  if (sample.cosine) line["cosine"] = *sample.cosine;
  if (sample.ratio) line["ratio"] = *sample.ratio;
  if (!sample.setting.empty()) line["setting"] = sample.setting;
  hold_against(line, "target", "met", one.target);
  hold_against(line, "goal", "goal_met", one.goal);
  line["commit"] = current_commit();
  line["machine"] = machine_name();
  return line;
}

}  // namespace tacit::bench
