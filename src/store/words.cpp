#include "store/words.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/text.h"

namespace tacit::store {
namespace {

// A word of more changes between letters and digits than this is a hash, not an identifier.
constexpr std::size_t kMaxParts = 8;

// U+00C0 … U+017F without accents, lower case; '*' keeps the letter, '-' is no letter.
constexpr std::string_view kLatin =
    "aaaaaa*ceeeeiiiidnooooo-ouuuuy**aaaaaa*ceeeeiiiidnooooo-ouuuuy*y"
    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiii**jjkkklllllll"
    "lllnnnnnn***oooooo**rrrrrrssssssssttttttuuuuuuuuuuuuwwyyyzzzzzzs";

enum class Class { kSeparator, kLower, kUpper, kDigit, kAlone, kJoiner };

struct Letter {
  Class kind = Class::kSeparator;
  std::array<char, 4> folded{};
  std::size_t folded_bytes = 0;
  std::size_t bytes = 1;  // of the source

  void fold(char c) {
    folded[0] = c;
    folded_bytes = 1;
  }
};

std::uint32_t decode(std::string_view text, std::size_t& bytes) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const std::uint32_t first = byte(0);
  bytes = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC0 ? 2 : 1;
  bytes = std::min(bytes, text.size());
  switch (bytes) {
    case 4:
      return (first & 0x07U) << 18U | (byte(1) & 0x3FU) << 12U | (byte(2) & 0x3FU) << 6U |
             (byte(3) & 0x3FU);
    case 3:
      return (first & 0x0FU) << 12U | (byte(1) & 0x3FU) << 6U | (byte(2) & 0x3FU);
    case 2:
      return (first & 0x1FU) << 6U | (byte(1) & 0x3FU);
    default:
      return first;
  }
}

bool is_separator(std::uint32_t code) {
  return (code >= 0x80 && code < 0xC0 && code != 0xAA && code != 0xB5 && code != 0xBA) ||
         code == 0xD7 || code == 0xF7 || (code >= 0x2000 && code < 0x2C00) ||
         (code >= 0x3000 && code < 0x3040) || code == 0xFEFF || code == 0xFFFD ||
         (code >= 0xFF00 && code < 0xFF10) || code >= 0x1F000;
}

bool stands_alone(std::uint32_t code) {
  return (code >= 0x3040 && code < 0x3100) || (code >= 0x3400 && code < 0xA000) ||
         (code >= 0xF900 && code < 0xFB00);
}

void keep(Letter& letter, std::uint32_t code) {
  letter.folded[0] = static_cast<char>(code < 0x800 ? 0xC0U | (code >> 6U) : 0xE0U | (code >> 12U));
  if (code < 0x800) {
    letter.folded[1] = static_cast<char>(0x80U | (code & 0x3FU));
    letter.folded_bytes = 2;
    return;
  }
  letter.folded[1] = static_cast<char>(0x80U | ((code >> 6U) & 0x3FU));
  letter.folded[2] = static_cast<char>(0x80U | (code & 0x3FU));
  letter.folded_bytes = 3;
}

Letter read_wide(std::string_view text) {
  Letter letter;
  const std::uint32_t code = decode(text, letter.bytes);
  if (is_separator(code) || code < 0x80) return letter;
  letter.kind = Class::kLower;
  if (code >= 0x300 && code < 0x370) return letter;  // a combining accent: a letter of no bytes
  if (code >= 0xC0 && code < 0x180 && kLatin[code - 0xC0] != '*') {
    letter.fold(kLatin[code - 0xC0]);
    return letter;
  }
  std::uint32_t lower = code;
  if (code == 0xC6 || code == 0xDE || (code >= 0x410 && code < 0x430) ||
      (code >= 0x391 && code < 0x3AA)) {
    lower = code + 0x20;
  } else if (code >= 0x400 && code < 0x410) {
    lower = code + 0x50;
  } else if (code == 0x132 || code == 0x14A || code == 0x152) {
    lower = code + 1;
  }
  if (lower > 0xFFFF) {
    std::copy_n(text.begin(), letter.bytes, letter.folded.begin());
    letter.folded_bytes = letter.bytes;
  } else {
    keep(letter, lower);
  }
  if (stands_alone(code)) letter.kind = Class::kAlone;
  return letter;
}

Letter read_letter(std::string_view text) {
  const char c = text.front();
  Letter letter;
  if (static_cast<unsigned char>(c) >= 0x80) return read_wide(text);
  if (c >= 'a' && c <= 'z') {
    letter.kind = Class::kLower;
    letter.fold(c);
  } else if (c >= 'A' && c <= 'Z') {
    letter.kind = Class::kUpper;
    letter.fold(static_cast<char>(c - 'A' + 'a'));
  } else if (c >= '0' && c <= '9') {
    letter.kind = Class::kDigit;
    letter.fold(c);
  } else if (c == '_' || c == '-' || c == '.') {
    letter.kind = Class::kJoiner;  // one of them between letters keeps an identifier together
  }
  return letter;
}

bool is_ascii_letters(std::string_view word) {
  return std::all_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; });
}

