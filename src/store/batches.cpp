// Batches at a provider's and their lines: part of ledger.h.
#include <limits>

#include "store/ledger.h"
#include "store/rows.h"
#include "store/txn.h"

namespace tacit::store {
namespace {

#define TACIT_BATCH \
  "SELECT id, provider, model, remote, state, outcome, cancelled, created, ended FROM batch "

BatchRow read_batch(Statement& row) {
  BatchRow batch;
  batch.id = row.text(0);
  batch.provider = row.text(1);
  batch.model = row.text(2);
  batch.remote = row.text(3);
  batch.stage = static_cast<BatchStage>(row.integer(4));
  batch.outcome = row.text(5);
  batch.is_cancelled = row.integer(6) != 0;
  batch.created = from_millis(row.integer(7));
  if (!row.is_null(8)) batch.ended = from_millis(row.integer(8));
  return batch;
}

BatchLineRow read_line(Statement& row) {
  BatchLineRow line;
  line.number = row.integer(0);
  line.hold = row.integer(1);
  line.stage = static_cast<LineStage>(row.integer(2));
  line.schema = row.text(3);
  line.finish = row.text(4);
  line.text = row.text(5);
  line.error_kind = row.text(6);
  line.error = row.text(7);
  line.held = Money::pico(row.integer(8));
  line.cost = Money::pico(row.integer(9));
  line.use = {row.integer(10), row.integer(11), row.integer(12), row.integer(13), row.integer(14)};
  return line;
}

}  // namespace

Result<void> put_batch(WriteTxn& txn, const BatchRow& batch, std::span<const BatchLineRow> lines) {
  TACIT_TRY(
      txn.run("INSERT INTO batch(id, provider, model, remote, state, outcome, cancelled, created, "
              "ended) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
              batch.id, batch.provider, batch.model, batch.remote, code(batch.stage), batch.outcome,
              batch.is_cancelled, batch.created, batch.ended));
  for (const BatchLineRow& line : lines) {
    TACIT_TRY(
        txn.run("INSERT INTO batch_line(batch, number, hold, state, schema, finish, text, "
                "error_kind, error) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                batch.id, line.number, line.hold, code(line.stage), line.schema, line.finish,
                line.text, line.error_kind, line.error));
  }
  return {};
}

Result<void> update_batch(WriteTxn& txn, const BatchRow& batch) {
  TACIT_TRY(
      txn.run("UPDATE batch SET remote = ?2, state = ?3, outcome = ?4, ended = ?5 WHERE id = ?1",
              batch.id, batch.remote, code(batch.stage), batch.outcome, batch.ended));
  if (txn.changes() == 1) return {};
  return fail(ErrorKind::kConflict, "this batch is not there any more");
}

Result<void> cancel_batch(WriteTxn& txn, const std::string& batch) {
  return txn.run("UPDATE batch SET cancelled = 1 WHERE id = ?1", batch);
}

Result<void> finish_batch_lines(WriteTxn& txn, const std::string& batch,
                                std::span<const BatchLineRow> lines) {
  for (const BatchLineRow& line : lines) {
    TACIT_TRY(txn.run(
        "UPDATE batch_line SET state = ?3, schema = '', finish = ?4, text = ?5, "
        "error_kind = ?6, error = ?7 WHERE batch = ?1 AND number = ?2 AND state = 0",
        batch, line.number, code(line.stage), line.finish, line.text, line.error_kind, line.error));
  }
  return {};
}

Result<std::optional<BatchRow>> find_batch(ReadTxn& txn, const std::string& id) {
  auto row = TACIT_TRY(txn.query(TACIT_BATCH "WHERE id = ?1", id));
  if (!TACIT_TRY(row.step())) return std::nullopt;
  return read_batch(row);
}

Result<std::vector<BatchRow>> list_batches(ReadTxn& txn, std::size_t most) {
  std::vector<BatchRow> found;
  auto rows = TACIT_TRY(
      txn.query(TACIT_BATCH "ORDER BY created DESC, id LIMIT ?1", static_cast<std::int64_t>(most)));
  while (TACIT_TRY(rows.step())) found.push_back(read_batch(rows));
  return found;
}

Result<std::vector<BatchLineRow>> batch_lines(ReadTxn& txn, const std::string& batch) {
  std::vector<BatchLineRow> found;
  auto rows = TACIT_TRY(txn.query(
      "SELECT number, batch_line.hold, batch_line.state, schema, finish, text, error_kind, error, "
      "iif(hold.state < 2, hold.amount, 0), coalesce(spend_entry.amount, 0), "
      "coalesce(input, 0), coalesce(cache_read, 0), coalesce(cache_write, 0), "
      "coalesce(cache_write_long, 0), coalesce(output, 0) FROM batch_line "
      "LEFT JOIN hold ON hold.id = batch_line.hold "
      "LEFT JOIN spend_entry ON spend_entry.hold = batch_line.hold "
      "WHERE batch = ?1 ORDER BY number",
      batch));
  while (TACIT_TRY(rows.step())) found.push_back(read_line(rows));
  return found;
}

Result<void> drop_batches(WriteTxn& txn, Instant before) {
  TACIT_TRY(
      txn.run("DELETE FROM batch_line WHERE batch IN "
              "(SELECT id FROM batch WHERE state = 2 AND ended < ?1)",
              before));
  return txn.run("DELETE FROM batch WHERE state = 2 AND ended < ?1", before);
}

}  // namespace tacit::store
