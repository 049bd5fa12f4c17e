// Exact search: one pass over int8 codes finds candidates, their f32 rows decide. A code row is the
// vector divided by its largest component and scaled to ±127, so one float a row brings the product
// back.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <map>
#include <unordered_map>

#include "base/mutex.h"
#include "vector/code_kernels.h"
#include "vector/index.h"

namespace tacit::vector {
namespace {

// Candidates kept for rescoring: int8 with a scale per vector needs about twice k for recall 1.0;
// this is generous because rescoring is cheap beside the scan.
constexpr std::size_t kOversampling = 4;
constexpr std::size_t kMinCandidates = 64;

struct Candidate {
  float score = 0;
  std::uint32_t row = 0;
};
bool is_better(const Candidate& a, const Candidate& b) {
  return a.score != b.score ? a.score > b.score : a.row < b.row;
}

class ExactIndex final : public VectorIndex {
 public:
  explicit ExactIndex(std::size_t dimension)
      : dimension_(dimension), width_((dimension + 31) / 32 * 32) {}

  Result<void> upsert(std::span<const IndexEntry> entries) override {
    for (const IndexEntry& entry : entries) {
      if (entry.values.size() != dimension_) {
        return fail(ErrorKind::kInvalidInput, "a vector of " + std::to_string(entry.values.size()) +
                                                  " dimensions does not fit an index of " +
                                                  std::to_string(dimension_));
      }
      if (!std::all_of(entry.values.begin(), entry.values.end(),
                       [](float v) { return std::isfinite(v); })) {
        return fail(ErrorKind::kInvalidInput, "a vector holds NaN or infinity");
      }
    }
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
    codes_.clear();
    scales_.clear();
    values_.clear();
  }

  Result<std::vector<Neighbour>> nearest(
      std::span<const float> query, std::size_t k,
      const FunctionRef<bool(std::uint64_t)>* accept) const override {
    if (query.size() != dimension_) {
      return fail(ErrorKind::kInvalidInput, "the query has another dimension than the index");
    }
    std::vector<std::int8_t> code(width_, 0);
    const float query_scale = quantise(query, code.data());
    ReaderLock lock(mutex_);
    const std::size_t wanted = std::max(kMinCandidates, k * kOversampling);
    std::vector<Candidate> best = scan(code.data(), query_scale, wanted, accept);
    std::vector<Neighbour> result;
    result.reserve(best.size());
    for (const Candidate& candidate : best) {
      const float* row = values_.data() + candidate.row * dimension_;
      result.push_back({keys_[candidate.row], dot(query, {row, dimension_})});
    }
    std::sort(result.begin(), result.end(), [](const Neighbour& a, const Neighbour& b) {
      return a.cosine != b.cosine ? a.cosine > b.cosine : a.key < b.key;
    });
    if (result.size() > k) result.resize(k);
    return result;
  }

  std::size_t size() const override {
    ReaderLock lock(mutex_);
    return keys_.size();
  }

  std::size_t bytes() const override {
    ReaderLock lock(mutex_);
    return codes_.capacity() + (scales_.capacity() + values_.capacity()) * sizeof(float) +
           keys_.capacity() * sizeof(VectorKey);
  }

 private:
  float quantise(std::span<const float> values, std::int8_t* code) const {
    float largest = 0;
    for (const float value : values) largest = std::max(largest, std::abs(value));
    if (largest == 0) return 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
      code[i] = static_cast<std::int8_t>(std::lround(values[i] / largest * 127.0F));
    }
    return largest / 127.0F;
  }

  void put(const IndexEntry& entry) {
    const auto [found, is_new] = rows_.emplace(entry.key, static_cast<std::uint32_t>(keys_.size()));
    const std::size_t row = found->second;
    if (is_new) {
      keys_.push_back(entry.key);
      codes_.resize(codes_.size() + width_, 0);
      values_.resize(values_.size() + dimension_);
      scales_.push_back(0);
    }
    scales_[row] = quantise(entry.values, codes_.data() + row * width_);
    std::copy(entry.values.begin(), entry.values.end(),
              values_.begin() + static_cast<std::ptrdiff_t>(row * dimension_));
  }

  // The last row takes the place of the erased one.
  void erase_row(std::uint32_t row) {
    const auto last = static_cast<std::uint32_t>(keys_.size() - 1);
    rows_.erase(keys_[row]);
    if (row != last) {
      keys_[row] = keys_[last];
      rows_[keys_[row]] = row;
      scales_[row] = scales_[last];
      std::memcpy(codes_.data() + row * width_, codes_.data() + last * width_, width_);
      std::memcpy(values_.data() + row * dimension_, values_.data() + last * dimension_,
                  dimension_ * sizeof(float));
    }
    keys_.pop_back();
    scales_.pop_back();
    codes_.resize(codes_.size() - width_);
    values_.resize(values_.size() - dimension_);
  }

  std::vector<Candidate> scan(const std::int8_t* code, float query_scale, std::size_t wanted,
                              const FunctionRef<bool(std::uint64_t)>* accept) const {
    // A heap of the best, its worst on top.
    std::vector<Candidate> heap;
    heap.reserve(wanted + 1);
    for (std::uint32_t row = 0; row < keys_.size(); ++row) {
      const auto product =
          static_cast<float>(dot_codes(code, codes_.data() + row * width_, width_));
      const Candidate candidate{product * query_scale * scales_[row], row};
      if (heap.size() == wanted && !is_better(candidate, heap.front())) continue;
      if (accept != nullptr && !(*accept)(keys_[row].id)) continue;
      heap.push_back(candidate);
      std::push_heap(heap.begin(), heap.end(), is_better);
      if (heap.size() > wanted) {
        std::pop_heap(heap.begin(), heap.end(), is_better);
        heap.pop_back();
      }
    }
    return heap;
  }

  const std::size_t dimension_;
  const std::size_t width_;  // of a code row: the dimension rounded up to whole 32-byte steps
  mutable SharedMutex mutex_;
  std::vector<VectorKey> keys_ TACIT_GUARDED_BY(mutex_);
  std::map<VectorKey, std::uint32_t> rows_ TACIT_GUARDED_BY(mutex_);
  std::vector<std::int8_t> codes_ TACIT_GUARDED_BY(mutex_);
  std::vector<float> scales_ TACIT_GUARDED_BY(mutex_);
  std::vector<float> values_ TACIT_GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<VectorIndex> make_exact_index(std::size_t dimension) {
  return std::make_unique<ExactIndex>(dimension);
}

}  // namespace tacit::vector
