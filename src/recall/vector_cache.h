#pragma once
// The two vector indexes of the retriever (items, exchanges) and their refresh from the store: new
// sequence numbers only, or a whole new pair when the store's generation changed. A refresh never
// leaves a half filled index to others: a new pair is built aside and put in place. Safe from any
// thread; no lock is held while the store or an index works.

#include <cstdint>
#include <memory>
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
  VectorCache(EmbeddingSpace space, bool grows_graph)
      : space_(std::move(space)), grows_graph_(grows_graph) {}

  // The indexes as of this transaction.
  Result<std::shared_ptr<const VectorPair>> refresh(store::ReadTxn& txn);
  std::size_t bytes() const;

 private:
  const EmbeddingSpace space_;
  const bool grows_graph_;
  mutable Mutex mutex_;
  std::shared_ptr<VectorPair> pair_ TACIT_GUARDED_BY(mutex_);
  std::int64_t generation_ TACIT_GUARDED_BY(mutex_) = -1;
  std::int64_t sequence_ TACIT_GUARDED_BY(mutex_) = 0;
};

}  // namespace tacit::recall
