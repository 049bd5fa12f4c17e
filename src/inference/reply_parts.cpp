#include "inference/reply_parts.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/text.h"

namespace tacit::inference {
namespace {

using std::chrono::milliseconds;

constexpr double kMostSeconds = 30.0 * 24 * 3600;  // nobody is waited for longer

bool is_deeper_than(std::string_view json, std::size_t most) {
  std::size_t depth = 0;
  bool in_text = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_text) {
      if (c == '\\') ++i;
      if (c == '"') in_text = false;
    } else if (c == '"') {
      in_text = true;
    } else if (c == '{' || c == '[') {
      if (++depth > most) return true;
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return false;
}

std::optional<double> parse_number(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || !(number >= 0))
    return std::nullopt;
  return std::min(number, kMostSeconds * 1000);
}

milliseconds to_ms(double seconds) {
  return milliseconds(static_cast<std::int64_t>(std::ceil(std::min(seconds, kMostSeconds) * 1000)));
}

// "Wed, 21 Oct 2026 07:28:00 GMT" (RFC 9110, IMF-fixdate).
std::optional<Instant> parse_http_date(std::string_view text) {
  static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() != 29 || !text.ends_with(" GMT")) return std::nullopt;
  const std::size_t month = kMonths.find(text.substr(8, 3));
  if (month == std::string_view::npos || month % 3 != 0) return std::nullopt;
  const std::string number = std::to_string(month / 3 + 1);
  return parse_time(std::string(text.substr(12, 4)) + (number.size() == 1 ? "-0" : "-") + number +
                    "-" + std::string(text.substr(5, 2)) + "T" + std::string(text.substr(17, 8)) +
                    "Z");
}

}  // namespace

std::optional<Json> parse_object(std::string_view text) {
  if (is_deeper_than(text, kMaxReplyDepth)) return std::nullopt;
  Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  return json;
}

std::string text_at(const Json& json, const char* key) {
  const auto found = json.is_object() ? json.find(key) : json.end();
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

std::int64_t count_at(const Json& json, const char* key) {
  const auto found = json.is_object() ? json.find(key) : json.end();
  if (found == json.end() || !found->is_number_integer()) return 0;
  if (found->is_number_unsigned() &&
      found->get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX / 8))
    return INT64_MAX / 8;
  return std::clamp<std::int64_t>(found->get<std::int64_t>(), 0, INT64_MAX / 8);
}

const Json* object_at(const Json& json, const char* key) {
  const auto found = json.is_object() ? json.find(key) : json.end();
  return found != json.end() && found->is_object() ? &*found : nullptr;
}

const Json* first_of(const Json& json, const char* key) {
  const auto found = json.is_object() ? json.find(key) : json.end();
  return found != json.end() && found->is_array() && !found->empty() ? &found->front() : nullptr;
}

Fault broken(std::string message) {
  return {FaultKind::kBroken, std::move(message), std::nullopt, true};
}
Fault server_fault(std::string message) {
  return {FaultKind::kServer, std::move(message), std::nullopt, true};
}

std::string code_word(std::string_view code) {
  const bool is_code = code.size() <= kMaxCodeLetters && std::ranges::all_of(code, [](char c) {
                         return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
                       });
  return is_code ? std::string(code) : "";
}

std::string refusal_text(int status, std::initializer_list<std::string> codes) {
  const std::string text = "HTTP " + std::to_string(status);
  for (const std::string& code : codes)
    if (const std::string word = code_word(code); !word.empty()) return text + ": " + word;
  return text;
}

std::optional<milliseconds> parse_span(std::string_view text) {
  text = trim(text);
  if (text.empty()) return std::nullopt;
  double seconds = 0;
  while (!text.empty()) {
    const std::size_t unit = text.find_first_not_of("0123456789.");
    if (unit == 0 || unit == std::string_view::npos) return std::nullopt;
    const auto number = parse_number(text.substr(0, unit));
    if (!number) return std::nullopt;
    text.remove_prefix(unit);
    const std::size_t next = std::min(text.find_first_of("0123456789."), text.size());
    const std::string_view name = text.substr(0, next);
    if (name == "ms")
      seconds += *number / 1000;
    else if (name == "s")
      seconds += *number;
    else if (name == "m")
      seconds += *number * 60;
    else if (name == "h")
      seconds += *number * 3600;
    else if (name == "d")
      seconds += *number * 86400;
    else
      return std::nullopt;
    text.remove_prefix(next);
  }
  return to_ms(seconds);
}

std::optional<milliseconds> retry_after(const net::HttpHead& head, Instant now) {
  if (const auto exact = head.headers.find("retry-after-ms"); exact != head.headers.end()) {
    if (const auto number = parse_number(exact->second)) return to_ms(*number / 1000);
  }
  const auto found = head.headers.find("retry-after");
  if (found == head.headers.end()) return std::nullopt;
  if (const auto seconds = parse_number(found->second)) return to_ms(*seconds);
  if (const auto date = parse_http_date(found->second))
    return std::max(milliseconds(0), milliseconds(*date - now));
  return std::nullopt;
}

FaultKind kind_of_status(int status) {
  switch (status) {
    case 401:
    case 402:
    case 403:
    case 404:
    case 405:
      return FaultKind::kConfiguration;
    case 413:
      return FaultKind::kTooLong;
    case 429:
      return FaultKind::kRateLimited;
    case 408:
    case 504:
      return FaultKind::kTimeout;
    case 409:
    case 498:
      return FaultKind::kServer;
    default:
      break;
  }
  if (status >= 500) return FaultKind::kServer;
  // A redirect is never followed: a key would go along.
  return status >= 400 ? FaultKind::kRequest : FaultKind::kConfiguration;
}

bool is_maybe_billed(int status) {
  return kind_of_status(status) == FaultKind::kTimeout;
}

std::optional<BilledTokens> believed(const std::optional<BilledTokens>& usage, bool has_text) {
  if (usage && usage->total() == 0 && has_text) return std::nullopt;
  return usage;
}

std::optional<std::vector<float>> unit_vector(const Json& values) {
  if (!values.is_array() || values.empty()) return std::nullopt;
  std::vector<float> vector;
  double square = 0;
  for (const Json& value : values) {
    if (!value.is_number()) return std::nullopt;
    vector.push_back(value.get<float>());
    square += static_cast<double>(vector.back()) * vector.back();
  }
  if (!(square > 0) || !std::isfinite(square)) return std::nullopt;
  const auto length = static_cast<float>(std::sqrt(square));
  for (float& value : vector) value /= length;
  return vector;
}

Attempted<void> same_lengths(const EmbeddingReply& reply) {
  for (const auto& vector : reply.vectors) {
    if (vector.empty() || vector.size() != reply.vectors.front().size())
      return std::unexpected<Fault>(broken("a vector is missing or of another length"));
  }
  return {};
}

}  // namespace tacit::inference
