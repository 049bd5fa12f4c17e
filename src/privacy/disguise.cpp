#include "privacy/disguise.h"

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "privacy/finder.h"

namespace tacit::privacy {
namespace {

constexpr std::size_t kMaxCodeBytes = 256;  // of one terminal code
constexpr std::size_t kMinWrapColumn = 40;  // a shorter line was not wrapped
constexpr std::size_t kMinHead = 6;         // of a token before the cut
constexpr std::size_t kMinTail = 4;         // and after it
constexpr std::size_t kMaxIndent = 24;      // before the rest of a wrapped line

using ByteSet = std::array<bool, 256>;

constexpr ByteSet byte_set(std::string_view bytes) {
  ByteSet set{};
  for (const char c : bytes) set[static_cast<unsigned char>(c)] = true;
  return set;
}

constexpr bool has(const ByteSet& set, char c) {
  return set[static_cast<unsigned char>(c)];
}

constexpr ByteSet kTokenBytes =
    byte_set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+/=.~%");

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The number that `count` hexadecimal digits at `place` write, or -1.
int hex_number(std::string_view text, std::size_t place, std::size_t count) {
  if (place + count > text.size()) return -1;
  int number = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const int digit = hex_digit(text[place + i]);
    if (digit < 0) return -1;
    number = number * 16 + digit;
  }
  return number;
}

std::string utf8_of(int code) {
  const auto byte = [](int value) { return static_cast<char>(static_cast<unsigned char>(value)); };
  if (code < 0x80) return {byte(code)};
  if (code < 0x800) return {byte(0xC0 | code >> 6), byte(0x80 | (code & 0x3F))};
  return {byte(0xE0 | code >> 12), byte(0x80 | (code >> 6 & 0x3F)), byte(0x80 | (code & 0x3F))};
}

struct Escape {
  std::size_t length = 0;  // of its bytes in the text; zero: no escape
  std::string bytes;       // what it stands for
};

Escape backslash_at(std::string_view text, std::size_t place) {
  const char next = place + 1 < text.size() ? text[place + 1] : ' ';
  switch (next) {
    case 'n':
      return {2, "\n"};
    case 'r':
      return {2, "\r"};
    case 't':
      return {2, "\t"};
    case '"':
    case '\'':
    case '`':
    case '/':
    case '\\':
      return {2, std::string(1, next)};
    case 'e':
      return place + 2 < text.size() && text[place + 2] == '[' ? Escape{2, "\x1b"} : Escape{};
    case '0':
      return text.substr(place + 1).starts_with("033") ? Escape{4, "\x1b"} : Escape{};
    case 'x':
    case 'u': {
      const std::size_t digits = next == 'x' ? 2 : 4;
      const int code = hex_number(text, place + 2, digits);
      if (code < 0) return {};
      return {2 + digits, code == 0 ? std::string() : utf8_of(code)};
    }
    default:
      return {};
  }
}

// The length of the terminal code at `place`: ESC [ … letter, or ESC ] … BEL.
std::size_t terminal_code(std::string_view text, std::size_t place) {
  const char kind = place + 1 < text.size() ? text[place + 1] : ' ';
  if (kind != '[' && kind != ']') return 1;
  if (text.substr(place + 1).starts_with(kMarkStart)) return 1;
  const std::size_t limit = std::min(text.size(), place + kMaxCodeBytes);
  for (std::size_t i = place + 2; i < limit; ++i) {
    const bool is_end = kind == ']' ? text[i] == '\a' : text[i] >= '@' && text[i] <= '~';
    if (is_end) return i + 1 - place;
    if (text[i] == '\n') break;
  }
  return 1;
}

Escape escape_at(std::string_view text, std::size_t place) {
  switch (text[place]) {
    case '\\':
      return backslash_at(text, place);
    case '%': {
      const int code = hex_number(text, place + 1, 2);
      if (code < 0) return {};
      const bool is_nothing = code == 0;
      return {3, is_nothing ? std::string() : std::string(1, static_cast<char>(code))};
    }
    case '\x1b':
      return {terminal_code(text, place), {}};
    case '\0':
      return {1, {}};
    default:
      return {};
  }
}

constexpr ByteSet kEscapeBytes = byte_set(std::string_view("\\%\x1b\0", 4));

void unescape_line(std::string_view text, std::size_t start, std::size_t end, Layer& layer) {
  bool is_changed = false;
  std::size_t copied = start;
  for (std::size_t i = start; i < end;) {
    if (!has(kEscapeBytes, text[i])) {
      ++i;
      continue;
    }
    const Escape escape = escape_at(text, i);
    if (escape.length == 0) {
      ++i;
      continue;
    }
    is_changed = true;
    layer.copy(text, copied, i);
    layer.put(escape.bytes, i, i + escape.length);
    i += escape.length;
    copied = i;
  }
  if (!is_changed) return;
  layer.copy(text, copied, end);
  layer.end_part(end);
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// Words have no digits among their letters.
bool looks_cut(std::string_view head, std::string_view tail) {
  const auto mixes = [](std::string_view part) {
    return std::any_of(part.begin(), part.end(), is_digit) &&
           std::any_of(part.begin(), part.end(), [](char c) { return c >= 'A'; });
  };
  return mixes(head) || mixes(tail);
}

// Where the rest of a line wrapped before `start` begins: behind its indentation and border.
std::size_t behind_indent(std::string_view text, std::size_t start, char sign) {
  const std::size_t limit = std::min(text.size(), start + kMaxIndent);
  std::size_t place = start;
  const auto skip_blanks = [&] {
    while (place < limit && (text[place] == ' ' || text[place] == '\t')) ++place;
  };
  if (sign != 0 && place < limit && text[place] == sign) ++place;
  skip_blanks();
  constexpr std::string_view kBar = "\u2502";
  if (text.substr(place).starts_with(kBar))
    place += kBar.size();
  else if (place < limit && (text[place] == '|' || text[place] == '>'))
    ++place;
  skip_blanks();
  return place;
}

struct Line {
  std::size_t start = 0;
  std::size_t end = 0;  // before its line break
};

// Where this line goes on in the next, or npos when it was not cut within a token.
std::size_t continuation_of(std::string_view text, const Line& line) {
  constexpr auto kNone = std::string_view::npos;
  if (line.end - line.start < kMinWrapColumn || line.end >= text.size()) return kNone;
  std::size_t head = line.end;
  while (head > line.start && line.end - head < kMinWrapColumn && has(kTokenBytes, text[head - 1]))
    --head;
  if (line.end - head < kMinHead) return kNone;
  std::size_t next = line.end;
  while (next < text.size() && text[next] == '\r') ++next;
  if (next == text.size()) return kNone;
  const bool is_diff = text[line.start] == '+' || text[line.start] == '-';
  const std::size_t rest = behind_indent(text, next + 1, is_diff ? text[line.start] : '\0');
  std::size_t tail = rest;
  while (tail < text.size() && tail - rest < kMinWrapColumn && has(kTokenBytes, text[tail])) ++tail;
  if (tail - rest < kMinTail) return kNone;
  const bool is_cut = looks_cut(text.substr(head, line.end - head), text.substr(rest, tail - rest));
  return is_cut ? rest : kNone;
}

Line line_at(std::string_view text, std::size_t start) {
  std::size_t end = std::min(text.find('\n', start), text.size());
  Line line{start, end};
  while (line.end > line.start && text[line.end - 1] == '\r') --line.end;
  return line;
}

}  // namespace

void Layer::copy(std::string_view source, std::size_t start, std::size_t end) {
  if (end <= start) return;
  pieces_.push_back({text_.size(), start, end, true});
  text_ += source.substr(start, end - start);
}

void Layer::put(std::string_view bytes, std::size_t start, std::size_t end) {
  if (bytes.empty()) return;
  pieces_.push_back({text_.size(), start, end, false});
  text_ += bytes;
}

const Layer::Piece& Layer::piece_of(std::size_t place) const {
  const auto behind =
      std::upper_bound(pieces_.begin(), pieces_.end(), place,
                       [](std::size_t at, const Piece& piece) { return at < piece.at; });
  TACIT_ASSERT(behind != pieces_.begin());
  return *(behind - 1);
}

Layer::Range Layer::below(std::size_t start, std::size_t end) const {
  const Piece& first = piece_of(start);
  const Piece& last = piece_of(end - 1);
  return {first.verbatim ? first.start + (start - first.at) : first.start,
          last.verbatim ? last.start + (end - last.at) : last.end};
}

std::size_t Layer::join_within(std::size_t start, std::size_t end) const {
  const auto join = std::upper_bound(joins_.begin(), joins_.end(), start);
  return join != joins_.end() && *join < end ? *join : std::string::npos;
}

Layer unescaped(std::string_view text) {
  Layer layer;
  const bool is_plain = text.find('\\') == text.npos && text.find('%') == text.npos &&
                        text.find('\x1b') == text.npos && text.find('\0') == text.npos;
  if (is_plain) return layer;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    unescape_line(text, start, end, layer);
    start = end + 1;
  }
  return layer;
}

Layer unwrapped(std::string_view text) {
  Layer layer;
  bool is_open = false;  // the last line was joined to this one
  std::size_t from = 0;
  for (std::size_t start = 0; start < text.size();) {
    const Line line = line_at(text, start);
    const std::size_t rest = continuation_of(text, line);
    if (!is_open) from = line.start;
    if (rest != std::string_view::npos) {
      layer.copy(text, from, line.end);
      layer.mark_join();
      from = rest;
    } else if (is_open) {
      layer.copy(text, from, line.end);
      layer.end_part(line.end);
    }
    is_open = rest != std::string_view::npos;
    start = std::min(text.find('\n', line.end), text.size() - 1) + 1;
  }
  return layer;
}

}  // namespace tacit::privacy
