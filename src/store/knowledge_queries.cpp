#include "store/knowledge_queries.h"

#include <algorithm>
#include <limits>

#include "base/assert.h"
#include "store/hot_queries.h"
#include "store/rows.h"
#include "store/txn.h"

namespace tacit::store {
namespace {

constexpr std::size_t kMaxTitleBytes = 80;
constexpr std::int64_t kLatest = std::numeric_limits<std::int64_t>::max();

Result<bool> add_observation(WriteTxn& txn, ItemId item, const Observation& observation) {
  if (TACIT_TRY(txn.integer("SELECT 1 FROM observation WHERE id = ?1", observation.id)) != 0)
    return false;
  if (TACIT_TRY(is_forgotten(txn, TombstoneKind::kObservation, observation.id.value))) return false;
  TACIT_TRY(
      txn.run("INSERT INTO observation(id, exchange, item, type, statement, confidence, seen) "
              "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
              observation.id, observation.exchange, item, code(observation.type),
              observation.statement, observation.confidence, observation.seen));
  const std::int64_t number =
      TACIT_TRY(txn.integer("SELECT number FROM observation WHERE id = ?1", observation.id));
  std::int64_t n = 0;
  for (const Span& span : observation.spans) {
    TACIT_TRY(
        txn.run("INSERT INTO observation_span(observation, n, step, \"offset\", length) "
                "VALUES(?1, ?2, ?3, ?4, ?5)",
                number, n++, static_cast<std::int64_t>(span.step),
                static_cast<std::int64_t>(span.offset), static_cast<std::int64_t>(span.length)));
  }
  return true;
}

std::optional<std::int64_t> intent_code(std::optional<Intent> intent) {
  if (!intent) return std::nullopt;
  return code(*intent);
}

KnowledgeItem read_item(const Statement& row) {
  KnowledgeItem item;
  item.id = ItemId{row.id(0)};
  item.type = static_cast<ItemType>(row.integer(1));
  item.title = row.text(2);
  item.statement = row.text(3);
  item.confidence = row.real(4);
  item.project = row.text(5);
  item.session = SessionId{row.id(6)};
  item.first_seen = row.instant(7);
  item.last_seen = row.instant(8);
  item.support = row.integer(9);
  item.uses = row.integer(10);
  item.last_used = row.instant(11);
  if (!row.is_null(12)) item.intent = static_cast<Intent>(row.integer(12));
  return item;
}

// What is left of an item's evidence, oldest first.
struct Remains {
  std::int64_t support = 0;
  double confidence = 0;
  std::optional<Instant> first_seen;
  std::optional<Instant> last_seen;
  std::string statement;  // of the oldest
  bool has_own_statement = false;
  std::string project;
  std::uint64_t session = 0;
};

Result<Remains> remains_of(ReadTxn& txn, std::uint64_t item, const std::string& statement) {
  Remains remains;
  auto rows = TACIT_TRY(
      txn.query("SELECT o.confidence, o.seen, o.statement, s.project, s.id FROM observation o "
                "JOIN exchange e ON e.id = o.exchange JOIN session s ON s.id = e.session "
                "WHERE o.item = ?1 ORDER BY o.number",
                item));
  while (TACIT_TRY(rows.step())) {
    const double confidence = rows.real(0);
    const auto seen = rows.instant(1);
    const bool first = remains.support++ == 0;
    remains.confidence = first ? confidence : reinforced(remains.confidence, confidence);
    if (seen && (!remains.first_seen || *seen < *remains.first_seen)) remains.first_seen = seen;
    if (seen && (!remains.last_seen || *seen > *remains.last_seen)) remains.last_seen = seen;
    if (rows.text(2) == statement) remains.has_own_statement = true;
    if (!first) continue;
    remains.statement = rows.text(2);
    remains.project = rows.text(3);
    remains.session = rows.id(4);
  }
  return remains;
}

}  // namespace

Result<bool> settle_item(WriteTxn& txn, std::uint64_t item) {
  std::string statement;
  {
    auto row = TACIT_TRY(txn.query("SELECT statement FROM item WHERE id = ?1", item));
    if (!TACIT_TRY(row.step())) return false;
    statement = row.text(0);
  }
  const Remains remains = TACIT_TRY(remains_of(txn, item, statement));
  if (remains.support == 0) {
    TACIT_TRY(txn.run("DELETE FROM item WHERE id = ?1", item));
    return true;
  }
  TACIT_TRY(
      txn.run("UPDATE item SET support = ?2, confidence = ?3, first_seen = ?4, last_seen = ?5, "
              "project = ?6, project_name = ?7, session = ?8 WHERE id = ?1",
              item, remains.support, remains.confidence, remains.first_seen, remains.last_seen,
              remains.project, project_name(remains.project), remains.session));
  if (remains.has_own_statement) return false;
  // The words were those of the evidence that went: the oldest that is left speaks now.
  TACIT_TRY(txn.run("UPDATE item SET title = ?2, statement = ?3, statement_key = ?4 WHERE id = ?1",
                    item, clip_utf8(remains.statement, kMaxTitleBytes), remains.statement,
                    statement_key(remains.statement)));
  return false;
}

Result<bool> add_item(WriteTxn& txn, const KnowledgeItem& item, const Observation& observation,
                      Instant now) {
  TACIT_ASSERT(item.id && observation.id);
  if (TACIT_TRY(txn.integer("SELECT 1 FROM item WHERE id = ?1", item.id)) != 0) {
    return reinforce_item(txn, item.id, observation, now);
  }
  if (TACIT_TRY(txn.integer("SELECT 1 FROM observation WHERE id = ?1", observation.id)) != 0 ||
      TACIT_TRY(is_forgotten(txn, TombstoneKind::kObservation, observation.id.value))) {
    return false;
  }
  TACIT_TRY(
      txn.run("INSERT INTO item(id, type, title, statement, statement_key, confidence, project, "
              "project_name, session, first_seen, last_seen, support, added, intent, touched) "
              "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 1, ?12, ?13, "
              "coalesce(?11, ?10, 0))",
              item.id, code(item.type), item.title, item.statement, statement_key(item.statement),
              item.confidence, item.project, project_name(item.project), item.session,
              item.first_seen, item.last_seen, now, intent_code(item.intent)));
  // Made again after its exchange grew: its use stays counted.
  if (item.uses > 0 && item.last_used) {
    TACIT_TRY(txn.run("INSERT OR REPLACE INTO item_use(item, uses, last_used) VALUES(?1, ?2, ?3)",
                      item.id, item.uses, *item.last_used));
  }
  return add_observation(txn, item.id, observation);
}

Result<bool> reinforce_item(WriteTxn& txn, ItemId id, const Observation& observation, Instant) {
  double confidence = 0;
  {
    auto row = TACIT_TRY(txn.query("SELECT confidence FROM item WHERE id = ?1", id));
    if (!TACIT_TRY(row.step())) return fail(ErrorKind::kNotFound, "no item " + id.text());
    confidence = row.real(0);
  }
  if (!TACIT_TRY(add_observation(txn, id, observation))) return false;
  TACIT_TRY(
      txn.run("UPDATE item SET support = support + 1, confidence = ?2, "
              "first_seen = coalesce(min(first_seen, ?3), first_seen, ?3), "
              "last_seen = coalesce(max(last_seen, ?3), last_seen, ?3) WHERE id = ?1",
              id, reinforced(confidence, observation.confidence), observation.seen));
  return true;
}

Result<std::optional<KnowledgeItem>> find_item(ReadTxn& txn, ItemId id) {
  auto row = TACIT_TRY(txn.query(hot::kFindItem, id));
  if (!TACIT_TRY(row.step())) return std::nullopt;
  return read_item(row);
}

Result<std::vector<Observation>> observations_of(ReadTxn& txn, ItemId id) {
  auto rows = TACIT_TRY(txn.query(hot::kObservationsOfItem, id));
  std::vector<Observation> found;
  while (TACIT_TRY(rows.step())) {
    Observation observation;
    observation.id = ObservationId{rows.id(1)};
    observation.exchange = ExchangeId{rows.id(2)};
    observation.type = static_cast<ItemType>(rows.integer(3));
    observation.statement = rows.text(4);
    observation.confidence = rows.real(5);
    observation.seen = rows.instant(6);
    auto spans = TACIT_TRY(txn.query(hot::kSpansOfObservation, rows.integer(0)));
    while (TACIT_TRY(spans.step())) {
      observation.spans.push_back({spans.id(0), spans.id(1), spans.id(2)});
    }
    found.push_back(std::move(observation));
  }
  return found;
}

Result<std::vector<ItemId>> items_of_exchange(ReadTxn& txn, ExchangeId id) {
  auto rows = TACIT_TRY(txn.query(hot::kItemsOfExchange, id));
  std::vector<ItemId> found;
  while (TACIT_TRY(rows.step())) {
    const ItemId item{rows.id(0)};
    if (std::find(found.begin(), found.end(), item) == found.end()) found.push_back(item);
  }
  return found;
}

Result<std::vector<KnowledgeItem>> list_items(ReadTxn& txn, const std::string& project,
                                              std::optional<ItemType> type, std::size_t limit,
                                              std::optional<ItemId> before) {
  std::int64_t before_time = std::numeric_limits<std::int64_t>::max();
  std::int64_t before_id = std::numeric_limits<std::int64_t>::max();
  if (before) {
    auto row = TACIT_TRY(
        txn.query("SELECT coalesce(last_seen, first_seen, 0) FROM item WHERE id = ?1", *before));
    if (!TACIT_TRY(row.step())) {
      return fail(ErrorKind::kInvalidInput, "before: no item " + before->text() + " is stored");
    }
    before_time = row.integer(0);
    before_id = static_cast<std::int64_t>(before->value);
  }
  std::optional<std::int64_t> type_code;
  if (type) type_code = code(*type);
  const auto most = static_cast<std::int64_t>(limit);
  const ProjectMatch match = match_project(project);
  auto rows =
      TACIT_TRY(!project.empty() ? txn.query(hot::kItemsNewestOfProject, before_time, before_id,
                                             most, match.name, match.path, type_code)
                : type ? txn.query(hot::kItemsNewestOfType, before_time, before_id, most, type_code)
                       : txn.query(hot::kItemsNewest, before_time, before_id, most));
  std::vector<KnowledgeItem> found;
  while (TACIT_TRY(rows.step())) found.push_back(read_item(rows));
  return found;
}

Result<std::vector<KnowledgeItem>> rank_items(ReadTxn& txn, const ItemRanking& ranking,
                                              std::size_t limit) {
  if (ranking.project.empty() && !(ranking.order == ItemOrder::kConfidence && ranking.intent)) {
    return fail(ErrorKind::kInvalidInput,
                "ranking items needs a project, or an intent for the order of confidence");
  }
  if (ranking.intent && ranking.order == ItemOrder::kFreshness) {
    return fail(ErrorKind::kInvalidInput, "the order of freshness cannot be filtered by intent");
  }
  const ProjectMatch match = match_project(ranking.project);
  const Instant oldest = ranking.now - kAgingDays;
  const auto most = static_cast<std::int64_t>(limit);
  std::vector<KnowledgeItem> found;
  auto rows = TACIT_TRY(
      ranking.intent ? txn.query(hot::kItemsOfIntent, code(*ranking.intent), match.name, match.path,
                                 oldest, most)
      : ranking.order == ItemOrder::kConfidence
          ? txn.query(hot::kItemsCurrent, match.name, match.path, oldest, most)
          : txn.query(hot::kItemsByFreshness, match.name, match.path, oldest, kLatest, most));
  while (TACIT_TRY(rows.step())) {
    if (auto item = TACIT_TRY(find_item(txn, ItemId{rows.id(0)}))) {
      found.push_back(std::move(*item));
    }
  }
  return found;
}

Result<FreshnessCounts> count_by_freshness(ReadTxn& txn, Instant now) {
  FreshnessCounts counts;
  counts.fresh = TACIT_TRY(txn.integer(hot::kCountItemsTouched, now - kFreshDays));
  counts.aging = TACIT_TRY(txn.integer(hot::kCountItemsTouched, now - kAgingDays)) - counts.fresh;
  counts.stale = TACIT_TRY(txn.integer("SELECT count(*) FROM item")) - counts.fresh - counts.aging;
  return counts;
}

Result<void> sweep_stale(WriteTxn& txn, Instant now) {
  TACIT_TRY(txn.run(hot::kMarkStale, now - kAgingDays));
  return txn.run(hot::kUnmarkStale, now - kAgingDays);
}

Result<std::optional<ItemId>> find_item_by_statement(ReadTxn& txn, const std::string& statement) {
  const std::string wanted = normalise_space(statement);
  auto rows = TACIT_TRY(txn.query(hot::kItemByStatement, statement_key(statement)));
  while (TACIT_TRY(rows.step())) {
    if (normalise_space(rows.text(1)) == wanted) return ItemId{rows.id(0)};
  }
  return std::nullopt;
}

Result<void> record_use(WriteTxn& txn, std::span<const ItemId> items, Instant now) {
  for (const ItemId item : items) {
    TACIT_TRY(txn.run(
        "INSERT INTO item_use(item, uses, last_used) SELECT id, 1, ?2 FROM item WHERE id = ?1 "
        "ON CONFLICT(item) DO UPDATE SET uses = uses + 1, "
        "last_used = max(last_used, excluded.last_used)",
        item, now));
  }
  return {};
}

Result<StoreCounts> count_all(ReadTxn& txn) {
  auto row = TACIT_TRY(
      txn.query("SELECT (SELECT count(*) FROM session), (SELECT count(*) FROM exchange), "
                "(SELECT count(*) FROM observation), (SELECT count(*) FROM item), "
                "(SELECT count(*) FROM vector), (SELECT coalesce(sum(uses), 0) FROM item_use), "
                "(SELECT count(*) FROM exchange WHERE learning = 1), "
                "(SELECT count(*) FROM tombstone)"));
  StoreCounts counts;
  if (!TACIT_TRY(row.step())) return counts;
  counts.sessions = row.integer(0);
  counts.exchanges = row.integer(1);
  counts.observations = row.integer(2);
  counts.items = row.integer(3);
  counts.vectors = row.integer(4);
  counts.uses = row.integer(5);
  counts.to_learn = row.integer(6);
  counts.tombstones = row.integer(7);
  counts.projects = TACIT_TRY(txn.integer(hot::kCountProjects));
  counts.database_bytes =
      TACIT_TRY(txn.integer("PRAGMA page_count")) * TACIT_TRY(txn.integer("PRAGMA page_size"));
  return counts;
}

}  // namespace tacit::store
