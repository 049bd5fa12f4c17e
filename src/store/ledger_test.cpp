#include "store/ledger.h"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <type_traits>

#include "base/worker.h"
#include "domain/budget.h"
#include "store/store_fixture_test.h"

namespace tacit::store {
namespace {

static_assert(!std::is_default_constructible_v<Hold> && !std::is_copy_constructible_v<Hold> &&
                  !std::is_constructible_v<Hold, Ledger&, std::int64_t, Money>,
              "a hold comes from a ledger or not at all");

class LedgerTest : public StoreTestBase {
 protected:
  LedgerTest() : clock_(parse_time("2026-06-10T12:00:00Z").value()) {
    options_.developer_month = Money::cents(1000);
    options_.per_call = Money::cents(1000);
    options_.margin_per_mille = 0;
  }

  void SetUp() override {
    StoreTestBase::SetUp();
    open_ledger_again();
  }
  void TearDown() override { ledger_.reset(); }

  void open_ledger_again() {
    ledger_.reset();
    reopen();
    auto opened = open_ledger(*store_, options_, clock_);
    ASSERT_TRUE(opened.has_value()) << opened.error().message();
    ledger_ = std::move(*opened);
  }

  HoldRequest request(Money amount) {
    HoldRequest request;
    request.request = "r" + std::to_string(++requests_);
    request.developer = "ada";
    request.project = "shop";
    request.provider = "groq";
    request.model = "small";
    request.operation = "extract";
    request.price = "row";
    request.amount = amount;
    request.tokens = 100;
    return request;
  }
  // For callers side by side: its own count of requests.
  static HoldRequest request_of(std::size_t caller, std::size_t call, Money amount) {
    HoldRequest wanted;
    wanted.request = "c" + std::to_string(caller) + "-" + std::to_string(call);
    wanted.developer = "ada";
    wanted.amount = amount;
    wanted.tokens = 100;
    return wanted;
  }
  Result<Hold> reserve(Money amount) { return ledger_->reserve(request(amount)); }
  // A hold in the state of a call that is under way.
  Hold dispatched(Money amount) {
    auto hold = reserve(amount);
    EXPECT_TRUE(hold.has_value()) << hold.error().message();
    EXPECT_TRUE(ledger_->dispatch(*hold).has_value());
    return std::move(*hold);
  }
  AccountState ada() const { return ledger_->developer_state("ada").value(); }
  void spend(Money cost) {
    ASSERT_TRUE(ledger_->settle(dispatched(cost), cost, {60, 0, 0, 0, 40}).has_value());
  }
  std::vector<int> alert_percents() {
    std::vector<int> percents;
    const std::vector<BudgetAlert> alerts = ledger_->take_alerts().value();
    for (const BudgetAlert& alert : alerts) {
      if (alert.account == "developer ada") percents.push_back(alert.percent);
    }
    return percents;
  }
  std::int64_t integer(Sql sql) const {
    std::int64_t value = 0;
    read([&](ReadTxn& txn) -> Result<void> {
      value = TACIT_TRY(txn.integer(sql));
      return {};
    });
    return value;
  }

