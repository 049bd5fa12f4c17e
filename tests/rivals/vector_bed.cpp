#include "rivals/vector_bed.h"

#include <algorithm>
#include <chrono>

#include "bench/vector_generator.h"

namespace tacit::rivals {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

Rows generate(bench::VectorGenerator& generator, std::size_t count, std::size_t dimension) {
  Rows rows;
  rows.dimension = dimension;
  rows.values.reserve(count * dimension);
  for (std::size_t i = 0; i < count; ++i) {
    const Embedding vector = generator.next();
    rows.values.insert(rows.values.end(), vector.begin(), vector.end());
  }
  return rows;
}

float last_wanted(const Rows& rows, const float* query) {
  std::vector<float> all(rows.count());
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i] = quick_dot(query, rows.row(i), rows.dimension);
  std::ranges::nth_element(all, all.begin() + kWanted - 1, std::greater<>());
  return all[kWanted - 1];
}

// Keeps the nearest of `found` by their f32 rows.
void rescore(const Rows& rows, const float* query, std::vector<std::uint32_t>& found) {
  std::vector<std::pair<float, std::uint32_t>> scored;
  scored.reserve(found.size());
  for (const std::uint32_t row : found)
    scored.emplace_back(quick_dot(query, rows.row(row), rows.dimension), row);
  const std::size_t kept = std::min(kWanted, scored.size());
  std::ranges::partial_sort(scored, scored.begin() + static_cast<std::ptrdiff_t>(kept),
                            std::greater<>());
  found.clear();
  for (std::size_t i = 0; i < kept; ++i) found.push_back(scored[i].second);
}

}  // namespace

Bed make_bed(std::size_t count, std::size_t dimension) {
  bench::VectorGenerator generator(dimension);
  Bed bed;
  bed.rows = generate(generator, count, dimension);
  bed.queries = generate(generator, kQueries, dimension);
  for (std::size_t i = 0; i < kQueries; ++i)
    bed.truths.push_back(last_wanted(bed.rows, bed.queries.row(i)));
  return bed;
}

Ask ask_ours(const Bed& bed, const vector::VectorIndex& index) {
  return [&](std::size_t query, std::size_t, std::vector<std::uint32_t>& found) {
    const auto nearest = index.nearest({bed.queries.row(query), bed.queries.dimension}, kWanted);
    found.clear();
    if (!nearest) return;
    for (const vector::Neighbour& near : *nearest)
      found.push_back(static_cast<std::uint32_t>(near.key.id));
  };
}

Ask ask_rival(const Bed& bed, const VectorRival& rival, const Setting& setting) {
  const std::size_t fetched = std::max(kWanted, setting.rescored);
  return [&bed, &rival, setting, fetched](std::size_t query, std::size_t lane,
                                          std::vector<std::uint32_t>& found) {
    rival.nearest(bed.queries.row(query), fetched, lane, found);
    if (setting.rescored > 0) rescore(bed.rows, bed.queries.row(query), found);
  };
}

double recall_of(const Bed& bed, const Ask& ask) {
  std::size_t right = 0;
  std::vector<std::uint32_t> found;
  for (std::size_t query = 0; query < kQueries; ++query) {
    ask(query, 0, found);
    for (const std::uint32_t row : found) {
      const float cosine = quick_dot(bed.queries.row(query), bed.rows.row(row), bed.rows.dimension);
      right += cosine >= bed.truths[query] ? 1U : 0U;
    }
  }
  return static_cast<double>(right) / static_cast<double>(kQueries * kWanted);
}

Round ask_all(const Ask& ask, WorkerPool& pool, std::size_t times) {
  Round round;
  round.ms.resize(kQueries * times);
  std::vector<std::vector<std::uint32_t>> found(pool.size());
  const auto start = Clock::now();
  pool.parallel_for(round.ms.size(), [&](std::size_t i, std::size_t lane) {
    const auto from = Clock::now();
    ask(i % kQueries, lane, found[lane]);
    round.ms[i] = ms_since(from);
  });
  round.rate = static_cast<double>(round.ms.size()) * 1000 / ms_since(start);
  return round;
}

}  // namespace tacit::rivals
