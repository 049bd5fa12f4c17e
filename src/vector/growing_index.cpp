// The index that search uses: exact while it is small, a graph with exact rescoring above. Rows are
// found from the moment they are put; the graph follows row by row, and what it does not have yet
// is scanned.
//
// Locks, in this order: structure_ (who grows or replaces the core), mutex_ (the core itself:
// shared to read, alone to change). Linking one row is planned under the shared lock and done under
// the other, so that readers wait for microseconds.
#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <string>

#include "base/log.h"
#include "base/mutex.h"
#include "base/worker.h"
#include "domain/embedding.h"
#include "vector/graph.h"
#include "vector/graph_file.h"
#include "vector/index.h"
#include "vector/rows.h"
#include "vector/scan.h"

namespace tacit::vector {
namespace {

constexpr std::size_t kLookedAt = 3;        // rows that a walk looks at for each wanted
constexpr std::size_t kDeadPerMille = 200;  // from here on the rows are made anew
constexpr std::size_t kKeptGrowth = 10;     // a graph is kept again when it grew by this part

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
    kept_ = 0;
  }

  Result<std::vector<Neighbour>> nearest(std::span<const float> query,
                                         std::size_t k) const override {
    TACIT_TRY(check(query));
    if (k == 0) return std::vector<Neighbour>{};
    const ReaderLock lock(mutex_);
    const Rows& rows = core_->rows;
    const std::size_t linked = core_->graph.size();
    const std::size_t width = std::max(kSearchWidth, k * kLookedAt);
    const bool walks = linked * 2 > rows.size() && width * options_.rows_per_candidate < linked;
    std::vector<Neighbour> found;
    if (walks) {
      const std::size_t dead = rows.size() - rows.live();
      const CodedQuery coded = rows.coded(query);
      const auto near = core_->graph.search(coded, width + width * dead / rows.size());
      rescore_nearest(rows, query, coded, near, k, found);
    }
    scan_from(rows, query, walks ? linked : 0, k, found);
    keep_best(found, k);
    return found;
  }

  Result<std::vector<Neighbour>> nearest_among(std::span<const float> query, std::size_t k,
                                               std::span<const std::uint64_t> ids) const override {
    TACIT_TRY(check(query));
    if (k == 0) return std::vector<Neighbour>{};
    const ReaderLock lock(mutex_);
    std::vector<std::uint32_t> some;
    for (const std::uint64_t id : ids) {
      const auto own = core_->rows.rows_of(id);
      some.insert(some.end(), own.begin(), own.end());
    }
    std::ranges::sort(some);  // in the order of memory
    std::vector<Neighbour> found;
    scan_some(core_->rows, query, some, k, found);
    keep_best(found, k);
    return found;
  }

  Result<std::vector<std::vector<Neighbour>>> nearest_batch(
      std::span<const std::span<const float>> queries, std::size_t k) const override {
    for (const auto& query : queries) TACIT_TRY(check(query));
    std::vector<std::vector<Neighbour>> found(queries.size());
    if (k == 0) return found;
    const ReaderLock lock(mutex_);
    for (std::size_t first = 0; first < queries.size(); first += kProductBlock) {
      const std::size_t count = std::min(kProductBlock, queries.size() - first);
      scan_batch(core_->rows, queries.subspan(first, count), k,
                 std::span(found).subspan(first, count));
    }
    for (auto& of_query : found) keep_best(of_query, k);
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
    keep();
  }

  bool take_up() override {
    if (options_.file.empty()) return false;
    const MutexLock structure(structure_);
    const SharedMutexLock lock(mutex_);
    const Rows& rows = core_->rows;
    const auto graph = read_graph_file(options_.file, rows.size());
    if (!graph || graph->width != rows.width() || graph->rows <= core_->graph.size() ||
        graph->row_hash != rows.hash(graph->rows) || !core_->graph.unpack(graph->links)) {
      return false;
    }
    is_graphed_ = true;
    kept_ = core_->graph.size();
    return true;
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
    kept_ = 0;  // what the file has does not fit these rows
    return true;
  }

  // Writes a graph that has all rows to the file, when it is a tenth larger than the one there. To
  // pack 100,000 rows takes some ten milliseconds, in which writers wait.
  void keep() {
    if (options_.file.empty()) return;
    const MutexLock structure(structure_);
    GraphFile graph;
    {
      const ReaderLock lock(mutex_);
      const std::size_t linked = core_->graph.size();
      if (linked < core_->rows.size() || linked <= kept_ + kept_ / kKeptGrowth) return;
      graph = {core_->rows.width(), linked, core_->rows.hash(linked), core_->graph.packed()};
    }
    kept_ = graph.rows;  // also when it fails: not again for each row
    if (auto done = write_graph_file(options_.file, graph); !done)
      log::warn("vector", "graph_not_kept", {{"reason", std::string(done.error().message())}});
  }

  void build(const std::stop_token& stop) {
    const std::stop_callback wake(stop, [this] { ring(); });
    while (!stop.stop_requested()) {
      if (step(stop)) continue;
      keep();
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
  std::size_t kept_ TACIT_GUARDED_BY(structure_) = 0;  // rows of the graph in the file
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
  return make_index(dimension,
                    {std::numeric_limits<std::size_t>::max(), kRowsPerCandidate, false, {}});
}

}  // namespace tacit::vector
