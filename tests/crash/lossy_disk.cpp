#include "crash/lossy_disk.h"

#include <algorithm>

#include "base/assert.h"

namespace tacit::crash {
namespace {

std::string sector_of(const std::string& bytes, std::size_t sector) {
  std::string content(kSector, '\0');
  const std::size_t begin = sector * kSector;
  if (begin < bytes.size()) {
    const std::size_t count = std::min(kSector, bytes.size() - begin);
    content.replace(0, count, bytes, begin, count);
  }
  return content;
}

}  // namespace

std::uint64_t LossyDisk::roll(std::uint64_t below) {
  return std::uniform_int_distribution<std::uint64_t>(0, below - 1)(random_);
}

void LossyDisk::cut_after(std::uint64_t operations) {
  MutexLock lock(mutex_);
  cut_at_ = operations_ + operations;
}

void LossyDisk::cut_now() {
  MutexLock lock(mutex_);
  is_cut_ = true;
}

bool LossyDisk::is_cut() const {
  MutexLock lock(mutex_);
  return is_cut_;
}

std::uint64_t LossyDisk::operations() const {
  MutexLock lock(mutex_);
  return operations_;
}

bool LossyDisk::spend_operation() {
  if (is_cut_) return false;
  ++operations_;
  if (cut_at_ != 0 && operations_ >= cut_at_) is_cut_ = true;
  return !is_cut_;
}

std::shared_ptr<Inode> LossyDisk::open(const std::string& name, bool create) {
  MutexLock lock(mutex_);
  if (is_cut_) return nullptr;
  const auto found = folder_.find(name);
  if (found != folder_.end()) return found->second;
  if (!create) return nullptr;
  return folder_[name] = std::make_shared<Inode>();
}

bool LossyDisk::exists(const std::string& name) const {
  MutexLock lock(mutex_);
  return folder_.contains(name);
}

void LossyDisk::apply_write(Inode& inode, std::size_t offset, std::string_view bytes) {
  if (inode.now.size() < offset + bytes.size()) {
    inode.now.resize(offset + bytes.size(), '\0');
    inode.sizes.push_back(inode.now.size());
  }
  inode.now.replace(offset, bytes.size(), bytes);
  for (std::size_t s = offset / kSector; s * kSector < offset + bytes.size(); ++s) {
    inode.versions[s].push_back(sector_of(inode.now, s));
  }
}

// A write in progress when the power goes may reach the disk like any other that was not synced.
bool LossyDisk::write(Inode& inode, std::size_t offset, std::string_view bytes) {
  MutexLock lock(mutex_);
  if (is_cut_) return false;
  const bool done = spend_operation();
  apply_write(inode, offset, bytes);
  return done;
}

bool LossyDisk::read(const Inode& inode, std::size_t offset, char* out, std::size_t count,
                     std::size_t& got) const {
  MutexLock lock(mutex_);
  if (is_cut_) return false;
  got = offset < inode.now.size() ? std::min(count, inode.now.size() - offset) : 0;
  std::copy_n(inode.now.begin() + static_cast<std::ptrdiff_t>(std::min(offset, inode.now.size())),
              got, out);
  return true;
}

bool LossyDisk::truncate(Inode& inode, std::size_t size) {
  MutexLock lock(mutex_);
  if (is_cut_) return false;
  const bool done = spend_operation();
  inode.now.resize(size, '\0');
  inode.sizes.push_back(size);
  return done;
}

void LossyDisk::apply_sync(Inode& inode) {
  inode.durable = inode.now;
  inode.versions.clear();
  inode.sizes.clear();
}

bool LossyDisk::sync(const std::string& name, Inode& inode) {
  MutexLock lock(mutex_);
  if (is_cut_) return false;
  const bool done = spend_operation();
  if (!done && roll(2) == 0) return false;
  apply_sync(inode);
  const auto found = folder_.find(name);
  if (found != folder_.end() && found->second.get() == &inode) {
    durable_folder_[name] = found->second;
  }
  return done;
}

bool LossyDisk::remove(const std::string& name, bool durably) {
  MutexLock lock(mutex_);
  if (is_cut_) return false;
  const bool done = spend_operation();
  folder_.erase(name);
  if (durably && done) durable_folder_.erase(name);
  return done;
}

bool LossyDisk::size(const Inode& inode, std::size_t& out) const {
  MutexLock lock(mutex_);
  out = inode.now.size();
  return !is_cut_;
}

// What the platters hold of one file.
void LossyDisk::settle(Inode& inode) {
  std::string survived = inode.durable;
  std::size_t size = survived.size();
  if (!inode.sizes.empty()) {
    const std::uint64_t pick = roll(inode.sizes.size() + 1);
    if (pick > 0) size = inode.sizes[pick - 1];
  }
  survived.resize(std::max(size, inode.durable.size()), '\0');
  for (const auto& [sector, versions] : inode.versions) {
    const std::string before = sector_of(inode.durable, sector);
    const auto version = [&](std::uint64_t i) { return i == 0 ? before : versions[i - 1]; };
    std::string content = version(roll(versions.size() + 1));
    if (roll(4) == 0) {
      const std::string other = version(roll(versions.size() + 1));
      const std::size_t torn_at = roll(kSector);
      content.replace(torn_at, kSector - torn_at, other, torn_at, kSector - torn_at);
    }
    const std::size_t begin = sector * kSector;
    if (begin >= survived.size()) continue;
    const std::size_t count = std::min(kSector, survived.size() - begin);
    survived.replace(begin, count, content, 0, count);
  }
  survived.resize(size);
  inode = Inode{survived, survived, {}, {}};
}

void LossyDisk::restart() {
  MutexLock lock(mutex_);
  std::set<std::string> names;
  for (const auto& [name, inode] : folder_) names.insert(name);
  for (const auto& [name, inode] : durable_folder_) names.insert(name);
  Folder survived;
  for (const std::string& name : names) {
    const auto now = folder_.find(name);
    const auto old = durable_folder_.find(name);
    const auto inode_now = now == folder_.end() ? nullptr : now->second;
    const auto inode_old = old == durable_folder_.end() ? nullptr : old->second;
    const auto chosen = roll(2) == 0 ? inode_now : inode_old;
    if (chosen) survived[name] = chosen;
  }
  for (const auto& [name, inode] : survived) {
    TACIT_ASSERT(inode.use_count() <= 3);  // no file is open
    settle(*inode);
  }
  folder_ = survived;
  durable_folder_ = survived;
  cut_at_ = 0;
  is_cut_ = false;
}

}  // namespace tacit::crash
