#pragma once
// Money that goes out, and the port that remembers it. A physical attempt of a remote call is held
// (reserve), marked just before the first byte leaves (dispatch) and ends in exactly one way:
// settled with what it cost, released when provably nothing was billed, or suspended when nobody
// knows; then the whole hold counts as spent. Every step is durable before it returns. A Hold can
// only come from a ledger, so what asks for one cannot be called without money set aside. The holds
// of a provider's batch outlive the process that made them: they are left() and resumed(). Local
// models cost nothing and never come here.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/money.h"

namespace tacit {

// What a provider bills, in disjoint parts.
struct BilledTokens {
  std::int64_t input = 0;  // uncached
  std::int64_t cache_read = 0;
  std::int64_t cache_write = 0;       // kept for minutes
  std::int64_t cache_write_long = 0;  // kept for an hour
  std::int64_t output = 0;            // visible and reasoning

  std::int64_t prompt() const { return input + cache_read + cache_write + cache_write_long; }
  std::int64_t total() const { return prompt() + output; }
};

enum class Urgency { kInteractive, kBackground };

// One attempt that wants money: who pays, for what, and at most how much.
struct HoldRequest {
  std::string request;  // with `attempt` unique for ever
  int attempt = 1;
  std::string developer;
  std::string project;
  std::string provider;
  std::string model;
  std::string operation;
  std::string price;                // which row of the catalogue
  Money amount;                     // the upper bound
  std::int64_t tokens = 0;          // the upper bound
  std::int64_t counted_prompt = 0;  // by our own counter, uncorrected; 0: not counted
  Urgency urgency = Urgency::kInteractive;
  bool is_dispatched = false;  // in the same write: what is held goes out at once
};

class Ledger;
struct CallAudit;  // domain/audit.h

// Money set aside for one attempt. One that is dropped before dispatch is released, after dispatch
// suspended.
class Hold {
 public:
  Hold(Hold&& other) noexcept
      : ledger_(std::exchange(other.ledger_, nullptr)), id_(other.id_), amount_(other.amount_) {}
  Hold& operator=(Hold&&) = delete;
  ~Hold();

  std::int64_t id() const { return id_; }
  Money amount() const { return amount_; }

 private:
  friend class Ledger;
  Hold(Ledger& ledger, std::int64_t id, Money amount)
      : ledger_(&ledger), id_(id), amount_(amount) {}
  Ledger* ledger_;  // null: ended or moved from
  std::int64_t id_;
  Money amount_;
};

struct AccountState {
  std::string period;
  Money limit;
  Money spent;
  Money held;
  std::int64_t token_limit = 0;
  std::int64_t tokens = 0;  // spent and held
  Money used() const { return spent + held; }
};

struct BudgetAlert {
  std::string account;  // "developer ada", "project shop"
  std::string period;
  int percent = 0;
  Money limit;
  Instant time;
};

// A prompt's tokens by our counter and by the provider's bill.
struct PromptCount {
  std::int64_t counted = 0;
  std::int64_t billed = 0;
};

// How one of many holds ends, named by its number.
struct HoldEnd {
  enum class Kind { kSettle, kRelease, kSuspend };
  std::int64_t hold = 0;
  Kind kind = Kind::kSuspend;
  Money cost;        // of a settled one
  BilledTokens use;  // the same
  std::string reason;
};

// An answer that cost nothing, because it was kept or somebody else's: what it would have cost.
struct AvoidedCost {
  std::string developer;
  std::string project;
  std::string provider;
  std::string model;
  std::string operation;
  Money amount;
};

enum class SpendKey { kDeveloper, kProject, kProvider, kModel, kOperation };

struct SpendRow {
  std::string key;
  Money spent;
  std::int64_t calls = 0;
  std::int64_t tokens = 0;
  std::int64_t suspended = 0;  // calls whose true cost nobody knows
  Money avoided;               // what answers that cost nothing would have cost
  std::int64_t avoided_calls = 0;
};

class Ledger {
 public:
  virtual ~Ledger() = default;

