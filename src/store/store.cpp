#include "store/store.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <deque>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"
#include "base/worker.h"
#include "store/hot_queries.h"
#include "store/migrations.h"
#include "store/txn.h"

namespace tacit::store {
namespace {

constexpr std::size_t kMaxQueued = 256;   // more callers wait
constexpr std::size_t kMaxGroup = 64;     // bodies that share one commit
constexpr std::int64_t kWalPages = 4096;  // 16 MiB: then the log is moved into the database
constexpr std::int64_t kMaxCheckedPages =
    16'384;  // 64 MiB: larger databases skip the check at start

enum class JobKind { kBody, kMoveLog, kTruncateLog };

// Lives on the stack of its caller, which alone waits for `changed`: the job is done, or the turn
// to write is free and this job the first.
struct Job {
  JobKind kind = JobKind::kBody;
  const FunctionRef<Result<void>(WriteTxn&)>* body = nullptr;
  Result<void> result;
  bool done = false;
  CondVar changed;
};

bool sync_path(const std::filesystem::path& path, int flags) {
  const int file = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (file < 0) return false;
  const bool synced = ::fsync(file) == 0;
  return ::close(file) == 0 && synced;
}

// The folder for its owner alone, and an empty database whose name is on disk before anything
// refers to it.
Result<void> create_files(const std::filesystem::path& directory,
                          const std::filesystem::path& file) {
  std::error_code failed;
  if (std::filesystem::create_directories(directory, failed)) {
    std::filesystem::permissions(directory, std::filesystem::perms::owner_all, failed);
  }
  if (failed) {
    return fail(ErrorKind::kUnavailable,
                "cannot create " + directory.string() + ": " + failed.message());
  }
  if (std::filesystem::exists(file, failed)) return {};
  if (!sync_path(file, O_RDWR | O_CREAT) || !sync_path(directory, O_RDONLY | O_DIRECTORY)) {
    return fail(ErrorKind::kUnavailable, "cannot create " + file.string());
  }
  return {};
}

Result<void> quick_check(Connection& connection) {
  auto rows = TACIT_TRY(connection.query("PRAGMA quick_check(1)"));
  if (TACIT_TRY(rows.step()) && rows.text(0) == "ok") return {};
  return fail(ErrorKind::kCorrupt,
              "tacit.db is damaged (" + rows.text(0) +
                  "). It was left as it is: copy the folder "
                  "aside, then restore a backup or move the file away and import again");
}

}  // namespace

struct Store::State {
  explicit State(ConnectionOptions reader) : reader_options(std::move(reader)) {
    reader_options.text_memory = &text_memory;
  }

  TextMemory text_memory;
  ConnectionOptions reader_options;
  bool read_only = false;

  Mutex mutex;
  CondVar has_room;
  CondVar mover_wanted;
  std::deque<Job*> queue TACIT_GUARDED_BY(mutex);
  bool is_taken TACIT_GUARDED_BY(mutex) = false;  // the turn to write
  bool is_log_long TACIT_GUARDED_BY(mutex) = false;
  bool stopping TACIT_GUARDED_BY(mutex) = false;

  Mutex pool_mutex;
  CondVar reader_back;
  std::vector<std::unique_ptr<Connection>> idle TACIT_GUARDED_BY(pool_mutex);
  std::size_t readers TACIT_GUARDED_BY(pool_mutex) = 0;
  const std::size_t max_readers = usable_cores() + 2;

  // Of whoever has the turn.
  std::unique_ptr<Connection> writer;
  std::optional<Error> broken;  // set once: no write is accepted any more
  std::unique_ptr<Worker> log_mover;

