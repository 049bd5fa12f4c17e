#pragma once
// What BERT's normaliser does to one code point: its class (dropped, white space, punctuation,
// Chinese character or part of a word) and its folded form: canonical decomposition without
// non-spacing marks, in lower case. Pure functions over a generated table (make_unicode_tables.py);
// no locale, no allocation.

#include <array>
#include <cstddef>
#include <string_view>

namespace tacit::embed {

enum class CodePointClass { kWord, kDrop, kSpace, kPunctuation, kChinese };

CodePointClass class_of(char32_t code_point);

struct Folded {
  std::array<char32_t, 4> code_points{};
  std::size_t count = 0;  // 0: nothing is left of it (an accent)
};
Folded fold(char32_t code_point);

// Reads one code point at `at` and moves `at` past it. Malformed bytes yield U+FFFD, one byte each.
char32_t next_code_point(std::string_view text, std::size_t& at);

}  // namespace tacit::embed
