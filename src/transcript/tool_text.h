#pragma once
// The readable part of tool calls and their results: the command of a shell, path and new text of
// an edit, compact JSON of anything else; the text of an output and whether it tells of failure.

#include <string>
#include <string_view>

#include "transcript/json_value.h"

namespace tacit::transcript {

// What a call asked for, from its input object.
std::string call_text(JsonValue input);

// The text of content that is a string, a list of blocks or an object.
std::string content_text(JsonValue content);

// True when an output reports an exit code other than zero in its first lines.
bool tells_of_failure(std::string_view output);

}  // namespace tacit::transcript
