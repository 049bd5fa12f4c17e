#include "service/data_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/hash.h"

namespace tacit::service {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kLockTextBytes = 512;
constexpr const char* kLockName = "tacit.lock";
constexpr const char* kKeyName = "identity.key";

std::string reason() {
  return std::strerror(errno);
}

Owner parse_owner(int descriptor) {
  std::array<char, kLockTextBytes> text{};
  const ssize_t size = pread(descriptor, text.data(), text.size() - 1, 0);
  Owner owner;
  if (size <= 0) return owner;
  const std::string content(text.data(), static_cast<std::size_t>(size));
  owner.pid = std::strtol(content.c_str(), nullptr, 10);
  const auto line = content.find('\n');
  if (line != std::string::npos)
    owner.url = content.substr(line + 1, content.find('\n', line + 1) - line - 1);
  return owner;
}

Result<std::string> read_key(const std::filesystem::path& file) {
  const int descriptor = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    return fail(errno == ENOENT ? ErrorKind::kNotFound : ErrorKind::kForbidden,
                fmt::format("cannot read the identity key {}: {}", file.string(), reason()));
  }
  std::string key(kKeyBytes + 1, '\0');
  const ssize_t size = read(descriptor, key.data(), key.size());
  close(descriptor);
  if (size != static_cast<ssize_t>(kKeyBytes)) {
    return fail(
        ErrorKind::kCorrupt,
        fmt::format("the identity key {} has a wrong size; restore it from a backup (without it, "
                    "known exchanges would be imported twice)",
                    file.string()));
  }
  key.resize(kKeyBytes);
  return key;
}

// Writes a new key under a temporary name and links it into place, so that two processes that start
// at once agree on one key.
Result<void> make_key(const std::filesystem::path& file) {
  const std::string key = random_bytes(kKeyBytes);
  const std::string scratch = fmt::format("{}.{}", file.string(), getpid());
  const int descriptor = open(scratch.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    return fail(ErrorKind::kForbidden, fmt::format("cannot write {}: {}", scratch, reason()));
  }
  const bool whole =
      write(descriptor, key.data(), key.size()) == static_cast<ssize_t>(key.size()) &&
      fsync(descriptor) == 0;
  close(descriptor);
  const bool linked = whole && (link(scratch.c_str(), file.c_str()) == 0 || errno == EEXIST);
  const std::string why = reason();
  unlink(scratch.c_str());
  if (!linked)
    return fail(ErrorKind::kUnavailable, fmt::format("cannot write {}: {}", file.string(), why));
  return {};
}

}  // namespace

Result<FolderLock> FolderLock::take(const std::filesystem::path& data_dir) {
  const std::filesystem::path file = data_dir / kLockName;
  const int descriptor = open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) {
    return fail(
        ErrorKind::kForbidden,
        fmt::format("cannot open {}: {}; check who owns the data folder", file.string(), reason()));
  }
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    const Owner owner = parse_owner(descriptor);
    close(descriptor);
    return fail(
        ErrorKind::kConflict,
        fmt::format("the data folder {} is in use by another tacit process (pid {}{}); stop it, or "
                    "choose another folder with --data-dir",
                    data_dir.string(), owner.pid,
                    owner.url.empty() ? "" : ", serving on " + owner.url));
  }
  FolderLock lock(descriptor);
  if (auto published = lock.publish(""); !published) return std::unexpected(published.error());
  return lock;
}

FolderLock::FolderLock(FolderLock&& other) noexcept : descriptor_(other.descriptor_) {
  other.descriptor_ = -1;
}

FolderLock::~FolderLock() {
  if (descriptor_ < 0) return;
  [[maybe_unused]] const int emptied = ftruncate(descriptor_, 0);
  close(descriptor_);
}

Result<void> FolderLock::publish(const std::string& url) {
  const std::string text = fmt::format("{}\n{}\n", getpid(), url);
  if (ftruncate(descriptor_, 0) != 0 ||
      pwrite(descriptor_, text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    return fail(ErrorKind::kUnavailable, fmt::format("cannot write the lock file: {}", reason()));
  }
  return {};
}

std::optional<Owner> owner_of(const std::filesystem::path& data_dir) {
  const int descriptor = open((data_dir / kLockName).c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return std::nullopt;
  std::optional<Owner> owner;
  if (flock(descriptor, LOCK_SH | LOCK_NB) != 0) owner = parse_owner(descriptor);
  close(descriptor);
  return owner;
}

Result<IdentityKey> open_data_folder(const std::filesystem::path& data_dir, bool create) {
  std::error_code error;
  if (!std::filesystem::is_directory(data_dir, error)) {
    if (!create) {
      return fail(
          ErrorKind::kNotFound,
          fmt::format("there is no memory at {} yet; fill it with `tacit import PATH` or `tacit "
                      "import --found`",
                      data_dir.string()));
    }
    std::filesystem::create_directories(data_dir, error);
    if (error) {
      return fail(ErrorKind::kForbidden, fmt::format("cannot make the data folder {}: {}",
                                                     data_dir.string(), error.message()));
    }
    chmod(data_dir.c_str(), 0700);
  }
  const std::filesystem::path file = data_dir / kKeyName;
  auto key = read_key(file);
  if (!key && key.error().kind() == ErrorKind::kNotFound) {
    if (!create) {
      return fail(
          ErrorKind::kNotFound,
          fmt::format(
              "{} is not a Tacit data folder (no identity.key); fill one with `tacit import "
              "PATH`",
              data_dir.string()));
    }
    TACIT_TRY(make_key(file));
    key = read_key(file);
  }
  if (!key) return std::unexpected(std::move(key).error());
  return IdentityKey(std::move(*key));
}

}  // namespace tacit::service
