// Exact search: one pass over int8 codes bounds every cosine from both sides, the f32 rows of those
// that may be among the best decide. A code row is the vector divided by its largest component and
// scaled to ±127, so one float a row brings the product back.
//
// Why the answer is that of the plain f32 scan, and not just nearly: let q = q' + e and v = v' + f
// be query and vector with their rounding errors, then |qv - q'v'| <= |e||v| + |q'||f|. The lengths
// of f are kept with the rows. Whatever cannot reach the k-th best lower bound is left out safely;
// the rest, a few hundredths of the rows on real embeddings, is computed in full.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <map>
#include <memory>
#include <string>

#include "base/mutex.h"
#include "vector/code_kernels.h"
#include "vector/index.h"

namespace tacit::vector {
namespace {

constexpr std::size_t kBlockRows = 1024;
// Covers the rounding of the f32 sums themselves, far above what 10,000 dimensions can lose.
constexpr float kSlack = 1e-5F;

float length_of(std::span<const float> values) {
  return std::sqrt(dot(values, values));
}

// The numbers beside a code row.
struct RowNumbers {
  float scale = 0;
  float length = 0;  // of the vector
  float error = 0;   // length of what the code lost
};

RowNumbers quantise(std::span<const float> values, std::int8_t* code) {
  float largest = 0;
  for (const float value : values) largest = std::max(largest, std::abs(value));
  RowNumbers result;
  if (largest == 0) {
    std::fill_n(code, values.size(), std::int8_t{0});
    return result;
  }
  result.scale = largest / 127.0F;
  float lost = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    code[i] = static_cast<std::int8_t>(std::lround(values[i] / largest * 127.0F));
    const float rest = values[i] - result.scale * static_cast<float>(code[i]);
    lost += rest * rest;
  }
  result.length = length_of(values);
  result.error = std::sqrt(lost);
  return result;
}

// A fixed number of rows; blocks never move, so growing copies nothing.
struct Block {
  struct alignas(kCodeStep) Chunk {
    std::array<std::int8_t, kCodeStep> bytes{};
  };
  Block(std::size_t width, std::size_t dimension)
      : codes(std::make_unique<Chunk[]>(kBlockRows * width / kCodeStep)),
        values(std::make_unique<float[]>(kBlockRows * dimension)) {}

  std::unique_ptr<Chunk[]> codes;
  std::unique_ptr<float[]> values;
  std::array<RowNumbers, kBlockRows> numbers{};
};

struct Bounds {
  float middle = 0;
  float reach = 0;
};

class ExactIndex final : public VectorIndex {
 public:
  explicit ExactIndex(std::size_t dimension)
      : dimension_(dimension),
        width_((dimension + kCodeStep - 1) / kCodeStep * kCodeStep),
        dot_codes_(usable_code_kernels().front().dot) {}

  Result<void> upsert(std::span<const IndexEntry> entries) override {
    for (const IndexEntry& entry : entries) TACIT_TRY(check(entry.values));
    SharedMutexLock lock(mutex_);
    for (const IndexEntry& entry : entries) put(entry);
    return {};
  }

  void remove(std::span<const std::uint64_t> ids) override {
    SharedMutexLock lock(mutex_);
    for (const std::uint64_t id : ids) {
      auto row = rows_.lower_bound({id, 0});
      while (row != rows_.end() && row->first.id == id) {
        erase_row(row->second);
        row = rows_.lower_bound({id, 0});
      }
    }
  }

  void clear() override {
    SharedMutexLock lock(mutex_);
    keys_.clear();
    rows_.clear();
    blocks_.clear();
  }

  Result<std::vector<Neighbour>> nearest(
      std::span<const float> query, std::size_t k,
      const FunctionRef<bool(std::uint64_t)>* accept) const override {
    TACIT_TRY(check(query));
    if (k == 0) return std::vector<Neighbour>{};
    std::vector<Block::Chunk> code(width_ / kCodeStep);
    const RowNumbers numbers = quantise(query, code.front().bytes.data());
    ReaderLock lock(mutex_);
    return best_rows(query, code.front().bytes.data(), numbers, k, accept);
  }

  std::size_t size() const override {
    ReaderLock lock(mutex_);
    return keys_.size();
  }

  std::size_t bytes() const override {
    ReaderLock lock(mutex_);
    const std::size_t row = width_ + dimension_ * sizeof(float) + sizeof(RowNumbers);
    return blocks_.size() * kBlockRows * row + keys_.capacity() * sizeof(VectorKey);
  }

 private:
  Result<void> check(std::span<const float> values) const {
    if (values.size() != dimension_) {
      return fail(ErrorKind::kInvalidInput, "a vector of " + std::to_string(values.size()) +
                                                " dimensions does not fit an index of " +
                                                std::to_string(dimension_));
    }
    if (!std::all_of(values.begin(), values.end(), [](float v) { return std::isfinite(v); })) {
      return fail(ErrorKind::kInvalidInput, "a vector holds NaN or infinity");
    }
    return {};
  }

