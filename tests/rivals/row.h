#pragma once
// Rows of the table of rivals, in the form of `tacit bench`.

#include <optional>
#include <string>
#include <vector>

#include "bench/bench_case.h"

namespace tacit::rivals {

inline constexpr const char* kTacit = "Tacit";

// The row of one contender in a workload: "<workload>: <who>".
void print_row(const std::string& workload, const std::string& who, const bench::Sample& sample,
               std::optional<double> least_ratio = std::nullopt);

double median(std::vector<double> values);

}  // namespace tacit::rivals