  // All or nothing: refused with budget_exhausted when an account or a ceiling lacks the amount,
  // with another kind when the ledger is in trouble. Either way no remote call is made.
  virtual Result<Hold> reserve(const HoldRequest& request) = 0;
  // Not of a hold that was dispatched when it was made.
  virtual Result<void> dispatch(const Hold& hold) = 0;
  // The true cost, which may be above the hold; it is never cut down. With any end the attempt's
  // line of the audit log is written in the same step, where there is one.
  Result<void> settle(Hold&& hold, Money cost, const BilledTokens& use,
                      const CallAudit* audit = nullptr) {
    return finish(std::move(hold), {0, HoldEnd::Kind::kSettle, cost, use, "served"}, audit);
  }
  Result<void> release(Hold&& hold, const std::string& reason, const CallAudit* audit = nullptr) {
    return finish(std::move(hold), {0, HoldEnd::Kind::kRelease, Money(), {}, reason}, audit);
  }
  Result<void> suspend(Hold&& hold, const std::string& reason, const CallAudit* audit = nullptr) {
    return finish(std::move(hold), {0, HoldEnd::Kind::kSuspend, Money(), {}, reason}, audit);
  }

  // Many at once, each step in one durable write. One refused does not stop the others.
  virtual Result<std::vector<Result<Hold>>> reserve_all(std::span<const HoldRequest> requests) = 0;
  virtual Result<void> dispatch_all(std::span<const std::int64_t> holds) = 0;
  // One that has ended is left as it is, so the same ends may be told again.
  virtual Result<void> end_all(std::span<const HoldEnd> ends) = 0;
  // Gives up the handle and leaves the hold as it is; who does so has written down where it
  // belongs.
  static std::int64_t leave(Hold&& hold) {
    Hold left = std::move(hold);
    left.ledger_ = nullptr;
    return left.id_;
  }
  // A handle of a hold that was left, to be left again; also of one that has ended meanwhile, whose
  // provider may still be asked. conflict when it was never dispatched.
  virtual Result<Hold> resume(std::int64_t hold) = 0;

  // Never blocks on the disk: written in groups within a second, and before anybody looks or the
  // ledger goes. A crash loses at most that second, which is no money.
  virtual void avoid(const AvoidedCost& avoided) = 0;

  virtual Result<AccountState> developer_state(const std::string& developer) const = 0;
  // Alerts not yet taken; each is given once.
  virtual Result<std::vector<BudgetAlert>> take_alerts() = 0;
  virtual Result<std::vector<SpendRow>> breakdown(SpendKey key,
                                                  const std::string& period) const = 0;
  // Of the newest settled calls of a model whose prompt was counted, newest first.
  virtual Result<std::vector<PromptCount>> prompt_counts(const std::string& provider,
                                                         const std::string& model,
                                                         std::size_t most) const = 0;
  // What each day of the period cost, day 1 first.
  virtual Result<std::vector<Money>> daily(const std::string& developer,
                                           const std::string& period) const = 0;

 protected:
  Hold make_hold(std::int64_t id, Money amount) { return Hold(*this, id, amount); }
  virtual Result<void> end(const HoldEnd& end, const CallAudit* audit) = 0;
  virtual void abandon(std::int64_t id) = 0;  // dropped: by its state released or suspended

 private:
  friend class Hold;
  // A step that failed leaves the hold as it was, to be abandoned.
  Result<void> finish(Hold&& hold, HoldEnd how, const CallAudit* audit) {
    if (hold.ledger_ != this)
      return fail(ErrorKind::kConflict, "this hold has ended or belongs to another ledger");
    Hold ending = std::move(hold);
    how.hold = ending.id_;
    auto done = end(how, audit);
    if (done) ending.ledger_ = nullptr;
    return done;
  }
};

inline Hold::~Hold() {
  if (ledger_ != nullptr) ledger_->abandon(id_);
}

}  // namespace tacit
