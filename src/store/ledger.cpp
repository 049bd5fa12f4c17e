#include "store/ledger.h"

#include <algorithm>
#include <optional>

#include "base/assert.h"
#include "base/log.h"
#include "domain/budget.h"
#include "store/audit_row.h"
#include "store/avoided.h"
#include "store/rows.h"
#include "store/txn.h"

namespace tacit::store {
namespace {

enum class HoldState { kOpen = 0, kDispatched = 1, kSettled = 2, kReleased = 3, kSuspended = 4 };

constexpr int kRefusalPercent = 90;  // a refusal from here on means that the month is used up

struct Account {
  std::string name;
  Money limit;
  std::int64_t tokens = 0;  // most of a month
};

struct Balance {
  bool is_known = false;  // there is a row
  Money spent;
  Money held;
  std::int64_t tokens = 0;
  Money used() const { return spent + held; }
};

struct HoldRow {
  std::int64_t id = 0;
  HoldState state = HoldState::kOpen;
  std::string period;
  std::string developer;
  std::string project;
  Money amount;
  std::int64_t tokens = 0;
};

// How a hold ends.
struct Ending {
  HoldState state = HoldState::kReleased;
  Money cost;
  BilledTokens use;
  std::int64_t tokens = 0;
  std::string outcome;
};

std::string developer_account(const std::string& name) {
  return "developer " + name;
}

// That of the latest time seen. Only a time that begins a period has to be remembered for it.
Result<std::string> current_period(WriteTxn& txn, Instant now) {
  const Instant latest = from_millis(TACIT_TRY(txn.integer("SELECT latest FROM ledger_state")));
  std::string period = period_of(std::max(latest, now));
  if (period != period_of(latest)) TACIT_TRY(txn.run("UPDATE ledger_state SET latest = ?1", now));
  return period;
}

Result<Balance> balance_of(ReadTxn& txn, const std::string& account, const std::string& period) {
  auto row = TACIT_TRY(
      txn.query("SELECT spent, held, tokens FROM budget_account WHERE account = ?1 AND period = ?2",
                account, period));
  if (!TACIT_TRY(row.step())) return Balance{};
  return Balance{true, Money::pico(row.integer(0)), Money::pico(row.integer(1)), row.integer(2)};
}

Result<HoldRow> hold_row(ReadTxn& txn, std::int64_t id) {
  auto row = TACIT_TRY(txn.query(
      "SELECT state, period, developer, project, amount, tokens FROM hold WHERE id = ?1", id));
  if (!TACIT_TRY(row.step())) return fail(ErrorKind::kNotFound, "the ledger knows no such hold");
  return HoldRow{id,
                 static_cast<HoldState>(row.integer(0)),
                 row.text(1),
                 row.text(2),
                 row.text(3),
                 Money::pico(row.integer(4)),
                 row.integer(5)};
}

Result<void> check(const HoldRequest& request) {
  if (request.request.empty() || request.developer.empty() || request.amount < Money() ||
      request.tokens < 0 || request.counted_prompt < 0) {
    return fail(ErrorKind::kInvalidInput, "a hold needs a request, a developer and an amount");
  }
  return {};
}

class SqlLedger final : public Ledger {
 public:
  SqlLedger(Store& store, const LedgerOptions& options, const Clock& clock)
      : store_(store),
        options_(options),
        clock_(clock),
        avoided_([this](const AvoidedCosts::Sums& sums) { return write_avoided(sums); }) {}

  Result<void> recover();
  Result<Hold> reserve(const HoldRequest& request) override;
  Result<void> dispatch(const Hold& hold) override;
  Result<std::vector<Result<Hold>>> reserve_all(std::span<const HoldRequest> requests) override;
  Result<void> dispatch_all(std::span<const std::int64_t> holds) override;
  Result<void> end_all(std::span<const HoldEnd> ends) override;
  Result<Hold> resume(std::int64_t hold) override;
  void avoid(const AvoidedCost& avoided) override { avoided_.add(avoided); }
  Result<AccountState> developer_state(const std::string& developer) const override;
  Result<std::vector<BudgetAlert>> take_alerts() override;
  Result<std::vector<SpendRow>> breakdown(SpendKey key, const std::string& period) const override;
  Result<std::vector<PromptCount>> prompt_counts(const std::string& provider,
                                                 const std::string& model,
                                                 std::size_t most) const override;
  Result<std::vector<Money>> daily(const std::string& developer,
                                   const std::string& period) const override;

