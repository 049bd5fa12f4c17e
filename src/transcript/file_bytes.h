#pragma once
// FileBytes: the bytes of a file in order, unpacked on the way where the file is a zstd stream
// (Codex packs old rollouts). Memory and unpacked size are bounded whatever the file claims. What
// is wrong with a packed file is no failure: the bytes before it are handed out, then the end.

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace tacit::transcript {

// Beyond this the rest of a packed file is left out.
inline constexpr std::size_t kMaxUnpackedBytes = 1U << 30U;
// A frame that asks for a larger window is refused: what RFC 8878 wants every decoder to support.
inline constexpr int kMaxWindowLog = 23;

class FileBytes {
 public:
  // Fails with unavailable when the file cannot be opened or read.
  static Result<FileBytes> open(const std::filesystem::path& file,
                                std::size_t max_unpacked = kMaxUnpackedBytes);
  FileBytes(FileBytes&& other) noexcept;
  FileBytes& operator=(FileBytes&&) = delete;
  ~FileBytes();

  // At most `room` bytes; 0 at the end. Fails with unavailable when reading fails.
  Result<std::size_t> read(char* to, std::size_t room);
  bool is_packed() const { return unpacker_ != nullptr; }
  // Why the end came early, as a sentence without its subject; empty while all is well.
  const std::string& damage() const { return damage_; }

 private:
  struct Unpacker;

  FileBytes(int descriptor, std::string name, std::size_t max_unpacked);
  Result<std::size_t> read_raw(char* to, std::size_t room);
  Result<std::size_t> unpack(char* to, std::size_t room);

  int descriptor_;
  std::string name_;
  std::size_t max_unpacked_;
  std::vector<char> input_;  // raw bytes not yet handed out or unpacked: [begin_, end_)
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::unique_ptr<Unpacker> unpacker_;  // of a packed file
  std::string damage_;
};

}  // namespace tacit::transcript
