#include "store/session_queries.h"

#include <algorithm>
#include <limits>

#include "base/assert.h"
#include "store/document_text.h"
#include "store/hot_queries.h"
#include "store/rows.h"
#include "store/txn.h"

namespace tacit::store {
namespace {

std::int64_t text_bytes(const Exchange& exchange) {
  std::size_t bytes = 0;
  for (const Step& step : exchange.steps) bytes += step.text.size();
  return static_cast<std::int64_t>(bytes);
}

struct KnownExchange {
  std::int64_t number = 0;
  std::int64_t steps = 0;
  std::int64_t bytes = 0;
  Learning learning = Learning::kDone;
  SessionId session;
};

Result<std::optional<KnownExchange>> known_exchange(ReadTxn& txn, ExchangeId id) {
  auto row = TACIT_TRY(txn.query(hot::kKnownExchange, id));
  if (!TACIT_TRY(row.step())) return std::nullopt;
  return KnownExchange{row.integer(0), row.integer(1), row.integer(2),
                       static_cast<Learning>(row.integer(3)), SessionId{row.id(4)}};
}

// More steps or more text, and not less of the other.
bool is_more(const Exchange& exchange, const KnownExchange& known) {
  const auto steps = static_cast<std::int64_t>(exchange.steps.size());
  const std::int64_t bytes = text_bytes(exchange);
  return (steps > known.steps && bytes >= known.bytes) ||
         (steps >= known.steps && bytes > known.bytes);
}

Result<void> write_session(WriteTxn& txn, const Session& session, bool with_title) {
  return txn.run(
      "INSERT INTO session(id, agent, native_id, title, project, project_name, branch, started, "
      "ended, title_forgotten) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) "
      "ON CONFLICT(id) DO UPDATE SET "
      "agent = iif(agent = '', excluded.agent, agent), "
      "native_id = iif(native_id = '', excluded.native_id, native_id), "
      "title = iif(title <> '' OR title_forgotten, title, excluded.title), "
      "project = iif(project = '', excluded.project, project), "
      "project_name = iif(project = '', excluded.project_name, project_name), "
      "branch = iif(branch = '', excluded.branch, branch), "
      "started = coalesce(min(started, excluded.started), started, excluded.started), "
      "ended = coalesce(max(ended, excluded.ended), ended, excluded.ended)",
      session.id, session.agent, session.native_id, with_title ? session.title : std::string(),
      session.project, project_name(session.project), session.branch, session.started,
      session.ended, !with_title);
}

Result<void> write_steps(WriteTxn& txn, std::int64_t number, const Exchange& exchange) {
  for (std::size_t n = 0; n < exchange.steps.size(); ++n) {
    const Step& step = exchange.steps[n];
    TACIT_TRY(
        txn.run("INSERT INTO step(exchange, n, kind, tool, failed, time, text) "
                "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                number, static_cast<std::int64_t>(n), code(step.kind), step.tool, step.failed,
                step.time, step.text));
  }
  const DocumentText text = document_text(exchange);
  return txn.run("INSERT INTO exchange_fts(rowid, request, reply, work) VALUES(?1, ?2, ?3, ?4)",
                 number, text.request, text.reply, text.work);
}

Result<void> add_exchange(WriteTxn& txn, const Exchange& exchange, Instant now) {
  TACIT_TRY(txn.run(
      "INSERT INTO exchange(id, session, identity, ordinal, time, added, model, tokens_input, "
      "tokens_output, tokens_cached, steps, text_bytes, learning) "
      "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
      exchange.id, exchange.session, exchange.identity, exchange.ordinal, exchange.time, now,
      exchange.model, exchange.tokens.input, exchange.tokens.output, exchange.tokens.cached,
      static_cast<std::int64_t>(exchange.steps.size()), text_bytes(exchange),
      code(Learning::kDue)));
  const std::int64_t number =
      TACIT_TRY(txn.integer("SELECT number FROM exchange WHERE id = ?1", exchange.id));
  return write_steps(txn, number, exchange);
}

// Spans of observations point into the steps, so the learner removes and makes them anew.
Result<void> grow_exchange(WriteTxn& txn, const Exchange& exchange, const KnownExchange& known,
                           Learning learning) {
  TACIT_TRY(txn.run("DELETE FROM step WHERE exchange = ?1", known.number));
  TACIT_TRY(txn.run("DELETE FROM exchange_fts WHERE rowid = ?1", known.number));
  TACIT_TRY(txn.run(
      "UPDATE exchange SET time = coalesce(time, ?2), model = iif(?3 = '', model, ?3), "
      "tokens_input = max(tokens_input, ?4), tokens_output = max(tokens_output, ?5), "
      "tokens_cached = max(tokens_cached, ?6), steps = ?7, text_bytes = ?8, learning = ?9 "
      "WHERE number = ?1",
      known.number, exchange.time, exchange.model, exchange.tokens.input, exchange.tokens.output,
      exchange.tokens.cached, static_cast<std::int64_t>(exchange.steps.size()),
      text_bytes(exchange), code(learning)));
  return write_steps(txn, known.number, exchange);
}

// `again`: the tombstones of the exchange and of its observations go, and its session may come back
// whole.
Result<void> lift_tombstones(WriteTxn& txn, const Exchange& exchange) {
  TACIT_TRY(txn.run("DELETE FROM tombstone WHERE kind = ?1 AND id = ?2",
                    code(TombstoneKind::kExchange), exchange.id));
  TACIT_TRY(txn.run(hot::kLiftTombstones, exchange.id));
  TACIT_TRY(txn.run("DELETE FROM tombstone WHERE kind = ?1 AND id = ?2",
                    code(TombstoneKind::kSession), exchange.session));
  return txn.run("UPDATE session SET title_forgotten = 0 WHERE id = ?1", exchange.session);
}

Result<void> ensure_session(WriteTxn& txn, SessionId id, bool with_title) {
  const bool exists = TACIT_TRY(txn.integer("SELECT 1 FROM session WHERE id = ?1", id)) != 0;
  const bool held = txn.last_session && txn.last_session->id == id;
  if (held && (!exists || with_title)) return write_session(txn, *txn.last_session, with_title);
  if (exists) return {};
  return fail(ErrorKind::kNotFound, "the session of the exchange is not stored: put it first");
}

Result<PutOutcome> outcome_of(ReadTxn& txn, const Exchange& exchange) {
  if (const auto known = TACIT_TRY(known_exchange(txn, exchange.id))) {
    return is_more(exchange, *known) ? PutOutcome::kGrown : PutOutcome::kUnchanged;
  }
  const bool forgotten = TACIT_TRY(is_forgotten(txn, TombstoneKind::kExchange, exchange.id.value));
  return forgotten ? PutOutcome::kForgotten : PutOutcome::kAdded;
}

Session read_session(const Statement& row) {
  Session session;
  session.id = SessionId{row.id(0)};
  session.agent = row.text(1);
  session.native_id = row.text(2);
  session.title = row.text(3);
  session.project = row.text(4);
  session.branch = row.text(5);
  session.started = row.instant(6);
  session.ended = row.instant(7);
  return session;
}

Result<std::vector<Step>> read_steps(ReadTxn& txn, std::int64_t number) {
  auto rows = TACIT_TRY(txn.query(hot::kStepsOfExchange, number));
  std::vector<Step> steps;
  while (TACIT_TRY(rows.step())) {
    Step step;
    step.kind = static_cast<StepKind>(rows.integer(0));
    step.tool = rows.text(1);
    step.failed = rows.integer(2) != 0;
    step.time = rows.instant(3);
    step.text = rows.text(4);
    steps.push_back(std::move(step));
  }
  return steps;
}

}  // namespace

Result<void> put_session(WriteTxn& txn, const Session& session) {
  TACIT_ASSERT(session.id);
  txn.last_session = session;
  // A forgotten session comes back only with an exchange that counts; put_exchange() sees to it.
  const bool exists =
      TACIT_TRY(txn.integer("SELECT 1 FROM session WHERE id = ?1", session.id)) != 0;
  if (!exists && TACIT_TRY(is_forgotten(txn, TombstoneKind::kSession, session.id.value))) return {};
  return write_session(txn, session, true);
}

Result<PutOutcome> probe_exchange(ReadTxn& txn, const Exchange& exchange) {
  return outcome_of(txn, exchange);
}

Result<PutOutcome> put_exchange(WriteTxn& txn, const Exchange& exchange, Instant now, bool again) {
  TACIT_ASSERT(exchange.id);
  TACIT_ASSERT(!exchange.steps.empty());
  const PutOutcome outcome = TACIT_TRY(outcome_of(txn, exchange));
  if (outcome == PutOutcome::kForgotten && !again) return outcome;
  if (outcome == PutOutcome::kForgotten || outcome == PutOutcome::kAdded) {
    // A session whose tombstone stands comes back without its title, which may quote what was
    // forgotten.
    if (again) TACIT_TRY(lift_tombstones(txn, exchange));
    TACIT_TRY(ensure_session(txn, exchange.session, again));
    TACIT_TRY(add_exchange(txn, exchange, now));
    return PutOutcome::kAdded;
  }
  const KnownExchange known = *TACIT_TRY(known_exchange(txn, exchange.id));
  if (outcome == PutOutcome::kGrown) {
    const bool never = known.learning == Learning::kNever && !again;
    if (again) TACIT_TRY(lift_tombstones(txn, exchange));
    TACIT_TRY(grow_exchange(txn, exchange, known, never ? Learning::kNever : Learning::kDue));
    return outcome;
  }
  if (again && known.learning == Learning::kNever) {
    TACIT_TRY(lift_tombstones(txn, exchange));
    TACIT_TRY(txn.run("UPDATE exchange SET learning = ?2 WHERE number = ?1", known.number,
                      code(Learning::kDue)));
    return PutOutcome::kGrown;
  }
  return outcome;
}

Result<std::optional<Session>> find_session(ReadTxn& txn, SessionId id) {
  auto row = TACIT_TRY(txn.query(hot::kFindSession, id));
  if (!TACIT_TRY(row.step())) return std::nullopt;
  return read_session(row);
}

Result<std::optional<Exchange>> find_exchange(ReadTxn& txn, ExchangeId id) {
  auto row = TACIT_TRY(txn.query(hot::kFindExchange, id));
  if (!TACIT_TRY(row.step())) return std::nullopt;
  Exchange exchange;
  exchange.id = ExchangeId{row.id(1)};
  exchange.session = SessionId{row.id(2)};
  exchange.identity = row.text(3);
  exchange.ordinal = static_cast<int>(row.integer(4));
  exchange.time = row.instant(5);
  exchange.model = row.text(6);
  exchange.tokens = {row.integer(7), row.integer(8), row.integer(9)};
  exchange.steps = TACIT_TRY(read_steps(txn, row.integer(0)));
  return exchange;
}

Result<std::vector<SessionRow>> list_sessions(ReadTxn& txn, const std::string& project,
                                              std::size_t limit, std::optional<SessionId> before) {
  std::int64_t before_time = std::numeric_limits<std::int64_t>::max();
  std::int64_t before_id = std::numeric_limits<std::int64_t>::max();
  if (before) {
    auto row =
        TACIT_TRY(txn.query("SELECT coalesce(started, 0) FROM session WHERE id = ?1", *before));
    if (!TACIT_TRY(row.step())) {
      return fail(ErrorKind::kInvalidInput, "before: no session " + before->text() + " is stored");
    }
    before_time = row.integer(0);
    before_id = static_cast<std::int64_t>(before->value);
  }
  const auto most = static_cast<std::int64_t>(limit);
  const ProjectMatch match = match_project(project);
  auto rows =
      TACIT_TRY(project.empty() ? txn.query(hot::kSessionsNewest, before_time, before_id, most)
                                : txn.query(hot::kSessionsNewestOfProject, before_time, before_id,
                                            most, match.name, match.path));
  std::vector<SessionRow> found;
  while (TACIT_TRY(rows.step())) {
    found.push_back({read_session(rows), rows.integer(8), rows.integer(9)});
  }
  return found;
}

Result<std::vector<ExchangeId>> exchanges_of(ReadTxn& txn, SessionId id) {
  auto rows = TACIT_TRY(txn.query(hot::kExchangesOfSession, id));
  std::vector<ExchangeId> found;
  while (TACIT_TRY(rows.step())) found.push_back({rows.id(0)});
  return found;
}

Result<std::vector<ExchangeId>> exchanges_to_learn(ReadTxn& txn, std::size_t limit) {
  auto rows = TACIT_TRY(txn.query(hot::kExchangesToLearn, static_cast<std::int64_t>(limit)));
  std::vector<ExchangeId> found;
  while (TACIT_TRY(rows.step())) found.push_back({rows.id(0)});
  return found;
}

Result<std::int64_t> count_to_learn(ReadTxn& txn) {
  return txn.integer("SELECT count(*) FROM exchange WHERE learning = 1");
}

Result<void> mark_learned(WriteTxn& txn, ExchangeId id) {
  return txn.run("UPDATE exchange SET learning = 0 WHERE id = ?1 AND learning = 1", id);
}

Result<bool> is_file_done(ReadTxn& txn, const std::string& path, const std::string& signature) {
  return TACIT_TRY(txn.integer(hot::kIsFileDone, path, signature)) != 0;
}

Result<void> mark_file_done(WriteTxn& txn, const std::string& path, const std::string& signature) {
  return txn.run("INSERT OR REPLACE INTO file_done(path, signature) VALUES(?1, ?2)", path,
                 signature);
}

}  // namespace tacit::store
