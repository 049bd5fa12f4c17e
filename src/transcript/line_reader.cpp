#include "transcript/line_reader.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "transcript/json_value.h"

namespace tacit::transcript {
namespace {

constexpr std::size_t kChunkBytes = 256U << 10U;
constexpr std::size_t kKeptBytes = 2048;  // head and tail of an oversized line

class RunningHash {
 public:
  RunningHash() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
    EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr);
  }
  void add(std::string_view bytes) { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }
  std::string finish() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int size = 0;
    EVP_DigestFinal_ex(context_.get(), digest.data(), &size);
    std::string text;
    for (unsigned int i = 0; i < size; ++i) text += fmt::format("{:02x}", digest[i]);
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_;
};

}  // namespace

Result<LineReader> LineReader::open(const std::filesystem::path& file, std::size_t max_line) {
  return LineReader(TACIT_TRY(FileBytes::open(file)), max_line);
}

LineReader::LineReader(FileBytes bytes, std::size_t max_line)
    : bytes_(std::move(bytes)), max_line_(max_line), buffer_(kChunkBytes + JsonParser::kPadding) {}

Result<std::size_t> LineReader::fill() {
  if (begin_ > 0 && end_ + kChunkBytes + JsonParser::kPadding > buffer_.size()) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ + JsonParser::kPadding >= buffer_.size()) {
    buffer_.resize(std::min(buffer_.size() * 2, max_line_ + 2 * kChunkBytes) + kChunkBytes);
  }
  const std::size_t room = buffer_.size() - end_ - JsonParser::kPadding;
  const std::size_t count =
      TACIT_TRY(bytes_.read(buffer_.data() + end_, std::min(room, kChunkBytes)));
  end_ += count;
  bytes_read_ += count;
  return count;
}

void LineReader::emit(Line& line, std::size_t size, bool is_terminated) {
  line = Line{};
  line.number = ++number_;
  line.size = size;
  line.text = std::string_view(buffer_.data() + begin_, size);
  line.is_terminated = is_terminated;
  begin_ += size + (is_terminated ? 1U : 0U);
  scanned_ = 0;
}

Result<bool> LineReader::next(Line& line) {
  while (true) {
    const char* start = buffer_.data() + begin_ + scanned_;
    const std::size_t unread = end_ - begin_;
    const void* found = unread > scanned_ ? std::memchr(start, '\n', unread - scanned_) : nullptr;
    const auto size =
        found == nullptr
            ? unread
            : static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.data()) - begin_;
    if (size > max_line_) return skip_oversized(line);
    if (found != nullptr) {
      emit(line, size, true);
      return true;
    }
    scanned_ = unread;
    if (TACIT_TRY(fill()) > 0) continue;
    if (unread == 0) return false;
    emit(line, unread, false);
    return true;
  }
}

Result<bool> LineReader::skip_oversized(Line& line) {
  line = Line{};
  line.number = ++number_;
  line.is_oversized = true;
  line.is_terminated = false;
  RunningHash hash;
  std::string tail;
  while (true) {
    const std::string_view unread(buffer_.data() + begin_, end_ - begin_);
    const std::size_t newline = unread.find('\n');
    const std::string_view part = unread.substr(0, newline);
    hash.add(part);
    line.size += part.size();
    if (line.head.size() < kKeptBytes) line.head += part.substr(0, kKeptBytes - line.head.size());
    tail.append(part.substr(part.size() - std::min(part.size(), kKeptBytes)));
    if (tail.size() > kKeptBytes) tail.erase(0, tail.size() - kKeptBytes);
    begin_ += part.size();
    if (newline != std::string_view::npos) {
      ++begin_;
      line.is_terminated = true;
      break;
    }
    begin_ = 0;
    end_ = 0;
    if (TACIT_TRY(fill()) == 0) break;
  }
  scanned_ = 0;
  line.tail = std::move(tail);
  line.sha256 = hash.finish();
  return true;
}

}  // namespace tacit::transcript