  std::int8_t* code_of(std::size_t row) const {
    Block::Chunk* codes = blocks_[row / kBlockRows]->codes.get();
    return codes[row % kBlockRows * width_ / kCodeStep].bytes.data();
  }
  std::span<float> values_of(std::size_t row) const {
    return {blocks_[row / kBlockRows]->values.get() + row % kBlockRows * dimension_, dimension_};
  }
  RowNumbers& numbers_of(std::size_t row) const {
    return blocks_[row / kBlockRows]->numbers[row % kBlockRows];
  }

  void put(const IndexEntry& entry) {
    const auto [found, is_new] = rows_.emplace(entry.key, static_cast<std::uint32_t>(keys_.size()));
    const std::size_t row = found->second;
    if (is_new) {
      keys_.push_back(entry.key);
      if (row / kBlockRows == blocks_.size()) {
        blocks_.push_back(std::make_unique<Block>(width_, dimension_));
      }
    }
    numbers_of(row) = quantise(entry.values, code_of(row));
    std::copy(entry.values.begin(), entry.values.end(), values_of(row).begin());
  }

  // The last row takes the place of the erased one.
  void erase_row(std::uint32_t row) {
    const auto last = static_cast<std::uint32_t>(keys_.size() - 1);
    rows_.erase(keys_[row]);
    if (row != last) {
      keys_[row] = keys_[last];
      rows_[keys_[row]] = row;
      numbers_of(row) = numbers_of(last);
      std::memcpy(code_of(row), code_of(last), width_);
      std::memcpy(values_of(row).data(), values_of(last).data(), dimension_ * sizeof(float));
    }
    keys_.pop_back();
    if (keys_.size() % kBlockRows == 0) blocks_.resize(keys_.size() / kBlockRows);
  }

  Bounds bounds(const std::int8_t* code, const RowNumbers& query, std::size_t row) const {
    const RowNumbers& numbers = numbers_of(row);
    const auto product = static_cast<float>(dot_codes_(code, code_of(row), width_));
    const float query_length = query.length + query.error;  // at least that of the query's code
    return {product * query.scale * numbers.scale,
            query.error * numbers.length + query_length * numbers.error + kSlack};
  }

  // First the k-th best lower bound over the codes, then the f32 rows that may reach it.
  std::vector<Neighbour> best_rows(std::span<const float> query, const std::int8_t* code,
                                   const RowNumbers& numbers, std::size_t k,
                                   const FunctionRef<bool(std::uint64_t)>* accept) const {
    const auto is_accepted = [&](std::size_t row) {
      return accept == nullptr || (*accept)(keys_[row].id);
    };
    std::vector<float> upper(keys_.size());
    std::vector<float> lowest;  // a heap of the k best lower bounds, the least on top
    lowest.reserve(k < keys_.size() ? k + 1 : keys_.size() + 1);
    for (std::size_t row = 0; row < keys_.size(); ++row) {
      const Bounds found = bounds(code, numbers, row);
      upper[row] = found.middle + found.reach;
      const float lower = found.middle - found.reach;
      if (lowest.size() == k && lower <= lowest.front()) continue;
      if (!is_accepted(row)) continue;
      lowest.push_back(lower);
      std::push_heap(lowest.begin(), lowest.end(), std::greater<>());
      if (lowest.size() > k) {
        std::pop_heap(lowest.begin(), lowest.end(), std::greater<>());
        lowest.pop_back();
      }
    }
    std::vector<Neighbour> result;
    for (std::size_t row = 0; row < keys_.size(); ++row) {
      if (lowest.size() == k && upper[row] < lowest.front()) continue;
      if (is_accepted(row)) result.push_back({keys_[row], dot(query, values_of(row))});
    }
    std::sort(result.begin(), result.end(), [](const Neighbour& a, const Neighbour& b) {
      return a.cosine != b.cosine ? a.cosine > b.cosine : a.key < b.key;
    });
    if (result.size() > k) result.resize(k);
    return result;
  }

  // Constant after construction.
  const std::size_t dimension_;
  const std::size_t width_;  // of a code row
  std::int32_t (*const dot_codes_)(const std::int8_t*, const std::int8_t*, std::size_t);

  mutable SharedMutex mutex_;
  std::vector<VectorKey> keys_ TACIT_GUARDED_BY(mutex_);  // by row
  std::map<VectorKey, std::uint32_t> rows_ TACIT_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<Block>> blocks_ TACIT_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<VectorIndex> make_exact_index(std::size_t dimension) {
  return std::make_unique<ExactIndex>(dimension);
}

}  // namespace tacit::vector