struct Part {
  std::string text;
  std::size_t begin = 0;
  std::size_t end = 0;
  Class last = Class::kSeparator;
};

// Collects the parts of one identifier and hands out its tokens.
class Cutter {
 public:
  explicit Cutter(FunctionRef<bool(const Token&)> visit) : visit_(visit) {}

  void take(const Letter& letter, std::size_t at) {
    if (starts_part(letter.kind)) parts_.push_back({"", at, at, Class::kSeparator});
    Part& part = parts_.back();
    // "HTTPServer": the last capital before small letters begins the next word.
    if (letter.kind == Class::kLower && part.last == Class::kUpper && part.text.size() > 1 &&
        letter.folded_bytes > 0) {
      const char moved = part.text.back();
      part.text.pop_back();
      part.end = at - 1;
      parts_.push_back({std::string(1, moved), at - 1, at, Class::kUpper});
    }
    Part& current = parts_.back();
    current.text.append(letter.folded.data(), letter.folded_bytes);
    current.end = at + letter.bytes;
    current.last = letter.kind;
    joined_ = false;
  }
  void join() { joined_ = true; }
  bool is_open() const { return !parts_.empty(); }
  bool is_joined() const { return joined_; }

  bool flush() {
    const std::vector<Part> parts = std::exchange(parts_, {});
    joined_ = false;
    if (parts.empty()) return true;
    std::string whole;
    for (const Part& part : parts) whole += part.text;
    const Part& first = parts.front();
    const std::size_t end = parts.back().end;
    if (parts.size() == 1 || parts.size() > kMaxParts) {
      return give(std::move(whole), first.begin, end, false);
    }
    bool is_first = true;
    for (const Part& part : parts) {
      const bool lone_digit = part.text.size() == 1 && part.last == Class::kDigit;
      if (lone_digit) continue;
      if (!give(part.text, part.begin, part.end, false)) return false;
      if (is_first && !give(whole, first.begin, end, true)) return false;
      is_first = false;
    }
    return !is_first || give(whole, first.begin, end, false);
  }

 private:
  bool starts_part(Class kind) const {
    if (parts_.empty() || joined_) return true;
    const Class last = parts_.back().last;
    if ((last == Class::kDigit) != (kind == Class::kDigit)) return true;
    return kind == Class::kUpper && last == Class::kLower;
  }

  bool give(std::string text, std::size_t begin, std::size_t end, bool colocated) {
    if (text.empty()) return true;
    if (text.size() > kMaxTokenBytes) text = std::string(clip_utf8(text, kMaxTokenBytes));
    if (is_ascii_letters(text)) text = stem(std::move(text));
    return visit_(Token{std::move(text), begin, end, colocated});
  }

  FunctionRef<bool(const Token&)> visit_;
  std::vector<Part> parts_;
  bool joined_ = false;
};

constexpr auto kFunctionWords = std::to_array<std::string_view>(
    {"a",    "about", "after",  "again", "all",    "am",   "an",   "and",   "any",  "are",
     "as",   "at",    "be",     "been",  "but",    "by",   "can",  "could", "did",  "do",
     "does", "for",   "from",   "had",   "has",    "have", "he",   "her",   "his",  "how",
     "i",    "if",    "in",     "into",  "is",     "it",   "its",  "me",    "my",   "of",
     "on",   "or",    "our",    "she",   "should", "so",   "some", "that",  "the",  "their",
     "them", "then",  "there",  "these", "they",   "this", "to",   "us",    "was",  "we",
     "were", "what",  "when",   "where", "which",  "who",  "why",  "will",  "with", "would",
     "you",  "your",  "please", "s",     "t",      "re"});

}  // namespace

bool each_token(std::string_view text, FunctionRef<bool(const Token&)> visit) {
  Cutter cutter(visit);
  std::size_t at = 0;
  while (at < text.size()) {
    const Letter letter = read_letter(text.substr(at));
    const bool second_joiner = letter.kind == Class::kJoiner && cutter.is_joined();
    if (letter.kind == Class::kJoiner && cutter.is_open() && !second_joiner) {
      cutter.join();
    } else if (letter.kind == Class::kSeparator || letter.kind == Class::kJoiner) {
      if (!cutter.flush()) return false;
    } else if (letter.kind == Class::kAlone) {
      if (!cutter.flush()) return false;
      const std::string alone(letter.folded.data(), letter.folded_bytes);
      if (!visit(Token{alone, at, at + letter.bytes, false})) return false;
    } else {
      cutter.take(letter, at);
    }
    at += letter.bytes;
  }
  return cutter.flush();
}

bool is_function_word(std::string_view word) {
  return std::find(kFunctionWords.begin(), kFunctionWords.end(), word) != kFunctionWords.end();
}

}  // namespace tacit::store
