// Freshness as the database keeps it, the rankings that rest on it, and the content generation.

#include <gmock/gmock.h>

#include "store/store_fixture_test.h"
#include "store/text_queries.h"

namespace tacit::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

class ItemRankingTest : public StoreTestBase {
 protected:
  // An item of `session` seen so many days before kNow; nothing: no time is known.
  ItemId add(const Session& session, const std::string& statement, double confidence,
             std::optional<int> days_ago, std::optional<Intent> intent = std::nullopt) {
    Exchange exchange = testing::make_exchange(session, next_++, "q", statement);
    exchange.time = std::nullopt;
    if (days_ago) exchange.time = kNow - std::chrono::days(*days_ago);
    put(session, exchange);
    Observation observation = make_observation(exchange, statement);
    observation.confidence = confidence;
    KnowledgeItem item = make_item(session, observation);
    item.intent = intent;
    write([&](WriteTxn& txn) -> Result<void> {
      TACIT_TRY(add_item(txn, item, observation, kNow));
      return {};
    });
    last_ = exchange;
    return item.id;
  }
  Result<std::vector<ItemId>> rank(const ItemRanking& ranking, std::size_t limit = 10) const {
    std::vector<ItemId> ids;
    auto read = store_->read([&](ReadTxn& txn) -> Result<void> {
      for (const KnowledgeItem& item : TACIT_TRY(rank_items(txn, ranking, limit)))
        ids.push_back(item.id);
      return {};
    });
    if (!read) return std::unexpected(read.error());
    return ids;
  }
  std::vector<ItemId> ranked(ItemOrder order, const std::string& project,
                             std::optional<Intent> intent = std::nullopt,
                             Instant now = kNow) const {
    const auto ids = rank({order, project, intent, now});
    EXPECT_TRUE(ids.has_value()) << ids.error().message();
    return ids.value_or(std::vector<ItemId>());
  }
  FreshnessCounts freshness(Instant now = kNow) const {
    FreshnessCounts found;
    read([&](ReadTxn& txn) -> Result<void> {
      found = TACIT_TRY(count_by_freshness(txn, now));
      return {};
    });
    return found;
  }
  void use(ItemId id, Instant at) {
    write([&](WriteTxn& txn) { return record_use(txn, std::vector<ItemId>{id}, at); });
  }
  void sweep(Instant now) {
    write([&](WriteTxn& txn) { return sweep_stale(txn, now); });
  }
  std::int64_t generation() const {
    std::int64_t value = 0;
    read([&](ReadTxn& txn) -> Result<void> {
      value = TACIT_TRY(content_generation(txn));
      return {};
    });
    return value;
  }
  bool changes_content(FunctionRef<void()> action) {
    const std::int64_t before = generation();
    action();
    return generation() != before;
  }

  const Session shop_ = testing::make_session("a", "/home/dev/shop");
  const Session other_shop_ = testing::make_session("b", "/srv/shop");
  Exchange last_;
  int next_ = 0;
};

TEST_F(ItemRankingTest, ByConfidenceLeavesOutStaleItemsWhetherSweptOrNot) {
  const ItemId weak = add(shop_, "one", 0.4, 1);
  const ItemId strong = add(shop_, "two", 0.9, 80);
  add(shop_, "three", 0.95, 91);
  add(shop_, "four", 0.95, std::nullopt);
  for (int i = 0; i < 2; ++i) {
    EXPECT_THAT(ranked(ItemOrder::kConfidence, "shop"), ElementsAre(strong, weak));
    EXPECT_THAT(ranked(ItemOrder::kConfidence, "/home/dev/shop"), ElementsAre(strong, weak));
    sweep(kNow);
  }
}

