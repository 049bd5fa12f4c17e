#include "inference/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "inference/reply_parts.h"

namespace tacit::inference {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::array kAnnotations = {"title"sv,   "description"sv, "default"sv,  "examples"sv,
                                     "$schema"sv, "$id"sv,         "$comment"sv, "format"sv};
constexpr std::array kCounts = {"minItems"sv, "maxItems"sv, "minLength"sv, "maxLength"sv};
constexpr std::array kBounds = {"minimum"sv, "maximum"sv};
constexpr std::array kTypes = {"object"sv,  "array"sv,   "string"sv, "number"sv,
                               "integer"sv, "boolean"sv, "null"sv};

template <class List>
bool is_in(const List& list, std::string_view word) {
  return std::ranges::find(list, word) != list.end();
}

bool is_type(const Json& type) {
  if (type.is_array()) return !type.empty() && std::ranges::all_of(type, is_type);
  return type.is_string() && is_in(kTypes, type.get<std::string>());
}

bool is_list_of_texts(const Json& list) {
  return list.is_array() && std::ranges::all_of(list, [](const Json& e) { return e.is_string(); });
}

// What is wrong with a schema, or "".
std::string wrong_in(const Json& schema, const std::string& where) {
  if (schema.is_boolean()) return "";
  if (!schema.is_object()) return where + " must be an object";
  for (const auto& [key, value] : schema.items()) {
    const std::string at = where + "." + key;
    bool is_good = true;
    if (key == "properties") {
      if (!value.is_object()) return at + " must be an object";
      for (const auto& [name, part] : value.items())
        if (std::string wrong = wrong_in(part, at + "." + name); !wrong.empty()) return wrong;
    } else if (key == "items" || key == "additionalProperties") {
      if (std::string wrong = wrong_in(value, at); !wrong.empty()) return wrong;
    } else if (key == "type") {
      is_good = is_type(value);
    } else if (key == "required") {
      is_good = is_list_of_texts(value);
    } else if (key == "enum") {
      is_good = value.is_array() && !value.empty();
    } else if (is_in(kCounts, key)) {
      is_good = value.is_number_unsigned();
    } else if (is_in(kBounds, key)) {
      is_good = value.is_number();
    } else if (key != "const" && !is_in(kAnnotations, key)) {
      return at + " is a keyword that is not checked here: leave it out";
    }
    if (!is_good) return at + " has a value of the wrong kind";
  }
  return "";
}

bool has_type(const Json& value, const Json& type) {
  if (type.is_array())
    return std::ranges::any_of(type, [&](const Json& one) { return has_type(value, one); });
  const std::string name = type.get<std::string>();
  if (name == "object") return value.is_object();
  if (name == "array") return value.is_array();
  if (name == "string") return value.is_string();
  if (name == "boolean") return value.is_boolean();
  if (name == "null") return value.is_null();
  if (name == "integer")
    return value.is_number_integer() ||
           (value.is_number_float() && value.get<double>() == std::floor(value.get<double>()));
  return value.is_number();
}

std::size_t length_of(const std::string& text) {  // in code points
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string broken_in(const Json& value, const Json& schema, const std::string& where);

std::string broken_object(const Json& value, const Json& schema, const std::string& where) {
  if (schema.contains("required")) {
    for (const Json& name : schema["required"])
      if (!value.contains(name.get<std::string>()))
        return where + " lacks " + name.get<std::string>();
  }
  for (const auto& [name, member] : value.items()) {
    const bool is_known = schema.contains("properties") && schema["properties"].contains(name);
    if (!is_known && !schema.contains("additionalProperties")) continue;
    const Json& part = is_known ? schema["properties"][name] : schema["additionalProperties"];
    if (std::string wrong = broken_in(member, part, is_known ? where + "." + name : where + ".*");
        !wrong.empty())
      return wrong;
  }
  return "";
}

bool is_outside(const Json& schema, const char* least, const char* most, std::size_t size) {
  return (schema.contains(least) && size < schema[least].get<std::size_t>()) ||
         (schema.contains(most) && size > schema[most].get<std::size_t>());
}

// Where a value breaks a checked schema, or "".
std::string broken_in(const Json& value, const Json& schema, const std::string& where) {
  if (schema.is_boolean()) return schema.get<bool>() ? "" : where + " is not allowed";
  if (schema.contains("type") && !has_type(value, schema["type"])) return where + ": another type";
  if (schema.contains("enum") && std::ranges::find(schema["enum"], value) == schema["enum"].end())
    return where + ": none of its values";
  if (schema.contains("const") && value != schema["const"]) return where + ": another constant";
  if (value.is_string() &&
      is_outside(schema, "minLength", "maxLength", length_of(value.get<std::string>())))
    return where + ": another length";
  if (value.is_number() && ((schema.contains("minimum") && value < schema["minimum"]) ||
                            (schema.contains("maximum") && value > schema["maximum"])))
    return where + ": out of its bounds";
  if (value.is_array()) {
    if (is_outside(schema, "minItems", "maxItems", value.size())) return where + ": another length";
    if (!schema.contains("items")) return "";
    for (const Json& each : value)
      if (std::string wrong = broken_in(each, schema["items"], where + "[]"); !wrong.empty())
        return wrong;
  }
  return value.is_object() ? broken_object(value, schema, where) : "";
}

}  // namespace

Result<void> check_schema(std::string_view schema) {
  if (schema.size() > kMaxSchemaBytes)
    return fail(ErrorKind::kInvalidInput,
                fmt::format("the schema has {} bytes, at most {} are taken", schema.size(),
                            kMaxSchemaBytes));
  const auto json = parse_object(schema);
  if (!json) return fail(ErrorKind::kInvalidInput, "the schema is no JSON object");
  const std::string wrong = wrong_in(*json, "schema");
  return wrong.empty() ? Result<void>() : fail(ErrorKind::kInvalidInput, wrong);
}

std::string complaint_about(std::string_view answer, std::string_view schema) {
  const auto wanted = parse_object(schema);
  if (!wanted) return "the schema is no JSON object";
  const Json value = Json::parse(answer, nullptr, false);
  if (value.is_discarded()) return "the answer is no JSON";
  return broken_in(value, *wanted, "answer");
}

}  // namespace tacit::inference
