#include "rivals/row.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "bench/bench_line.h"

namespace tacit::rivals {

void print_row(const std::string& workload, const std::string& who, const bench::Sample& sample,
               std::optional<double> least_ratio) {
  bench::Case one;
  one.component = "rivals";
  one.name = workload + ": " + who;
  if (least_ratio) one.goal = bench::Limit{bench::Measure::kRatio, *least_ratio};
  const std::string line = bench::line_of(one, sample).dump() + "\n";
  std::fputs(line.c_str(), stdout);
  std::fflush(stdout);
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::ranges::nth_element(values, middle);
  return *middle;
}

}  // namespace tacit::rivals