TEST_F(ItemRankingTest, APathMeansThatProjectAloneAndANameAllOfThatName) {
  const ItemId here = add(shop_, "one", 0.4, 1);
  const ItemId there = add(other_shop_, "two", 0.5, 1);
  EXPECT_THAT(ranked(ItemOrder::kConfidence, "shop"), ElementsAre(there, here));
  EXPECT_THAT(ranked(ItemOrder::kConfidence, "/srv/shop"), ElementsAre(there));
  EXPECT_THAT(ranked(ItemOrder::kConfidence, "/srv/other/shop"), IsEmpty());
  read([&](ReadTxn& txn) -> Result<void> {
    EXPECT_EQ(TACIT_TRY(list_items(txn, "shop", std::nullopt, 10, std::nullopt)).size(), 2U);
    EXPECT_EQ(TACIT_TRY(list_items(txn, "/srv/shop", std::nullopt, 10, std::nullopt)).size(), 1U);
    EXPECT_EQ(TACIT_TRY(list_sessions(txn, "shop", 10, std::nullopt)).size(), 2U);
    EXPECT_EQ(TACIT_TRY(list_sessions(txn, "/srv/shop", 10, std::nullopt)).size(), 1U);
    return {};
  });
}

TEST_F(ItemRankingTest, UseMakesAnOldItemFreshAgain) {
  const ItemId old = add(shop_, "one", 0.9, 200);
  const ItemId recent = add(shop_, "two", 0.4, 3);
  sweep(kNow);
  EXPECT_THAT(ranked(ItemOrder::kFreshness, "shop"), ElementsAre(recent));
  use(old, kNow);
  EXPECT_THAT(ranked(ItemOrder::kFreshness, "shop"), ElementsAre(old, recent));
  EXPECT_EQ(freshness().fresh, 2);
  use(old, kNow + std::chrono::days(60));
  EXPECT_THAT(ranked(ItemOrder::kFreshness, "shop", std::nullopt, kNow + std::chrono::days(120)),
              ElementsAre(old));
}

TEST_F(ItemRankingTest, FreshEvidenceCountsLikeUse) {
  const ItemId old = add(shop_, "one", 0.5, 200);
  sweep(kNow);
  const ItemId recent = add(shop_, "two", 0.6, 5);
  Observation again = make_observation(last_, "one more time");
  write([&](WriteTxn& txn) -> Result<void> {
    TACIT_TRY(reinforce_item(txn, old, again, kNow));
    return {};
  });
  EXPECT_THAT(ranked(ItemOrder::kConfidence, "shop"), UnorderedElementsAre(old, recent));
  // Its evidence of that day goes, and so does its freshness.
  write([&](WriteTxn& txn) { return remove_observations_of(txn, last_.id); });
  EXPECT_THAT(ranked(ItemOrder::kConfidence, "shop"), IsEmpty());
}

TEST_F(ItemRankingTest, CountsAgreeWithTheRuleOfTheDomain) {
  for (const int days : {0, 29, 30, 31, 89, 90, 91, 400}) {
    add(shop_, "seen " + std::to_string(days), 0.5, days);
  }
  add(shop_, "never dated", 0.5, std::nullopt);
  FreshnessCounts ruled;
  read([&](ReadTxn& txn) -> Result<void> {
    for (const auto& item : TACIT_TRY(list_items(txn, "", std::nullopt, 100, std::nullopt))) {
      const Freshness freshness = freshness_of(item, kNow);
      ++(freshness == Freshness::kFresh   ? ruled.fresh
         : freshness == Freshness::kAging ? ruled.aging
                                          : ruled.stale);
    }
    return {};
  });
  for (int i = 0; i < 2; ++i) {
    const FreshnessCounts counted = freshness();
    EXPECT_EQ(counted.fresh, ruled.fresh);
    EXPECT_EQ(counted.aging, ruled.aging);
    EXPECT_EQ(counted.stale, ruled.stale);
    sweep(kNow);
  }
}

TEST_F(ItemRankingTest, ASweepUnderAWrongClockIsMadeGood) {
  const ItemId id = add(shop_, "one", 0.5, 1);
  sweep(kNow + std::chrono::days(4000));
  EXPECT_THAT(ranked(ItemOrder::kConfidence, "shop"), IsEmpty());
  sweep(kNow);
  EXPECT_THAT(ranked(ItemOrder::kConfidence, "shop"), ElementsAre(id));
}

