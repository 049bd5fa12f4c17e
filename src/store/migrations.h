#pragma once
// Private to store: the numbered, checksummed steps of the schema, forward only. The database's
// user_version is the number of the last one applied; the table `migration` remembers each with the
// SHA-256 of its text, so that a file changed after its release is noticed.

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"
#include "store/connection.h"

namespace tacit::store {

struct Migration {
  std::int64_t number = 0;  // from 1, without gaps
  std::string_view name;
  std::string_view sql;
};

std::span<const Migration> released_migrations();

// Brings the database to the newest schema, each step in a transaction of its own. Fails with
// invalid_input when the database is newer, belongs to another program, or an applied step differs.
Result<void> migrate(Connection& connection, std::span<const Migration> migrations);
// For readers of another process' database: fails unless it has exactly this schema.
Result<void> check_schema(Connection& connection, std::span<const Migration> migrations);

}  // namespace tacit::store
