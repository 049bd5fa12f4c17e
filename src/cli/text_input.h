#pragma once
// Private to cli: how verbs that turn text into something read it.

#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tacit::cli {

// All of standard input, 1 GiB at most.
Result<std::string> read_input();
// All of a file, 1 GiB at most.
Result<std::string> read_text_file(const std::filesystem::path& file);
// A line is text as it stands, or a JSON string when it starts with a quotation mark.
Result<std::string> line_text(std::string_view line, std::size_t number);

}  // namespace tacit::cli
