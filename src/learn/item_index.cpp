#include "learn/item_index.h"

#include <utility>

#include "store/knowledge_queries.h"

namespace tacit::learn {
namespace {

constexpr std::size_t kCandidates = 8;
constexpr std::size_t kLoadBatch = 256;

}  // namespace

ItemIndex::ItemIndex(EmbeddingSpace space)
    : space_(std::move(space)), index_(vector::make_exact_index(space_.dimension)) {}

Result<void> ItemIndex::refresh(store::ReadTxn& txn) {
  const std::int64_t generation = TACIT_TRY(store::vector_generation(txn, space_));
  if (generation_ != generation) {
    index_->clear();
    watermark_ = 0;
    generation_.reset();  // stays unset when loading fails, so the next refresh starts over
  }
  std::vector<store::StoredVector> batch;
  const auto flush = [&]() -> Result<void> {
    std::vector<vector::IndexEntry> entries;
    entries.reserve(batch.size());
    for (const store::StoredVector& stored : batch) {
      entries.push_back({{stored.id, stored.part}, stored.values});
    }
    auto done = index_->upsert(entries);
    batch.clear();
    return done;
  };
  std::int64_t seen = watermark_;
  TACIT_TRY(store::each_vector(txn, space_, watermark_,
                               [&](const store::StoredVector& stored) -> Result<void> {
                                 seen = stored.sequence;
                                 if (stored.owner != store::VectorOwner::kItem) return {};
                                 batch.push_back(stored);
                                 return batch.size() == kLoadBatch ? flush() : Result<void>();
                               }));
  TACIT_TRY(flush());
  watermark_ = seen;
  generation_ = generation;
  return {};
}

Result<std::vector<std::vector<ItemId>>> ItemIndex::near(
    std::span<const std::span<const float>> vectors, float least) const {
  const auto all = TACIT_TRY(index_->nearest_batch(vectors, kCandidates));
  std::vector<std::vector<ItemId>> items(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (const vector::Neighbour& neighbour : all[i])
      if (neighbour.cosine >= least) items[i].push_back(ItemId{neighbour.key.id});
  }
  return items;
}

}  // namespace tacit::learn
