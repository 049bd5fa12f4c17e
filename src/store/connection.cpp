#include "store/connection.h"

#include <sqlite3.h>

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "store/fts_tokenizer.h"
#include "store/term_reader.h"

namespace tacit::store {
namespace {

// Below this version two checkpoints that race with a commit can corrupt a database.
constexpr int kOldestSqlite = 3'051'003;
constexpr int kBusyMillis = 5000;

int primary(int code) {
  return code & 0xFF;
}

fts5_api* fts5_of(sqlite3* connection) {
  fts5_api* api = nullptr;
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v2(connection, "SELECT fts5(?1)", -1, &statement, nullptr) != SQLITE_OK) {
    return nullptr;
  }
  sqlite3_bind_pointer(statement, 1, static_cast<void*>(&api), "fts5_api_ptr", nullptr);
  sqlite3_step(statement);
  sqlite3_finalize(statement);
  return api;
}

void count_wal_pages(std::int64_t* counter, int pages) {
  *counter = pages;
}

// FTS5 has a row of this table for each document, by its number, and writes it anew with each
// change of the document's text.
void note_change(OfKinds<LowestNumber>& changes, std::string_view table, std::int64_t number) {
  const auto lower = [&](LowestNumber& lowest) { lowest.value = std::min(lowest.value, number); };
  if (table == "item_fts_docsize") lower(changes.items);
  if (table == "exchange_fts_docsize") lower(changes.exchanges);
}

}  // namespace

Statement::Statement(Statement&& other) noexcept
    : connection_(other.connection_),
      handle_(std::exchange(other.handle_, nullptr)),
      cache_key_(other.cache_key_),
      bound_(other.bound_) {}

Statement::~Statement() {
  if (handle_ != nullptr) connection_->give_back(handle_, cache_key_);
}

void Statement::bind(std::int64_t value) {
  sqlite3_bind_int64(handle_, ++bound_, value);
}
void Statement::bind(double value) {
  sqlite3_bind_double(handle_, ++bound_, value);
}
void Statement::bind(Pointer pointer) {
  sqlite3_bind_pointer(handle_, ++bound_, pointer.address, pointer.type, nullptr);
}
void Statement::bind_null() {
  sqlite3_bind_null(handle_, ++bound_);
}

