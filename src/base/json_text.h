#pragma once
// json_quote: a JSON string literal of any bytes. Control characters are escaped, malformed UTF-8
// becomes U+FFFD, so the result is always valid JSON and always one line.

#include <string>
#include <string_view>

namespace tacit {

std::string json_quote(std::string_view text);

}  // namespace tacit
