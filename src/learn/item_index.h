#pragma once
// Private to learn. The vectors of knowledge items in memory, a cache of the store's, kept fresh by
// watermark and loaded from zero when vectors were removed or replaced. One thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "domain/embedding.h"
#include "store/store.h"
#include "vector/index.h"

namespace tacit::learn {

class ItemIndex {
 public:
  explicit ItemIndex(EmbeddingSpace space);

  Result<void> refresh(store::ReadTxn& txn);
  // For each vector the items at `least` cosine or nearer, nearest first.
  Result<std::vector<std::vector<ItemId>>> near(std::span<const std::span<const float>> vectors,
                                                float least) const;

 private:
  EmbeddingSpace space_;
  std::unique_ptr<vector::VectorIndex> index_;
  std::optional<std::int64_t> generation_;
  std::int64_t watermark_ = 0;
};

}  // namespace tacit::learn
