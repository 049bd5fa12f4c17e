// Batches, their holds over a restart, and avoided cost.
#include <gmock/gmock.h>

#include "store/ledger.h"
#include "store/session_queries.h"
#include "store/store_fixture_test.h"

namespace tacit::store {
namespace {

using ::testing::ElementsAre;

class BatchesTest : public StoreTestBase {
 protected:
  void SetUp() override {
    StoreTestBase::SetUp();
    open();
  }
  void TearDown() override { ledger_.reset(); }
  void open() {
    ledger_.reset();
    ledger_ = open_ledger(*store_, options_, clock_).value();
  }
  std::vector<HoldRequest> requests(int count, Money amount = Money::cents(1)) const {
    std::vector<HoldRequest> wanted(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
      HoldRequest& one = wanted[static_cast<std::size_t>(i)];
      one.request = "batch";
      one.attempt = i + 1;
      one.developer = "ada";
      one.provider = "openai";
      one.model = "gpt-5-nano";
      one.amount = amount;
      one.tokens = 100;
    }
    return wanted;
  }
  // Holds of a batch that has been written down, dispatched.
  std::vector<std::int64_t> make_batch(int lines, BatchStage stage) {
    auto holds = ledger_->reserve_all(requests(lines)).value();
    std::vector<BatchLineRow> rows;
    std::vector<std::int64_t> ids;
    for (auto& hold : holds) {
      BatchLineRow row;
      row.number = static_cast<std::int64_t>(rows.size()) + 1;
      row.hold = hold->id();
      rows.push_back(row);
      ids.push_back(row.hold);
    }
    BatchRow batch;
    batch.id = "b1";
    batch.provider = "openai";
    batch.model = "gpt-5-nano";
    batch.stage = stage;
    batch.created = clock_.now();
    EXPECT_TRUE(
        store_->write([&](WriteTxn& txn) { return put_batch(txn, batch, rows); }).has_value());
    EXPECT_TRUE(ledger_->dispatch_all(ids).has_value());
    for (auto& hold : holds) Ledger::leave(std::move(*hold));
    return ids;
  }
  AccountState ada() const { return ledger_->developer_state("ada").value(); }

