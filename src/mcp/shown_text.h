#pragma once
// Stored text on its way to an agent: it is data, so nothing in it may hide, steer a terminal, end
// the block it stands in or look like a line of ours. Pure.

#include <string>
#include <string_view>

namespace tacit::mcp {

// Without control characters (line feeds and tabs stay), bidirectional controls, zero-width and tag
// characters and other invisible marks; code fences are loosened (``` becomes ` ``). Valid UTF-8.
std::string shown(std::string_view text);
// The same on one line of at most `max_bytes` bytes, "…" where it was cut.
std::string shown_line(std::string_view text, std::size_t max_bytes);

}  // namespace tacit::mcp
