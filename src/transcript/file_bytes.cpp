#include "transcript/file_bytes.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

namespace tacit::transcript {
namespace {

constexpr std::string_view kZstdMagic = "\x28\xB5\x2F\xFD";
constexpr std::size_t kInputBytes = 128U << 10U;

}  // namespace

struct FileBytes::Unpacker {
  Unpacker() : stream(ZSTD_createDStream(), ZSTD_freeDStream) {
    ZSTD_DCtx_setParameter(stream.get(), ZSTD_d_windowLogMax, kMaxWindowLog);
  }

  std::unique_ptr<ZSTD_DStream, std::size_t (*)(ZSTD_DStream*)> stream;
  // How many bytes the library wants next. Given no more, it unpacks one block a call, so that a
  // damaged block takes no good one with it.
  std::size_t wanted = 1;
  std::size_t unpacked = 0;
  bool is_within_frame = false;
  bool is_over = false;
};

Result<FileBytes> FileBytes::open(const std::filesystem::path& file, std::size_t max_unpacked) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) {
    return fail(ErrorKind::kUnavailable,
                fmt::format("cannot open {}: {}", file.string(), std::strerror(errno)));
  }
  FileBytes bytes(descriptor, file.string(), max_unpacked);
  bytes.input_.resize(kZstdMagic.size());
  while (bytes.end_ < kZstdMagic.size()) {
    const std::size_t got =
        TACIT_TRY(bytes.read_raw(bytes.input_.data() + bytes.end_, kZstdMagic.size() - bytes.end_));
    if (got == 0) break;
    bytes.end_ += got;
  }
  if (std::string_view(bytes.input_.data(), bytes.end_) == kZstdMagic) {
    bytes.unpacker_ = std::make_unique<Unpacker>();
    bytes.input_.resize(kInputBytes);
  }
  return bytes;
}

FileBytes::FileBytes(int descriptor, std::string name, std::size_t max_unpacked)
    : descriptor_(descriptor), name_(std::move(name)), max_unpacked_(max_unpacked) {}

FileBytes::FileBytes(FileBytes&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      name_(std::move(other.name_)),
      max_unpacked_(other.max_unpacked_),
      input_(std::move(other.input_)),
      begin_(other.begin_),
      end_(other.end_),
      unpacker_(std::move(other.unpacker_)),
      damage_(std::move(other.damage_)) {}

FileBytes::~FileBytes() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<std::size_t> FileBytes::read_raw(char* to, std::size_t room) {
  while (true) {
    const ssize_t got = ::read(descriptor_, to, room);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return fail(ErrorKind::kUnavailable,
                  fmt::format("cannot read {}: {}", name_, std::strerror(errno)));
    }
    return static_cast<std::size_t>(got);
  }
}

Result<std::size_t> FileBytes::read(char* to, std::size_t room) {
  if (unpacker_ != nullptr) return unpack(to, room);
  if (begin_ == end_) return read_raw(to, room);
  const std::size_t count = std::min(room, end_ - begin_);
  std::memcpy(to, input_.data() + begin_, count);
  begin_ += count;
  return count;
}

Result<std::size_t> FileBytes::unpack(char* to, std::size_t room) {
  Unpacker& unpacker = *unpacker_;
  const auto stop = [&](std::string damage) {
    unpacker.is_over = true;
    damage_ = std::move(damage);
    return std::size_t{0};
  };
  ZSTD_outBuffer out{to, std::min(room, max_unpacked_ - unpacker.unpacked), 0};
  if (out.size == 0 && room > 0 && !unpacker.is_over) {
    stop(fmt::format("unpacks to more than {} bytes; the rest was left out", max_unpacked_));
  }
  while (!unpacker.is_over && out.pos == 0) {
    if (begin_ == end_) {
      begin_ = 0;
      end_ = TACIT_TRY(read_raw(input_.data(), input_.size()));
      if (end_ == 0 && !unpacker.is_within_frame) return 0;
    }
    const bool is_at_end = begin_ == end_;
    ZSTD_inBuffer in{input_.data(), begin_ + std::min(end_ - begin_, unpacker.wanted), begin_};
    const std::size_t state = ZSTD_decompressStream(unpacker.stream.get(), &out, &in);
    if (ZSTD_isError(state) != 0) {
      return stop(fmt::format("is a damaged zstd stream ({}); what came before was read",
                              ZSTD_getErrorName(state)));
    }
    begin_ = in.pos;
    unpacker.is_within_frame = state != 0;
    unpacker.wanted = std::max<std::size_t>(state, 1);
    if (is_at_end && out.pos == 0 && unpacker.is_within_frame)
      return stop("is a zstd stream cut off in the middle; what came before was read");
  }
  unpacker.unpacked += out.pos;
  return out.pos;
}

}  // namespace tacit::transcript
