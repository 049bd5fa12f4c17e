#pragma once
// The two vector indexes of the retriever (items, exchanges) and their refresh from the store: new
// sequence numbers only, or a whole new pair when the store's generation changed. A refresh never
// leaves a half filled index to others: a new pair is built aside and put in place. Safe from any
// thread; no lock is held while the store or an index works.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "base/mutex.h"
#include "base/result.h"
#include "domain/embedding.h"
#include "domain/query.h"
#include "store/store.h"
#include "vector/index.h"

namespace tacit::recall {

struct VectorPair {
  std::unique_ptr<vector::VectorIndex> items;
  std::unique_ptr<vector::VectorIndex> exchanges;
  const vector::VectorIndex& of(HitKind kind) const {
    return kind == HitKind::kItem ? *items : *exchanges;
  }
};

class VectorCache {
 public:
  // Graphs grow where there is a folder, and are kept in it.
  VectorCache(EmbeddingSpace space, std::optional<std::filesystem::path> graph_folder)
      : space_(std::move(space)), graph_folder_(std::move(graph_folder)) {}

  // The indexes as of this transaction.
  Result<std::shared_ptr<const VectorPair>> refresh(store::ReadTxn& txn);
  std::size_t bytes() const;

 private:
  std::unique_ptr<vector::VectorIndex> make_index(const char* file) const;

  const EmbeddingSpace space_;
  const std::optional<std::filesystem::path> graph_folder_;
  mutable Mutex mutex_;
  std::shared_ptr<VectorPair> pair_ TACIT_GUARDED_BY(mutex_);
  std::int64_t generation_ TACIT_GUARDED_BY(mutex_) = -1;
  std::int64_t sequence_ TACIT_GUARDED_BY(mutex_) = 0;
};

}  // namespace tacit::recall
