// Forgetting is judged by the bytes of all files, not by queries.

#include <gmock/gmock.h>

#include <cstring>

#include "base/text.h"
#include "store/session_queries.h"
#include "store/store_fixture_test.h"
#include "store/text_queries.h"

namespace tacit::store {
namespace {

class ForgetTest : public StoreTestBase {
 protected:
  static constexpr float kOdd = 0.123456789F;

  // A store of some size with the needles in every place that holds text or vectors.
  void SetUp() override {
    StoreTestBase::SetUp();
    fill();
    session_.title = "about zebrafishes";
    session_.branch = "zebrafish-branch";
    exchange_ = testing::make_exchange(session_, 0, "Why are Zebrafishes blue?", "quokkaProtocol");
    exchange_.steps.push_back({StepKind::kCall, "Bash", "cat wolverine.txt", false, std::nullopt});
    exchange_.steps.push_back({StepKind::kResult, "Bash", "platypus output", true, std::nullopt});
    put(session_, exchange_);
    item_ = learn(session_, exchange_, "Zebrafishes need the axolotlDriver.");
    const std::vector<Embedding> odd = {{kOdd, kOdd}};
    write([&](WriteTxn& txn) -> Result<void> {
      TACIT_TRY(put_vectors(txn, VectorOwner::kExchange, exchange_.id.value, space_, odd));
      TACIT_TRY(put_vectors(txn, VectorOwner::kItem, item_.value, space_, odd));
      return mark_file_done(txn, "/logs/zebrafish.jsonl", "1");
    });
  }

  void fill() {
    const Session session = testing::make_session("filler", "/home/dev/other");
    write([&](WriteTxn& txn) -> Result<void> {
      TACIT_TRY(put_session(txn, session));
      for (int i = 0; i < 60; ++i) {
        const std::string text = "filler words number" + std::to_string(i) + " zebra wolf " +
                                 std::string(500, static_cast<char>('a' + i % 26));
        TACIT_TRY(put_exchange(txn, testing::make_exchange(session, i, text, text), kNow, false));
      }
      return {};
    });
  }

  ForgetReceipt forget_and_clear(const ForgetTarget& target) {
    ForgetReceipt receipt;
    read([&](ReadTxn& txn) -> Result<void> {
      preview_ = TACIT_TRY(preview_forget(txn, target));
      return {};
    });
    write([&](WriteTxn& txn) -> Result<void> {
      receipt = TACIT_TRY(forget(txn, target, kNow));
      return {};
    });
    EXPECT_TRUE(store_->checkpoint().has_value());
    return receipt;
  }

  // What a raw scan finds: needles as written, lower-cased and as the terms of the index.
  std::vector<std::string> found_bytes() const {
    std::vector<std::string> found;
    const std::string bytes = lower_ascii(all_bytes());
    for (const char* needle : {"zebrafish", "quokka", "quokkaprotocol", "wolverin", "platypu",
                               "axolotl", "ebrafish", "uokka", "latypu", "lverine"}) {
      if (bytes.find(needle) != std::string::npos) found.emplace_back(needle);
    }
    std::string vector(sizeof kOdd, '\0');
    std::memcpy(vector.data(), &kOdd, sizeof kOdd);
    if (all_bytes().find(vector) != std::string::npos) found.emplace_back("vector");
    return found;
  }

