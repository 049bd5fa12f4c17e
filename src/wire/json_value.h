#pragma once
// What the encoders and decoders of this module share: small conversions between domain values and
// JSON. Heavy (nlohmann/json): included by this module's .cpp files only.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/id.h"

namespace tacit::wire {

using Json = nlohmann::ordered_json;

// Malformed UTF-8 is replaced, so dumping cannot fail.
inline std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

inline Json time_json(const std::optional<Instant>& time) {
  return time ? Json(format_time(*time)) : Json();
}

template <class Tag>
Json id_json(Id<Tag> id) {
  return id ? Json(id.text()) : Json();
}

}  // namespace tacit::wire
