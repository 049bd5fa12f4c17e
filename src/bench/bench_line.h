#pragma once
// The JSON line of a measured case, as bench.h describes it, but for vs_baseline.

#include <nlohmann/json_fwd.hpp>

#include "bench/bench_case.h"

namespace tacit::bench {

nlohmann::json line_of(const Case& one, const Sample& sample);

}  // namespace tacit::bench
