// The answers worth keeping: part of ledger.h.
#include "store/ledger.h"

#include "store/txn.h"

namespace tacit::store {

Result<void> replace_kept_replies(WriteTxn& txn, std::span<const KeptReply> replies) {
  TACIT_TRY(txn.run("DELETE FROM kept_reply"));
  std::int64_t rank = 0;
  for (const KeptReply& reply : replies) {
    TACIT_TRY(
        txn.run("INSERT OR REPLACE INTO kept_reply(key, made, rank, body) VALUES(?1, ?2, ?3, ?4)",
                reply.key, reply.made, rank++, reply.body));
  }
  return {};
}

Result<std::vector<KeptReply>> kept_replies(ReadTxn& txn) {
  std::vector<KeptReply> replies;
  auto rows = TACIT_TRY(txn.query("SELECT key, made, body FROM kept_reply ORDER BY rank"));
  while (TACIT_TRY(rows.step()))
    replies.push_back({rows.text(0), from_millis(rows.integer(1)), rows.text(2)});
  return replies;
}

}  // namespace tacit::store