  Result<void> open_writer(const StoreOptions& options);
  void move_logs();
  std::vector<Job*> next_group_locked();
  void run_turn(const std::vector<Job*>& group) noexcept;
  void run_group(const std::vector<Job*>& group);
  Result<void> run_bodies(const std::vector<Job*>& group);
  Result<void> run_body(Job& job);
  void end_turn_locked(const std::vector<Job*>& group);
  void note_failure(const Error& error);
  Result<void> submit(Job& job);
  Result<std::unique_ptr<Connection>> borrow_reader();
  void return_reader(std::unique_ptr<Connection> connection);
};

Result<void> Store::State::open_writer(const StoreOptions& options) {
  ConnectionOptions writer_options = reader_options;
  writer_options.role = ConnectionRole::kWriter;
  writer_options.may_create = true;
  writer_options.durable = options.durable;
  // A clean stop deletes the log, so a log tells of an unclean one.
  const bool unclean = file_exists(options.vfs, reader_options.path + "-wal");
  writer = TACIT_TRY(Connection::open(writer_options));
  if (unclean && TACIT_TRY(writer->integer("PRAGMA page_count")) < kMaxCheckedPages) {
    TACIT_TRY(quick_check(*writer));
  }
  TACIT_TRY(migrate(*writer, released_migrations()));
  text_memory.watch_from(TACIT_TRY(writer->integer(hot::kContentGeneration)));
  writer->take_changes();
  return {};
}

std::vector<Job*> Store::State::next_group_locked() {
  std::vector<Job*> group;
  const bool was_full = queue.size() >= kMaxQueued;
  while (!queue.empty() && group.size() < kMaxGroup) {
    Job* job = queue.front();
    if (job->kind != JobKind::kBody && !group.empty()) break;
    queue.pop_front();
    group.push_back(job);
    if (job->kind != JobKind::kBody) break;
  }
  if (was_full) has_room.notify_all();
  return group;
}

void Store::State::run_turn(const std::vector<Job*>& group) noexcept {
  Job& first = *group.front();
  if (broken) {
    for (Job* job : group) job->result = std::unexpected(*broken);
  } else if (first.kind != JobKind::kBody) {
    first.result = writer->checkpoint(first.kind == JobKind::kTruncateLog);
    if (!first.result) note_failure(first.result.error());
  } else {
    run_group(group);
  }
}

// Nobody who waits for an answer waits for this, unless its write comes just then.
void Store::State::move_logs() {
  while (true) {
    {
      const MutexLock lock(mutex);
      while (!is_log_long && !stopping) mover_wanted.wait(mutex);
      if (stopping) return;
    }
    Job job;
    job.kind = JobKind::kMoveLog;
    static_cast<void>(submit(job));  // a failure was noted
    const MutexLock lock(mutex);
    is_log_long = false;
  }
}

void Store::State::run_group(const std::vector<Job*>& group) {
  Result<void> done = run_bodies(group);
  if (done) return;
  if (writer->in_transaction()) static_cast<void>(writer->run("ROLLBACK"));
  note_failure(done.error());
  for (Job* job : group) {
    if (job->result) job->result = done;
  }
}

Result<void> Store::State::run_bodies(const std::vector<Job*>& group) {
  TACIT_TRY(writer->run("BEGIN IMMEDIATE"));
  for (Job* job : group) {
    job->result = run_body(*job);
    // Some errors (a full disk, a failed read) roll back the whole transaction, not one body.
    if (!writer->in_transaction() || writer->is_unfit()) {
      return job->result ? fail(ErrorKind::kInternal, "a write ended its own transaction")
                         : job->result;
    }
  }
  const OfKinds<LowestNumber> changes = writer->take_changes();
  if (changes.items.value != kNoDocument || changes.exchanges.value != kNoDocument)
    text_memory.note(TACIT_TRY(writer->integer(hot::kContentGeneration)), changes);
  return writer->run("COMMIT");
}

Result<void> Store::State::run_body(Job& job) {
  TACIT_TRY(writer->run("SAVEPOINT body"));
  Result<void> result;
  {
    WriteTxn txn(*writer);
    result = (*job.body)(txn);
  }
  if (!result && writer->in_transaction()) TACIT_TRY(writer->run("ROLLBACK TO body"));
  if (writer->in_transaction()) TACIT_TRY(writer->run("RELEASE body"));
  return result;
}

// A write or sync that failed may have left the operating system's cache without what the log
// should hold, and damage means that nothing read can be trusted. Both end writing; only a new
// start reads the disk again.
void Store::State::note_failure(const Error& error) {
  if (!writer->is_unfit()) return;
  broken = Error(error.kind(), error.message() +
                                   ". Nothing is written any more: see to the disk, "
                                   "then start tacit again");
  log::error("store", "writing_stopped", {{"reason", error.message()}});
}

void Store::State::end_turn_locked(const std::vector<Job*>& group) {
  is_taken = false;
  for (Job* job : group) {
    job->done = true;
    job->changed.notify_one();
  }
  if (!queue.empty()) queue.front()->changed.notify_one();
  if (!broken && !is_log_long && writer->wal_pages() >= kWalPages) {
    is_log_long = true;
    mover_wanted.notify_one();
  }
}

// Whoever finds the turn free writes, for itself and for all who came meanwhile: no thread is woken
// for a write that nobody else wants to make at the same time.
Result<void> Store::State::submit(Job& job) {
  std::vector<Job*> group;
  mutex.lock();
  while (queue.size() >= kMaxQueued) has_room.wait(mutex);
  queue.push_back(&job);
  while (!job.done) {
    if (is_taken) {
      job.changed.wait(mutex);
      continue;
    }
    is_taken = true;
    group = next_group_locked();
    mutex.unlock();
    run_turn(group);
    mutex.lock();
    end_turn_locked(group);
  }
  mutex.unlock();
  return std::move(job.result);
}

Result<std::unique_ptr<Connection>> Store::State::borrow_reader() {
  {
    MutexLock lock(pool_mutex);
    while (idle.empty() && readers >= max_readers) reader_back.wait(pool_mutex);
    if (!idle.empty()) {
      auto connection = std::move(idle.back());
      idle.pop_back();
      return connection;
    }
    ++readers;
  }
  auto connection = Connection::open(reader_options);
  if (!connection) {
    MutexLock lock(pool_mutex);
    --readers;
    reader_back.notify_one();
  }
  return connection;
}

void Store::State::return_reader(std::unique_ptr<Connection> connection) {
  MutexLock lock(pool_mutex);
  if (connection->in_transaction()) {
    --readers;  // it could not end its transaction: not fit for another
  } else {
    idle.push_back(std::move(connection));
  }
  reader_back.notify_one();
}

Store::Store(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<Store>> Store::open(const StoreOptions& options) {
  TACIT_TRY(check_sqlite_version());
  ConnectionOptions reader;
  const std::filesystem::path file = options.directory / "tacit.db";
  reader.path = file.string();
  reader.vfs = options.vfs;
  auto state = std::make_unique<State>(reader);
  state->read_only = options.read_only;
  if (options.read_only) {
    if (!file_exists(options.vfs, reader.path)) {
      return fail(ErrorKind::kNotFound, "there is no database in " + options.directory.string() +
                                            " yet: import something first");
    }
    auto connection = TACIT_TRY(state->borrow_reader());
    TACIT_TRY(check_schema(*connection, released_migrations()));
    state->return_reader(std::move(connection));
  } else {
    if (options.vfs == nullptr) TACIT_TRY(create_files(options.directory, file));
    TACIT_TRY(state->open_writer(options));
    State* raw = state.get();
    raw->log_mover =
        std::make_unique<Worker>("store", [raw](std::stop_token) { raw->move_logs(); });
  }
  return std::unique_ptr<Store>(new Store(std::move(state)));
}

Store::~Store() {
  if (state_->read_only) return;
  {
    MutexLock lock(state_->mutex);
    state_->stopping = true;
  }
  state_->mover_wanted.notify_all();
  state_->log_mover.reset();
  {
    MutexLock lock(state_->pool_mutex);
    state_->idle.clear();
  }
  if (!state_->broken && state_->writer->checkpoint(true))
    state_->writer->allow_checkpoint_on_close();
}

Result<void> Store::read(FunctionRef<Result<void>(ReadTxn&)> body) const {
  auto connection = TACIT_TRY(state_->borrow_reader());
  Result<void> result = connection->run("BEGIN");
  if (result) {
    ReadTxn txn(*connection);
    result = body(txn);
  }
  if (connection->in_transaction()) static_cast<void>(connection->run("ROLLBACK"));
  state_->return_reader(std::move(connection));
  return result;
}

Result<void> Store::write(FunctionRef<Result<void>(WriteTxn&)> body) {
  if (state_->read_only) {
    return fail(ErrorKind::kUnavailable, "another process owns the data folder: it alone writes");
  }
  Job job;
  job.body = &body;
  return state_->submit(job);
}

Result<void> Store::checkpoint() {
  if (state_->read_only) {
    return fail(ErrorKind::kUnavailable, "another process owns the data folder: it alone writes");
  }
  Job job;
  job.kind = JobKind::kTruncateLog;
  Result<void> done = state_->submit(job);
  // After it, since a reader of an older snapshot, for which a truncation waits, remembers too.
  state_->text_memory.clear();
  return done;
}

cache::CacheStats Store::text_memory() const {
  return state_->text_memory.stats();
}

ReadTxn& as_read(WriteTxn& txn) {
  return txn;
}

}  // namespace tacit::store
