#pragma once
// A disk in memory that behaves as badly as a disk may when the power goes: of everything written
// since the last sync, each 512-byte sector keeps any of its versions or a torn mix of two, a
// file's size is any that it had, and a name that was created or deleted without a sync is there or
// not. What was synced stays. Equal seeds give equal losses. Safe from any thread.

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"

namespace tacit::crash {

inline constexpr std::size_t kSector = 512;

struct Inode {
  std::string now;                                           // as programs see it
  std::string durable;                                       // as of the last sync
  std::map<std::size_t, std::vector<std::string>> versions;  // of sectors since the last sync
  std::vector<std::size_t> sizes;                            // since the last sync
};

class LossyDisk {
 public:
  explicit LossyDisk(std::uint64_t seed) : random_(seed) {}

  // The power goes in the midst of the `operations`-th write, truncation, sync or deletion from
  // now.
  void cut_after(std::uint64_t operations);
  void cut_now();
  bool is_cut() const;
  // Decides what survived and brings the power back. All files must be closed.
  void restart();
  std::uint64_t operations() const;

  // File operations; false: the power is off.
  std::shared_ptr<Inode> open(const std::string& name,
                              bool create);  // null: no such file or no power
  bool exists(const std::string& name) const;
  bool write(Inode& inode, std::size_t offset, std::string_view bytes);
  bool read(const Inode& inode, std::size_t offset, char* out, std::size_t count,
            std::size_t& got) const;
  bool truncate(Inode& inode, std::size_t size);
  bool sync(const std::string& name, Inode& inode);  // and the file's name
  bool remove(const std::string& name, bool durably);
  bool size(const Inode& inode, std::size_t& out) const;

 private:
  using Folder = std::map<std::string, std::shared_ptr<Inode>>;
  bool spend_operation() TACIT_THREAD_ANNOTATION(requires_capability(mutex_));
  void apply_write(Inode& inode, std::size_t offset, std::string_view bytes);
  static void apply_sync(Inode& inode);
  void settle(Inode& inode);
  std::uint64_t roll(std::uint64_t below);

  mutable Mutex mutex_;
  std::mt19937_64 random_ TACIT_GUARDED_BY(mutex_);
  Folder folder_ TACIT_GUARDED_BY(mutex_);
  Folder durable_folder_ TACIT_GUARDED_BY(mutex_);
  std::uint64_t operations_ TACIT_GUARDED_BY(mutex_) = 0;
  std::uint64_t cut_at_ TACIT_GUARDED_BY(mutex_) = 0;  // 0: not armed
  bool is_cut_ TACIT_GUARDED_BY(mutex_) = false;
};

}  // namespace tacit::crash