  testing::ManualClock clock_;
  LedgerOptions options_;
  std::unique_ptr<Ledger> ledger_;
  int requests_ = 0;
};

TEST_F(LedgerTest, AHoldIsHeldUntilItsCostIsKnown) {
  Hold hold = dispatched(Money::cents(300));
  EXPECT_EQ(ada().held, Money::cents(300));
  EXPECT_EQ(ada().tokens, 100);
  ASSERT_TRUE(ledger_->settle(std::move(hold), Money::cents(120), {50, 0, 0, 0, 10}).has_value());
  EXPECT_EQ(ada().held, Money());
  EXPECT_EQ(ada().spent, Money::cents(120));
  EXPECT_EQ(ada().tokens, 60);
}

// What is held counts: without the reservation both calls would be let through and the month
// overspent.
TEST_F(LedgerTest, CallsUnderWayCannotSpendTheSameMoney) {
  const Hold first = dispatched(Money::cents(600));
  const auto second = reserve(Money::cents(600));
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().kind(), ErrorKind::kBudgetExhausted);
  EXPECT_NE(second.error().message().find("2026-06"), std::string::npos);
  EXPECT_TRUE(reserve(Money::cents(400)).has_value());
}

TEST_F(LedgerTest, FiftyCallersNeverPassTheLimit) {
  constexpr std::size_t kCallers = 50;
  constexpr std::size_t kCalls = 6;
  options_.developer_month = Money::cents(500);
  open_ledger_again();
  std::atomic<int> refused = 0;
  std::atomic<int> wrong = 0;
  std::atomic<std::int64_t> bill = 0;  // what the provider would ask, unknown calls at full price
  WorkerPool pool(kCallers);
  pool.parallel_for(kCallers, [&](std::size_t caller, std::size_t) {
    std::mt19937 engine(static_cast<unsigned>(caller));
    const auto random = [&] { return static_cast<std::int64_t>(engine()); };
    for (std::size_t call = 0; call < kCalls; ++call) {
      HoldRequest wanted = request_of(caller, call, Money::cents(1 + random() % 9));
      auto hold = ledger_->reserve(wanted);
      if (!hold) {
        ++(hold.error().kind() == ErrorKind::kBudgetExhausted ? refused : wrong);
        continue;
      }
      if (ada().used() > options_.developer_month) ++wrong;
      const std::int64_t fate = random() % 4;
      if (fate == 0) continue;  // dropped before dispatch
      if (!ledger_->dispatch(*hold)) ++wrong;
      const Money cost = Money::pico(wanted.amount.pico() / (1 + random() % 3));
      bill += fate == 1 ? wanted.amount.pico() : cost.pico();
      if (fate == 1) continue;  // dropped after dispatch
      if (!ledger_->settle(std::move(*hold), cost, {10, 0, 0, 0, 5})) ++wrong;
    }
  });
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(refused, 0);
  EXPECT_EQ(ada().held, Money());
  EXPECT_EQ(ada().spent, Money::pico(bill));
  EXPECT_LE(ada().spent, options_.developer_month);
  EXPECT_EQ(integer("SELECT sum(amount) FROM spend_entry"), bill);
  EXPECT_EQ(integer("SELECT count(*) FROM hold WHERE state < 2"), 0);
}

TEST_F(LedgerTest, ADroppedHoldIsReleasedBeforeDispatchAndSpentAfter) {
  { const auto hold = reserve(Money::cents(100)); }
  EXPECT_EQ(ada().used(), Money());
  { const Hold hold = dispatched(Money::cents(100)); }
  EXPECT_EQ(ada().spent, Money::cents(100));
  EXPECT_EQ(ada().held, Money());
}

TEST_F(LedgerTest, ReleaseCostsNothingAndSuspenseTheWholeHold) {
  ASSERT_TRUE(ledger_->release(dispatched(Money::cents(100)), "refused with 429").has_value());
  EXPECT_EQ(ada().used(), Money());
  ASSERT_TRUE(ledger_->suspend(dispatched(Money::cents(100)), "timed out").has_value());
  EXPECT_EQ(ada().spent, Money::cents(100));
  const auto rows = ledger_->breakdown(SpendKey::kProvider, "2026-06").value();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].key, "groq");
  EXPECT_EQ(rows[0].suspended, 1);
}

TEST_F(LedgerTest, ACostAboveTheHoldIsNotCutDownAndAlerts) {
  ASSERT_TRUE(ledger_->settle(dispatched(Money::cents(10)), Money::cents(17), {}).has_value());
  EXPECT_EQ(ada().spent, Money::cents(17));
  EXPECT_TRUE(alert_percents().empty());
  ASSERT_TRUE(ledger_->settle(dispatched(Money::cents(10)), Money::cents(500), {}).has_value());
  EXPECT_EQ(alert_percents(), (std::vector<int>{50}));
}

TEST_F(LedgerTest, AHoldEndsOnce) {
  auto hold = reserve(Money::cents(10));
  const auto early = ledger_->settle(std::move(*hold), Money::cents(10), {});
  ASSERT_FALSE(early.has_value());  // never dispatched
  EXPECT_EQ(ada().used(), Money());
  Hold second = dispatched(Money::cents(10));
  EXPECT_FALSE(ledger_->dispatch(second).has_value());
  ASSERT_TRUE(ledger_->settle(std::move(second), Money::cents(10), {}).has_value());
  EXPECT_FALSE(ledger_->settle(std::move(second), Money::cents(10), {}).has_value());
  EXPECT_EQ(ada().spent, Money::cents(10));
}

