#include "transcript/json_value.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>

namespace tacit::transcript {
namespace {

using Element = simdjson::dom::element;

struct Bits {
  const void* document;
  std::size_t index;
};
static_assert(sizeof(Bits) == sizeof(Element) && std::is_trivially_copyable_v<Element>,
              "JsonValue carries a simdjson element as two words");
static_assert(simdjson::SIMDJSON_PADDING <= JsonParser::kPadding);

constexpr std::int64_t kMaxCount = 1'000'000'000'000;
constexpr std::int64_t kMaxMillis = 253'402'300'799'999;  // the end of the year 9999
constexpr std::size_t kTrimAbove = 1U << 20U;

Element element_of(const void* document, std::size_t index) {
  return std::bit_cast<Element>(Bits{document, index});
}

}  // namespace

struct JsonParser::State {
  simdjson::dom::parser parser;
  std::string copy;
};

JsonParser::JsonParser() : state_(std::make_unique<State>()) {}
JsonParser::~JsonParser() = default;

Result<JsonValue> JsonParser::parse_padded(std::string_view text) {
  Element element;
  const auto error = state_->parser.parse(text.data(), text.size(), false).get(element);
  if (error) return fail(ErrorKind::kInvalidInput, simdjson::error_message(error));
  const Bits bits = std::bit_cast<Bits>(element);
  return JsonValue(bits.document, bits.index);
}

Result<JsonValue> JsonParser::parse(std::string_view text) {
  state_->copy.reserve(text.size() + kPadding);
  state_->copy.assign(text);
  return parse_padded(state_->copy);
}

void JsonParser::trim() {
  if (state_->parser.capacity() > kTrimAbove) state_ = std::make_unique<State>();
}

bool JsonValue::is_object() const {
  return exists() && element_of(document_, index_).is_object();
}
bool JsonValue::is_array() const {
  return exists() && element_of(document_, index_).is_array();
}
bool JsonValue::is_string() const {
  return exists() && element_of(document_, index_).is_string();
}

JsonValue JsonValue::operator[](std::string_view key) const {
  if (!is_object()) return {};
  Element member;
  if (element_of(document_, index_).at_key(key).get(member) || member.is_null()) return {};
  const Bits bits = std::bit_cast<Bits>(member);
  return {bits.document, bits.index};
}

std::string_view JsonValue::text() const {
  std::string_view text;
  if (!exists() || element_of(document_, index_).get(text)) return {};
  return text;
}

std::int64_t JsonValue::number(std::string_view key) const {
  const JsonValue member = (*this)[key];
  std::int64_t number = 0;
  if (!member.exists() || element_of(member.document_, member.index_).get(number)) return 0;
  return number;
}

std::int64_t JsonValue::count(std::string_view key) const {
  return std::clamp<std::int64_t>(number(key), 0, kMaxCount);
}

std::optional<Instant> JsonValue::time(std::string_view key) const {
  const std::int64_t millis = number(key);
  return millis > 0 && millis <= kMaxMillis ? std::optional(from_millis(millis)) : std::nullopt;
}

bool JsonValue::truth(std::string_view key) const {
  const JsonValue member = (*this)[key];
  bool truth = false;
  if (!member.exists() || element_of(member.document_, member.index_).get(truth)) return false;
  return truth;
}

void JsonValue::each(FunctionRef<void(JsonValue)> use) const {
  if (!exists()) return;
  simdjson::dom::array array;
  if (element_of(document_, index_).get(array)) return;
  for (const Element element : array) {
    const Bits bits = std::bit_cast<Bits>(element);
    use(JsonValue(bits.document, bits.index));
  }
}

void JsonValue::each_member(FunctionRef<void(std::string_view, JsonValue)> use) const {
  simdjson::dom::object object;
  if (!exists() || element_of(document_, index_).get(object)) return;
  for (const auto& [key, element] : object) {
    const Bits bits = std::bit_cast<Bits>(element);
    use(key, element.is_null() ? JsonValue() : JsonValue(bits.document, bits.index));
  }
}

std::string JsonValue::compact() const {
  if (!exists()) return {};
  return simdjson::minify(element_of(document_, index_));
}

}  // namespace tacit::transcript
