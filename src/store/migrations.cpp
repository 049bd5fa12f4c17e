#include "store/migrations.h"

#include <array>

#include "base/hash.h"

extern "C" {
extern const char tacit_sql_0001_begin[];
extern const char tacit_sql_0001_end[];
extern const char tacit_sql_0002_begin[];
extern const char tacit_sql_0002_end[];
extern const char tacit_sql_0003_begin[];
extern const char tacit_sql_0003_end[];
extern const char tacit_sql_0004_begin[];
extern const char tacit_sql_0004_end[];
extern const char tacit_sql_0005_begin[];
extern const char tacit_sql_0005_end[];
extern const char tacit_sql_0006_begin[];
extern const char tacit_sql_0006_end[];
}

namespace tacit::store {
namespace {

constexpr std::int64_t kApplicationId = 0x54414349;  // "TACI"

Result<std::int64_t> version_of(Connection& connection, std::span<const Migration> migrations) {
  const std::int64_t version = TACIT_TRY(connection.integer("PRAGMA user_version"));
  if (version > migrations.back().number) {
    return fail(ErrorKind::kInvalidInput, "the database has schema " + std::to_string(version) +
                                              ", this tacit knows " +
                                              std::to_string(migrations.back().number) +
                                              ": use the newer tacit that wrote it");
  }
  const std::int64_t tables = TACIT_TRY(connection.integer("SELECT count(*) FROM sqlite_schema"));
  const std::int64_t owner = TACIT_TRY(connection.integer("PRAGMA application_id"));
  if (tables != 0 && owner != kApplicationId) {
    return fail(ErrorKind::kInvalidInput, "tacit.db was made by another program: move it away");
  }
  return version;
}

Result<void> check_applied(Connection& connection, std::span<const Migration> migrations) {
  auto rows = TACIT_TRY(connection.query("SELECT number, checksum FROM migration ORDER BY number"));
  while (TACIT_TRY(rows.step())) {
    for (const Migration& migration : migrations) {
      if (migration.number != rows.integer(0)) continue;
      if (hex(sha256(migration.sql)) != rows.text(1)) {
        return fail(ErrorKind::kInvalidInput,
                    "schema step " + std::to_string(migration.number) + " (" +
                        std::string(migration.name) +
                        ") is not the one this database was made with: use the tacit that made it");
      }
    }
  }
  return {};
}

Result<void> apply(Connection& connection, const Migration& migration) {
  TACIT_TRY(connection.run_script(migration.sql));
  TACIT_TRY(
      connection.run("INSERT INTO migration(number, name, checksum, applied) "
                     "VALUES(?1, ?2, ?3, strftime('%Y-%m-%dT%H:%M:%SZ'))",
                     migration.number, migration.name, hex(sha256(migration.sql))));
  // A pragma takes no bound value; the number is ours.
  return connection.run_script("PRAGMA user_version = " + std::to_string(migration.number));
}

}  // namespace

std::span<const Migration> released_migrations() {
  static const std::array<Migration, 6> kMigrations = {{
      {1, "initial", {tacit_sql_0001_begin, tacit_sql_0001_end}},
      {2, "indexes", {tacit_sql_0002_begin, tacit_sql_0002_end}},
      {3, "ledger", {tacit_sql_0003_begin, tacit_sql_0003_end}},
      {4, "audit", {tacit_sql_0004_begin, tacit_sql_0004_end}},
      {5, "kept replies", {tacit_sql_0005_begin, tacit_sql_0005_end}},
      {6, "batches", {tacit_sql_0006_begin, tacit_sql_0006_end}},
  }};
  return kMigrations;
}

Result<void> migrate(Connection& connection, std::span<const Migration> migrations) {
  const std::int64_t version = TACIT_TRY(version_of(connection, migrations));
  if (version > 0) TACIT_TRY(check_applied(connection, migrations));
  for (const Migration& migration : migrations) {
    if (migration.number <= version) continue;
    TACIT_TRY(connection.run("BEGIN IMMEDIATE"));
    const auto applied = apply(connection, migration);
    if (!applied) {
      if (connection.in_transaction()) static_cast<void>(connection.run("ROLLBACK"));
      return applied;
    }
    TACIT_TRY(connection.run("COMMIT"));
  }
  return {};
}

Result<void> check_schema(Connection& connection, std::span<const Migration> migrations) {
  const std::int64_t version = TACIT_TRY(version_of(connection, migrations));
  if (version == migrations.back().number) return check_applied(connection, migrations);
  return fail(ErrorKind::kUnavailable,
              "the database has the older schema " + std::to_string(version) +
                  ": run a command that writes once, so that it is brought up to date");
}

}  // namespace tacit::store
