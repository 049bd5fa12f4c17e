#include "privacy/key_block.h"

#include <algorithm>

#include "privacy/finder.h"

namespace tacit::privacy {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kEnd = "-----END ";
constexpr std::string_view kDashes = "-----";
constexpr std::size_t kMaxHeaderBytes = 64;
constexpr std::size_t kLongRun = 24;      // a line of key text; English words are shorter
constexpr std::size_t kMinKeyBytes = 32;  // key text below this is a placeholder
constexpr std::size_t kMaxGapBytes = 24;  // line break, quotation marks, prefixes between lines
constexpr std::size_t kMaxArmour = 512;   // Proc-Type, Version and their like before the key

bool is_key_text(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '/' || c == '=';
}

struct Run {
  std::size_t start = 0;
  std::size_t end = 0;
};

// The next run of key text at or after `place`; an escaped line break ("\n") is no key text.
Run next_run(std::string_view text, std::size_t place) {
  while (place < text.size() && !is_key_text(text[place])) {
    const bool escape = text[place] == '\\' && place + 1 < text.size();
    place += escape ? 2 : 1;
  }
  Run run{place, place};
  while (run.end < text.size() && is_key_text(text[run.end])) ++run.end;
  return run;
}

// Where the key text ends that begins in `body`, and how much there was; zero when there is none.
struct KeyText {
  std::size_t end = 0;
  std::size_t bytes = 0;
};

KeyText key_text(std::string_view body) {
  KeyText key;
  std::size_t place = 0;
  while (place < body.size()) {
    const Run run = next_run(body, place);
    const bool is_long = run.end - run.start >= kLongRun;
    const std::size_t gap = run.start - key.end;
    if (!is_long) {
      // A short run right after a line of key text is the key's last line; words are not.
      const bool last_line =
          key.bytes > 0 && gap <= kMaxGapBytes && run.end > run.start &&
          body.substr(key.end, gap).find_first_of("\n\\") != std::string_view::npos;
      if (last_line) {
        key.bytes += run.end - run.start;
        key.end = run.end;
      }
      if (key.bytes > 0 || run.end > kMaxArmour || run.end == run.start) break;
    } else {
      if (key.bytes > 0 && gap > kMaxGapBytes) break;
      key.bytes += run.end - run.start;
      key.end = run.end;
    }
    place = run.end;
  }
  return key;
}

}  // namespace

KeyBlocks::Block KeyBlocks::at(std::size_t header_end) {
  if (header_end <= covered_) return {};
  const std::size_t from = header_end > kMaxHeaderBytes ? header_end - kMaxHeaderBytes : 0;
  const std::size_t begin = text_.substr(from, header_end - from).rfind(kBegin);
  if (begin == std::string_view::npos) return {};
  Block block{from + begin, from + begin};
  if (!end_is_known_ || next_end_ < header_end) {
    next_end_ = std::min(text_.find(kEnd, header_end), text_.size());
    end_is_known_ = true;
  }
  const std::string_view rest = text_.substr(header_end, kMaxKeyBlockBytes);
  const std::size_t end_line = next_end_ - header_end;
  const std::size_t next_begin = std::min(rest.find(kBegin), rest.size());
  // Neither another block nor what is masked already is a part of this one.
  const std::string_view own = rest.substr(0, std::min(end_line, next_begin));
  const std::string_view body = own.substr(0, own.find(kMarkStart));
  const KeyText key = key_text(body);
  if (key.bytes < kMinKeyBytes) return {};
  block.end = header_end + key.end;
  if (next_end_ < text_.size() && body.size() == end_line) {
    const std::size_t close = text_.find(kDashes, next_end_ + kEnd.size());
    const bool near = close != std::string_view::npos && close - next_end_ <= kMaxHeaderBytes;
    block.end = near ? close + kDashes.size() : next_end_ + kEnd.size();
  }
  covered_ = block.end;
  return block;
}

}  // namespace tacit::privacy