  const EmbeddingSpace space_{"test", 2};
  Session session_ = testing::make_session("secret", "/home/dev/zebrafish-shop");
  Exchange exchange_;
  ItemId item_;
  ForgetReceipt preview_;
};

TEST_F(ForgetTest, NothingOfAForgottenSessionIsLeftInAnyFile) {
  ASSERT_EQ(found_bytes().size(), 11U) << "the scan must see every needle before";
  ForgetTarget target;
  target.session = session_.id;
  const ForgetReceipt receipt = forget_and_clear(target);
  EXPECT_EQ(receipt.sessions, 1);
  EXPECT_EQ(receipt.exchanges, 1);
  EXPECT_EQ(receipt.observations, 1);
  EXPECT_EQ(receipt.items, 1);
  EXPECT_EQ(preview_.items, 1);
  EXPECT_EQ(preview_.observations, 1);
  EXPECT_EQ(preview_.sessions, 1);
  EXPECT_THAT(found_bytes(), ::testing::IsEmpty());
  reopen();
  EXPECT_THAT(found_bytes(), ::testing::IsEmpty());
  EXPECT_EQ(counts().exchanges, 60);
}

TEST_F(ForgetTest, NothingOfAForgottenExchangeOrProjectIsLeftEither) {
  ForgetTarget target;
  target.exchange = exchange_.id;
  EXPECT_EQ(forget_and_clear(target).sessions, 1) << "its session has nothing left";
  EXPECT_EQ(preview_.sessions, 1);
  EXPECT_THAT(found_bytes(), ::testing::IsEmpty());
  EXPECT_EQ(put(session_, exchange_, true), PutOutcome::kAdded);
  ForgetTarget project;
  project.project = "zebrafish-shop";
  EXPECT_EQ(forget_and_clear(project).exchanges, 1);
  EXPECT_THAT(found_bytes(), ::testing::IsEmpty());
}

TEST_F(ForgetTest, TheSameImportDoesNotBringItBack) {
  ForgetTarget target;
  target.session = session_.id;
  forget_and_clear(target);
  EXPECT_EQ(put(session_, exchange_), PutOutcome::kForgotten);
  ASSERT_TRUE(store_->checkpoint().has_value());
  EXPECT_THAT(found_bytes(), ::testing::IsEmpty());
  EXPECT_EQ(counts().sessions, 1);
  read([&](ReadTxn& txn) -> Result<void> {
    EXPECT_EQ(TACIT_TRY(probe_exchange(txn, exchange_)), PutOutcome::kForgotten);
    EXPECT_FALSE(TACIT_TRY(is_file_done(txn, "/logs/zebrafish.jsonl", "1")));
    return {};
  });
}

TEST_F(ForgetTest, ANewExchangeBringsItsSessionBackWithoutTheTitle) {
  ForgetTarget target;
  target.session = session_.id;
  forget_and_clear(target);
  const Exchange next = testing::make_exchange(session_, 1, "something else", "yes");
  EXPECT_EQ(put(session_, next), PutOutcome::kAdded);
  put(session_, next);
  read([&](ReadTxn& txn) -> Result<void> {
    EXPECT_EQ(TACIT_TRY(find_session(txn, session_.id))->title, "");
    return {};
  });
}

TEST_F(ForgetTest, AgainOverridesAndRestoresAll) {
  ForgetTarget target;
  target.session = session_.id;
  forget_and_clear(target);
  EXPECT_EQ(put(session_, exchange_, true), PutOutcome::kAdded);
  EXPECT_EQ(counts().tombstones, 0);
  read([&](ReadTxn& txn) -> Result<void> {
    EXPECT_EQ(TACIT_TRY(find_session(txn, session_.id))->title, session_.title);
    EXPECT_EQ(TACIT_TRY(probe_exchange(txn, exchange_)), PutOutcome::kUnchanged);
    return {};
  });
}

TEST_F(ForgetTest, AForgottenItemGoesWithItsEvidenceAndIsNotLearnedAgain) {
  ForgetTarget target;
  target.item = item_;
  const ForgetReceipt receipt = forget_and_clear(target);
  EXPECT_EQ(receipt.items, 1);
  EXPECT_EQ(receipt.observations, 1);
  EXPECT_EQ(receipt.exchanges, 0);
  EXPECT_THAT(found_bytes(), ::testing::Not(::testing::Contains("axolotl")));
  EXPECT_THAT(found_bytes(), ::testing::Contains("quokka")) << "the exchange stays";
  read([&](ReadTxn& txn) -> Result<void> {
    EXPECT_THAT(TACIT_TRY(exchanges_to_learn(txn, 1000)),
                ::testing::Not(::testing::Contains(exchange_.id)));
    return {};
  });
  const Observation same = make_observation(exchange_, "Zebrafishes need the axolotlDriver.");
  write([&](WriteTxn& txn) -> Result<void> {
    EXPECT_FALSE(TACIT_TRY(add_item(txn, make_item(session_, same), same, kNow)));
    return {};
  });
  EXPECT_EQ(put(session_, exchange_), PutOutcome::kUnchanged);
  EXPECT_EQ(put(session_, exchange_, true), PutOutcome::kGrown) << "to be learned again";
  write([&](WriteTxn& txn) -> Result<void> {
    EXPECT_TRUE(TACIT_TRY(add_item(txn, make_item(session_, same), same, kNow)));
    return {};
  });
}

TEST_F(ForgetTest, AnItemWithOtherSupportStaysInOtherWords) {
  const Session other = testing::make_session("kept", "/home/dev/kept");
  const Exchange kept = testing::make_exchange(other, 0, "q", "r");
  put(other, kept);
  write([&](WriteTxn& txn) -> Result<void> {
    TACIT_TRY(reinforce_item(txn, item_, make_observation(kept, "Fishes need the driver."), kNow));
    return {};
  });
  ForgetTarget target;
  target.session = session_.id;
  EXPECT_EQ(forget_and_clear(target).items, 0);
  EXPECT_EQ(preview_.items, 0);
  EXPECT_THAT(found_bytes(), ::testing::IsEmpty());
  read([&](ReadTxn& txn) -> Result<void> {
    const auto item = TACIT_TRY(find_item(txn, item_));
    EXPECT_TRUE(item.has_value());
    if (!item) return {};
    EXPECT_EQ(item->statement, "Fishes need the driver.");
    EXPECT_EQ(item->support, 1);
    EXPECT_EQ(item->session, other.id);
    EXPECT_EQ(item->project, other.project);
    return {};
  });
}

TEST_F(ForgetTest, ForgettingOneOfSeveralExchangesTakesTheTitleThatMayQuoteIt) {
  put(session_, testing::make_exchange(session_, 1, "plain", "words"));
  ForgetTarget target;
  target.exchange = exchange_.id;
  EXPECT_EQ(forget_and_clear(target).sessions, 0);
  EXPECT_EQ(put(session_, exchange_), PutOutcome::kForgotten);
  read([&](ReadTxn& txn) -> Result<void> {
    EXPECT_EQ(TACIT_TRY(find_session(txn, session_.id))->title, "");
    return {};
  });
}

TEST_F(ForgetTest, WhatIsNotThereIsForgottenWithoutError) {
  ForgetTarget target;
  target.session = SessionId{77};
  EXPECT_EQ(forget_and_clear(target).exchanges, 0);
  ForgetTarget nothing;
  nothing.project = "";
  const auto refused = store_->read([&](ReadTxn& txn) -> Result<void> {
    TACIT_TRY(preview_forget(txn, nothing));
    return {};
  });
  EXPECT_EQ(refused.error().kind(), ErrorKind::kInvalidInput);
}

// The same scan with the protections off must find something, or it proves nothing.
TEST_F(ForgetTest, ScanFindsTheWordsWhenFullTextDeletesCarelessly) {
  write([](WriteTxn& txn) -> Result<void> {
    TACIT_TRY(txn.run("INSERT INTO item_fts(item_fts, rank) VALUES('secure-delete', 0)"));
    return txn.run("INSERT INTO exchange_fts(exchange_fts, rank) VALUES('secure-delete', 0)");
  });
  ForgetTarget target;
  target.session = session_.id;
  forget_and_clear(target);
  EXPECT_THAT(found_bytes(), ::testing::Not(::testing::IsEmpty()));
}

TEST_F(ForgetTest, ScanFindsTheWordsWhenPagesAreNotOverwritten) {
  write([](WriteTxn& txn) -> Result<void> {
    TACIT_TRY(txn.integer("PRAGMA secure_delete = OFF"));
    return {};
  });
  ForgetTarget target;
  target.session = session_.id;
  forget_and_clear(target);
  EXPECT_THAT(found_bytes(), ::testing::Not(::testing::IsEmpty()));
}

TEST_F(ForgetTest, ScanFindsTheWordsBeforeTheLogIsCleared) {
  ForgetTarget target;
  target.session = session_.id;
  write([&](WriteTxn& txn) -> Result<void> {
    TACIT_TRY(forget(txn, target, kNow));
    return {};
  });
  EXPECT_THAT(found_bytes(), ::testing::Not(::testing::IsEmpty()));
}

}  // namespace
}  // namespace tacit::store