  testing::ManualClock clock_{parse_time("2026-11-25T12:00:00Z").value()};
  LedgerOptions options_;
  std::unique_ptr<Ledger> ledger_;
};

TEST_F(BatchesTest, HoldsOfARunningBatchStayOverARestartAndOthersDoNot) {
  const auto ids = make_batch(3, BatchStage::kRunning);
  EXPECT_EQ(ada().held, Money::cents(3));
  open();
  EXPECT_EQ(ada().held, Money::cents(3)) << "the batch runs on";
  EXPECT_EQ(ada().tokens, 300);
  auto resumed = ledger_->resume(ids[0]);
  ASSERT_TRUE(resumed.has_value());
  EXPECT_EQ(Ledger::leave(std::move(*resumed)), ids[0]);
  const std::vector<HoldEnd> ends = {
      {ids[0], HoldEnd::Kind::kSettle, Money::pico(7), {10, 0, 0, 0, 5}, ""},
      {ids[1], HoldEnd::Kind::kRelease, {}, {}, "not run"},
      {ids[2], HoldEnd::Kind::kSuspend, {}, {}, "no result"}};
  ASSERT_TRUE(ledger_->end_all(ends).has_value());
  ASSERT_TRUE(ledger_->end_all(ends).has_value()) << "told twice";
  EXPECT_EQ(ada().held, Money());
  EXPECT_EQ(ada().spent, Money::pico(7) + Money::cents(1));
  EXPECT_EQ(ada().tokens, 115);
  auto ended = ledger_->resume(ids[0]);
  ASSERT_TRUE(ended.has_value()) << "its provider may still be asked";
  Ledger::leave(std::move(*ended));
  open();
  EXPECT_EQ(ada().spent, Money::pico(7) + Money::cents(1));
}

TEST_F(BatchesTest, ABatchThatWasBeingSentIsSuspendedByARestart) {
  make_batch(2, BatchStage::kSending);
  open();
  EXPECT_EQ(ada().held, Money());
  EXPECT_EQ(ada().spent, Money::cents(2)) << "nobody knows whether it was sent";
}

TEST_F(BatchesTest, RefusesLinesThatTheBudgetDoesNotHoldAndTakesTheOthers) {
  options_.developer_month = Money::cents(100);
  options_.margin_per_mille = 0;
  open();
  const auto holds = ledger_->reserve_all(requests(5, Money::cents(25))).value();
  std::vector<bool> taken;
  for (const auto& hold : holds) taken.push_back(hold.has_value());
  // A background call gets nothing from 90 % on, an interactive one up to the limit.
  EXPECT_THAT(taken, ElementsAre(true, true, true, true, false));
  EXPECT_EQ(holds[4].error().kind(), ErrorKind::kBudgetExhausted);
}

TEST_F(BatchesTest, DroppedHoldsOfABatchThatWasNotWrittenAreReleased) {
  { const auto holds = ledger_->reserve_all(requests(2)).value(); }
  EXPECT_EQ(ada().held, Money());
  EXPECT_EQ(ada().spent, Money());
}

TEST_F(BatchesTest, LinesEndOnceAndOldBatchesGo) {
  make_batch(2, BatchStage::kRunning);
  BatchLineRow line;
  line.number = 1;
  line.stage = LineStage::kAnswered;
  line.text = "first";
  const auto finish = [&] {
    return store_->write(
        [&](WriteTxn& txn) { return finish_batch_lines(txn, "b1", std::span(&line, 1)); });
  };
  ASSERT_TRUE(finish().has_value());
  line.text = "again";
  ASSERT_TRUE(finish().has_value());
  const auto lines = [&] {
    std::vector<BatchLineRow> found;
    EXPECT_TRUE(store_
                    ->read([&](ReadTxn& txn) -> Result<void> {
                      found = TACIT_TRY(batch_lines(txn, "b1"));
                      return {};
                    })
                    .has_value());
    return found;
  };
  ASSERT_EQ(lines().size(), 2U);
  EXPECT_EQ(lines()[0].text, "first");
  EXPECT_EQ(lines()[1].held, Money::cents(1));
  ForgetTarget target;
  target.project = "/no/such/project";
  ASSERT_TRUE(store_
                  ->write([&](WriteTxn& txn) -> Result<void> {
                    TACIT_TRY(forget(txn, target, clock_.now()));
                    return {};
                  })
                  .has_value());
  EXPECT_EQ(lines()[0].text, "") << "an answer may tell what it was made of";
  ASSERT_TRUE(store_
                  ->write([&](WriteTxn& txn) -> Result<void> {
                    BatchRow batch = TACIT_TRY(find_batch(as_read(txn), "b1")).value();
                    batch.stage = BatchStage::kEnded;
                    batch.ended = clock_.now();
                    TACIT_TRY(update_batch(txn, batch));
                    TACIT_TRY(drop_batches(txn, clock_.now()));
                    EXPECT_EQ(TACIT_TRY(list_batches(as_read(txn), 10)).size(), 1U);
                    return drop_batches(txn, clock_.now() + std::chrono::hours(1));
                  })
                  .has_value());
  EXPECT_TRUE(lines().empty());
}

TEST_F(BatchesTest, WhatWasAvoidedIsPartOfTheBreakdownAndOutlivesARestart) {
  const AvoidedCost saved{"ada", "shop", "groq", "m", "ask", Money::cents(2)};
  ledger_->avoid(saved);
  ledger_->avoid(saved);
  auto rows = ledger_->breakdown(SpendKey::kProject, "2026-11").value();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].key, "shop");
  EXPECT_EQ(rows[0].spent, Money());
  EXPECT_EQ(rows[0].calls, 0);
  EXPECT_EQ(rows[0].avoided, Money::cents(4));
  EXPECT_EQ(rows[0].avoided_calls, 2);
  ledger_->avoid(saved);
  open();  // what was not written yet is written when the ledger goes
  rows = ledger_->breakdown(SpendKey::kProvider, "2026-11").value();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].avoided, Money::cents(6));
  EXPECT_EQ(ada().spent, Money()) << "no money of the budget";
}

}  // namespace
}  // namespace tacit::store