void Statement::bind(std::string_view text) {
  const char* bytes = text.data() == nullptr ? "" : text.data();
  sqlite3_bind_text64(handle_, ++bound_, bytes, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

void Statement::bind_blob(std::string_view bytes) {
  const char* data = bytes.data() == nullptr ? "" : bytes.data();
  sqlite3_bind_blob64(handle_, ++bound_, data, bytes.size(), SQLITE_TRANSIENT);
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return std::unexpected(connection_->error(code));
}

Result<void> Statement::run() {
  while (TACIT_TRY(step())) {
  }
  return {};
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}
std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(handle_, column);
}
double Statement::real(int column) const {
  return sqlite3_column_double(handle_, column);
}

std::string Statement::text(int column) const {
  return std::string(blob(column));
}

std::string_view Statement::blob(int column) const {
  const void* bytes = sqlite3_column_blob(handle_, column);
  if (bytes == nullptr) return {};
  return {static_cast<const char*>(bytes),
          static_cast<std::size_t>(sqlite3_column_bytes(handle_, column))};
}

std::optional<Instant> Statement::instant(int column) const {
  if (is_null(column)) return std::nullopt;
  return from_millis(integer(column));
}

Result<std::unique_ptr<Connection>> Connection::open(const ConnectionOptions& options) {
  sqlite3* handle = nullptr;
  // Readers of another process' database also open for writing: the shared memory of WAL asks for
  // it.
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (options.may_create ? SQLITE_OPEN_CREATE : 0);
  const int code = sqlite3_open_v2(options.path.c_str(), &handle, flags, options.vfs);
  std::unique_ptr<Connection> connection(new Connection(handle, options.path));
  if (code != SQLITE_OK) return std::unexpected(connection->error(code));
  TACIT_TRY(connection->set_up(options));
  return connection;
}

Result<void> Connection::set_up(const ConnectionOptions& options) {
  sqlite3_busy_timeout(handle_, kBusyMillis);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_ENABLE_FKEY, 1, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  // The first look at the file: what is no database at all is told here.
  TACIT_TRY(integer("SELECT count(*) FROM sqlite_schema"));
  fts5_api* fts5 = fts5_of(handle_);
  if (fts5 == nullptr) return fail(ErrorKind::kInternal, "SQLite was built without FTS5");
  TACIT_TRY(register_tokenizer(*fts5));
  TACIT_TRY(register_postings(*fts5));
  TACIT_TRY(run("PRAGMA mmap_size = 0"));
  TACIT_TRY(run("PRAGMA cell_size_check = ON"));
  TACIT_TRY(run("PRAGMA secure_delete = ON"));
  if (options.role == ConnectionRole::kReader) {
    text_memory_ = options.text_memory;
    TACIT_TRY(run("PRAGMA cache_size = -8000"));
    TACIT_TRY(run("PRAGMA wal_autocheckpoint = 0"));
    return run("PRAGMA query_only = ON");
  }
  TACIT_TRY(run("PRAGMA cache_size = -32000"));
  // The step to WAL goes through a rollback journal. Only EXTRA syncs its deletion: a journal that
  // a power cut brings back would undo the step, and SQLite deletes the log of a database without
  // pages.
  TACIT_TRY(run("PRAGMA synchronous = EXTRA"));
  TACIT_TRY(run("PRAGMA journal_mode = WAL"));
  TACIT_TRY(options.durable ? run("PRAGMA synchronous = FULL")
                            : run("PRAGMA synchronous = NORMAL"));
  TACIT_TRY(run("PRAGMA wal_autocheckpoint = 0"));
  sqlite3_wal_hook(
      handle_,
      [](void* counter, sqlite3*, const char*, int pages) {
        count_wal_pages(static_cast<std::int64_t*>(counter), pages);
        return SQLITE_OK;
      },
      &wal_pages_);
  sqlite3_update_hook(
      handle_,
      [](void* changes, int, const char*, const char* table, sqlite3_int64 number) {
        note_change(*static_cast<OfKinds<LowestNumber>*>(changes), table, number);
      },
      &changes_);
  return {};
}

Connection::~Connection() {
  for (const auto& [key, cached] : cache_) sqlite3_finalize(cached.handle);
  sqlite3_close(handle_);
}

Result<Statement> Connection::prepare(Sql sql) {
  Cached& cached = cache_[sql.text];
  if (cached.handle != nullptr && !cached.in_use) {
    cached.in_use = true;
    return Statement(*this, cached.handle, sql.text);
  }
  sqlite3_stmt* handle = nullptr;
  const int code =
      sqlite3_prepare_v3(handle_, sql.text, -1, SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  if (code != SQLITE_OK) return std::unexpected(error(code));
  if (cached.handle != nullptr) return Statement(*this, handle, nullptr);
  cached = {handle, true};
  return Statement(*this, handle, sql.text);
}

void Connection::give_back(sqlite3_stmt* handle, const char* cache_key) {
  if (cache_key == nullptr) {
    sqlite3_finalize(handle);
    return;
  }
  sqlite3_reset(handle);
  sqlite3_clear_bindings(handle);
  cache_[cache_key].in_use = false;
}

Result<std::vector<std::string>> Connection::plan(Sql sql) {
  constexpr int kDetail = 3;
  const std::string text = std::string("EXPLAIN QUERY PLAN ") + sql.text;
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(handle_, text.c_str(), -1, 0, &handle, nullptr);
  if (code != SQLITE_OK) return std::unexpected(error(code));
  Statement rows(*this, handle, nullptr);
  std::vector<std::string> lines;
  while (TACIT_TRY(rows.step())) lines.push_back(rows.text(kDetail));
  return lines;
}

Result<void> Connection::run_script(std::string_view script) {
  const int code = sqlite3_exec(handle_, std::string(script).c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return std::unexpected(error(code));
  return {};
}

bool Connection::in_transaction() const {
  return sqlite3_get_autocommit(handle_) == 0;
}
std::int64_t Connection::changes() const {
  return sqlite3_changes64(handle_);
}

std::int64_t Connection::last_id() const {
  return sqlite3_last_insert_rowid(handle_);
}

Result<void> Connection::checkpoint(bool truncate) {
  int log_pages = 0;
  int moved = 0;
  const int mode = truncate ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
  const int code = sqlite3_wal_checkpoint_v2(handle_, nullptr, mode, &log_pages, &moved);
  if (primary(code) == SQLITE_BUSY && truncate) {
    return fail(ErrorKind::kUnavailable,
                "a reader of the database keeps its write-ahead log from being cleared: end other "
                "tacit processes that hold it and try again");
  }
  if (code != SQLITE_OK && primary(code) != SQLITE_BUSY) return std::unexpected(error(code));
  if (truncate || log_pages == moved) wal_pages_ = 0;
  return {};
}

void Connection::allow_checkpoint_on_close() {
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
}

Error Connection::error(int code) {
  const std::string reason = handle_ != nullptr ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
  switch (primary(code)) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      is_unfit_ = true;
      return {ErrorKind::kCorrupt, path_ + " is damaged (" + reason +
                                       "). It was left as it is: copy the folder aside, then "
                                       "restore a backup or move the file away and import again"};
    case SQLITE_FULL:
      return {ErrorKind::kUnavailable, "disk is full: " + path_ + " cannot grow"};
    case SQLITE_IOERR:
      is_unfit_ = true;
      return {ErrorKind::kUnavailable, "the disk failed under " + path_ + " (" + reason + ")"};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorKind::kUnavailable, path_ + " is locked by another process: try again"};
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY:
      return {ErrorKind::kUnavailable, "cannot open " + path_ + " for writing (" + reason +
                                           "): check the owner and mode of its folder"};
    default:
      return {ErrorKind::kInternal, "the database answered: " + reason};
  }
}

Result<void> check_sqlite_version() {
  if (sqlite3_libversion_number() >= kOldestSqlite) return {};
  return fail(ErrorKind::kUnavailable, std::string("SQLite ") + sqlite3_libversion() +
                                           " can corrupt databases: 3.51.3 or newer is needed");
}

bool file_exists(const char* vfs_name, const std::string& path) {
  sqlite3_vfs* vfs = sqlite3_vfs_find(vfs_name);
  TACIT_ASSERT(vfs != nullptr);
  int exists = 0;
  const int code = vfs->xAccess(vfs, path.c_str(), SQLITE_ACCESS_EXISTS, &exists);
  return code == SQLITE_OK && exists != 0;
}

}  // namespace tacit::store
