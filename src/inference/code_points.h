#pragma once
// Code points in the classes that the tokenizers' patterns know, as bits so that a set of classes
// is one mask. Each code point has exactly one bit. Pure functions over a generated table (Unicode
// 16.0, make_code_point_tables.py).

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tacit::inference {

using ClassMask = std::uint8_t;

inline constexpr ClassMask kUpper = 1;        // Lu, Lt
inline constexpr ClassMask kLower = 2;        // Ll
inline constexpr ClassMask kOtherLetter = 4;  // Lm, Lo
inline constexpr ClassMask kMark = 8;         // M
inline constexpr ClassMask kNumber = 16;      // N
inline constexpr ClassMask kBlank = 32;       // White_Space but the next
inline constexpr ClassMask kLineEnd = 64;     // CR, LF
inline constexpr ClassMask kSymbol = 128;     // all else; each byte of malformed UTF-8 is one
inline constexpr ClassMask kLetter = kUpper | kLower | kOtherLetter;
inline constexpr ClassMask kSpace = kBlank | kLineEnd;

struct CodePoint {
  ClassMask kind = 0;     // 0: past the end of the text
  std::size_t bytes = 0;  // how many it has in UTF-8
};

constexpr ClassMask class_of_ascii(unsigned char c) {
  if (c == '\r' || c == '\n') return kLineEnd;
  if (c == ' ' || (c >= '\t' && c <= '\f')) return kBlank;
  if (c >= 'A' && c <= 'Z') return kUpper;
  if (c >= 'a' && c <= 'z') return kLower;
  return c >= '0' && c <= '9' ? kNumber : kSymbol;
}

// By a code point's first byte; 0 where more bytes must be looked at.
inline constexpr auto kByteClasses = [] {
  std::array<ClassMask, 256> classes{};
  for (unsigned c = 0; c < 128; ++c) classes[c] = class_of_ascii(static_cast<unsigned char>(c));
  return classes;
}();

// The code point of two to four bytes that begins at `at`.
CodePoint long_code_point_at(std::string_view text, std::size_t at);

// The code point that begins at `at`.
inline CodePoint code_point_at(std::string_view text, std::size_t at) {
  if (at >= text.size()) return {};
  const ClassMask kind = kByteClasses[static_cast<unsigned char>(text.data()[at])];
  return kind != 0 ? CodePoint{kind, 1} : long_code_point_at(text, at);
}

// The end of the run of code points of these classes that begins at `at`.
inline std::size_t run_end(std::string_view text, std::size_t at, ClassMask kinds) {
  CodePoint next = code_point_at(text, at);
  while ((next.kind & kinds) != 0) {
    at += next.bytes;
    next = code_point_at(text, at);
  }
  return at;
}

}  // namespace tacit::inference
