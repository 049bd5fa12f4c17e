#pragma once
// Private to store: one SQLite connection with a cache of prepared statements, and the thin
// statement on top of it. SQL is always a compile-time constant (Sql), values are always bound. A
// connection and its statements belong to one thread at a time.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/result.h"
#include "store/text_memory.h"

struct sqlite3;
struct sqlite3_stmt;

namespace tacit::store {

// A constant SQL text: nothing composed at run time converts to it.
struct Sql {
  const char* text;
  consteval Sql(const char* constant) : text(constant) {}  // NOLINT(google-explicit-constructor)
};

class Connection;

// What a function of ours gets from the one who runs its statement; SQLite asks for the same type.
struct Pointer {
  void* address;
  const char* type;
};

// A prepared statement borrowed from its connection; goes back, reset and unbound, when destroyed.
class Statement {
 public:
  Statement(Connection& connection, sqlite3_stmt* handle, const char* cache_key)
      : connection_(&connection), handle_(handle), cache_key_(cache_key) {}
  ~Statement();
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;

  // Values go to ?1, ?2, … in the order of the calls. Text and blobs are copied.
  void bind(std::int64_t value);
  void bind(std::uint64_t value) { bind(static_cast<std::int64_t>(value)); }
  void bind(int value) { bind(static_cast<std::int64_t>(value)); }
  void bind(bool value) { bind(std::int64_t{value ? 1 : 0}); }
  void bind(double value);
  void bind(std::string_view text);
  void bind(const std::string& text) { bind(std::string_view(text)); }
  void bind(const char* text) { bind(std::string_view(text)); }
  void bind(Instant value) { bind(to_millis(value)); }
  void bind(Pointer pointer);  // must live until the statement is done
  void bind_null();
  void bind_blob(std::string_view bytes);
  template <class Tag>
  void bind(Id<Tag> id) {
    bind(id.value);
  }
  template <class T>
  void bind(const std::optional<T>& value) {
    if (value) {
      bind(*value);
    } else {
      bind_null();
    }
  }

  Result<bool> step();  // true: stands on a row
  Result<void> run();   // to the end

  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  std::uint64_t id(int column) const { return static_cast<std::uint64_t>(integer(column)); }
  double real(int column) const;
  std::string text(int column) const;
  std::string_view blob(int column) const;  // until the next step
  std::optional<Instant> instant(int column) const;

 private:
  Connection* connection_;
  sqlite3_stmt* handle_;
  const char* cache_key_;  // null: not cached
  int bound_ = 0;
};

enum class ConnectionRole { kWriter, kReader };

struct ConnectionOptions {
  std::string path;
  ConnectionRole role = ConnectionRole::kReader;
  bool may_create = false;
  bool durable = true;
  const char* vfs = nullptr;
  TextMemory* text_memory = nullptr;  // of readers; must outlive the connection
};

class Connection {
 public:
  static Result<std::unique_ptr<Connection>> open(const ConnectionOptions& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Result<Statement> prepare(Sql sql);
  template <class... Values>
  Result<Statement> query(Sql sql, const Values&... values) {
    auto statement = prepare(sql);
    if (statement) (statement->bind(values), ...);
    return statement;
  }
  template <class... Values>
  Result<void> run(Sql sql, const Values&... values) {
    auto statement = query(sql, values...);
    if (!statement) return std::unexpected(statement.error());
    return statement->run();
  }
  // One value of the first row; 0 when there is none.
  template <class... Values>
  Result<std::int64_t> integer(Sql sql, const Values&... values) {
    auto statement = query(sql, values...);
    if (!statement) return std::unexpected(statement.error());
    const auto row = statement->step();
    if (!row) return std::unexpected(row.error());
    return *row ? statement->integer(0) : 0;
  }

  // The lines of EXPLAIN QUERY PLAN, for the tests and the page about the schema.
  Result<std::vector<std::string>> plan(Sql sql);
  // Several statements of an embedded migration file.
  Result<void> run_script(std::string_view script);
  Result<void> set_up(const ConnectionOptions& options);
  bool in_transaction() const;
  std::int64_t changes() const;
  std::int64_t last_id() const;
  std::int64_t wal_pages() const { return wal_pages_; }  // after the last commit
  // A write or sync failed or damage was met: nothing that this connection holds is to be trusted.
  bool is_unfit() const { return is_unfit_; }
  Result<void> checkpoint(bool truncate);
  // The last connection to close then moves the WAL into the database and deletes it.
  void allow_checkpoint_on_close();
  Error error(int code);
  TextMemory* text_memory() { return text_memory_; }
  // Of a writer: the lowest numbers of documents whose text changed since this was last asked.
  OfKinds<LowestNumber> take_changes() { return std::exchange(changes_, {}); }

 private:
  friend class Statement;
  explicit Connection(sqlite3* handle, std::string path)
      : handle_(handle), path_(std::move(path)) {}
  void give_back(sqlite3_stmt* handle, const char* cache_key);

  struct Cached {
    sqlite3_stmt* handle = nullptr;
    bool in_use = false;
  };
  sqlite3* handle_;
  std::string path_;
  std::unordered_map<const char*, Cached> cache_;  // by the address of the constant
  TextMemory* text_memory_ = nullptr;
  OfKinds<LowestNumber> changes_;
  std::int64_t wal_pages_ = 0;
  bool is_unfit_ = false;
};

// Refuses a linked SQLite that is too old to be safe.
Result<void> check_sqlite_version();
// Whether a file exists, as the VFS sees it (null: the default one).
bool file_exists(const char* vfs, const std::string& path);

}  // namespace tacit::store