TEST_F(ItemRankingTest, ByIntentAcrossProjectsOrInOne) {
  const ItemId weak = add(shop_, "one", 0.4, 1, Intent::kDebugging);
  const ItemId strong = add(other_shop_, "two", 0.8, 1, Intent::kDebugging);
  add(shop_, "three", 0.9, 1, Intent::kTesting);
  add(shop_, "four", 0.9, 1);
  EXPECT_THAT(ranked(ItemOrder::kConfidence, "", Intent::kDebugging), ElementsAre(strong, weak));
  EXPECT_THAT(ranked(ItemOrder::kConfidence, "/home/dev/shop", Intent::kDebugging),
              ElementsAre(weak));
  read([&](ReadTxn& txn) -> Result<void> {
    EXPECT_EQ(TACIT_TRY(find_item(txn, weak))->intent, Intent::kDebugging);
    return {};
  });
}

TEST_F(ItemRankingTest, ARankingThatNoIndexServesIsRefused) {
  EXPECT_EQ(rank({ItemOrder::kConfidence, "", std::nullopt, kNow}).error().kind(),
            ErrorKind::kInvalidInput);
  EXPECT_EQ(rank({ItemOrder::kFreshness, "", std::nullopt, kNow}).error().kind(),
            ErrorKind::kInvalidInput);
  EXPECT_EQ(rank({ItemOrder::kFreshness, "shop", Intent::kOther, kNow}).error().kind(),
            ErrorKind::kInvalidInput);
}

TEST_F(ItemRankingTest, TheContentGenerationGrowsWithWhatSearchSees) {
  ItemId id;
  EXPECT_TRUE(changes_content([&] { id = add(shop_, "one", 0.5, 1); }));
  EXPECT_TRUE(changes_content([&] {
    Exchange grown = last_;
    grown.steps.push_back({StepKind::kReply, "", "more", false, std::nullopt});
    put(shop_, grown);
  }));
  EXPECT_TRUE(changes_content([&] {
    write([&](WriteTxn& txn) -> Result<void> {
      TACIT_TRY(reinforce_item(txn, id, make_observation(last_, "again"), kNow));
      return {};
    });
  }));
  EXPECT_TRUE(changes_content([&] {
    write([&](WriteTxn& txn) {
      return put_vectors(txn, VectorOwner::kItem, id.value, {"test", 2},
                         std::vector<Embedding>{{1, 0}});
    });
  }));
  EXPECT_TRUE(changes_content([&] {
    write([&](WriteTxn& txn) -> Result<void> {
      ForgetTarget target;
      target.item = id;
      TACIT_TRY(forget(txn, target, kNow));
      return {};
    });
  }));
  EXPECT_TRUE(changes_content([&] {
    write([&](WriteTxn& txn) -> Result<void> {
      ForgetTarget target;
      target.session = shop_.id;
      TACIT_TRY(forget(txn, target, kNow));
      return {};
    });
  }));
}

TEST_F(ItemRankingTest, TheContentGenerationIgnoresUseAndBookkeeping) {
  const ItemId id = add(shop_, "one", 0.5, 100);
  EXPECT_FALSE(changes_content([&] { use(id, kNow); }));
  EXPECT_FALSE(changes_content([&] { use(id, kNow); }));
  EXPECT_FALSE(changes_content([&] { sweep(kNow + std::chrono::days(500)); }));
  EXPECT_FALSE(changes_content([&] { put(shop_, last_); })) << "known already";
  EXPECT_FALSE(changes_content([&] {
    write([&](WriteTxn& txn) -> Result<void> {
      TACIT_TRY(mark_learned(txn, last_.id));
      return mark_file_done(txn, "/a", "b");
    });
  }));
}

}  // namespace
}  // namespace tacit::store
