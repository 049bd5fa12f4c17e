#pragma once
// The records of model calls: the budget ledger, the audit log and the answers worth keeping.
//
// The ledger is the port of domain/spend.h in SQL. Every step is one write
// transaction and durable when it returns; one writer thread runs them one after another, so an
// admission and its hold are one act whatever the number of callers. Opening it ends the holds that
// a crash left: those never dispatched are released, the others suspended at their full amount.
// Balances are held against the entries at each start and corrected from them. Safe from any
// thread; must outlive its holds and be destroyed before the store.
//
// The audit log only grows: the database itself refuses to change or delete a row. It holds no
// content, so forgetting has nothing to take out of it.
//
// Answers that outlive a restart are rows that the service fills and reads, the most used first.
// forget() empties them, whatever it forgets: an answer may tell what its question was made of.

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

inline constexpr std::size_t kMaxAuditText = 120;  // bytes of each name and reason; more is cut
inline constexpr std::size_t kMaxAuditPage = 1000;

// Durable when it returns. invalid_input when the hash is not one: nothing else may stand there.
Result<void> append_call_audit(Store& store, const CallAudit& audit);

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

}  // namespace tacit::store
