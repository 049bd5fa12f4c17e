#pragma once
// A file in a scratch folder that is written durably, piece after piece.

#include <fcntl.h>
#include <unistd.h>

#include <string>

#include "base/result.h"
#include "bench/scratch_folder.h"

namespace tacit::bench {

class DurableFile {
 public:
  DurableFile()
      : descriptor_(
            ::open((folder_.path() / "file").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600)) {}
  ~DurableFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  DurableFile(const DurableFile&) = delete;
  DurableFile& operator=(const DurableFile&) = delete;

  Result<void> append() {
    const bool is_done =
        ::write(descriptor_, bytes_.data(), bytes_.size()) > 0 && ::fdatasync(descriptor_) == 0;
    if (!is_done) return fail(ErrorKind::kUnavailable, "the disk took no write");
    return {};
  }

 private:
  static constexpr std::size_t kBytes = 4096;
  const ScratchFolder folder_;
  const std::string bytes_ = std::string(kBytes, 'x');
  const int descriptor_;
};

}  // namespace tacit::bench
