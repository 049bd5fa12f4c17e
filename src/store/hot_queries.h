#pragma once
// Private to store: the statements that answer questions or run for every exchange, in one place,
// each with its name. The query files run these very constants; hot_queries_test.cpp asserts the
// plan of each, and docs/database/schema.md says which index serves which. A filter by project asks
// for the name of the project and, when it is a path, for the path too (rows.h ProjectMatch).

#include "store/connection.h"

namespace tacit::store::hot {

// The columns that read_item() reads.
#define TACIT_ITEM                                                                                 \
  "item.id, type, title, statement, confidence, project, session, first_seen, last_seen, "         \
  "support, coalesce(uses, 0), last_used, intent FROM item LEFT JOIN item_use ON item_use.item = " \
  "item.id "
// A page starts after (?1, ?2); the plain comparison with ?1 is what an index can search by.
#define TACIT_ITEM_PAGE                                                                         \
  "coalesce(last_seen, first_seen, 0) <= ?1 AND (coalesce(last_seen, first_seen, 0), item.id) " \
  "< (?1, ?2) ORDER BY coalesce(last_seen, first_seen, 0) DESC, item.id DESC LIMIT ?3"
#define TACIT_SESSION_PAGE                                                \
  "coalesce(started, 0) <= ?1 AND (coalesce(started, 0), id) < (?1, ?2) " \
  "ORDER BY coalesce(started, 0) DESC, id DESC LIMIT ?3"
#define TACIT_SESSION                                                     \
  "id, agent, native_id, title, project, branch, started, ended, "        \
  "(SELECT count(*) FROM exchange WHERE exchange.session = session.id), " \
  "(SELECT count(*) FROM item WHERE item.session = session.id) FROM session "
// Filters of a search: ?2 project, ?3 since, ?4 as of, ?5 type. Times an exchange or item lacks are
// replaced by when it was added.
#define TACIT_ITEM_FILTER                                             \
  "(?2 = '' OR project = ?2 OR project_name = ?2) "                   \
  "AND (?3 IS NULL OR coalesce(last_seen, first_seen, added) >= ?3) " \
  "AND (?4 IS NULL OR coalesce(first_seen, added) <= ?4) AND (?5 IS NULL OR type = ?5) "
#define TACIT_EXCHANGE_FILTER                        \
  "(?2 = '' OR project = ?2 OR project_name = ?2) "  \
  "AND (?3 IS NULL OR coalesce(time, added) >= ?3) " \
  "AND (?4 IS NULL OR coalesce(time, added) <= ?4) AND ?5 IS NULL "

// Items.
inline constexpr Sql kFindItem("SELECT " TACIT_ITEM "WHERE item.id = ?1");
inline constexpr Sql kItemByStatement(
    "SELECT id, statement FROM item WHERE statement_key = ?1 ORDER BY number");
inline constexpr Sql kItemsNewest("SELECT " TACIT_ITEM "WHERE " TACIT_ITEM_PAGE);
inline constexpr Sql kItemsNewestOfType("SELECT " TACIT_ITEM
                                        "WHERE type = ?4 AND " TACIT_ITEM_PAGE);
inline constexpr Sql kItemsNewestOfProject("SELECT " TACIT_ITEM
                                           "WHERE project_name = ?4 AND (?5 = '' OR project = ?5) "
                                           "AND (?6 IS NULL OR type = ?6) AND " TACIT_ITEM_PAGE);
// Not stale: the flag makes the index small, the time makes the answer exact.
inline constexpr Sql kItemsCurrent(
    "SELECT id FROM item WHERE stale = 0 AND project_name = ?1 AND (?2 = '' OR project = ?2) "
    "AND touched >= ?3 ORDER BY confidence DESC, id LIMIT ?4");
inline constexpr Sql kItemsOfIntent(
    "SELECT id FROM item WHERE intent = ?1 AND (?2 = '' OR project_name = ?2) "
    "AND (?3 = '' OR project = ?3) AND touched >= ?4 ORDER BY confidence DESC, id LIMIT ?5");
inline constexpr Sql kItemsByFreshness(
    "SELECT id FROM item WHERE project_name = ?1 AND (?2 = '' OR project = ?2) "
    "AND touched BETWEEN ?3 AND ?4 ORDER BY touched DESC, id DESC LIMIT ?5");
inline constexpr Sql kCountItemsTouched(
    "SELECT count(*) FROM item WHERE stale = 0 AND touched >= ?1");
inline constexpr Sql kMarkStale("UPDATE item SET stale = 1 WHERE stale = 0 AND touched < ?1");
inline constexpr Sql kUnmarkStale("UPDATE item SET stale = 0 WHERE stale = 1 AND touched >= ?1");

// Observations.
inline constexpr Sql kObservationsOfItem(
    "SELECT number, id, exchange, type, statement, confidence, seen FROM observation "
    "WHERE item = ?1 ORDER BY coalesce(seen, 0), number");
inline constexpr Sql kSpansOfObservation(
    "SELECT step, \"offset\", length FROM observation_span WHERE observation = ?1 ORDER BY n");
inline constexpr Sql kItemsOfExchange(
    "SELECT item FROM observation WHERE exchange = ?1 ORDER BY number");

// Sessions and exchanges.
inline constexpr Sql kFindSession(
    "SELECT id, agent, native_id, title, project, branch, started, ended FROM session "
    "WHERE id = ?1");
inline constexpr Sql kSessionsNewest("SELECT " TACIT_SESSION "WHERE " TACIT_SESSION_PAGE);
inline constexpr Sql kSessionsNewestOfProject(
    "SELECT " TACIT_SESSION
    "WHERE project_name = ?4 AND (?5 = '' OR project = ?5) "
    "AND " TACIT_SESSION_PAGE);
inline constexpr Sql kSessionsOfProject(
    "SELECT id FROM session WHERE project_name = ?1 AND (?2 = '' OR project = ?2)");
inline constexpr Sql kCountProjects(
    "SELECT count(DISTINCT project) FROM session WHERE project <> ''");
inline constexpr Sql kFindExchange(
    "SELECT number, id, session, identity, ordinal, time, model, tokens_input, tokens_output, "
    "tokens_cached FROM exchange WHERE id = ?1");
inline constexpr Sql kKnownExchange(
    "SELECT number, steps, text_bytes, learning, session FROM exchange WHERE id = ?1");
inline constexpr Sql kStepsOfExchange(
    "SELECT kind, tool, failed, time, text FROM step WHERE exchange = ?1 ORDER BY n");
inline constexpr Sql kExchangesOfSession(
    "SELECT id FROM exchange WHERE session = ?1 ORDER BY ordinal, number");
inline constexpr Sql kExchangesToLearn(
    "SELECT id FROM exchange WHERE learning = 1 ORDER BY time, number LIMIT ?1");
inline constexpr Sql kIsForgotten("SELECT 1 FROM tombstone WHERE kind = ?1 AND id = ?2");
inline constexpr Sql kLiftTombstones("DELETE FROM tombstone WHERE exchange = ?1 AND exchange <> 0");
inline constexpr Sql kIsFileDone("SELECT 1 FROM file_done WHERE path = ?1 AND signature = ?2");

// Search. The postings of one term from a number on go to tacit_postings() (term_reader.h), which
// lets no row through.
inline constexpr Sql kPostingsOfItems(
    "SELECT 1 FROM item_fts WHERE item_fts MATCH ?1 AND rowid >= ?2 "
    "AND tacit_postings(item_fts, ?3)");
inline constexpr Sql kPostingsOfExchanges(
    "SELECT 1 FROM exchange_fts WHERE exchange_fts MATCH ?1 AND rowid >= ?2 "
    "AND tacit_postings(exchange_fts, ?3)");
// The ids of a JSON array of numbers, in its order.
inline constexpr Sql kItemsOfNumbers(
    "SELECT item.number, item.id FROM json_each(?1) CROSS JOIN item ON item.number = "
    "json_each.value");
inline constexpr Sql kExchangesOfNumbers(
    "SELECT exchange.number, exchange.id FROM json_each(?1) CROSS JOIN exchange ON exchange.number "
    "= "
    "json_each.value");
inline constexpr Sql kIdsOfItems("SELECT number, id FROM item");
inline constexpr Sql kIdsOfExchanges("SELECT number, id FROM exchange");
inline constexpr Sql kNumberOfItem("SELECT number FROM item WHERE id = ?1");
inline constexpr Sql kNumberOfExchange("SELECT number FROM exchange WHERE id = ?1");
inline constexpr Sql kItemPasses("SELECT 1 FROM item WHERE id = ?1 AND " TACIT_ITEM_FILTER);
inline constexpr Sql kExchangePasses(
    "SELECT 1 FROM exchange JOIN session ON session.id = exchange.session "
    "WHERE exchange.id = ?1 AND " TACIT_EXCHANGE_FILTER);
inline constexpr Sql kItemNumberPasses(
    "SELECT 1 FROM item WHERE number = ?1 AND " TACIT_ITEM_FILTER);
inline constexpr Sql kExchangeNumberPasses(
    "SELECT 1 FROM exchange JOIN session ON session.id = exchange.session "
    "WHERE exchange.number = ?1 AND " TACIT_EXCHANGE_FILTER);
// How many a project has (?1 its name), counted up to ?2, and those that pass.
inline constexpr Sql kCountItemsOfProject(
    "SELECT count(*) FROM (SELECT 1 FROM item WHERE project_name = ?1 LIMIT ?2)");
inline constexpr Sql kCountExchangesOfProject(
    "SELECT count(*) FROM (SELECT 1 FROM session CROSS JOIN exchange ON exchange.session = "
    "session.id WHERE session.project_name = ?1 LIMIT ?2)");
inline constexpr Sql kItemsPassing(
    "SELECT id, number FROM item WHERE project_name = ?1 AND " TACIT_ITEM_FILTER);
inline constexpr Sql kExchangesPassing(
    "SELECT exchange.id, exchange.number FROM session CROSS JOIN exchange "
    "ON exchange.session = session.id "
    "WHERE session.project_name = ?1 AND " TACIT_EXCHANGE_FILTER);
inline constexpr Sql kContentGeneration("SELECT generation FROM content WHERE one = 1");

// Vectors.
inline constexpr Sql kVectorsAfter(
    "SELECT sequence, owner, id, part, data FROM vector WHERE sequence > ?1 AND space = ?2 "
    "ORDER BY sequence");
inline constexpr Sql kVectorGeneration("SELECT generation FROM space WHERE name = ?1");
inline constexpr Sql kItemsWithoutVectors(
    "SELECT id FROM embed_due CROSS JOIN item USING(number) "
    "WHERE space = ?2 AND owner = 0 ORDER BY number LIMIT ?1");
inline constexpr Sql kExchangesWithoutVectors(
    "SELECT id FROM embed_due CROSS JOIN exchange USING(number) "
    "WHERE space = ?2 AND owner = 1 ORDER BY number LIMIT ?1");
inline constexpr Sql kCountWithoutVectors("SELECT count(*) FROM embed_due WHERE space = ?1");
inline constexpr Sql kDropVectors("DELETE FROM vector WHERE owner = ?1 AND id = ?2 AND space = ?3");

// The audit log. A page starts after (?1, ?2).
#define TACIT_AUDIT                                                                         \
  "SELECT id, time, request, attempt, content_hash, bytes_out, bytes_in, provider, model, " \
  "label, layer, reason, outcome, hold FROM call_audit "
#define TACIT_AUDIT_PAGE "time <= ?1 AND (time, id) < (?1, ?2) ORDER BY time DESC, id DESC LIMIT ?3"
inline constexpr Sql kAuditsNewest(TACIT_AUDIT "WHERE " TACIT_AUDIT_PAGE);
inline constexpr Sql kAuditsOfProvider(TACIT_AUDIT "WHERE provider = ?4 AND " TACIT_AUDIT_PAGE);

#undef TACIT_AUDIT
#undef TACIT_AUDIT_PAGE
#undef TACIT_ITEM
#undef TACIT_ITEM_PAGE
#undef TACIT_SESSION_PAGE
#undef TACIT_SESSION
#undef TACIT_ITEM_FILTER
#undef TACIT_EXCHANGE_FILTER

struct Query {
  const char* name;
  Sql sql;
};

inline constexpr Query kQueries[] = {
    {"find_item", kFindItem},
    {"item_by_statement", kItemByStatement},
    {"items_newest", kItemsNewest},
    {"items_newest_of_type", kItemsNewestOfType},
    {"items_newest_of_project", kItemsNewestOfProject},
    {"items_current", kItemsCurrent},
    {"items_of_intent", kItemsOfIntent},
    {"items_by_freshness", kItemsByFreshness},
    {"count_items_touched", kCountItemsTouched},
    {"mark_stale", kMarkStale},
    {"unmark_stale", kUnmarkStale},
    {"observations_of_item", kObservationsOfItem},
    {"spans_of_observation", kSpansOfObservation},
    {"items_of_exchange", kItemsOfExchange},
    {"find_session", kFindSession},
    {"sessions_newest", kSessionsNewest},
    {"sessions_newest_of_project", kSessionsNewestOfProject},
    {"sessions_of_project", kSessionsOfProject},
    {"count_projects", kCountProjects},
    {"find_exchange", kFindExchange},
    {"known_exchange", kKnownExchange},
    {"steps_of_exchange", kStepsOfExchange},
    {"exchanges_of_session", kExchangesOfSession},
    {"exchanges_to_learn", kExchangesToLearn},
    {"is_forgotten", kIsForgotten},
    {"lift_tombstones", kLiftTombstones},
    {"is_file_done", kIsFileDone},
    {"postings_of_items", kPostingsOfItems},
    {"postings_of_exchanges", kPostingsOfExchanges},
    {"items_of_numbers", kItemsOfNumbers},
    {"exchanges_of_numbers", kExchangesOfNumbers},
    {"ids_of_items", kIdsOfItems},
    {"ids_of_exchanges", kIdsOfExchanges},
    {"number_of_item", kNumberOfItem},
    {"number_of_exchange", kNumberOfExchange},
    {"item_passes", kItemPasses},
    {"exchange_passes", kExchangePasses},
    {"count_items_of_project", kCountItemsOfProject},
    {"count_exchanges_of_project", kCountExchangesOfProject},
    {"items_passing", kItemsPassing},
    {"exchanges_passing", kExchangesPassing},
    {"item_number_passes", kItemNumberPasses},
    {"exchange_number_passes", kExchangeNumberPasses},
    {"content_generation", kContentGeneration},
    {"vectors_after", kVectorsAfter},
    {"vector_generation", kVectorGeneration},
    {"items_without_vectors", kItemsWithoutVectors},
    {"exchanges_without_vectors", kExchangesWithoutVectors},
    {"count_without_vectors", kCountWithoutVectors},
    {"drop_vectors", kDropVectors},
    {"audits_newest", kAuditsNewest},
    {"audits_of_provider", kAuditsOfProvider},
};

}  // namespace tacit::store::hot
