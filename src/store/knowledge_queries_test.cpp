#include "store/knowledge_queries.h"

#include <gmock/gmock.h>

#include "store/store_fixture_test.h"

namespace tacit::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class KnowledgeQueriesTest : public StoreTestBase {
 protected:
  KnowledgeItem item(ItemId id) const {
    KnowledgeItem found;
    read([&](ReadTxn& txn) -> Result<void> {
      const auto row = TACIT_TRY(find_item(txn, id));
      EXPECT_TRUE(row.has_value());
      if (row) found = *row;
      return {};
    });
    return found;
  }
  std::vector<StoredVector> vectors(std::int64_t after = 0) const {
    std::vector<StoredVector> found;
    read([&](ReadTxn& txn) {
      return each_vector(txn, space_, after, [&](const StoredVector& vector) -> Result<void> {
        found.push_back(vector);
        return {};
      });
    });
    return found;
  }
  std::int64_t generation() const {
    std::int64_t value = 0;
    read([&](ReadTxn& txn) -> Result<void> {
      value = TACIT_TRY(vector_generation(txn, space_));
      return {};
    });
    return value;
  }
  std::vector<std::uint64_t> waiting(VectorOwner owner) const {
    std::vector<std::uint64_t> found;
    read([&](ReadTxn& txn) -> Result<void> {
      found = TACIT_TRY(owners_without_vectors(txn, owner, space_, 100));
      return {};
    });
    return found;
  }

  const EmbeddingSpace space_{"test", 2};
  const Session session_ = testing::make_session("a");
  const Exchange first_ = testing::make_exchange(session_, 0, "q", "reply one");
  const Exchange second_ = testing::make_exchange(session_, 1, "q2", "reply two");
};

TEST_F(KnowledgeQueriesTest, AnItemComesBackWithItsEvidence) {
  put(session_, first_);
  const ItemId id = learn(session_, first_, "Use pnpm, never npm.");
  const KnowledgeItem found = item(id);
  EXPECT_EQ(found.statement, "Use pnpm, never npm.");
  EXPECT_EQ(found.project, session_.project);
  EXPECT_EQ(found.support, 1);
  EXPECT_EQ(found.uses, 0);
  EXPECT_EQ(found.first_seen, first_.time);
  read([&](ReadTxn& txn) -> Result<void> {
    const auto observations = TACIT_TRY(observations_of(txn, id));
    EXPECT_EQ(observations.size(), 1U);
    EXPECT_EQ(observations.front().spans.size(), 1U);
    EXPECT_EQ(observations.front().spans.front().step, 1U);
    EXPECT_EQ(observations.front().spans.front().length, 4U);
    EXPECT_THAT(TACIT_TRY(items_of_exchange(txn, first_.id)), ElementsAre(id));
    return {};
  });
}

TEST_F(KnowledgeQueriesTest, AnObservationCountsOnce) {
  put(session_, first_);
  put(session_, second_);
  const ItemId id = learn(session_, first_, "Use pnpm.");
  const Observation more = make_observation(second_, "Use pnpm");
  write([&](WriteTxn& txn) -> Result<void> {
    EXPECT_FALSE(TACIT_TRY(add_item(txn, make_item(session_, make_observation(first_, "Use pnpm.")),
                                    make_observation(first_, "Use pnpm."), kNow)));
    EXPECT_TRUE(TACIT_TRY(reinforce_item(txn, id, more, kNow)));
    EXPECT_FALSE(TACIT_TRY(reinforce_item(txn, id, more, kNow)));
    return {};
  });
  const KnowledgeItem found = item(id);
  EXPECT_EQ(found.support, 2);
  EXPECT_DOUBLE_EQ(found.confidence, reinforced(0.6, 0.6));
  EXPECT_EQ(found.first_seen, first_.time);
  EXPECT_EQ(found.last_seen, second_.time);
  EXPECT_EQ(counts().observations, 2);
}