 protected:
  Result<void> end(const HoldEnd& end, const CallAudit* audit) override;
  void abandon(std::int64_t id) override;

 private:
  std::vector<Account> accounts_of(const std::string& developer, const std::string& project,
                                   const std::string& period) const;
  struct Payer {
    Account account;
    Balance balance;
  };
  Result<std::vector<Payer>> payers_of(ReadTxn& txn, const HoldRequest& request,
                                       const std::string& period) const;
  Result<std::optional<Error>> refusal(WriteTxn& txn, const HoldRequest& request,
                                       const std::string& period, const std::vector<Payer>& payers);
  Result<std::int64_t> take(WriteTxn& txn, const HoldRequest& request, const std::string& period,
                            const std::vector<Payer>& payers);
  // The number of the hold, or why there is none.
  Result<std::int64_t> reserve_in(WriteTxn& txn, const HoldRequest& request,
                                  std::optional<Error>& refused);
  Result<void> alert(WriteTxn& txn, const Account& account, const std::string& period,
                     const std::vector<int>& percents);
  Result<void> end_in(WriteTxn& txn, const HoldRow& hold, const Ending& ending);
  static Ending ending_of(const HoldRow& hold, const HoldEnd& end);
  static Ending unfinished(const HoldRow& hold, std::string_view why);
  Result<void> write_avoided(const AvoidedCosts::Sums& sums) const;

