// The sketches of some rows tell which of them may be among the best, the codes of these how near
// the k-th best is at least; what may be so near at the end is computed in f32.
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
constexpr std::size_t kAtOnce = Sketches::kAtOnce;

// The k-th best of the cosines that are sure. Twice k are gathered before the lesser half is
// dropped, which costs less than a heap where k is large.
class Threshold {
 public:
  Threshold(std::size_t k, std::size_t most) : k_(k) { best_.reserve(std::min(2 * k, most)); }

  // What is below can be left out; nothing until there are k. Grows as cosines are added.
  float value() const { return value_; }
  std::size_t wanted() const { return k_; }
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

// A question for the k best on its way over the rows.
class Scan {
 public:
  Scan(const Rows& rows, std::span<const float> query, std::size_t k, std::size_t count)
      : rows_(rows),
        query_(query),
        coded_(rows.coded(query)),
        sure_(std::min(k, kSure), count),
        likely_(k, count) {}

  // Looks at those rows from `first` on whose sketches may be among the best.
  void look_from(std::size_t first, std::size_t count) {
    const std::span cosines = std::span(cosines_).first(count);
    const std::span room = std::span(room_).first(count);
    rows_.sketches().cosines(coded_, first, cosines);
    if (candidates_.empty()) look_at_nearest(first, cosines);
    rows_.sketches().room_above(sure_.value(), likely_.value(), coded_, first, cosines, room);
    std::size_t many = 0;
    for (std::size_t i = 0; i < count; ++i) {
      wanted_[many] = static_cast<std::uint32_t>(first + i);
      many += room[i] >= 0 ? 1U : 0U;
    }
    look_at(std::span(wanted_).first(many));
    settle();
  }

  // Looks at the codes of these rows.
  void look_at(std::span<const std::uint32_t> some) {
    for (std::size_t i = 0; i < some.size(); ++i) {
      if (i + kCodesAhead < some.size()) rows_.prefetch_code(some[i + kCodesAhead]);
      const std::uint32_t row = some[i];
      const Bounds bounds = rows_.bounds(coded_, row);
      if (!is_wanted(bounds) || rows_.is_dead(row)) continue;
      candidates_.push_back({row, bounds});
      if (bounds.middle - bounds.spread > likely_.value())
        likely_.add(bounds.middle - bounds.spread);
      if (bounds.middle - bounds.reach > sure_.value()) sure_.add(bounds.middle - bounds.reach);
    }
  }

  void finish(std::vector<Neighbour>& found) {
    settle();
    std::erase_if(candidates_, [&](const Candidate& one) { return !is_wanted(one.bounds); });
    rescore(rows_, query_, candidates_, found);
  }

 private:
  // Begins with the nearest by their sketches, so that for others there soon is a cosine to pass.
  void look_at_nearest(std::size_t first, std::span<float> cosines) {
    const std::size_t k = likely_.wanted();
    if (cosines.size() <= k) return;
    std::ranges::copy(cosines, room_.begin());
    const auto last = room_.begin() + static_cast<std::ptrdiff_t>(k - 1);
    std::nth_element(room_.begin(), last,
                     room_.begin() + static_cast<std::ptrdiff_t>(cosines.size()), std::greater<>());
    std::size_t many = 0;
    for (std::size_t i = 0; i < cosines.size(); ++i) {
      if (cosines[i] < *last) continue;
      wanted_[many++] = static_cast<std::uint32_t>(first + i);
      cosines[i] = -std::numeric_limits<float>::infinity();  // once is enough
    }
    look_at(std::span(wanted_).first(many));
    settle();
  }
  void settle() {
    likely_.settle();
    sure_.settle();
  }
  bool is_wanted(const Bounds& bounds) const {
    return bounds.middle + bounds.spread >= likely_.value() ||
           bounds.middle + bounds.reach >= sure_.value();
  }

  const Rows& rows_;
  const std::span<const float> query_;
  const CodedQuery coded_;
  Threshold sure_;
  Threshold likely_;
  std::array<float, kAtOnce> cosines_;
  std::array<float, kAtOnce> room_;
  std::array<std::uint32_t, kAtOnce> wanted_;
  std::vector<Candidate> candidates_;
};

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
  Scan scan(rows, query, k, rows.size() - first);
  while (first < rows.size()) {
    const std::size_t next = std::min(first / kAtOnce * kAtOnce + kAtOnce, rows.size());
    scan.look_from(first, next - first);
    first = next;
  }
  scan.finish(found);
}

void scan_some(const Rows& rows, std::span<const float> query, std::span<const std::uint32_t> some,
               std::size_t k, std::vector<Neighbour>& found) {
  Scan scan(rows, query, k, some.size());
  scan.look_at(some);
  scan.finish(found);
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
