#pragma once
// Whether an answer keeps the JSON Schema that it was asked with, checked here because servers may
// ignore a schema under status 200. Of JSON Schema (2020-12) what providers' structured output
// takes: type, enum, const, properties, required, additionalProperties, items, minItems, maxItems,
// minLength, maxLength, minimum, maximum; annotations are passed over. Any other keyword is refused
// when the request is made: one that is not checked must not look as if it were. Pure.

#include <string>
#include <string_view>

#include "base/result.h"

namespace tacit::inference {

inline constexpr std::size_t kMaxSchemaBytes = 64U << 10U;

// invalid_input names the place and the keyword.
Result<void> check_schema(std::string_view schema);
// "" when it does; else what is wrong and where, without the answer's own text. `schema` has been
// checked.
std::string complaint_about(std::string_view answer, std::string_view schema);

}  // namespace tacit::inference
