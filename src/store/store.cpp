#include "store/store.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <deque>
#include <vector>

#include "base/log.h"
#include "base/mutex.h"
#include "base/worker.h"
#include "store/migrations.h"
#include "store/txn.h"

namespace tacit::store {
namespace {

constexpr std::size_t kMaxQueued = 256;   // more callers wait
constexpr std::size_t kMaxGroup = 64;     // bodies that share one commit
constexpr std::int64_t kWalPages = 1024;  // 4 MiB: then the writer moves the log into the database
constexpr std::int64_t kMaxCheckedPages =
    16'384;  // 64 MiB: larger databases skip the check at start

enum class JobKind { kBody, kCheckpoint };

// Lives on the caller's stack until `done`.
struct Job {
  JobKind kind = JobKind::kBody;
  const FunctionRef<Result<void>(WriteTxn&)>* body = nullptr;
  Result<void> result;
  bool done = false;
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
  explicit State(ConnectionOptions reader) : reader_options(std::move(reader)) {}

  ConnectionOptions reader_options;
  bool read_only = false;

  Mutex mutex;
  CondVar queue_changed;
  CondVar job_done;
  std::deque<Job*> queue TACIT_GUARDED_BY(mutex);
  bool stopping TACIT_GUARDED_BY(mutex) = false;

  Mutex pool_mutex;
  CondVar reader_back;
  std::vector<std::unique_ptr<Connection>> idle TACIT_GUARDED_BY(pool_mutex);
  std::size_t readers TACIT_GUARDED_BY(pool_mutex) = 0;
  const std::size_t max_readers = usable_cores() + 2;

  // Of the writer thread alone while it runs.
  std::unique_ptr<Connection> writer;
  std::optional<Error> broken;  // set once: no write is accepted any more
  std::unique_ptr<Worker> thread;

  Result<void> open_writer(const StoreOptions& options);
  void writer_loop();
  std::vector<Job*> next_group();
  void run_group(const std::vector<Job*>& group);
  Result<void> run_bodies(const std::vector<Job*>& group);
  Result<void> run_body(Job& job);
  void finish(const std::vector<Job*>& group);
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
  return migrate(*writer, released_migrations());
}

std::vector<Job*> Store::State::next_group() {
  MutexLock lock(mutex);
  while (queue.empty() && !stopping) queue_changed.wait(mutex);
  std::vector<Job*> group;
  while (!queue.empty() && group.size() < kMaxGroup) {
    Job* job = queue.front();
    if (job->kind == JobKind::kCheckpoint && !group.empty()) break;
    queue.pop_front();
    group.push_back(job);
    if (job->kind == JobKind::kCheckpoint) break;
  }
  if (!group.empty()) queue_changed.notify_all();
  return group;
}

void Store::State::writer_loop() {
  while (true) {
    const std::vector<Job*> group = next_group();
    if (group.empty()) return;
    if (broken) {
      for (Job* job : group) job->result = std::unexpected(*broken);
    } else if (group.front()->kind == JobKind::kCheckpoint) {
      group.front()->result = writer->checkpoint(true);
      if (!group.front()->result) note_failure(group.front()->result.error());
    } else {
      run_group(group);
    }
    finish(group);
    if (!broken && writer->wal_pages() >= kWalPages) {
      const auto moved = writer->checkpoint(false);
      if (!moved) note_failure(moved.error());
    }
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

void Store::State::finish(const std::vector<Job*>& group) {
  MutexLock lock(mutex);
  for (Job* job : group) job->done = true;
  job_done.notify_all();
}

Result<void> Store::State::submit(Job& job) {
  MutexLock lock(mutex);
  while (queue.size() >= kMaxQueued) queue_changed.wait(mutex);
  queue.push_back(&job);
  queue_changed.notify_all();
  while (!job.done) job_done.wait(mutex);
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
    raw->thread = std::make_unique<Worker>("store", [raw](std::stop_token) { raw->writer_loop(); });
  }
  return std::unique_ptr<Store>(new Store(std::move(state)));
}

Store::~Store() {
  if (state_->read_only) return;
  {
    MutexLock lock(state_->mutex);
    state_->stopping = true;
  }
  state_->queue_changed.notify_all();
  state_->thread.reset();
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
  job.kind = JobKind::kCheckpoint;
  return state_->submit(job);
}

ReadTxn& as_read(WriteTxn& txn) {
  return txn;
}

}  // namespace tacit::store
