// Goal: every named query runs by the index meant for it, however large the tables grow, and no
// index is kept that no named query uses. Method: EXPLAIN QUERY PLAN of each on an empty database
// of the newest schema (no statistics are ever gathered, so the plan does not depend on the rows).
// docs/database/schema.md is made of the same plans.

#include "store/hot_queries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <set>

#include "store/index_worth.h"
#include "store/migrations.h"
#include "store/txn.h"
#include "testing/fixtures.h"

namespace tacit::store {
namespace {

using ::testing::ElementsAreArray;

struct Expected {
  std::string name;
  std::vector<std::string> uses;  // what follows "USING" on each line, in order
};

// Keys of tables are named by what SQLite calls them. Only full text is scanned (by its own index),
// and the projects are counted along an index.
const std::vector<Expected>& expected() {
  static const std::string kRow = "INTEGER PRIMARY KEY";
  static const std::string kKey = "PRIMARY KEY";
  static const std::vector<Expected> kExpected = {
      {"find_item", {"INDEX sqlite_autoindex_item_1 (id=?)", kRow + " (rowid=?) LEFT-JOIN"}},
      {"item_by_statement", {"INDEX item_statement (statement_key=?)"}},
      {"items_newest", {"INDEX item_newest (<expr><?)", kRow + " (rowid=?) LEFT-JOIN"}},
      {"items_newest_of_type",
       {"INDEX item_type_newest (type=? AND <expr><?)", kRow + " (rowid=?) LEFT-JOIN"}},
      {"items_newest_of_project",
       {"INDEX item_project_newest (project_name=? AND <expr><?)", kRow + " (rowid=?) LEFT-JOIN"}},
      {"items_current", {"COVERING INDEX item_current (project_name=?)"}},
      {"items_of_intent", {"INDEX item_intent_confidence (intent=?)"}},
      {"items_by_freshness",
       {"INDEX item_project_freshness (project_name=? AND touched>? AND touched<?)"}},
      {"count_items_touched", {"COVERING INDEX item_stale (stale=? AND touched>?)"}},
      {"mark_stale", {"INDEX item_stale (stale=? AND touched<?)"}},
      {"unmark_stale", {"INDEX item_stale (stale=? AND touched>?)"}},
      {"observations_of_item", {"INDEX observation_item_seen (item=?)"}},
      {"spans_of_observation", {kKey + " (observation=?)"}},
      {"items_of_exchange", {"INDEX observation_exchange (exchange=?)"}},
      {"find_session", {"INDEX sqlite_autoindex_session_1 (id=?)"}},
      {"sessions_newest",
       {"INDEX session_newest (<expr><?)", "COVERING INDEX exchange_session (session=?)",
        "COVERING INDEX item_session (session=?)"}},
      {"sessions_newest_of_project",
       {"INDEX session_project_newest (project_name=? AND <expr><?)",
        "COVERING INDEX exchange_session (session=?)", "COVERING INDEX item_session (session=?)"}},
      {"sessions_of_project", {"INDEX session_project_newest (project_name=?)"}},
      {"count_projects", {"COVERING INDEX session_project"}},
      {"find_exchange", {"INDEX sqlite_autoindex_exchange_1 (id=?)"}},
      {"known_exchange", {"INDEX sqlite_autoindex_exchange_1 (id=?)"}},
      {"steps_of_exchange", {"INDEX sqlite_autoindex_step_1 (exchange=?)"}},
      {"exchanges_of_session", {"INDEX exchange_session (session=?)"}},
      {"exchanges_to_learn", {"INDEX exchange_due"}},
      {"is_forgotten", {kKey + " (kind=? AND id=?)"}},
      {"lift_tombstones", {"INDEX tombstone_exchange (exchange=?)"}},
      {"is_file_done", {kKey + " (path=?)"}},
      {"postings_of_items", {}},
      {"postings_of_exchanges", {}},
      {"items_of_numbers", {kRow + " (rowid=?)"}},
      {"exchanges_of_numbers", {kRow + " (rowid=?)"}},
      {"item_passes", {"INDEX sqlite_autoindex_item_1 (id=?)"}},
      {"exchange_passes",
       {"INDEX sqlite_autoindex_exchange_1 (id=?)", "INDEX sqlite_autoindex_session_1 (id=?)"}},
      {"count_items_of_project", {"COVERING INDEX item_project_freshness (project_name=?)"}},
      {"count_exchanges_of_project",
       {"COVERING INDEX session_project_newest (project_name=?)",
        "COVERING INDEX exchange_session (session=?)"}},
      {"items_passing", {"INDEX item_project_freshness (project_name=?)"}},
      {"exchanges_passing",
       {"INDEX session_project_newest (project_name=?)", "INDEX exchange_session (session=?)"}},
      {"ids_of_items", {"COVERING INDEX sqlite_autoindex_item_1"}},
      {"ids_of_exchanges", {"COVERING INDEX sqlite_autoindex_exchange_1"}},
      {"number_of_item", {"COVERING INDEX sqlite_autoindex_item_1 (id=?)"}},
      {"number_of_exchange", {"COVERING INDEX sqlite_autoindex_exchange_1 (id=?)"}},
      {"item_number_passes", {kRow + " (rowid=?)"}},
      {"exchange_number_passes", {kRow + " (rowid=?)", "INDEX sqlite_autoindex_session_1 (id=?)"}},
      {"content_generation", {kRow + " (rowid=?)"}},
      {"vectors_after", {kRow + " (rowid>?)"}},
      {"vector_generation", {"INDEX sqlite_autoindex_space_1 (name=?)"}},
      {"items_without_vectors", {kKey + " (space=? AND owner=?)", kRow + " (rowid=?)"}},
      {"exchanges_without_vectors", {kKey + " (space=? AND owner=?)", kRow + " (rowid=?)"}},
      {"count_without_vectors", {kKey + " (space=?)"}},
      {"drop_vectors", {"COVERING INDEX vector_owner (owner=? AND id=? AND space=?)"}},
      {"audits_newest", {"INDEX call_audit_time (time<?)"}},
      {"audits_of_provider", {"INDEX call_audit_provider (provider=? AND time<?)"}},
  };
  return kExpected;
}

// The budget ledger keeps its statements beside its rules; these are what its indexes are for.
const std::map<std::string, std::string>& served_elsewhere() {
  static const std::map<std::string, std::string> kElsewhere = {
      {"hold_unfinished", "`ledger.cpp` recover"},
      {"hold_period", "`ledger.cpp` breakdown, daily"},
      {"hold_counted", "`ledger.cpp` prompt_counts"},
      {"batch_created", "`batches.cpp` list_batches"},
      {"batch_line_waiting", "`ledger.cpp` recover"},
  };
  return kElsewhere;
}

class HotQueriesTest : public ::testing::Test {
 protected:
  void SetUp() override { connection_ = database("tacit.db", released_migrations().size()); }

