#include "recall/vector_cache.h"

#include <algorithm>
#include <vector>

#include "store/knowledge_queries.h"

namespace tacit::recall {
namespace {

constexpr std::size_t kBatch = 512;
// Fusion wants a thousand neighbours of exchanges, and for so many a graph pays from some 190,000
// rows of 384 dimensions on (ADR 0023).
constexpr std::size_t kScannedCodeBytes = 72U << 20U;

// Collects streamed vectors and hands them to the indexes in batches.
class Filler {
 public:
  explicit Filler(VectorPair& pair) : pair_(pair) {}

  Result<void> add(const store::StoredVector& vector) {
    sequence_ = vector.sequence;
    auto& batch = vector.owner == store::VectorOwner::kItem ? items_ : exchanges_;
    batch.push_back(vector);
    if (batch.size() >= kBatch) return flush();
    return {};
  }

  Result<void> flush() {
    TACIT_TRY(flush(items_, *pair_.items));
    return flush(exchanges_, *pair_.exchanges);
  }

  std::int64_t sequence() const { return sequence_; }

 private:
  static Result<void> flush(std::vector<store::StoredVector>& batch, vector::VectorIndex& index) {
    std::vector<vector::IndexEntry> entries;
    entries.reserve(batch.size());
    for (const store::StoredVector& vector : batch) {
      entries.push_back({{vector.id, vector.part}, vector.values});
    }
    if (!entries.empty()) TACIT_TRY(index.upsert(entries));
    batch.clear();
    return {};
  }

  VectorPair& pair_;
  std::vector<store::StoredVector> items_;
  std::vector<store::StoredVector> exchanges_;
  std::int64_t sequence_ = 0;
};

}  // namespace

Result<std::shared_ptr<const VectorPair>> VectorCache::refresh(store::ReadTxn& txn) {
  const std::int64_t generation = TACIT_TRY(store::vector_generation(txn, space_));
  std::shared_ptr<VectorPair> pair;
  std::int64_t after = 0;
  bool is_new = false;
  {
    const MutexLock lock(mutex_);
    if (pair_ && generation_ == generation) {
      pair = pair_;
      after = sequence_;
    }
  }
  if (!pair) {
    pair = std::make_shared<VectorPair>();
    pair->items = make_index("items.graph");
    pair->exchanges = make_index("exchanges.graph");
    is_new = true;
  }
  // Two refreshes at once write the same values: an upsert is idempotent.
  Filler filler(*pair);
  TACIT_TRY(store::each_vector(
      txn, space_, after, [&](const store::StoredVector& vector) { return filler.add(vector); }));
  TACIT_TRY(filler.flush());
  if (is_new) {
    pair->items->take_up();
    pair->exchanges->take_up();
  }
  const std::int64_t sequence = std::max(after, filler.sequence());
  const MutexLock lock(mutex_);
  if (pair_ == pair) {
    sequence_ = std::max(sequence_, sequence);
  } else {
    pair_ = pair;
    generation_ = generation;
    sequence_ = sequence;
  }
  return std::shared_ptr<const VectorPair>(pair);
}

std::unique_ptr<vector::VectorIndex> VectorCache::make_index(const char* file) const {
  vector::IndexOptions options;
  options.exact_code_bytes = kScannedCodeBytes;
  options.grows_aside = graph_folder_.has_value();
  if (graph_folder_) options.file = *graph_folder_ / file;
  return vector::make_index(space_.dimension, options);
}

std::size_t VectorCache::bytes() const {
  std::shared_ptr<const VectorPair> pair;
  {
    const MutexLock lock(mutex_);
    pair = pair_;
  }
  return pair ? pair->items->bytes() + pair->exchanges->bytes() : 0;
}

}  // namespace tacit::recall
