#pragma once
// The passage of a text that answers a query: the run of sentences or lines, short enough to show,
// that holds the most of the query's terms; the earliest of equals; the opening when none occurs.
// Pure.

#include <span>
#include <string>
#include <string_view>

namespace tacit::recall {

inline constexpr std::size_t kPassageBytes = 300;
inline constexpr std::size_t kTitleBytes = 80;

// `terms` are stems as the full-text index cuts them: lower case, found as parts of words.
std::string best_passage(std::string_view text, std::span<const std::string> terms,
                         std::size_t max_bytes = kPassageBytes);

// The first line that says something, without Markdown marks, clipped to kTitleBytes.
std::string title_line(std::string_view text);

}  // namespace tacit::recall
