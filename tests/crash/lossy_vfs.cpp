#include "crash/lossy_vfs.h"

#include <sqlite3.h>

#include <array>
#include <cstring>

#include "base/assert.h"

namespace tacit::crash {
namespace {

constexpr std::size_t kMaxPath = 256;

struct Handle;

// Locks and shared memory of one name, for as long as a handle of it is open.
struct Shared {
  std::map<const Handle*, int> levels;
  std::map<const Handle*, std::uint32_t> shm_shared;
  std::map<const Handle*, std::uint32_t> shm_exclusive;
  std::vector<std::unique_ptr<std::vector<char>>> regions;
};

struct Handle {
  std::string name;
  std::shared_ptr<Inode> inode;
  std::shared_ptr<Shared> shared;
  LossyVfs::State* vfs = nullptr;
};

struct Shell {  // what SQLite allocates
  sqlite3_file base;
  Handle* handle;
};

}  // namespace

struct LossyVfs::State {
  LossyDisk* disk = nullptr;
  sqlite3_vfs vfs{};
  sqlite3_vfs* system = nullptr;
  Mutex mutex;
  std::map<std::string, std::weak_ptr<Shared>> shared TACIT_GUARDED_BY(mutex);
};

namespace {

Handle& handle_of(sqlite3_file* file) {
  return *reinterpret_cast<Shell*>(file)->handle;
}
LossyDisk& disk_of(sqlite3_file* file) {
  return *handle_of(file).vfs->disk;
}
LossyVfs::State& state_of(sqlite3_vfs* vfs) {
  return *static_cast<LossyVfs::State*>(vfs->pAppData);
}

void forget_shm(Handle& handle) {
  Shared& shared = *handle.shared;
  shared.shm_shared.erase(&handle);
  shared.shm_exclusive.erase(&handle);
}

int file_close(sqlite3_file* file) {
  const std::unique_ptr<Handle> handle(reinterpret_cast<Shell*>(file)->handle);
  MutexLock lock(handle->vfs->mutex);
  forget_shm(*handle);
  handle->shared->levels.erase(handle.get());
  return SQLITE_OK;
}

int file_read(sqlite3_file* file, void* out, int count, sqlite3_int64 offset) {
  std::size_t got = 0;
  const auto wanted = static_cast<std::size_t>(count);
  char* bytes = static_cast<char*>(out);
  const bool done = disk_of(file).read(*handle_of(file).inode, static_cast<std::size_t>(offset),
                                       bytes, wanted, got);
  if (!done) return SQLITE_IOERR_READ;
  if (got == wanted) return SQLITE_OK;
  std::memset(bytes + got, 0, wanted - got);
  return SQLITE_IOERR_SHORT_READ;
}

int file_write(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
  const std::string_view text(static_cast<const char*>(bytes), static_cast<std::size_t>(count));
  const bool done =
      disk_of(file).write(*handle_of(file).inode, static_cast<std::size_t>(offset), text);
  return done ? SQLITE_OK : SQLITE_IOERR_WRITE;
}

int file_truncate(sqlite3_file* file, sqlite3_int64 size) {
  const bool done = disk_of(file).truncate(*handle_of(file).inode, static_cast<std::size_t>(size));
  return done ? SQLITE_OK : SQLITE_IOERR_TRUNCATE;
}

int file_sync(sqlite3_file* file, int) {
  const bool done = disk_of(file).sync(handle_of(file).name, *handle_of(file).inode);
  return done ? SQLITE_OK : SQLITE_IOERR_FSYNC;
}

int file_size(sqlite3_file* file, sqlite3_int64* out) {
  std::size_t size = 0;
  if (!disk_of(file).size(*handle_of(file).inode, size)) return SQLITE_IOERR_FSTAT;
  *out = static_cast<sqlite3_int64>(size);
  return SQLITE_OK;
}

int file_lock(sqlite3_file* file, int level) {
  Handle& handle = handle_of(file);
  if (handle.vfs->disk->is_cut()) return SQLITE_IOERR_LOCK;
  MutexLock lock(handle.vfs->mutex);
  int highest_other = SQLITE_LOCK_NONE;
  for (const auto& [other, held] : handle.shared->levels) {
    if (other != &handle) highest_other = std::max(highest_other, held);
  }
  int& mine = handle.shared->levels[&handle];
  if (mine >= level) return SQLITE_OK;
  if (level == SQLITE_LOCK_SHARED) {
    if (highest_other >= SQLITE_LOCK_PENDING) return SQLITE_BUSY;
  } else if (highest_other >= SQLITE_LOCK_RESERVED) {
    return SQLITE_BUSY;
  } else if (level == SQLITE_LOCK_EXCLUSIVE && highest_other >= SQLITE_LOCK_SHARED) {
    mine = SQLITE_LOCK_PENDING;
    return SQLITE_BUSY;
  }
  mine = level;
  return SQLITE_OK;
}

int file_unlock(sqlite3_file* file, int level) {
  Handle& handle = handle_of(file);
  MutexLock lock(handle.vfs->mutex);
  handle.shared->levels[&handle] = level;
  return SQLITE_OK;
}

int file_is_reserved(sqlite3_file* file, int* out) {
  Handle& handle = handle_of(file);
  MutexLock lock(handle.vfs->mutex);
  *out = 0;
  for (const auto& [other, held] : handle.shared->levels) {
    if (held >= SQLITE_LOCK_RESERVED) *out = 1;
  }
  return SQLITE_OK;
}

int file_control(sqlite3_file*, int, void*) {
  return SQLITE_NOTFOUND;
}
int file_sector(sqlite3_file*) {
  return static_cast<int>(kSector);
}
// As SQLite's own layer for Unix claims: a write damages no byte beside it.
int file_traits(sqlite3_file*) {
  return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

int shm_map(sqlite3_file* file, int region, int size, int extend, void volatile** out) {
  Handle& handle = handle_of(file);
  if (handle.vfs->disk->is_cut()) return SQLITE_IOERR_SHMMAP;
  MutexLock lock(handle.vfs->mutex);
  auto& regions = handle.shared->regions;
  const auto index = static_cast<std::size_t>(region);
  *out = nullptr;
  if (index >= regions.size() && extend == 0) return SQLITE_OK;
  while (index >= regions.size()) {
    regions.push_back(std::make_unique<std::vector<char>>(static_cast<std::size_t>(size)));
  }
  *out = regions[index]->data();
  return SQLITE_OK;
}

int shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  Handle& handle = handle_of(file);
  MutexLock lock(handle.vfs->mutex);
  const std::uint32_t mask = ((1U << static_cast<unsigned>(count)) - 1U)
                             << static_cast<unsigned>(offset);
  Shared& shared = *handle.shared;
  if ((flags & SQLITE_SHM_UNLOCK) != 0) {
    shared.shm_shared[&handle] &= ~mask;
    shared.shm_exclusive[&handle] &= ~mask;
    return SQLITE_OK;
  }
  const bool exclusive = (flags & SQLITE_SHM_EXCLUSIVE) != 0;
  for (const auto& [other, held] : shared.shm_exclusive) {
    if (other != &handle && (held & mask) != 0) return SQLITE_BUSY;
  }
  if (exclusive) {
    for (const auto& [other, held] : shared.shm_shared) {
      if (other != &handle && (held & mask) != 0) return SQLITE_BUSY;
    }
  }
  (exclusive ? shared.shm_exclusive : shared.shm_shared)[&handle] |= mask;
  return SQLITE_OK;
}

void shm_barrier(sqlite3_file* file) {
  MutexLock lock(handle_of(file).vfs->mutex);
}

int shm_unmap(sqlite3_file* file, int) {
  Handle& handle = handle_of(file);
  MutexLock lock(handle.vfs->mutex);
  forget_shm(handle);
  return SQLITE_OK;
}

const sqlite3_io_methods kMethods = {
    2,         file_close,  file_read,        file_write,   file_truncate, file_sync,   file_size,
    file_lock, file_unlock, file_is_reserved, file_control, file_sector,   file_traits, shm_map,
    shm_lock,  shm_barrier, shm_unmap,        nullptr,      nullptr};

int vfs_open(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags, int* out) {
  LossyVfs::State& state = state_of(vfs);
  file->pMethods = nullptr;
  TACIT_ASSERT(name != nullptr);  // temporary data stays in memory in our build
  auto handle = std::make_unique<Handle>();
  handle->name = name;
  handle->vfs = &state;
  handle->inode = state.disk->open(name, (flags & SQLITE_OPEN_CREATE) != 0);
  if (!handle->inode) return SQLITE_CANTOPEN;
  {
    MutexLock lock(state.mutex);
    handle->shared = state.shared[name].lock();
    if (!handle->shared) {
      handle->shared = std::make_shared<Shared>();
      state.shared[name] = handle->shared;
    }
  }
  if (out != nullptr) *out = flags;
  reinterpret_cast<Shell*>(file)->handle = handle.release();
  file->pMethods = &kMethods;
  return SQLITE_OK;
}

int vfs_delete(sqlite3_vfs* vfs, const char* name, int sync_folder) {
  LossyDisk& disk = *state_of(vfs).disk;
  if (!disk.exists(name)) return SQLITE_IOERR_DELETE_NOENT;
  return disk.remove(name, sync_folder != 0) ? SQLITE_OK : SQLITE_IOERR_DELETE;
}

int vfs_access(sqlite3_vfs* vfs, const char* name, int, int* out) {
  LossyDisk& disk = *state_of(vfs).disk;
  if (disk.is_cut()) return SQLITE_IOERR_ACCESS;
  *out = disk.exists(name) ? 1 : 0;
  return SQLITE_OK;
}

int vfs_full_path(sqlite3_vfs*, const char* name, int size, char* out) {
  sqlite3_snprintf(size, out, "%s", name);
  return SQLITE_OK;
}

int vfs_randomness(sqlite3_vfs* vfs, int count, char* out) {
  sqlite3_vfs* system = state_of(vfs).system;
  return system->xRandomness(system, count, out);
}
int vfs_sleep(sqlite3_vfs* vfs, int micros) {
  sqlite3_vfs* system = state_of(vfs).system;
  return system->xSleep(system, micros);
}
int vfs_time(sqlite3_vfs* vfs, double* out) {
  sqlite3_vfs* system = state_of(vfs).system;
  return system->xCurrentTime(system, out);
}
int vfs_last_error(sqlite3_vfs*, int, char*) {
  return 0;
}
int vfs_time_millis(sqlite3_vfs* vfs, sqlite3_int64* out) {
  sqlite3_vfs* system = state_of(vfs).system;
  return system->xCurrentTimeInt64(system, out);
}

}  // namespace

LossyVfs::LossyVfs(const char* name, LossyDisk& disk) : state_(std::make_unique<State>()) {
  state_->disk = &disk;
  state_->system = sqlite3_vfs_find(nullptr);
  sqlite3_vfs& vfs = state_->vfs;
  vfs.iVersion = 2;
  vfs.szOsFile = static_cast<int>(sizeof(Shell));
  vfs.mxPathname = static_cast<int>(kMaxPath);
  vfs.zName = name;
  vfs.pAppData = state_.get();
  vfs.xOpen = vfs_open;
  vfs.xDelete = vfs_delete;
  vfs.xAccess = vfs_access;
  vfs.xFullPathname = vfs_full_path;
  vfs.xRandomness = vfs_randomness;
  vfs.xSleep = vfs_sleep;
  vfs.xCurrentTime = vfs_time;
  vfs.xGetLastError = vfs_last_error;
  vfs.xCurrentTimeInt64 = vfs_time_millis;
  TACIT_ASSERT(sqlite3_vfs_register(&vfs, 0) == SQLITE_OK);
}

LossyVfs::~LossyVfs() {
  sqlite3_vfs_unregister(&state_->vfs);
}

}  // namespace tacit::crash