  std::unique_ptr<Connection> database(const char* name, std::size_t steps) const {
    ConnectionOptions options;
    options.path = (folder_.path() / name).string();
    options.role = ConnectionRole::kWriter;
    options.may_create = true;
    auto connection = std::move(*Connection::open(options));
    EXPECT_TRUE(migrate(*connection, released_migrations().first(steps)).has_value());
    return connection;
  }

  std::vector<std::string> plan_of(const hot::Query& query) const {
    auto plan = connection_->plan(query.sql);
    EXPECT_TRUE(plan.has_value()) << query.name << ": " << plan.error().message();
    return plan ? *plan : std::vector<std::string>();
  }

  // The first column of every row.
  static std::vector<std::string> texts(Connection& connection, Sql sql) {
    std::vector<std::string> found;
    auto rows = connection.query(sql);
    EXPECT_TRUE(rows.has_value());
    while (rows->step().value_or(false)) found.push_back(rows->text(0));
    return found;
  }
  std::vector<std::string> indexes() const {
    return texts(
        *connection_,
        "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL ORDER BY name");
  }
  static std::set<std::string> definitions(Connection& connection) {
    const auto all =
        texts(connection, "SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL");
    return {all.begin(), all.end()};
  }
  // Index to the names of the queries that use it.
  std::map<std::string, std::vector<std::string>> served() const {
    std::map<std::string, std::vector<std::string>> queries;
    for (const hot::Query& query : hot::kQueries) {
      std::set<std::string> used;
      for (const std::string& line : plan_of(query)) {
        const std::size_t at = line.find("INDEX ");
        if (at == std::string::npos || line.find("VIRTUAL TABLE") != std::string::npos) continue;
        const std::size_t begin = at + std::string("INDEX ").size();
        used.insert(line.substr(begin, line.find(' ', begin) - begin));
      }
      for (const std::string& index : used) queries[index].emplace_back(query.name);
    }
    return queries;
  }
  std::string page() const;

