#pragma once
// Small text functions that every floor needs. All are pure and work on bytes of UTF-8.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tacit {

std::string_view trim(std::string_view text);
std::string lower_ascii(std::string_view text);
// Lower case, runs of white space as one blank, trimmed: the form in which requests are compared.
std::string normalise_space(std::string_view text);
std::vector<std::string_view> split_lines(std::string_view text);
bool contains_ignoring_case(std::string_view text, std::string_view needle);

// True when the bytes are well-formed UTF-8 without NUL.
bool is_valid_utf8(std::string_view text);
// Replaces each malformed sequence and each NUL by U+FFFD; `replaced` counts them when given.
std::string clean_utf8(std::string_view text, std::size_t* replaced = nullptr);
// At most `max_bytes` bytes, cut at a character boundary.
std::string_view clip_utf8(std::string_view text, std::size_t max_bytes);
// Head and tail of a long text with a visible mark of how many bytes were left out between them.
std::string clip_middle(std::string_view text, std::size_t max_bytes);

// Levenshtein distance, for "did you mean"; cost is the product of the lengths.
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace tacit
