#pragma once
// Reads, by hand and once, what stands around the sign that a candidate of an assignment ends with:
// a name before it and a value behind it, or in a comparison the other way round. Bounded work for
// each candidate, whatever the text.

#include <cstddef>
#include <string_view>

#include "privacy/rules.h"

namespace tacit::privacy {

// `end` is the place behind the candidate. The value is empty when there is no assignment.
Assignment assignment_at(std::string_view text, std::size_t end);

// Where the value really ends, when it is longer than what assignment_at gives for judging.
std::size_t end_of_long_value(std::string_view text, const Assignment& assignment);

}  // namespace tacit::privacy
