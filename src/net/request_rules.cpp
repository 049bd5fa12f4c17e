#include "net/request_rules.h"

#include <algorithm>
#include <array>

#include "base/text.h"
#include "net/http_server.h"

namespace tacit::net {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"127.0.0.1", "localhost", "[::1]"};
constexpr unsigned short kHttpPort = 80;

// What stands behind an allowed name: "" or ":port"; nothing when the name is not allowed.
std::optional<std::string_view> after_name(std::string_view host) {
  for (const std::string_view name : kNames) {
    if (host.starts_with(name)) return host.substr(name.size());
  }
  return std::nullopt;
}

std::optional<unsigned> hex_digit(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a' + 10);
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A' + 10);
  return std::nullopt;
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_blank) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const auto high = hex_digit(text[i + 1]);
      const auto low = hex_digit(text[i + 2]);
      if (!high || !low) return std::nullopt;
      c = static_cast<char>(*high * 16 + *low);
      i += 2;
    } else if (c == '+' && plus_is_blank) {
      c = ' ';
    }
    result += c;
  }
  return result;
}

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
  });
}

}  // namespace

std::string Request::header(const std::string& lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  return found == headers.end() ? std::string() : found->second;
}

std::string Request::media_type() const {
  const std::string type = lower_ascii(header("content-type"));
  return std::string(trim(std::string_view(type).substr(0, type.find(';'))));
}

bool is_allowed_host(std::string_view host, unsigned short port) {
  const std::string lowered = lower_ascii(host);
  const auto rest = after_name(lowered);
  return rest && (rest->empty() || *rest == ":" + std::to_string(port));
}

bool is_allowed_origin(std::string_view origin, unsigned short port) {
  constexpr std::string_view kScheme = "http://";
  const std::string lowered = lower_ascii(origin);
  if (!lowered.starts_with(kScheme)) return false;
  const auto rest = after_name(std::string_view(lowered).substr(kScheme.size()));
  if (!rest) return false;
  return rest->empty() ? port == kHttpPort : *rest == ":" + std::to_string(port);
}

std::optional<Target> decode_target(std::string_view target) {
  if (!target.starts_with('/')) return std::nullopt;
  target = target.substr(0, target.find('#'));
  const auto question = target.find('?');
  Target result;
  auto path = percent_decode(target.substr(0, question), false);
  if (!path || has_control(*path) || !is_valid_utf8(*path)) return std::nullopt;
  result.path = std::move(*path);
  if (question == std::string_view::npos) return result;
  std::string_view rest = target.substr(question + 1);
  while (!rest.empty()) {
    const auto end = rest.find('&');
    const std::string_view pair = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    auto name = percent_decode(pair.substr(0, equals), true);
    auto value = percent_decode(
        equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), true);
    if (!name || !value || has_control(*name)) return std::nullopt;
    if (!is_valid_utf8(*name) || !is_valid_utf8(*value)) return std::nullopt;
    result.query.insert_or_assign(std::move(*name), std::move(*value));
  }
  return result;
}

}  // namespace tacit::net
