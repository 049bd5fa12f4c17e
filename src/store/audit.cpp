// The audit log: part of ledger.h.
#include <algorithm>
#include <limits>

#include "base/text.h"
#include "store/audit_row.h"
#include "store/hot_queries.h"
#include "store/ledger.h"
#include "store/txn.h"

namespace tacit::store {
namespace {

constexpr std::size_t kHashDigits = 64;

bool is_hash(std::string_view text) {
  return text.size() == kHashDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string cut(std::string_view text) {
  return clean_utf8(clip_utf8(text, kMaxAuditText));
}

CallAudit read_audit(Statement& row) {
  CallAudit audit;
  audit.id = row.integer(0);
  audit.time = from_millis(row.integer(1));
  audit.request = row.text(2);
  audit.attempt = static_cast<int>(row.integer(3));
  audit.content_hash = row.text(4);
  audit.bytes_out = row.integer(5);
  audit.bytes_in = row.integer(6);
  audit.provider = row.text(7);
  audit.model = row.text(8);
  audit.label = parse_sensitivity(row.text(9)).value_or(Sensitivity::kSecret);
  audit.layer = row.text(10);
  audit.reason = row.text(11);
  audit.outcome = row.text(12);
  audit.hold = row.integer(13);
  return audit;
}

}  // namespace

Result<void> check_audit(const CallAudit& audit) {
  if (is_hash(audit.content_hash)) return {};
  return fail(ErrorKind::kInvalidInput, "the audit log takes a keyed hash and nothing else");
}

Result<void> put_call_audit(WriteTxn& txn, const CallAudit& audit) {
  return txn.run(
      "INSERT INTO call_audit(time, request, attempt, content_hash, bytes_out, bytes_in, "
      "provider, model, label, layer, reason, outcome, hold) "
      "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
      audit.time, cut(audit.request), audit.attempt, audit.content_hash, audit.bytes_out,
      audit.bytes_in, cut(audit.provider), cut(audit.model), name_of(audit.label), cut(audit.layer),
      cut(audit.reason), cut(audit.outcome), audit.hold);
}

Result<void> append_call_audits(Store& store, std::span<const CallAudit> audits) {
  for (const CallAudit& audit : audits) TACIT_TRY(check_audit(audit));
  return store.write([&](WriteTxn& txn) -> Result<void> {
    for (const CallAudit& audit : audits) TACIT_TRY(put_call_audit(txn, audit));
    return {};
  });
}

Result<std::vector<CallAudit>> call_audits(const Store& store, const AuditPage& page) {
  constexpr std::int64_t kNewest = std::numeric_limits<std::int64_t>::max();
  const std::int64_t time = page.after ? to_millis(page.after->time) : kNewest;
  const std::int64_t id = page.after ? page.after->id : kNewest;
  const auto most = static_cast<std::int64_t>(std::min(page.most, kMaxAuditPage));
  std::vector<CallAudit> audits;
  TACIT_TRY(store.read([&](ReadTxn& txn) -> Result<void> {
    auto rows = TACIT_TRY(page.provider.empty()
                              ? txn.query(hot::kAuditsNewest, time, id, most)
                              : txn.query(hot::kAuditsOfProvider, time, id, most, page.provider));
    while (TACIT_TRY(rows.step())) audits.push_back(read_audit(rows));
    return {};
  }));
  return audits;
}

}  // namespace tacit::store
