#include "bench/eval_metrics.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "base/assert.h"

namespace tacit::bench {
namespace {

double discount(std::size_t rank) {
  return 1.0 / std::log2(static_cast<double>(rank) + 2.0);
}

// SplitMix64 (Steele, Lea, Flood, 2014): small, and the same everywhere, unlike the library's
// distributions.
std::uint64_t next_random(std::uint64_t& state) {
  state += 0x9E3779B97F4A7C15ULL;
  std::uint64_t z = state;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31U);
}

std::vector<double> rank_values(std::span<const double> values) {
  std::vector<std::size_t> order(values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(),
            [&](std::size_t x, std::size_t y) { return values[x] < values[y]; });
  std::vector<double> ranks(values.size());
  for (std::size_t start = 0; start < order.size();) {
    std::size_t end = start + 1;
    while (end < order.size() && values[order[end]] == values[order[start]]) ++end;
    const double rank = static_cast<double>(start + end - 1) / 2.0;
    for (std::size_t i = start; i < end; ++i) ranks[order[i]] = rank;
    start = end;
  }
  return ranks;
}

}  // namespace

double ndcg_at(std::size_t k, std::span<const std::size_t> ranks, std::span<const double> gains,
               std::span<const double> grades) {
  TACIT_ASSERT(ranks.size() == gains.size());
  double gain = 0;
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    if (ranks[i] < k) gain += gains[i] * discount(ranks[i]);
  }
  std::vector<double> best(grades.begin(), grades.end());
  std::sort(best.begin(), best.end(), std::greater<>());
  double ideal = 0;
  for (std::size_t i = 0; i < std::min(k, best.size()); ++i) ideal += best[i] * discount(i);
  return ideal > 0 ? gain / ideal : 0;
}

double recall_at(std::size_t k, std::span<const std::size_t> ranks, std::size_t relevant) {
  if (relevant == 0) return 0;
  const auto found =
      std::count_if(ranks.begin(), ranks.end(), [k](std::size_t rank) { return rank < k; });
  return static_cast<double>(found) / static_cast<double>(relevant);
}

double average_precision_at(std::size_t k, std::span<const std::size_t> ranks,
                            std::size_t relevant) {
  if (relevant == 0) return 0;
  double sum = 0;
  for (std::size_t i = 0; i < ranks.size(); ++i) {
    if (ranks[i] < k) sum += static_cast<double>(i + 1) / static_cast<double>(ranks[i] + 1);
  }
  return sum / static_cast<double>(relevant);
}

double reciprocal_rank_at(std::size_t k, std::span<const std::size_t> ranks) {
  if (ranks.empty() || ranks.front() >= k) return 0;
  return 1.0 / (static_cast<double>(ranks.front()) + 1.0);
}

double hit_at(std::size_t k, std::span<const std::size_t> ranks) {
  return !ranks.empty() && ranks.front() < k ? 1.0 : 0.0;
}

double mean(std::span<const double> values) {
  if (values.empty()) return 0;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double spearman(std::span<const double> a, std::span<const double> b) {
  TACIT_ASSERT(a.size() == b.size());
  const std::vector<double> x = rank_values(a);
  const std::vector<double> y = rank_values(b);
  const double mean_x = mean(x);
  const double mean_y = mean(y);
  double both = 0;
  double square_x = 0;
  double square_y = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    both += (x[i] - mean_x) * (y[i] - mean_y);
    square_x += (x[i] - mean_x) * (x[i] - mean_x);
    square_y += (y[i] - mean_y) * (y[i] - mean_y);
  }
  if (square_x <= 0 || square_y <= 0) return 0;
  return both / std::sqrt(square_x * square_y);
}

Interval paired_bootstrap(std::span<const double> a, std::span<const double> b) {
  TACIT_ASSERT(a.size() == b.size());
  const std::size_t count = a.size();
  if (count == 0) return {};
  std::vector<double> difference(count);
  for (std::size_t i = 0; i < count; ++i) difference[i] = a[i] - b[i];
  std::vector<double> means(kBootstrapRounds);
  std::uint64_t state = kBootstrapSeed;
  for (double& value : means) {
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i) sum += difference[next_random(state) % count];
    value = sum / static_cast<double>(count);
  }
  std::sort(means.begin(), means.end());
  const auto at = [&](double share) {
    return means[static_cast<std::size_t>(share * static_cast<double>(kBootstrapRounds - 1))];
  };
  return {at(0.025), at(0.975)};
}

}  // namespace tacit::bench
