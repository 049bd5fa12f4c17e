#pragma once
// The first half of a tiktoken encoding: the pattern that cuts a text into pieces, each of which is
// then encoded alone. Written by hand from the published patterns; the time is linear in the text,
// whatever it holds. Works on bytes; malformed UTF-8 is kept, each byte as a symbol.

#include <cstddef>
#include <string_view>

#include "inference/tokens.h"

namespace tacit::inference {

// The end of the piece that begins at `at` < text.size(). Pieces are never empty.
std::size_t piece_end(Encoding encoding, std::string_view text, std::size_t at);

}  // namespace tacit::inference
