// Two passes. The first goes over the codes and keeps the rows that may be among the best, and how
// near the k-th best is at least; the second computes in f32 what may be so near at the end.
#include "vector/scan.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <functional>
#include <limits>

#include "domain/embedding.h"

namespace tacit::vector {
namespace {

// Rows that are fetched from memory before they are needed.
constexpr std::size_t kCodesAhead = 8;
constexpr std::size_t kValuesAhead = 3;

// The k-th best of the cosines that are sure. Twice k are gathered before the lesser half is
// dropped, which costs less than a heap where k is large.
class Threshold {
 public:
  Threshold(std::size_t k, std::size_t most) : k_(k) { best_.reserve(std::min(2 * k, most)); }

  // What is below can be left out; nothing until there are k. Grows as cosines are added.
  float value() const { return value_; }
  void add(float lower) {
    best_.push_back(lower);
    if (best_.size() == 2 * k_) settle();
  }
  // Makes the value that of all that were added.
  void settle() {
    if (best_.size() < k_) return;
    const auto last = best_.begin() + static_cast<std::ptrdiff_t>(k_ - 1);
    std::ranges::nth_element(best_, last, std::greater<>());
    value_ = *last;
    best_.resize(k_);
  }

 private:
  const std::size_t k_;
  float value_ = -std::numeric_limits<float>::infinity();
  std::vector<float> best_;
};

// A row that may be among the best, as far as is known.
struct Candidate {
  std::uint32_t row = 0;
  Bounds bounds;
};

// Computes in f32 what is left of the candidates.
void rescore(const Rows& rows, std::span<const float> query, const std::vector<Candidate>& left,
             std::vector<Neighbour>& found) {
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (i + kValuesAhead < left.size()) rows.prefetch_values(left[i + kValuesAhead].row);
    found.push_back({rows.key(left[i].row), dot(query, rows.values(left[i].row))});
  }
}

// The k best of `count` rows; row_of(i) is the number of the i-th.
template <class RowOf>
void scan(const Rows& rows, std::span<const float> query, std::size_t count, RowOf row_of,
          std::size_t k, std::vector<Neighbour>& found) {
  const CodedQuery coded = rows.coded(query);
  Threshold sure(std::min(k, kSure), count);
  Threshold likely(k, count);
  const auto is_wanted = [&](const Bounds& bounds) {
    return bounds.middle + bounds.spread >= likely.value() ||
           bounds.middle + bounds.reach >= sure.value();
  };
  std::vector<Candidate> candidates;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t row = row_of(i);
    if (i + kCodesAhead < count) rows.prefetch_code(row_of(i + kCodesAhead));
    const Bounds bounds = Rows::bounds_of(rows.product(coded.code(), rows.code(row)), coded.numbers,
                                          rows.numbers(row));
    if (!is_wanted(bounds) || rows.is_dead(row)) continue;
    candidates.push_back({static_cast<std::uint32_t>(row), bounds});
    if (bounds.middle - bounds.spread > likely.value()) likely.add(bounds.middle - bounds.spread);
    if (bounds.middle - bounds.reach > sure.value()) sure.add(bounds.middle - bounds.reach);
  }
  likely.settle();
  sure.settle();
  std::erase_if(candidates, [&](const Candidate& one) { return !is_wanted(one.bounds); });
  rescore(rows, query, candidates, found);
}

using Lanes = std::array<float, kProductBlock>;

// The queries of a batch, coded, in the orders that kernels want.
struct Batch {
  std::vector<CodeChunk> plain;
  std::vector<CodeChunk> woven;
  std::array<RowNumbers, kProductBlock> numbers{};

  Batch(const Rows& rows, std::span<const std::span<const float>> queries)
      : plain(kProductBlock * rows.width() / kCodeStep), woven(plain.size()) {
    const std::size_t width = rows.width();
    for (std::size_t query = 0; query < queries.size(); ++query) {
      const CodedQuery coded = rows.coded(queries[query]);
      numbers[query] = coded.numbers;
      std::memcpy(bytes(plain) + query * width, coded.code(), width);
      constexpr std::size_t kWoven = 4;
      for (std::size_t at = 0; at < width; at += kWoven)
        std::memcpy(bytes(woven) + (at / kWoven * kProductBlock + query) * kWoven,
                    coded.code() + at, kWoven);
    }
  }
  QueryBlock block() { return {bytes(plain), bytes(woven)}; }