TEST_F(LedgerTest, AnEndAndItsLineOfTheAuditLogAreOneWrite) {
  CallAudit line;
  line.request = "r1";
  line.content_hash = testing::test_key().content_hash("What does r1 earn?");
  const auto lines = [&] { return call_audits(*store_, {}).value().size(); };
  ASSERT_TRUE(ledger_->settle(dispatched(Money::cents(10)), Money::cents(7), {}, &line));
  EXPECT_EQ(lines(), 1U);
  EXPECT_EQ(ada().spent, Money::cents(7));
  // What cannot be ended leaves no line,
  EXPECT_FALSE(ledger_->settle(reserve(Money::cents(10)).value(), Money::cents(7), {}, &line));
  EXPECT_EQ(lines(), 1U);
  // and where the line cannot be written nothing is settled: the hold is given up, and counts
  // whole.
  write([](WriteTxn& txn) {
    return txn.run(
        "CREATE TRIGGER full_log BEFORE INSERT ON call_audit BEGIN SELECT RAISE(ABORT, 'full'); "
        "END");
  });
  EXPECT_FALSE(ledger_->settle(dispatched(Money::cents(10)), Money::cents(7), {}, &line));
  EXPECT_EQ(ada().spent, Money::cents(17));
  EXPECT_EQ(lines(), 1U);
}

TEST_F(LedgerTest, OneAttemptHasOneHold) {
  const HoldRequest wanted = request(Money::cents(10));
  const auto first = ledger_->reserve(wanted);
  ASSERT_TRUE(first.has_value());
  const auto again = ledger_->reserve(wanted);
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().kind(), ErrorKind::kConflict);
  EXPECT_EQ(ada().held, Money::cents(10));
}

// A copy of the files while calls are under way is what a crash leaves.
TEST_F(LedgerTest, HoldsOfACrashAreReleasedOrSuspended) {
  const Hold sent = dispatched(Money::cents(200));
  const auto waiting = reserve(Money::cents(300));
  const testing::TempFolder after;
  std::filesystem::copy(directory(), after.path() / "data");
  StoreOptions options;
  options.directory = after.path() / "data";
  auto store = Store::open(options);
  ASSERT_TRUE(store.has_value()) << store.error().message();
  auto ledger = open_ledger(**store, options_, clock_);
  ASSERT_TRUE(ledger.has_value()) << ledger.error().message();
  const AccountState state = (*ledger)->developer_state("ada").value();
  EXPECT_EQ(state.spent, Money::cents(200));
  EXPECT_EQ(state.held, Money());
  EXPECT_EQ(state.tokens, 100);
}

TEST_F(LedgerTest, BalancesAreCorrectedFromTheEntries) {
  spend(Money::cents(100));
  write([](WriteTxn& txn) { return txn.run("UPDATE budget_account SET spent = 1, held = 7"); });
  open_ledger_again();
  EXPECT_EQ(ada().spent, Money::cents(100));
  EXPECT_EQ(ada().held, Money());
}

TEST_F(LedgerTest, AlertsComeOnceAPeriodAlsoAcrossRestarts) {
  spend(Money::cents(499));
  EXPECT_TRUE(alert_percents().empty());
  spend(Money::cents(1));
  EXPECT_EQ(alert_percents(), (std::vector<int>{50}));
  ASSERT_TRUE(ledger_->release(dispatched(Money::cents(100)), "refused").has_value());
  open_ledger_again();
  spend(Money::cents(350));
  EXPECT_EQ(alert_percents(), (std::vector<int>{80}));
  spend(Money::cents(150));
  EXPECT_EQ(alert_percents(), (std::vector<int>{90, 100}));
  open_ledger_again();
  EXPECT_TRUE(alert_percents().empty());
  clock_.advance(std::chrono::days(30));
  spend(Money::cents(500));
  EXPECT_EQ(alert_percents(), (std::vector<int>{50}));
}

TEST_F(LedgerTest, ARefusalNearTheEndIsTheLastAlert) {
  spend(Money::cents(950));
  EXPECT_EQ(alert_percents(), (std::vector<int>{50, 80, 90}));
  EXPECT_FALSE(reserve(Money::cents(60)).has_value());
  EXPECT_EQ(alert_percents(), (std::vector<int>{100}));
}