TEST_F(KnowledgeQueriesTest, RemovingEvidenceSettlesItemsAndRemovesUnsupportedOnes) {
  put(session_, first_);
  put(session_, second_);
  const ItemId shared = learn(session_, first_, "Use pnpm.");
  const ItemId lone = learn(session_, first_, "Tests need a database.");
  write([&](WriteTxn& txn) -> Result<void> {
    TACIT_TRY(reinforce_item(txn, shared, make_observation(second_, "Prefer pnpm."), kNow));
    return remove_observations_of(txn, first_.id);
  });
  read([&](ReadTxn& txn) -> Result<void> {
    EXPECT_FALSE(TACIT_TRY(find_item(txn, lone)).has_value());
    return {};
  });
  const KnowledgeItem left = item(shared);
  EXPECT_EQ(left.support, 1);
  EXPECT_DOUBLE_EQ(left.confidence, 0.6);
  EXPECT_EQ(left.first_seen, second_.time);
  EXPECT_EQ(left.statement, "Prefer pnpm.") << "its words were those of the removed evidence";
}

TEST_F(KnowledgeQueriesTest, FindsAStatementWhateverItsSpacingAndCase) {
  put(session_, first_);
  const ItemId id = learn(session_, first_, "Use  pnpm,\nnever npm.");
  read([&](ReadTxn& txn) -> Result<void> {
    EXPECT_EQ(TACIT_TRY(find_item_by_statement(txn, "use pnpm, never NPM.")), id);
    EXPECT_EQ(TACIT_TRY(find_item_by_statement(txn, "use npm")), std::nullopt);
    return {};
  });
}

TEST_F(KnowledgeQueriesTest, ListsNewestFirstByTypeAndInPages) {
  std::vector<ItemId> ids;
  for (int i = 0; i < 5; ++i) {
    const Exchange exchange = testing::make_exchange(session_, i, "q", "r");
    put(session_, exchange);
    ids.push_back(learn(session_, exchange, "Statement number " + std::to_string(i)));
  }
  read([&](ReadTxn& txn) -> Result<void> {
    const auto page = TACIT_TRY(list_items(txn, "", std::nullopt, 3, std::nullopt));
    EXPECT_EQ(page.size(), 3U);
    EXPECT_EQ(page.front().id, ids[4]);
    const auto rest = TACIT_TRY(list_items(txn, "shop", std::nullopt, 3, page.back().id));
    EXPECT_EQ(rest.size(), 2U);
    EXPECT_EQ(rest.back().id, ids[0]);
    EXPECT_EQ(TACIT_TRY(list_items(txn, "", ItemType::kBugSolution, 9, std::nullopt)).size(), 5U);
    EXPECT_THAT(TACIT_TRY(list_items(txn, "", ItemType::kConvention, 9, std::nullopt)), IsEmpty());
    EXPECT_THAT(TACIT_TRY(list_items(txn, "other", std::nullopt, 9, std::nullopt)), IsEmpty());
    return {};
  });
}

TEST_F(KnowledgeQueriesTest, CountsUsesAndIgnoresUnknownItems) {
  put(session_, first_);
  const ItemId id = learn(session_, first_, "Use pnpm.");
  const std::vector<ItemId> used = {id, ItemId{99}};
  write([&](WriteTxn& txn) { return record_use(txn, used, kNow); });
  write([&](WriteTxn& txn) { return record_use(txn, used, kNow + std::chrono::hours(1)); });
  EXPECT_EQ(item(id).uses, 2);
  EXPECT_EQ(item(id).last_used, kNow + std::chrono::hours(1));
  EXPECT_EQ(counts().uses, 2);
}

