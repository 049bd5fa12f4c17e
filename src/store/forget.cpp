// forget() and its preview: part of session_queries.h, apart because it touches every table.

#include "base/assert.h"
#include "store/hot_queries.h"
#include "store/rows.h"
#include "store/session_queries.h"
#include "store/txn.h"

namespace tacit::store {
namespace {

struct Doomed {
  std::vector<std::uint64_t> sessions;
  std::vector<std::uint64_t> exchanges;
};

Result<std::vector<std::uint64_t>> ids_of(Result<Statement> rows) {
  if (!rows) return std::unexpected(rows.error());
  std::vector<std::uint64_t> ids;
  while (TACIT_TRY(rows->step())) ids.push_back(rows->id(0));
  return ids;
}

Result<Doomed> doomed_by(ReadTxn& txn, const ForgetTarget& target) {
  Doomed doomed;
  if (target.exchange) {
    doomed.exchanges =
        TACIT_TRY(ids_of(txn.query("SELECT id FROM exchange WHERE id = ?1", *target.exchange)));
    return doomed;
  }
  if (target.session) {
    doomed.sessions =
        TACIT_TRY(ids_of(txn.query("SELECT id FROM session WHERE id = ?1", *target.session)));
  } else {
    TACIT_ASSERT(target.project.has_value());
    if (target.project->empty())
      return fail(ErrorKind::kInvalidInput, "project: must not be empty");
    const ProjectMatch match = match_project(*target.project);
    doomed.sessions = TACIT_TRY(ids_of(txn.query(hot::kSessionsOfProject, match.name, match.path)));
  }
  for (const std::uint64_t session : doomed.sessions) {
    for (const std::uint64_t exchange :
         TACIT_TRY(ids_of(txn.query(hot::kExchangesOfSession, session)))) {
      doomed.exchanges.push_back(exchange);
    }
  }
  return doomed;
}

Result<void> entomb(WriteTxn& txn, TombstoneKind kind, std::uint64_t id, std::uint64_t exchange,
                    Instant now) {
  return txn.run(
      "INSERT OR REPLACE INTO tombstone(kind, id, exchange, forgotten) VALUES(?1, ?2, ?3, ?4)",
      code(kind), id, exchange, now);
}

// The observations of one exchange go; items they supported are settled. No tombstones.
Result<void> remove_observations(WriteTxn& txn, std::uint64_t exchange, ForgetReceipt& receipt) {
  const auto items = TACIT_TRY(
      ids_of(txn.query("SELECT DISTINCT item FROM observation WHERE exchange = ?1", exchange)));
  TACIT_TRY(txn.run("DELETE FROM observation WHERE exchange = ?1", exchange));
  receipt.observations += txn.changes();
  for (const std::uint64_t item : items) {
    if (TACIT_TRY(settle_item(txn, item))) ++receipt.items;
  }
  return {};
}

Result<void> forget_exchange(WriteTxn& txn, std::uint64_t id, Instant now, ForgetReceipt& receipt) {
  TACIT_TRY(remove_observations(txn, id, receipt));
  TACIT_TRY(txn.run("DELETE FROM exchange WHERE id = ?1", id));
  ++receipt.exchanges;
  return entomb(txn, TombstoneKind::kExchange, id, 0, now);
}

Result<void> forget_session(WriteTxn& txn, std::uint64_t id, Instant now, ForgetReceipt& receipt) {
  // Items that other sessions support name this one as their first until they are settled.
  TACIT_TRY(txn.run("DELETE FROM session WHERE id = ?1", id));
  ++receipt.sessions;
  return entomb(txn, TombstoneKind::kSession, id, 0, now);
}

// After a single exchange: its session's title may quote it, and an empty session is nothing to
// keep.
Result<void> forget_from_session(WriteTxn& txn, std::uint64_t session, Instant now,
                                 ForgetReceipt& receipt) {
  const bool empty =
      TACIT_TRY(txn.integer("SELECT 1 FROM exchange WHERE session = ?1", session)) == 0;
  if (empty) return forget_session(txn, session, now, receipt);
  return txn.run("UPDATE session SET title = '', title_forgotten = 1 WHERE id = ?1", session);
}

Result<ForgetReceipt> forget_item(WriteTxn& txn, ItemId id, Instant now) {
  ForgetReceipt receipt;
  if (TACIT_TRY(txn.integer("SELECT 1 FROM item WHERE id = ?1", id)) == 0) return receipt;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> seen;  // observation, exchange
  {
    auto rows = TACIT_TRY(txn.query("SELECT id, exchange FROM observation WHERE item = ?1", id));
    while (TACIT_TRY(rows.step())) seen.emplace_back(rows.id(0), rows.id(1));
  }
  for (const auto& [observation, exchange] : seen) {
    TACIT_TRY(entomb(txn, TombstoneKind::kObservation, observation, exchange, now));
    TACIT_TRY(txn.run("UPDATE exchange SET learning = ?2 WHERE id = ?1", exchange,
                      code(Learning::kNever)));
  }
  TACIT_TRY(txn.run("DELETE FROM observation WHERE item = ?1", id));
  TACIT_TRY(txn.run("DELETE FROM item WHERE id = ?1", id));
  receipt.observations = static_cast<std::int64_t>(seen.size());
  receipt.items = 1;
  return receipt;
}

// Items that would lose all support: each of their observations is of a doomed exchange.
Result<void> count_items(ReadTxn& txn, const Doomed& doomed, ForgetReceipt& receipt) {
  std::unordered_map<std::uint64_t, std::int64_t> lost;
  for (const std::uint64_t exchange : doomed.exchanges) {
    for (const std::uint64_t item : TACIT_TRY(
             ids_of(txn.query("SELECT item FROM observation WHERE exchange = ?1", exchange)))) {
      ++lost[item];
      ++receipt.observations;
    }
  }
  for (const auto& [item, count] : lost) {
    const std::int64_t all =
        TACIT_TRY(txn.integer("SELECT count(*) FROM observation WHERE item = ?1", item));
    if (all == count) ++receipt.items;
  }
  return {};
}

Result<ForgetReceipt> preview_item(ReadTxn& txn, ItemId id) {
  ForgetReceipt receipt;
  receipt.items = TACIT_TRY(txn.integer("SELECT count(*) FROM item WHERE id = ?1", id));
  receipt.observations =
      TACIT_TRY(txn.integer("SELECT count(*) FROM observation WHERE item = ?1", id));
  return receipt;
}

}  // namespace

Result<ForgetReceipt> preview_forget(ReadTxn& txn, const ForgetTarget& target) {
  if (target.item) return preview_item(txn, *target.item);
  const Doomed doomed = TACIT_TRY(doomed_by(txn, target));
  ForgetReceipt receipt;
  receipt.sessions = static_cast<std::int64_t>(doomed.sessions.size());
  receipt.exchanges = static_cast<std::int64_t>(doomed.exchanges.size());
  if (target.exchange && receipt.exchanges == 1) {
    const std::int64_t others =
        TACIT_TRY(txn.integer("SELECT count(*) FROM exchange WHERE id <> ?1 AND session = "
                              "(SELECT session FROM exchange WHERE id = ?1)",
                              *target.exchange));
    if (others == 0) receipt.sessions = 1;
  }
  TACIT_TRY(count_items(txn, doomed, receipt));
  return receipt;
}

Result<ForgetReceipt> forget(WriteTxn& txn, const ForgetTarget& target, Instant now) {
  // Names of files may tell as much as their text. Read again, they meet the tombstones.
  TACIT_TRY(txn.run("DELETE FROM file_done"));
  // So may the answers of models, which are made of what they were asked.
  TACIT_TRY(txn.run("DELETE FROM kept_reply"));
  TACIT_TRY(txn.run("UPDATE batch_line SET text = '', schema = ''"));
  if (target.item) return forget_item(txn, *target.item, now);
  const Doomed doomed = TACIT_TRY(doomed_by(txn, target));
  ForgetReceipt receipt;
  std::int64_t session_of_one = 0;
  if (target.exchange) {
    session_of_one =
        TACIT_TRY(txn.integer("SELECT session FROM exchange WHERE id = ?1", *target.exchange));
  }
  for (const std::uint64_t exchange : doomed.exchanges) {
    TACIT_TRY(forget_exchange(txn, exchange, now, receipt));
  }
  for (const std::uint64_t session : doomed.sessions) {
    TACIT_TRY(forget_session(txn, session, now, receipt));
  }
  if (session_of_one != 0) {
    TACIT_TRY(forget_from_session(txn, static_cast<std::uint64_t>(session_of_one), now, receipt));
  }
  return receipt;
}

Result<void> remove_observations_of(WriteTxn& txn, ExchangeId exchange) {
  ForgetReceipt ignored;
  return remove_observations(txn, exchange.value, ignored);
}

}  // namespace tacit::store