TEST_F(LedgerTest, ANewMonthHasItsOwnMoneyAndOldHoldsStayInTheirs) {
  Hold late = dispatched(Money::cents(900));
  clock_.advance(std::chrono::days(30));
  EXPECT_EQ(ada().period, "2026-07");
  spend(Money::cents(900));
  ASSERT_TRUE(ledger_->settle(std::move(late), Money::cents(800), {}).has_value());
  EXPECT_EQ(ada().spent, Money::cents(900));
  EXPECT_EQ(ledger_->breakdown(SpendKey::kDeveloper, "2026-06").value().at(0).spent,
            Money::cents(800));
}

TEST_F(LedgerTest, AClockSetBackOpensNoMonthAnew) {
  spend(Money::cents(900));
  clock_.advance(std::chrono::days(30));
  spend(Money::cents(900));
  clock_.advance(std::chrono::days(-60));
  EXPECT_FALSE(reserve(Money::cents(200)).has_value());
}

TEST_F(LedgerTest, CeilingsOfACallAProjectAndTokensHold) {
  options_.per_call = Money::cents(25);
  options_.project_month = Money::cents(40);
  options_.tokens_per_day = 10;  // 300 in June
  open_ledger_again();
  EXPECT_FALSE(reserve(Money::cents(26)).has_value());
  spend(Money::cents(25));
  EXPECT_FALSE(reserve(Money::cents(25)).has_value());
  HoldRequest other = request(Money::cents(25));
  other.developer = "bob";
  EXPECT_FALSE(ledger_->reserve(other).has_value());  // the project's, whoever asks
  other.project = "blog";
  EXPECT_TRUE(ledger_->reserve(other).has_value());
  HoldRequest wordy = request(Money::cents(1));
  wordy.tokens = 201;
  EXPECT_FALSE(ledger_->reserve(wordy).has_value());
  wordy.tokens = 200;
  EXPECT_TRUE(ledger_->reserve(wordy).has_value());
}

TEST_F(LedgerTest, NearTheEndOnlyPeopleWhoWaitAreServed) {
  spend(Money::cents(900));
  HoldRequest background = request(Money::cents(1));
  background.urgency = Urgency::kBackground;
  EXPECT_FALSE(ledger_->reserve(background).has_value());
  EXPECT_TRUE(reserve(Money::cents(1)).has_value());
}

TEST_F(LedgerTest, AMarginIsKeptBack) {
  options_.margin_per_mille = 5;
  open_ledger_again();
  EXPECT_FALSE(reserve(Money::cents(996)).has_value());
  EXPECT_TRUE(reserve(Money::cents(995)).has_value());
}

TEST_F(LedgerTest, ALedgerThatCannotWriteGivesNoHold) {
  ledger_.reset();
  store_.reset();
  auto reader = open(true);
  ASSERT_TRUE(reader.has_value());
  EXPECT_FALSE(open_ledger(**reader, options_, clock_).has_value());
}

TEST_F(LedgerTest, CountedPromptsOfSettledCallsAreKept) {
  for (const std::int64_t counted : {0, 100, 200}) {
    HoldRequest wanted = request(Money::cents(1));
    wanted.counted_prompt = counted;
    auto hold = ledger_->reserve(wanted);
    ASSERT_TRUE(hold.has_value() && ledger_->dispatch(*hold).has_value());
    ASSERT_TRUE(
        ledger_->settle(std::move(*hold), Money::cents(1), {counted, 7, 2, 1, 50}).has_value());
  }
  HoldRequest lost = request(Money::cents(1));
  lost.counted_prompt = 300;
  { const auto hold = ledger_->reserve(lost); }
  const auto counts = ledger_->prompt_counts("groq", "small", 5).value();
  ASSERT_EQ(counts.size(), 2U);
  EXPECT_EQ(counts[0].counted, 200);
  EXPECT_EQ(counts[0].billed, 210);
  EXPECT_EQ(counts[1].billed, 110);
  EXPECT_EQ(ledger_->prompt_counts("groq", "small", 1).value().size(), 1U);
  EXPECT_TRUE(ledger_->prompt_counts("groq", "large", 5).value().empty());
}

TEST_F(LedgerTest, DaysCarryWhatTheyCost) {
  spend(Money::cents(10));
  clock_.advance(std::chrono::days(2));
  spend(Money::cents(20));
  const auto days = ledger_->daily("ada", "2026-06").value();
  ASSERT_EQ(days.size(), 12U);
  EXPECT_EQ(days[9], Money::cents(10));
  EXPECT_EQ(days[11], Money::cents(20));
  EXPECT_EQ(days[10], Money());
}

}  // namespace
}  // namespace tacit::store
