#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "testing/fake_provider.h"

namespace tacit::testing {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;

constexpr std::array<std::pair<std::string_view, Fault>, 17> kFaults{{
    {"none", Fault::kNone},
    {"reset_before_head", Fault::kResetBeforeHead},
    {"hang", Fault::kHang},
    {"garbage", Fault::kGarbage},
    {"cut_stream", Fault::kCutStream},
    {"reset_stream", Fault::kResetStream},
    {"stall", Fault::kStall},
    {"malformed_piece", Fault::kMalformedPiece},
    {"error_in_stream", Fault::kErrorInStream},
    {"no_terminator", Fault::kNoTerminator},
    {"no_usage", Fault::kNoUsage},
    {"zero_usage", Fault::kZeroUsage},
    {"usage_twice", Fault::kUsageTwice},
    {"huge_piece", Fault::kHugePiece},
    {"gzip", Fault::kGzip},
    {"wrong_content_type", Fault::kWrongContentType},
    {"redirect", Fault::kRedirect},
}};

template <class Number>
bool take_number(const Json& value, Number& field) {
  if (!value.is_number_integer()) return false;
  field = value.get<Number>();
  return true;
}
bool take(const Json& value, int& field) {
  return take_number(value, field);
}
bool take(const Json& value, std::int64_t& field) {
  return take_number(value, field);
}
bool take(const Json& value, std::size_t& field) {
  return take_number(value, field);
}
bool take(const Json& value, bool& field) {
  if (value.is_boolean()) field = value.get<bool>();
  return value.is_boolean();
}
bool take(const Json& value, std::string& field) {
  if (value.is_string()) field = value.get<std::string>();
  return value.is_string();
}
bool take(const Json& value, milliseconds& field) {
  std::int64_t count = 0;
  if (!take(value, count)) return false;
  field = milliseconds(count);
  return true;
}
bool take(const Json& value, std::map<std::string, std::string>& field) {
  if (!value.is_object()) return false;
  for (const auto& [name, text] : value.items())
    if (!take(text, field[name])) return false;
  return true;
}
bool take(const Json& value, Fault& field) {
  for (const auto& [name, fault] : kFaults) {
    if (value != name) continue;
    field = fault;
    return true;
  }
  return false;
}

bool take_field(const std::string& name, const Json& value, FakeRule& rule) {
  if (name == "model") return take(value, rule.model);
  if (name == "path") return take(value, rule.path);
  if (name == "header") return take(value, rule.header);
  if (name == "from_call") return take(value, rule.from_call);
  if (name == "to_call") return take(value, rule.to_call);
  if (name == "fault") return take(value, rule.fault);
  if (name == "status") return take(value, rule.status);
  if (name == "body") return take(value, rule.body);
  if (name == "headers") return take(value, rule.headers);
  if (name == "delay_ms") return take(value, rule.delay);
  if (name == "piece_delay_ms") return take(value, rule.piece_delay);
  if (name == "at_piece") return take(value, rule.at_piece);
  if (name == "split_at") return take(value, rule.split_at);
  if (name == "has_crlf") return take(value, rule.has_crlf);
  if (name == "has_comments") return take(value, rule.has_comments);
  if (name == "has_split_data") return take(value, rule.has_split_data);
  if (name == "location") return take(value, rule.location);
  if (name == "finish") return take(value, rule.finish);
  if (name == "text") return take(value, rule.text);
  if (name == "words") return take(value, rule.words);
  if (name == "input_tokens") return take(value, rule.input_tokens);
  if (name == "output_tokens") return take(value, rule.output_tokens);
  return false;
}

}  // namespace

Result<std::vector<FakeRule>> read_fake_script(std::string_view json) {
  const Json list = Json::parse(json, nullptr, false);
  if (!list.is_array())
    return fail(ErrorKind::kInvalidInput, "the script of the fake provider is no JSON list");
  std::vector<FakeRule> script;
  for (const Json& fields : list) {
    FakeRule& rule = script.emplace_back();
    for (const auto& [name, value] : fields.items()) {
      if (!take_field(name, value, rule))
        return fail(ErrorKind::kInvalidInput,
                    fmt::format("rule {} of the script: \"{}\" cannot be {}", script.size(), name,
                                value.dump()));
    }
  }
  return script;
}

}  // namespace tacit::testing
