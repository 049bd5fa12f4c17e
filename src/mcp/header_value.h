#pragma once
// How the protocol writes a text into an HTTP header: as it is, or as "=?base64?…?=" when it is not
// plain ASCII. Pure.

#include <optional>
#include <string>
#include <string_view>

namespace tacit::mcp {

// The text behind a header's value; nothing when it claims to be base64 and is not, or is not
// visible ASCII.
std::optional<std::string> decode_header_value(std::string_view value);

}  // namespace tacit::mcp
