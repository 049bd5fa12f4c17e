#pragma once
// The data folder: a private directory (0700) with the database, the identity key (identity.key, 32
// random bytes, 0600) and the lock of its owner. One process owns the folder at a time: the one
// that holds FolderLock writes; others read, or hand their writes to the owner when it serves. The
// lock is an flock on tacit.lock, so a killed owner never leaves it behind; the file says pid and
// URL of the owner.

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"
#include "domain/identity.h"

namespace tacit::service {

struct Owner {
  long pid = 0;
  std::string url;  // "http://127.0.0.1:7411" when it serves, else empty
};

class FolderLock {
 public:
  // conflict, with the owner's pid, when another process holds it.
  static Result<FolderLock> take(const std::filesystem::path& data_dir);
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&&) = delete;
  ~FolderLock();
  // Publishes where this owner serves; empty withdraws it.
  Result<void> publish(const std::string& url);

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

// Who owns the folder now; nothing when nobody does. An owner that is just starting may have no pid
// yet.
std::optional<Owner> owner_of(const std::filesystem::path& data_dir);

// Makes the folder with its key when `create`; otherwise a missing folder is not_found with advice.
// Fails with forbidden when folder or key cannot be read.
Result<IdentityKey> open_data_folder(const std::filesystem::path& data_dir, bool create);

}  // namespace tacit::service
