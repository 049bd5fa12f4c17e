// The index that search uses: exact while it is small, a graph with exact rescoring above. Rows are
// found from the moment they are put; the graph follows row by row, and what it does not have yet
// is scanned.
//
// Locks, in this order: structure_ (who grows or replaces the core), mutex_ (the core itself:
// shared to read, alone to change). Linking one row is planned under the shared lock and done under
// the other, so that readers wait for microseconds.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <set>
#include <string>

#include "base/mutex.h"
#include "base/worker.h"
#include "domain/embedding.h"
#include "vector/graph.h"
#include "vector/index.h"
#include "vector/rows.h"

namespace tacit::vector {
namespace {

constexpr std::size_t kRescored = 3;        // rows looked at in f32 for each wanted, of the graph
constexpr std::size_t kDeadPerMille = 200;  // from here on the rows are made anew

struct Core {
  explicit Core(std::size_t dimension) : rows(dimension), graph(rows) {}
  Rows rows;
  Graph graph;
};

class GrowingIndex final : public VectorIndex {
 public:
  GrowingIndex(std::size_t dimension, const IndexOptions& options)
      : dimension_(dimension), options_(options), core_(std::make_unique<Core>(dimension)) {
    if (options_.grows_aside)
      builder_ = std::make_unique<Worker>("index", [this](std::stop_token stop) { build(stop); });
  }

  Result<void> upsert(std::span<const IndexEntry> entries) override {
    for (const IndexEntry& entry : entries) TACIT_TRY(check(entry.values));
    {
      const SharedMutexLock lock(mutex_);
      for (const IndexEntry& entry : entries) {
        core_->rows.put(entry.key, entry.values, !is_graphed_);
        if (is_renewing_) changed_.insert(entry.key);
      }
    }
    ring();
    return {};
  }

  void remove(std::span<const std::uint64_t> ids) override {
    {
      const SharedMutexLock lock(mutex_);
      for (const std::uint64_t id : ids) remove_locked(id);
    }
    ring();
  }

  void clear() override {
    const MutexLock structure(structure_);
    const SharedMutexLock lock(mutex_);
    core_ = std::make_unique<Core>(dimension_);
    is_graphed_ = false;
  }

  Result<std::vector<Neighbour>> nearest(
      std::span<const float> query, std::size_t k,
      const FunctionRef<bool(std::uint64_t)>* accept) const override {
    TACIT_TRY(check(query));
    if (k == 0) return std::vector<Neighbour>{};
    const ReaderLock lock(mutex_);
    const Rows& rows = core_->rows;
    const CodedQuery coded = rows.coded(query);
    const std::size_t linked = core_->graph.size();
    const std::size_t width = std::max(kSearchWidth, k * kRescored);
    const bool walks = accept == nullptr && linked * 2 > rows.size() &&
                       width * options_.rows_per_candidate < linked;
    std::vector<Neighbour> found;
    if (walks) {
      const std::size_t dead = rows.size() - rows.live();
      auto near = core_->graph.search(coded, width + width * dead / rows.size());
      near.resize(std::min(near.size(), std::max(kSearchWidth / 2, k * kRescored)));
      for (const Near& one : near)
        found.push_back({rows.key(one.row), dot(query, rows.values(one.row))});
    }
    scan(coded, query, walks ? linked : 0, k, accept, found);
    std::ranges::sort(found, [](const Neighbour& a, const Neighbour& b) {
      return a.cosine != b.cosine ? a.cosine > b.cosine : a.key < b.key;
    });
    if (found.size() > k) found.resize(k);
    return found;
  }

  std::size_t size() const override {
    const ReaderLock lock(mutex_);
    return core_->rows.live();
  }

  std::size_t bytes() const override {
    const ReaderLock lock(mutex_);
    return core_->rows.bytes() + core_->graph.bytes();
  }

  void settle() override {
    while (step({})) {
    }
  }

 private:
  Result<void> check(std::span<const float> values) const {
    if (values.size() != dimension_) {
      return fail(ErrorKind::kInvalidInput, "a vector of " + std::to_string(values.size()) +
                                                " dimensions does not fit an index of " +
                                                std::to_string(dimension_));
    }
    if (!std::ranges::all_of(values, [](float value) { return std::isfinite(value); }))
      return fail(ErrorKind::kInvalidInput, "a vector holds NaN or infinity");
    return {};
  }

  void remove_locked(std::uint64_t id) {
    Rows& rows = core_->rows;
    for (const std::uint32_t row : rows.rows_of(id)) {
      if (is_renewing_) changed_.insert(rows.key(row));
      if (is_graphed_) rows.kill(row);
    }
    if (is_graphed_) return;
    // Erasing moves rows, so they are looked for anew.
    for (auto left = rows.rows_of(id); !left.empty(); left = rows.rows_of(id)) rows.erase(left[0]);
  }