  testing::TempFolder folder_;
  std::unique_ptr<Connection> connection_;
};

TEST_F(HotQueriesTest, EachRunsByTheIndexMeantForItWithoutAScanOrASort) {
  std::map<std::string, Expected> by_name;
  for (const Expected& one : expected()) by_name[one.name] = one;
  EXPECT_EQ(by_name.size(), std::size(hot::kQueries));
  for (const hot::Query& query : hot::kQueries) {
    ASSERT_TRUE(by_name.contains(query.name)) << query.name << " has no expected plan";
    std::vector<std::string> uses;
    for (const std::string& line : plan_of(query)) {
      EXPECT_EQ(line.find("TEMP B-TREE"), std::string::npos) << query.name << " sorts";
      if (line.find("VIRTUAL TABLE") != std::string::npos || line.starts_with("CORRELATED") ||
          line.find("subquery") != std::string::npos) {  // rows that are only counted
        continue;
      }
      const std::size_t at = line.find(" USING ");
      ASSERT_NE(at, std::string::npos) << query.name << " reads a whole table: " << line;
      uses.push_back(line.substr(at + std::string(" USING ").size()));
    }
    EXPECT_THAT(uses, ElementsAreArray(by_name[query.name].uses)) << query.name;
  }
}

TEST_F(HotQueriesTest, EveryIndexServesANamedQuery) {
  const auto queries = served();
  for (const std::string& index : indexes()) {
    EXPECT_TRUE(queries.contains(index) || served_elsewhere().contains(index))
        << index << ": name the query that it serves in hot_queries.h, or drop it";
  }
  EXPECT_GE(indexes().size(), 15U);
}

TEST_F(HotQueriesTest, WithoutItsIndexAQueryIsSeenToSort) {
  ASSERT_TRUE(connection_->run("DROP INDEX item_current").has_value());
  const auto plan = connection_->plan(hot::kItemsCurrent);
  ASSERT_TRUE(plan.has_value());
  EXPECT_THAT(*plan, ::testing::Contains(::testing::HasSubstr("TEMP B-TREE")));
}

TEST_F(HotQueriesTest, TheBenchComparesWithExactlyTheIndexesOfSchema1) {
  const auto first = database("first.db", 1);
  const auto second = database("second.db", 2);
  EXPECT_NE(definitions(*second), definitions(*first));
  WriteTxn txn(*second);
  ASSERT_TRUE(use_indexes_of_schema_1(txn).has_value());
  EXPECT_EQ(definitions(*second), definitions(*first));
}

std::string HotQueriesTest::page() const {
  std::string text =
      "# Schema of the database\n\n"
      "Generated from the newest schema of `src/store/sql` and the named queries of\n"
      "`src/store/hot_queries.h`; a test compares. Renew it with\n"
      "`TACIT_UPDATE_GOLDEN=1 build/dev/store_test --gtest_filter='HotQueries*'`.\n"
      "What the indexes are worth is in `docs/database/index-worth.md`.\n\n## Indexes\n\n"
      "Keys that SQLite makes by itself (`PRIMARY KEY`, `UNIQUE`) are not listed.\n\n"
      "| index | definition | queries it serves |\n|---|---|---|\n";
  const auto queries = served();
  for (const std::string& index : indexes()) {
    auto row = connection_->query("SELECT sql FROM sqlite_schema WHERE name = ?1", index);
    EXPECT_TRUE(row.has_value() && row->step().value_or(false));
    std::string definition = row->text(0);
    definition = definition.substr(definition.find(" ON ") == std::string::npos
                                       ? definition.find("ON ")
                                       : definition.find(" ON ") + 1);
    for (std::size_t at; (at = definition.find('\n')) != std::string::npos;) {
      definition.replace(at, definition.find_first_not_of(" \n", at) - at, " ");
    }
    std::string names;
    if (const auto other = served_elsewhere().find(index); other != served_elsewhere().end()) {
      names = other->second;
    } else {
      for (const std::string& name : queries.at(index)) {
        names += (names.empty() ? "`" : ", `") + name + "`";
      }
    }
    text += "| `" + index + "` | `" + definition.substr(3) + "` | " + names + " |\n";
  }
  text +=
      "\n## Named queries\n\nThe plan of each, as `EXPLAIN QUERY PLAN` tells it.\n\n"
      "| query | plan |\n|---|---|\n";
  for (const hot::Query& query : hot::kQueries) {
    std::string lines;
    for (const std::string& line : plan_of(query))
      lines += (lines.empty() ? "`" : "; `") + line + "`";
    text += "| `" + std::string(query.name) + "` | " + lines + " |\n";
  }
  text += "\n## Tables\n\n```sql\n";
  for (const std::string& sql :
       texts(*connection_,
             "SELECT sql FROM sqlite_schema WHERE type = 'table' AND sql IS NOT NULL "
             "AND name NOT LIKE '%!_fts!_%' ESCAPE '!' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' "
             "ORDER BY rowid")) {
    text += sql + ";\n\n";
  }
  text.pop_back();
  text += "```\n\n## Triggers\n\n| trigger | when |\n|---|---|\n";
  for (std::string sql :
       texts(*connection_,
             "SELECT name || ' | ' || substr(sql, instr(sql, 'AFTER'), instr(sql, 'BEGIN') - "
             "instr(sql, 'AFTER')) FROM sqlite_schema WHERE type = 'trigger' ORDER BY rowid")) {
    for (std::size_t at; (at = sql.find('\n')) != std::string::npos;) {
      sql.replace(at, sql.find_first_not_of(" \n", at) - at, " ");
    }
    text += "| " + sql + "|\n";
  }
  return text;
}

TEST_F(HotQueriesTest, ThePageInDocsIsTheGeneratedOne) {
  const std::string file = std::string(TACIT_SOURCE_DIR) + "/docs/database/schema.md";
  if (std::getenv("TACIT_UPDATE_GOLDEN") != nullptr) testing::write_file(file, page());
  EXPECT_EQ(testing::read_file(file), page()) << "run with TACIT_UPDATE_GOLDEN=1 to renew";
}

}  // namespace
}  // namespace tacit::store