  Store& store_;
  const LedgerOptions options_;
  const Clock& clock_;
  mutable AvoidedCosts avoided_;  // ends first
};

std::vector<Account> SqlLedger::accounts_of(const std::string& developer,
                                            const std::string& project,
                                            const std::string& period) const {
  const auto spendable = [&](Money limit) {
    return limit - limit.per_mille(options_.margin_per_mille);
  };
  std::vector<Account> accounts = {{developer_account(developer),
                                    spendable(options_.developer_month),
                                    options_.tokens_per_day * days_in_period(period)}};
  if (!project.empty()) {
    accounts.push_back(
        {"project " + project, spendable(options_.project_month), Money::most().pico()});
  }
  return accounts;
}

Result<std::vector<SqlLedger::Payer>> SqlLedger::payers_of(ReadTxn& txn, const HoldRequest& request,
                                                           const std::string& period) const {
  std::vector<Payer> payers;
  for (Account& account : accounts_of(request.developer, request.project, period)) {
    const Balance balance = TACIT_TRY(balance_of(txn, account.name, period));
    payers.push_back({std::move(account), balance});
  }
  return payers;
}

// Why a request may not have its money; nothing when it may.
Result<std::optional<Error>> SqlLedger::refusal(WriteTxn& txn, const HoldRequest& request,
                                                const std::string& period,
                                                const std::vector<Payer>& payers) {
  const auto exhausted = [](std::string message) {
    return std::optional(Error(ErrorKind::kBudgetExhausted, std::move(message)));
  };
  if (request.amount > options_.per_call) {
    return exhausted("one call may cost at most $" + options_.per_call.text() +
                     ", this one up to $" + request.amount.text());
  }
  for (const auto& [account, balance] : payers) {
    if (balance.used() + request.amount > account.limit) {
      const auto reached = percents_reached(balance.used(), account.limit);
      if (!reached.empty() && reached.back() >= kRefusalPercent)
        TACIT_TRY(alert(txn, account, period, {kAlertPercents.back()}));
      return exhausted(account.name + ": $" + balance.used().text() + " of $" +
                       account.limit.text() + " of " + period +
                       " are spent or held, the call may cost $" + request.amount.text());
    }
    if (request.tokens > account.tokens - balance.tokens) {
      return exhausted(account.name + ": the month's " + std::to_string(account.tokens) +
                       " tokens would be passed");
    }
    if (request.urgency == Urgency::kBackground &&
        degradation_of(balance.used(), account.limit) >= Degradation::kInteractiveOnly) {
      return exhausted(account.name +
                       ": the month is nearly used up, what is left is for people who wait");
    }
  }
  return std::nullopt;
}

// Adds to the balances and writes the hold. The update repeats the condition: no path can pass it.
Result<std::int64_t> SqlLedger::take(WriteTxn& txn, const HoldRequest& request,
                                     const std::string& period, const std::vector<Payer>& payers) {
  for (const auto& [account, balance] : payers) {
    if (!balance.is_known)
      TACIT_TRY(txn.run("INSERT INTO budget_account(account, period) VALUES(?1, ?2)", account.name,
                        period));
    TACIT_TRY(
        txn.run("UPDATE budget_account SET held = held + ?3, tokens = tokens + ?4 "
                "WHERE account = ?1 AND period = ?2 AND spent + held + ?3 <= ?5",
                account.name, period, request.amount.pico(), request.tokens, account.limit.pico()));
    if (txn.changes() != 1) return fail(ErrorKind::kBudgetExhausted, account.name + " lacks it");
    TACIT_TRY(alert(txn, account, period,
                    percents_reached(balance.used() + request.amount, account.limit)));
  }
  TACIT_TRY(txn.run(
      "INSERT INTO hold(request, attempt, period, developer, project, provider, model, "
      "operation, price, amount, tokens, counted, state, created) "
      "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) "
      "ON CONFLICT(request, attempt) DO NOTHING",
      request.request, request.attempt, period, request.developer, request.project,
      request.provider, request.model, request.operation, request.price, request.amount.pico(),
      request.tokens, request.counted_prompt,
      code(request.is_dispatched ? HoldState::kDispatched : HoldState::kOpen), clock_.now()));
  if (txn.changes() == 1) return txn.last_id();
  return fail(ErrorKind::kConflict, "this attempt of the request has had its hold");
}

Result<void> SqlLedger::alert(WriteTxn& txn, const Account& account, const std::string& period,
                              const std::vector<int>& percents) {
  for (const int percent : percents) {
    TACIT_TRY(
        txn.run("INSERT OR IGNORE INTO budget_alert(account, period, percent, limit_pico, time) "
                "VALUES(?1, ?2, ?3, ?4, ?5)",
                account.name, period, percent, account.limit.pico(), clock_.now()));
  }
  return {};
}

Result<std::int64_t> SqlLedger::reserve_in(WriteTxn& txn, const HoldRequest& request,
                                           std::optional<Error>& refused) {
  const std::string period = TACIT_TRY(current_period(txn, clock_.now()));
  const std::vector<Payer> payers = TACIT_TRY(payers_of(txn, request, period));
  refused = TACIT_TRY(refusal(txn, request, period, payers));
  if (refused) return 0;
  return take(txn, request, period, payers);
}

Result<Hold> SqlLedger::reserve(const HoldRequest& request) {
  TACIT_TRY(check(request));
  std::optional<Error> refused;
  std::int64_t id = 0;
  TACIT_TRY(store_.write([&](WriteTxn& txn) -> Result<void> {
    id = TACIT_TRY(reserve_in(txn, request, refused));
    return {};
  }));
  if (refused) return std::unexpected(std::move(*refused));
  return make_hold(id, request.amount);
}

Result<std::vector<Result<Hold>>> SqlLedger::reserve_all(std::span<const HoldRequest> requests) {
  for (const HoldRequest& request : requests) TACIT_TRY(check(request));
  struct Reserved {
    std::int64_t id = 0;
    std::optional<Error> refused;
  };
  std::vector<Reserved> reserved(requests.size());
  TACIT_TRY(store_.write([&](WriteTxn& txn) -> Result<void> {
    for (std::size_t i = 0; i < requests.size(); ++i)
      reserved[i].id = TACIT_TRY(reserve_in(txn, requests[i], reserved[i].refused));
    return {};
  }));
  std::vector<Result<Hold>> holds;
  holds.reserve(requests.size());
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (reserved[i].refused)
      holds.emplace_back(std::unexpected(std::move(*reserved[i].refused)));
    else
      holds.emplace_back(make_hold(reserved[i].id, requests[i].amount));
  }
  return holds;
}

Result<void> SqlLedger::dispatch(const Hold& hold) {
  return store_.write([&](WriteTxn& txn) -> Result<void> {
    TACIT_TRY(txn.run("UPDATE hold SET state = 1 WHERE id = ?1 AND state = 0", hold.id()));
    if (txn.changes() == 1) return {};
    return fail(ErrorKind::kConflict, "this hold was dispatched or has ended");
  });
}

Result<void> SqlLedger::dispatch_all(std::span<const std::int64_t> holds) {
  return store_.write([&](WriteTxn& txn) -> Result<void> {
    for (const std::int64_t id : holds) {
      TACIT_TRY(txn.run("UPDATE hold SET state = 1 WHERE id = ?1 AND state = 0", id));
      if (txn.changes() != 1)
        return fail(ErrorKind::kConflict, "this hold was dispatched or has ended");
    }
    return {};
  });
}

Result<void> SqlLedger::end_all(std::span<const HoldEnd> ends) {
  return store_.write([&](WriteTxn& txn) -> Result<void> {
    for (const HoldEnd& end : ends) {
      const HoldRow hold = TACIT_TRY(hold_row(txn, end.hold));
      if (hold.state != HoldState::kOpen && hold.state != HoldState::kDispatched) continue;
      TACIT_TRY(end_in(txn, hold, ending_of(hold, end)));
    }
    return {};
  });
}

Result<Hold> SqlLedger::resume(std::int64_t id) {
  std::optional<HoldRow> hold;
  TACIT_TRY(store_.read([&](ReadTxn& txn) -> Result<void> {
    hold = TACIT_TRY(hold_row(txn, id));
    return {};
  }));
  if (hold->state == HoldState::kOpen)
    return fail(ErrorKind::kConflict, "this hold was never dispatched");
  return make_hold(id, hold->amount);
}

Result<void> SqlLedger::end(const HoldEnd& end, const CallAudit* audit) {
  if (audit != nullptr) TACIT_TRY(check_audit(*audit));
  return store_.write([&](WriteTxn& txn) -> Result<void> {
    const HoldRow hold = TACIT_TRY(hold_row(txn, end.hold));
    if (end.kind == HoldEnd::Kind::kSettle && hold.state != HoldState::kDispatched)
      return fail(ErrorKind::kConflict, "only a dispatched hold can be settled");
    TACIT_TRY(end_in(txn, hold, ending_of(hold, end)));
    return audit == nullptr ? Result<void>() : put_call_audit(txn, *audit);
  });
}

Ending SqlLedger::ending_of(const HoldRow& hold, const HoldEnd& end) {
  switch (end.kind) {
    case HoldEnd::Kind::kSettle:
      return {HoldState::kSettled, end.cost, end.use, end.use.total(), "served"};
    case HoldEnd::Kind::kSuspend:
      return {HoldState::kSuspended, hold.amount, {}, hold.tokens, end.reason};
    case HoldEnd::Kind::kRelease:
      return {HoldState::kReleased, Money(), {}, 0, end.reason};
  }
  TACIT_UNREACHABLE();
}

Result<void> SqlLedger::end_in(WriteTxn& txn, const HoldRow& hold, const Ending& ending) {
  if (hold.state != HoldState::kOpen && hold.state != HoldState::kDispatched)
    return fail(ErrorKind::kConflict, "this hold has ended");
  TACIT_TRY(txn.run("UPDATE hold SET state = ?2 WHERE id = ?1", hold.id, code(ending.state)));
  TACIT_TRY(txn.run(
      "INSERT INTO spend_entry(hold, amount, input, cache_read, cache_write, "
      "cache_write_long, output, tokens, outcome, time) "
      "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
      hold.id, ending.cost.pico(), ending.use.input, ending.use.cache_read, ending.use.cache_write,
      ending.use.cache_write_long, ending.use.output, ending.tokens, ending.outcome, clock_.now()));
  for (const Account& account : accounts_of(hold.developer, hold.project, hold.period)) {
    TACIT_TRY(
        txn.run("UPDATE budget_account SET spent = spent + ?3, held = held - ?4, "
                "tokens = tokens + ?5 WHERE account = ?1 AND period = ?2",
                account.name, hold.period, ending.cost.pico(), hold.amount.pico(),
                ending.tokens - hold.tokens));
    if (ending.cost <= hold.amount) continue;  // then the account has no more than before
    const Balance balance = TACIT_TRY(balance_of(txn, account.name, hold.period));
    TACIT_TRY(alert(txn, account, hold.period, percents_reached(balance.used(), account.limit)));
  }
  return {};
}

// What becomes of a hold that nobody ended: money that may have been billed counts as spent.
Ending SqlLedger::unfinished(const HoldRow& hold, std::string_view why) {
  if (hold.state == HoldState::kOpen)
    return {HoldState::kReleased, Money(), {}, 0, std::string(why) + " before dispatch"};
  return {
      HoldState::kSuspended, hold.amount, {}, hold.tokens, std::string(why) + " after dispatch"};
}

void SqlLedger::abandon(std::int64_t id) {
  const auto done = store_.write([&](WriteTxn& txn) -> Result<void> {
    const HoldRow hold = TACIT_TRY(hold_row(txn, id));
    return end_in(txn, hold, unfinished(hold, "dropped"));
  });
  if (!done) log::error("store", "hold_not_ended", {{"reason", done.error().message()}});
}

Result<void> SqlLedger::recover() {
  return store_.write([&](WriteTxn& txn) -> Result<void> {
    std::vector<std::int64_t> left;
    {
      auto rows = TACIT_TRY(txn.query(
          "SELECT id FROM hold WHERE state < 2 AND NOT (state = 1 AND EXISTS (SELECT 1 FROM "
          "batch_line JOIN batch ON batch.id = batch_line.batch WHERE hold = hold.id "
          "AND batch_line.state = 0 AND batch.state = 1))"));
      while (TACIT_TRY(rows.step())) left.push_back(rows.integer(0));
    }
    for (const std::int64_t id : left) {
      const HoldRow hold = TACIT_TRY(hold_row(txn, id));
      TACIT_TRY(end_in(txn, hold, unfinished(hold, "crashed")));
    }
    // Only running batches hold anything now: every balance must be the sum of holds and entries.
    TACIT_TRY(txn.run(
        "UPDATE budget_account SET held = truth.held, spent = truth.spent, tokens = truth.tokens "
        "FROM (SELECT account, budget_account.period AS period, "
        "coalesce(sum(spend_entry.amount), 0) AS spent, "
        "coalesce(sum(iif(state < 2, hold.amount, 0)), 0) AS held, "
        "coalesce(sum(iif(state < 2, hold.tokens, spend_entry.tokens)), 0) AS tokens "
        "FROM budget_account "
        "LEFT JOIN hold ON hold.period = budget_account.period "
        "AND account IN ('developer ' || developer, 'project ' || project) "
        "LEFT JOIN spend_entry ON spend_entry.hold = hold.id "
        "GROUP BY account, budget_account.period) AS truth "
        "WHERE truth.account = budget_account.account AND truth.period = budget_account.period "
        "AND (budget_account.held <> truth.held OR budget_account.spent <> truth.spent "
        "OR budget_account.tokens <> truth.tokens)"));
    if (txn.changes() > 0) log::error("store", "budget_corrected", {{"accounts", txn.changes()}});
    if (!left.empty()) log::warn("store", "holds_recovered", {{"holds", left.size()}});
    return {};
  });
}

Result<AccountState> SqlLedger::developer_state(const std::string& developer) const {
  AccountState state;
  TACIT_TRY(store_.read([&](ReadTxn& txn) -> Result<void> {
    const Instant latest = from_millis(TACIT_TRY(txn.integer("SELECT latest FROM ledger_state")));
    state.period = period_of(std::max(latest, clock_.now()));
    const Account account = accounts_of(developer, "", state.period).front();
    const Balance balance = TACIT_TRY(balance_of(txn, account.name, state.period));
    state.limit = account.limit;
    state.spent = balance.spent;
    state.held = balance.held;
    state.token_limit = account.tokens;
    state.tokens = balance.tokens;
    return {};
  }));
  return state;
}

Result<std::vector<BudgetAlert>> SqlLedger::take_alerts() {
  std::vector<BudgetAlert> alerts;
  TACIT_TRY(store_.write([&](WriteTxn& txn) -> Result<void> {
    {
      auto rows = TACIT_TRY(txn.query(
          "SELECT account, period, percent, limit_pico, time FROM budget_alert WHERE taken = 0 "
          "ORDER BY time, account, percent"));
      while (TACIT_TRY(rows.step())) {
        alerts.push_back({rows.text(0), rows.text(1), static_cast<int>(rows.integer(2)),
                          Money::pico(rows.integer(3)), from_millis(rows.integer(4))});
      }
    }
    return txn.run("UPDATE budget_alert SET taken = 1 WHERE taken = 0");
  }));
  return alerts;
}

#define TACIT_BREAKDOWN(column)                                                               \
  "SELECT name, sum(spent), sum(calls), sum(tokens), sum(unsure), sum(avoided), sum(spared) " \
  "FROM (SELECT " column                                                                      \
  " AS name, spend_entry.amount AS spent, 1 AS calls, spend_entry.tokens AS tokens, "         \
  "state = 4 AS unsure, 0 AS avoided, 0 AS spared FROM hold "                                 \
  "JOIN spend_entry ON spend_entry.hold = hold.id WHERE period = ?1 "                         \
  "UNION ALL SELECT " column                                                                  \
  ", 0, 0, 0, 0, amount, calls FROM avoided_cost WHERE period = ?1) "                         \
  "GROUP BY 1 ORDER BY 2 DESC, 1"

Result<Statement> query_breakdown(ReadTxn& txn, SpendKey key, const std::string& period) {
  switch (key) {
    case SpendKey::kDeveloper:
      return txn.query(TACIT_BREAKDOWN("developer"), period);
    case SpendKey::kProject:
      return txn.query(TACIT_BREAKDOWN("project"), period);
    case SpendKey::kProvider:
      return txn.query(TACIT_BREAKDOWN("provider"), period);
    case SpendKey::kModel:
      return txn.query(TACIT_BREAKDOWN("model"), period);
    case SpendKey::kOperation:
      return txn.query(TACIT_BREAKDOWN("operation"), period);
  }
  TACIT_UNREACHABLE();
}
#undef TACIT_BREAKDOWN

Result<std::vector<SpendRow>> SqlLedger::breakdown(SpendKey key, const std::string& period) const {
  std::vector<SpendRow> found;
  avoided_.flush();
  TACIT_TRY(store_.read([&](ReadTxn& txn) -> Result<void> {
    auto rows = TACIT_TRY(query_breakdown(txn, key, period));
    while (TACIT_TRY(rows.step())) {
      found.push_back({rows.text(0), Money::pico(rows.integer(1)), rows.integer(2), rows.integer(3),
                       rows.integer(4), Money::pico(rows.integer(5)), rows.integer(6)});
    }
    return {};
  }));
  return found;
}

Result<void> SqlLedger::write_avoided(const AvoidedCosts::Sums& sums) const {
  return store_.write([&](WriteTxn& txn) -> Result<void> {
    const std::string period = TACIT_TRY(current_period(txn, clock_.now()));
    for (const auto& [what, sum] : sums) TACIT_TRY(add_avoided(txn, period, what, sum));
    return {};
  });
}

Result<std::vector<PromptCount>> SqlLedger::prompt_counts(const std::string& provider,
                                                          const std::string& model,
                                                          std::size_t most) const {
  std::vector<PromptCount> counts;
  TACIT_TRY(store_.read([&](ReadTxn& txn) -> Result<void> {
    auto rows = TACIT_TRY(txn.query(
        "SELECT counted, input + cache_read + cache_write + cache_write_long FROM hold "
        "JOIN spend_entry ON spend_entry.hold = hold.id WHERE provider = ?1 AND model = ?2 "
        "AND state = 2 AND counted > 0 ORDER BY hold.id DESC LIMIT ?3",
        provider, model, static_cast<std::int64_t>(most)));
    while (TACIT_TRY(rows.step())) counts.push_back({rows.integer(0), rows.integer(1)});
    return {};
  }));
  return counts;
}

Result<std::vector<Money>> SqlLedger::daily(const std::string& developer,
                                            const std::string& period) const {
  std::vector<Money> days(static_cast<std::size_t>(days_in_period(period)));
  const Instant now = clock_.now();
  if (period_of(now) == period) days.resize(static_cast<std::size_t>(day_of_month(now)));
  TACIT_TRY(store_.read([&](ReadTxn& txn) -> Result<void> {
    auto rows =
        TACIT_TRY(txn.query("SELECT created, spend_entry.amount FROM hold JOIN spend_entry ON "
                            "spend_entry.hold = hold.id "
                            "WHERE period = ?1 AND developer = ?2",
                            period, developer));
    while (TACIT_TRY(rows.step())) {
      const auto day = static_cast<std::size_t>(day_of_month(from_millis(rows.integer(0)))) - 1;
      days[std::min(day, days.size() - 1)] += Money::pico(rows.integer(1));
    }
    return {};
  }));
  return days;
}

}  // namespace

Result<std::unique_ptr<Ledger>> open_ledger(Store& store, const LedgerOptions& options,
                                            const Clock& clock) {
  auto ledger = std::make_unique<SqlLedger>(store, options, clock);
  TACIT_TRY(ledger->recover());
  return ledger;
}

}  // namespace tacit::store
