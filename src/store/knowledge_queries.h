#pragma once
// Observations, knowledge items, their use, and vectors.

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/function_ref.h"
#include "base/result.h"
#include "domain/embedding.h"
#include "domain/knowledge.h"

namespace tacit::store {

class ReadTxn;
class WriteTxn;

// Writes the observation and makes `item` of it. False when the observation is already there.
Result<bool> add_item(WriteTxn& txn, const KnowledgeItem& item, const Observation& observation,
                      Instant now);
// Writes the observation as further support of `id`: raises support, confidence (domain
// reinforced()) and last_seen. False when the observation is already there.
Result<bool> reinforce_item(WriteTxn& txn, ItemId id, const Observation& observation, Instant now);
// Before an exchange is learned again: removes its observations, and items that lose all support.
Result<void> remove_observations_of(WriteTxn& txn, ExchangeId exchange);

Result<std::optional<KnowledgeItem>> find_item(ReadTxn& txn, ItemId id);
Result<std::vector<Observation>> observations_of(ReadTxn& txn,
                                                 ItemId id);  // oldest first, with spans
Result<std::vector<ItemId>> items_of_exchange(ReadTxn& txn, ExchangeId id);
// Newest first; `before` pages.
Result<std::vector<KnowledgeItem>> list_items(ReadTxn& txn, const std::string& project,
                                              std::optional<ItemType> type, std::size_t limit,
                                              std::optional<ItemId> before);
enum class ItemOrder {
  kConfidence,  // most confident first
  kFreshness,   // newest evidence or use first
};
// What a briefing asks: items of a project or an intent that are not stale at `now`.
struct ItemRanking {
  ItemOrder order = ItemOrder::kConfidence;
  std::string project;           // path or last component; may be empty with an intent
  std::optional<Intent> intent;  // for the order of confidence
  Instant now;
};
Result<std::vector<KnowledgeItem>> rank_items(ReadTxn& txn, const ItemRanking& ranking,
                                              std::size_t limit);

struct FreshnessCounts {
  std::int64_t fresh = 0, aging = 0, stale = 0;
};
Result<FreshnessCounts> count_by_freshness(ReadTxn& txn, Instant now);
// Flags the items that have become stale, which keeps the index of the others small. Answers do not
// depend on it.
Result<void> sweep_stale(WriteTxn& txn, Instant now);

// The item with this exact normalised statement, for deduplication without a model.
Result<std::optional<ItemId>> find_item_by_statement(ReadTxn& txn, const std::string& statement);

// Use: an item was given to an agent or opened by a person.
Result<void> record_use(WriteTxn& txn, std::span<const ItemId> items, Instant now);

enum class VectorOwner { kItem, kExchange };

struct StoredVector {
  std::int64_t sequence = 0;  // grows with every write: the watermark of index refreshes
  VectorOwner owner = VectorOwner::kItem;
  std::uint64_t id = 0;
  std::uint32_t part = 0;
  Embedding values;
};

// Owners of this kind without vectors in the space, oldest first.
Result<std::vector<std::uint64_t>> owners_without_vectors(ReadTxn& txn, VectorOwner owner,
                                                          const EmbeddingSpace& space,
                                                          std::size_t limit);
Result<std::int64_t> count_without_vectors(ReadTxn& txn, const EmbeddingSpace& space);
// Replaces all parts of the owner in the space. No part at all marks it as embedded (nothing to
// embed).
Result<void> put_vectors(WriteTxn& txn, VectorOwner owner, std::uint64_t id,
                         const EmbeddingSpace& space, std::span<const Embedding> parts);
// Streams vectors of the space with sequence > after, in order of sequence.
Result<void> each_vector(ReadTxn& txn, const EmbeddingSpace& space, std::int64_t after,
                         FunctionRef<Result<void>(const StoredVector&)> visit);
// Changes whenever vectors are removed or replaced: an index that sees another value loads from
// zero.
Result<std::int64_t> vector_generation(ReadTxn& txn, const EmbeddingSpace& space);

struct StoreCounts {
  std::int64_t sessions = 0, exchanges = 0, observations = 0, items = 0, vectors = 0, uses = 0,
               to_learn = 0;
  std::int64_t projects = 0, tombstones = 0, database_bytes = 0;
};
Result<StoreCounts> count_all(ReadTxn& txn);

}  // namespace tacit::store
