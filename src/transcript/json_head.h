#pragma once
// any_record_in_head: lets an adapter judge the first records of a file by their keys.

#include <string_view>

#include "transcript/json_value.h"

namespace tacit::transcript {

// True when `judge` accepts one of the complete JSON objects on the first lines of `head`. When the
// head holds none at all (a first line longer than the head), `judge_text` decides on its bytes.
bool any_record_in_head(std::string_view head, bool (*judge)(JsonValue),
                        bool (*judge_text)(std::string_view));

}  // namespace tacit::transcript