  // Adds the k best of the live rows from `first` on: first the k-th best lower bound over the
  // codes, then the f32 rows that may reach it.
  void scan(const CodedQuery& coded, std::span<const float> query, std::size_t first, std::size_t k,
            const FunctionRef<bool(std::uint64_t)>* accept, std::vector<Neighbour>& found) const {
    const Rows& rows = core_->rows;
    const auto is_wanted = [&](std::size_t row) {
      return !rows.is_dead(row) && (accept == nullptr || (*accept)(rows.key(row).id));
    };
    std::vector<float> upper(rows.size() - first);
    std::vector<float> lowest;  // a heap of the k best lower bounds, the least on top
    lowest.reserve(std::min(k, upper.size()) + 1);
    for (std::size_t row = first; row < rows.size(); ++row) {
      const Bounds bounds = rows.bounds(coded, row);
      upper[row - first] = bounds.middle + bounds.reach;
      const float lower = bounds.middle - bounds.reach;
      if (lowest.size() == k && lower <= lowest.front()) continue;
      if (!is_wanted(row)) continue;
      lowest.push_back(lower);
      std::ranges::push_heap(lowest, std::greater<>());
      if (lowest.size() > k) {
        std::ranges::pop_heap(lowest, std::greater<>());
        lowest.pop_back();
      }
    }
    for (std::size_t row = first; row < rows.size(); ++row) {
      if (lowest.size() == k && upper[row - first] < lowest.front()) continue;
      if (is_wanted(row)) found.push_back({rows.key(row), dot(query, rows.values(row))});
    }
  }

  // One row more in the graph, or all rows anew. False: there is nothing to do.
  bool step(const std::stop_token& stop) {
    const MutexLock structure(structure_);
    bool starts = false;
    Graph::Plan plan;
    {
      const ReaderLock lock(mutex_);
      const Rows& rows = core_->rows;
      if (rows.live() * rows.width() < options_.exact_code_bytes && !is_graphed_) return false;
      const std::size_t dead = rows.size() - rows.live();
      if (is_graphed_ && dead * 1000 >= rows.size() * kDeadPerMille) {
        starts = true;
      } else {
        if (is_graphed_ && core_->graph.size() == rows.size()) return false;
        if (is_graphed_) plan = core_->graph.plan();
      }
    }
    if (starts) return renew(stop);
    const SharedMutexLock lock(mutex_);
    if (is_graphed_)
      core_->graph.link(plan);
    else
      is_graphed_ = true;  // from here on rows keep their numbers
    return true;
  }

  // A core of the live rows alone, made aside; what changes meanwhile is done to it at the end.
  bool renew(const std::stop_token& stop) {
    auto fresh = std::make_unique<Core>(dimension_);
    {
      const SharedMutexLock lock(mutex_);
      is_renewing_ = true;
      changed_.clear();
    }
    {
      const ReaderLock lock(mutex_);
      const Rows& rows = core_->rows;
      for (std::size_t row = 0; row < rows.size(); ++row)
        if (!rows.is_dead(row)) fresh->rows.put(rows.key(row), rows.values(row), false);
    }
    while (fresh->graph.size() < fresh->rows.size() && !stop.stop_requested())
      fresh->graph.link(fresh->graph.plan());
    const SharedMutexLock lock(mutex_);
    is_renewing_ = false;
    if (stop.stop_requested()) return false;
    for (const VectorKey& key : changed_) {
      if (const auto row = core_->rows.find(key))
        fresh->rows.put(key, core_->rows.values(*row), false);
      else if (const auto gone = fresh->rows.find(key))
        fresh->rows.kill(*gone);
    }
    std::swap(core_, fresh);
    return true;
  }

  void build(const std::stop_token& stop) {
    const std::stop_callback wake(stop, [this] { ring(); });
    while (!stop.stop_requested()) {
      if (step(stop)) continue;
      const MutexLock lock(bell_mutex_);
      while (!has_rung_ && !stop.stop_requested()) bell_.wait(bell_mutex_);
      has_rung_ = false;
    }
  }

  void ring() {
    {
      const MutexLock lock(bell_mutex_);
      has_rung_ = true;
    }
    bell_.notify_all();
  }

  const std::size_t dimension_;
  const IndexOptions options_;
  Mutex structure_;
  mutable SharedMutex mutex_;
  std::unique_ptr<Core> core_ TACIT_GUARDED_BY(mutex_);
  bool is_graphed_ TACIT_GUARDED_BY(mutex_) = false;
  bool is_renewing_ TACIT_GUARDED_BY(mutex_) = false;
  std::set<VectorKey> changed_ TACIT_GUARDED_BY(mutex_);  // while renewing
  Mutex bell_mutex_;
  CondVar bell_;
  bool has_rung_ TACIT_GUARDED_BY(bell_mutex_) = false;
  std::unique_ptr<Worker> builder_;  // ends first
};

}  // namespace

std::unique_ptr<VectorIndex> make_index(std::size_t dimension, const IndexOptions& options) {
  return std::make_unique<GrowingIndex>(dimension, options);
}

std::unique_ptr<VectorIndex> make_exact_index(std::size_t dimension) {
  return make_index(dimension, {std::numeric_limits<std::size_t>::max(), kRowsPerCandidate, false});
}

}  // namespace tacit::vector
