#pragma once
// The records of model calls: the budget ledger, the audit log and the answers worth keeping.
//
// The ledger is the port of domain/spend.h in SQL. Every step is one write
// transaction and durable when it returns; they run one after another, so an admission and its hold
// are one act whatever the number of callers, and so are the end of a hold and the attempt's line
// of the audit log. Opening it ends the holds that
// a crash left: those never dispatched are released, the others suspended at their full amount;
// only those of a line that waits in a running batch stay as they are. Balances are held against
// the entries at each start and corrected from them. Safe from any thread; must outlive its holds
// and be destroyed before the store.
//
// The audit log only grows: the database itself refuses to change or delete a row. It holds no
// content, so forgetting has nothing to take out of it.
//
// Answers that outlive a restart are rows that the service fills and reads, the most used first.
// Batches at a provider's are rows too, with a line for each request. forget() empties the answers
// of both, whatever it forgets: an answer may tell what its question was made of.
//
// What answers that cost nothing would have cost is added up in memory and written in groups by a
// thread of the ledger, at most kAvoidedWait later, and before a breakdown is read: no commit on
// the way of a call that needs none.

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/clock.h"
#include "domain/audit.h"
#include "domain/spend.h"
#include "store/store.h"

namespace tacit::store {

struct LedgerOptions {
  Money developer_month = Money::cents(833);  // of each developer and calendar month
  Money project_month = Money::most();        // of each project; most(): no ceiling
  Money per_call = Money::cents(25);          // one accident must not eat the month
  std::int64_t margin_per_mille = 5;  // of a limit, kept back for calls that cost more than held
  std::int64_t tokens_per_day = 2'700'000;  // of a developer, averaged over the month
};

Result<std::unique_ptr<Ledger>> open_ledger(Store& store, const LedgerOptions& options,
                                            const Clock& clock);

inline constexpr Duration kAvoidedWait = std::chrono::seconds(1);

inline constexpr std::size_t kMaxAuditText = 120;  // bytes of each name and reason; more is cut
inline constexpr std::size_t kMaxAuditPage = 1000;

// Durable when it returns, in one write. invalid_input when a hash is not one: nothing else may
// stand there.
Result<void> append_call_audits(Store& store, std::span<const CallAudit> audits);
inline Result<void> append_call_audit(Store& store, const CallAudit& audit) {
  return append_call_audits(store, std::span(&audit, 1));
}

struct AuditPage {
  std::string provider;            // "": all
  std::optional<CallAudit> after;  // the last of the page before; none: from the newest
  std::size_t most = 50;           // at most kMaxAuditPage
};
// Newest first.
Result<std::vector<CallAudit>> call_audits(const Store& store, const AuditPage& page);

struct KeptReply {
  std::string key;
  Instant made;
  std::string body;
};
// All that was kept before goes.
Result<void> replace_kept_replies(WriteTxn& txn, std::span<const KeptReply> replies);
Result<std::vector<KeptReply>> kept_replies(ReadTxn& txn);

enum class BatchStage { kSending = 0, kRunning = 1, kEnded = 2 };
struct BatchRow {
  std::string id;
  std::string provider;
  std::string model;
  std::string remote;  // the provider's id; "": not known
  BatchStage stage = BatchStage::kSending;
  std::string outcome;        // how it ended, for a person
  bool is_cancelled = false;  // asked for
  Instant created;
  std::optional<Instant> ended;
};
enum class LineStage { kWaits = 0, kAnswered = 1, kFailed = 2 };
struct BatchLineRow {
  std::int64_t number = 0;  // of the file's line
  std::int64_t hold = 0;    // 0: none was made
  LineStage stage = LineStage::kWaits;
  std::string schema;
  std::string finish;
  std::string text;
  std::string error_kind;
  std::string error;
  Money held;        // while it waits; read only, as is what follows
  Money cost;        // of the ledger
  BilledTokens use;  // the same
};

Result<void> put_batch(WriteTxn& txn, const BatchRow& batch, std::span<const BatchLineRow> lines);
// Remote id, stage, outcome and ended; conflict when it is not there.
Result<void> update_batch(WriteTxn& txn, const BatchRow& batch);
Result<void> cancel_batch(WriteTxn& txn, const std::string& batch);  // was asked for
// Stage, finish, text and error of lines that wait; others are left as they are.
Result<void> finish_batch_lines(WriteTxn& txn, const std::string& batch,
                                std::span<const BatchLineRow> lines);
Result<std::optional<BatchRow>> find_batch(ReadTxn& txn, const std::string& id);
Result<std::vector<BatchRow>> list_batches(ReadTxn& txn, std::size_t most);  // newest first
Result<std::vector<BatchLineRow>> batch_lines(ReadTxn& txn, const std::string& batch);
// Those that ended before this time, with their lines.
Result<void> drop_batches(WriteTxn& txn, Instant before);

}  // namespace tacit::store