TEST_F(KnowledgeQueriesTest, StreamsVectorsInOrderFromAWatermark) {
  put(session_, first_);
  put(session_, second_);
  const std::vector<Embedding> two = {{1, 0}, {0, 1}};
  const std::vector<Embedding> one = {{0.5F, 0.5F}};
  write([&](WriteTxn& txn) {
    return put_vectors(txn, VectorOwner::kExchange, first_.id.value, space_, two);
  });
  const auto before = vectors();
  ASSERT_EQ(before.size(), 2U);
  EXPECT_EQ(before[1].part, 1U);
  EXPECT_EQ(before[1].values, two[1]);
  const std::int64_t generation_before = generation();
  write([&](WriteTxn& txn) {
    return put_vectors(txn, VectorOwner::kExchange, second_.id.value, space_, one);
  });
  const auto later = vectors(before.back().sequence);
  ASSERT_EQ(later.size(), 1U);
  EXPECT_EQ(later.front().id, second_.id.value);
  EXPECT_EQ(later.front().values, one[0]);
  EXPECT_EQ(generation(), generation_before) << "adding alone keeps what an index has loaded";
}

TEST_F(KnowledgeQueriesTest, ReplacedOrRemovedVectorsChangeTheGeneration) {
  put(session_, first_);
  const std::vector<Embedding> one = {{1, 0}};
  const auto put_one = [&](WriteTxn& txn) {
    return put_vectors(txn, VectorOwner::kExchange, first_.id.value, space_, one);
  };
  write(put_one);
  const std::int64_t at_first = generation();
  const std::int64_t sequence = vectors().back().sequence;
  write(put_one);
  const std::int64_t replaced = generation();
  EXPECT_NE(replaced, at_first);
  EXPECT_GT(vectors().back().sequence, sequence) << "sequence numbers are never used twice";
  ForgetTarget target;
  target.exchange = first_.id;
  write([&](WriteTxn& txn) -> Result<void> {
    TACIT_TRY(forget(txn, target, kNow));
    return {};
  });
  EXPECT_NE(generation(), replaced);
  EXPECT_THAT(vectors(), IsEmpty());
}

TEST_F(KnowledgeQueriesTest, OwnersWaitForVectorsUntilTheyHaveThemOrNeedNone) {
  put(session_, first_);
  put(session_, second_);
  const ItemId id = learn(session_, first_, "Use pnpm.");
  EXPECT_THAT(waiting(VectorOwner::kExchange), ElementsAre(first_.id.value, second_.id.value));
  EXPECT_THAT(waiting(VectorOwner::kItem), ElementsAre(id.value));
  const std::vector<Embedding> one = {{1, 0}};
  write([&](WriteTxn& txn) -> Result<void> {
    TACIT_TRY(put_vectors(txn, VectorOwner::kExchange, first_.id.value, space_, one));
    return put_vectors(txn, VectorOwner::kItem, id.value, space_, {});
  });
  EXPECT_THAT(waiting(VectorOwner::kExchange), ElementsAre(second_.id.value));
  EXPECT_THAT(waiting(VectorOwner::kItem), IsEmpty());
  const Exchange third = testing::make_exchange(session_, 2, "q3", "r3");
  put(session_, third);
  EXPECT_THAT(waiting(VectorOwner::kExchange), ElementsAre(second_.id.value, third.id.value));
  Exchange grown = first_;
  grown.steps.push_back({StepKind::kReply, "", "more", false, std::nullopt});
  put(session_, grown);
  EXPECT_EQ(waiting(VectorOwner::kExchange).front(), first_.id.value) << "grown: embedded again";
  EXPECT_THAT(vectors(), IsEmpty());
  read([&](ReadTxn& txn) -> Result<void> {
    EXPECT_EQ(TACIT_TRY(count_without_vectors(txn, space_)), 3);
    const EmbeddingSpace other{"other", 2};
    EXPECT_EQ(TACIT_TRY(count_without_vectors(txn, other)), 4);
    EXPECT_EQ(TACIT_TRY(owners_without_vectors(txn, VectorOwner::kExchange, other, 2)).size(), 2U);
    EXPECT_EQ(TACIT_TRY(vector_generation(txn, other)), 0);
    return {};
  });
}

}  // namespace
}  // namespace tacit::store
