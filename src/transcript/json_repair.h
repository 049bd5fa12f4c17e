#pragma once
// repair_json: JSON text that a parser takes, from text that only bad characters spoil. Pure.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tacit::transcript {

struct JsonRepairs {
  std::size_t utf8 = 0;    // malformed sequences
  std::size_t others = 0;  // raw control characters in strings, halves of surrogate pairs
};

// Replaces malformed UTF-8 and half surrogates by U+FFFD and raw control characters by a blank.
// Returns nothing when the text holds none of them.
std::optional<std::string> repair_json(std::string_view text, JsonRepairs& repairs);

}  // namespace tacit::transcript
