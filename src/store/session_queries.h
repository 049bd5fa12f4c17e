#pragma once
// Sessions, exchanges and their steps: writing, reading, listing, forgetting. Functions of a
// transaction; errors are those of SQLite, translated (unavailable: disk full or locked; corrupt;
// internal).

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "domain/session.h"

namespace tacit::store {

class ReadTxn;
class WriteTxn;

enum class PutOutcome {
  kAdded,
  kGrown,      // known, but this copy has more steps or text: replaced, to be learned again
  kUnchanged,  // known with at least as much
  kForgotten,  // a tombstone stands for it: refused (put with `again` to override)
};

// Inserts or completes the session (keeps the earliest start, latest end, fills empty fields).
Result<void> put_session(WriteTxn& txn, const Session& session);
// The session must exist. `now` is when Tacit learned of it. `again` overrides and removes a
// tombstone.
Result<PutOutcome> put_exchange(WriteTxn& txn, const Exchange& exchange, Instant now, bool again);

// What put_exchange() would do, without doing it (`exchange` needs id and steps).
Result<PutOutcome> probe_exchange(ReadTxn& txn, const Exchange& exchange);

struct SessionRow {
  Session session;
  std::int64_t exchanges = 0;
  std::int64_t items = 0;
};

Result<std::optional<Session>> find_session(ReadTxn& txn, SessionId id);
Result<std::optional<Exchange>> find_exchange(ReadTxn& txn, ExchangeId id);
// Newest first; `before` pages (the last row's id of the page before). Empty project: all.
Result<std::vector<SessionRow>> list_sessions(ReadTxn& txn, const std::string& project,
                                              std::size_t limit, std::optional<SessionId> before);
// In order of time within the session.
Result<std::vector<ExchangeId>> exchanges_of(ReadTxn& txn, SessionId id);

// Exchanges whose learning is due (new or grown), oldest first.
Result<std::vector<ExchangeId>> exchanges_to_learn(ReadTxn& txn, std::size_t limit);
Result<std::int64_t> count_to_learn(ReadTxn& txn);
Result<void> mark_learned(WriteTxn& txn, ExchangeId id);

// Files already imported whole: (path, size, modification time, head hash) seen before means
// nothing to do.
Result<bool> is_file_done(ReadTxn& txn, const std::string& path, const std::string& signature);
Result<void> mark_file_done(WriteTxn& txn, const std::string& path, const std::string& signature);

struct ForgetTarget {  // exactly one is set
  std::optional<SessionId> session;
  std::optional<ExchangeId> exchange;
  std::optional<ItemId> item;
  std::optional<std::string> project;
};
struct ForgetReceipt {
  std::int64_t sessions = 0;
  std::int64_t exchanges = 0;
  std::int64_t observations = 0;
  std::int64_t items = 0;  // that lost all support, or were named
};
// Counts only.
Result<ForgetReceipt> preview_forget(ReadTxn& txn, const ForgetTarget& target);
// Removes exchanges, steps, observations, items left without support, vectors and full text, and
// leaves tombstones (ids only). Call Store::checkpoint() after it: then no byte of the text is left
// in any file. Items that keep other support stay, without the removed evidence. Forgetting an item
// removes it with its observations; the exchanges stay, marked never to be learned again.
Result<ForgetReceipt> forget(WriteTxn& txn, const ForgetTarget& target, Instant now);

}  // namespace tacit::store
