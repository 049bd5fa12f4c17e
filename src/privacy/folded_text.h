#pragma once
// Texts as a reader sees them, for looking for words: what hides a word without hiding it from a
// person is taken away. Each function reads its text once, and none makes more than three times of
// it. Pure, safe from any thread.

#include <cstddef>
#include <string>
#include <string_view>

namespace tacit::privacy {

// Characters without their disguise: invisible and combining ones gone, accents off, look-alikes of
// other scripts, full-width, mathematical and circled forms as ASCII, character references of HTML
// decoded. Case, punctuation and lines stay.
struct PlainText {
  std::string text;
  std::size_t letters = 0;  // of any script
  std::size_t foreign = 0;  // of them, that look like no Latin one
};
PlainText plain_characters(std::string_view text);

// What stands apart in `plain` and belongs together: letters set wide ("s a l a r y"), words cut at
// the end of a line or by the quotes of joined strings. One line for each run.
std::string joined_pieces(std::string_view plain);

// Digits and signs that stand for letters ("s4l@ry") as these, in tokens that have both; `one` is
// what 1, ! and | stand for, "i" or "l". Empty when there are none.
std::string without_leet(std::string_view plain, char one);

// Lower-case words with single blanks between them; names of programs are split ("salaryList",
// "salary_list"), separators of thousands and apostrophes are left out.
std::string words_of(std::string_view plain);

// Words without the blanks.
std::string squeezed(std::string_view words);

}  // namespace tacit::privacy
