#pragma once
// JsonParser and JsonValue: JSON documents read with simdjson, without its headers here. A value is
// a borrowed view of its parser's last document: it dies with the next parse(). Absent keys, wrong
// types and nulls read as an absent value, so adapters ask without checking. One parser per thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/function_ref.h"
#include "base/result.h"

namespace tacit::transcript {

class JsonValue {
 public:
  JsonValue() = default;
  bool exists() const { return document_ != nullptr; }
  bool is_object() const;
  bool is_array() const;
  bool is_string() const;

  JsonValue operator[](std::string_view key) const;
  // The string, or empty.
  std::string_view text() const;
  std::string_view text(std::string_view key) const { return (*this)[key].text(); }
  // The whole number of a member, or 0.
  std::int64_t number(std::string_view key) const;
  // The same for a count, within 0 and 10^12: sums of what a damaged file holds cannot overflow.
  std::int64_t count(std::string_view key) const;
  // Milliseconds since 1970, where they name a time after it and before the year 10000.
  std::optional<Instant> time(std::string_view key) const;
  // True only where the member is the literal true.
  bool truth(std::string_view key) const;

  // Calls for each element of an array; nothing for other values.
  void each(FunctionRef<void(JsonValue)> use) const;
  // Calls for each member of an object, nulls as absent values; nothing for other values.
  void each_member(FunctionRef<void(std::string_view, JsonValue)> use) const;
  // As one line without blanks.
  std::string compact() const;

 private:
  friend class JsonParser;
  JsonValue(const void* document, std::size_t index) : document_(document), index_(index) {}
  const void* document_ = nullptr;  // together the bits of a simdjson::dom::element
  std::size_t index_ = 0;
};

class JsonParser {
 public:
  // Bytes that must be readable, with any content, behind the text given to parse_padded().
  static constexpr std::size_t kPadding = 64;

  JsonParser();
  ~JsonParser();
  JsonParser(const JsonParser&) = delete;
  JsonParser& operator=(const JsonParser&) = delete;

  // Fails with invalid_input; the message is the library's own short sentence.
  Result<JsonValue> parse_padded(std::string_view text);
  Result<JsonValue> parse(std::string_view text);  // copies
  // Gives back the memory that a long document has claimed.
  void trim();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tacit::transcript
