#pragma once
// Private to store: one line of the audit log (ledger.h), written alone or with the end of its
// hold.

#include "base/result.h"
#include "domain/audit.h"
#include "store/txn.h"

namespace tacit::store {

// invalid_input: what should be a hash is none.
Result<void> check_audit(const CallAudit& audit);
Result<void> put_call_audit(WriteTxn& txn, const CallAudit& audit);

}  // namespace tacit::store