 private:
  static std::int8_t* bytes(std::vector<CodeChunk>& chunks) { return chunks.front().bytes.data(); }
};

}  // namespace

void scan_from(const Rows& rows, std::span<const float> query, std::size_t first, std::size_t k,
               std::vector<Neighbour>& found) {
  scan(
      rows, query, rows.size() - first, [&](std::size_t i) { return first + i; }, k, found);
}

void scan_some(const Rows& rows, std::span<const float> query, std::span<const std::uint32_t> some,
               std::size_t k, std::vector<Neighbour>& found) {
  scan(
      rows, query, some.size(), [&](std::size_t i) { return some[i]; }, k, found);
}

void scan_batch(const Rows& rows, std::span<const std::span<const float>> queries, std::size_t k,
                std::span<std::vector<Neighbour>> found) {
  Batch batch(rows, queries);
  const QueryBlock block = batch.block();
  std::vector<Lanes> upper(rows.size());
  std::vector<Threshold> thresholds(queries.size(), Threshold(k, rows.size()));
  Lanes least;
  least.fill(std::numeric_limits<float>::infinity());  // of the places without a query
  std::fill_n(least.begin(), queries.size(), -std::numeric_limits<float>::infinity());
  alignas(64) std::array<std::int32_t, kProductBlock * kProductBlock> products;
  for (std::size_t first = 0; first < rows.size(); first += kProductBlock) {
    rows.products(first, block, products.data());
    const std::size_t count = std::min(kProductBlock, rows.size() - first);
    for (std::size_t i = 0; i < count; ++i) {
      const std::size_t row = first + i;
      const RowNumbers& of_row = rows.numbers(row);
      Lanes lower;
      bool any = false;
      for (std::size_t lane = 0; lane < kProductBlock; ++lane) {
        const Bounds bounds =
            Rows::bounds_of(products[i * kProductBlock + lane], batch.numbers[lane], of_row);
        upper[row][lane] = bounds.middle + bounds.reach;
        lower[lane] = bounds.middle - bounds.reach;
        any |= lower[lane] > least[lane];
      }
      if (!any || rows.is_dead(row)) continue;
      for (std::size_t lane = 0; lane < queries.size(); ++lane) {
        if (lower[lane] <= least[lane]) continue;
        thresholds[lane].add(lower[lane]);
        least[lane] = thresholds[lane].value();
      }
    }
  }
  for (std::size_t lane = 0; lane < queries.size(); ++lane) {
    thresholds[lane].settle();
    least[lane] = thresholds[lane].value();
  }
  for (std::size_t row = 0; row < rows.size(); ++row) {
    bool any = false;
    for (std::size_t lane = 0; lane < kProductBlock; ++lane) any |= upper[row][lane] >= least[lane];
    if (!any || rows.is_dead(row)) continue;
    for (std::size_t lane = 0; lane < queries.size(); ++lane) {
      if (upper[row][lane] >= least[lane])
        found[lane].push_back({rows.key(row), dot(queries[lane], rows.values(row))});
    }
  }
}

void rescore_nearest(const Rows& rows, std::span<const float> query, const CodedQuery& coded,
                     std::span<const Near> nearest_first, std::size_t k,
                     std::vector<Neighbour>& found) {
  std::vector<Candidate> candidates;
  float least = -std::numeric_limits<float>::infinity();
  for (const Near& near : nearest_first) {
    const Bounds bounds = Rows::around(near.nearness, coded.numbers, rows.numbers(near.row));
    if (bounds.middle + bounds.spread < least) continue;
    candidates.push_back({near.row, bounds});
    if (candidates.size() == k) least = bounds.middle - bounds.spread;
  }
  rescore(rows, query, candidates, found);
}

void keep_best(std::vector<Neighbour>& found, std::size_t k) {
  std::ranges::sort(found, [](const Neighbour& a, const Neighbour& b) {
    return a.cosine != b.cosine ? a.cosine > b.cosine : a.key < b.key;
  });
  if (found.size() > k) found.resize(k);
}

}  // namespace tacit::vector
