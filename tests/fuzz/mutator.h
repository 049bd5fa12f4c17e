#pragma once
// Mutations for the fuzz programs: texts made of fixtures by flips, cuts, joins, repeats, deep
// nesting and odd tokens. The same seed makes the same texts.

#include <algorithm>
#include <array>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace tacit::fuzz {

using std::string_view_literals::operator""sv;

inline constexpr std::size_t kMaxInputBytes = 1U << 20U;
inline constexpr std::array kTokens{
    "{"sv,    "["sv,      "}"sv,       "]"sv,       "\""sv,      "\\"sv,    "\n"sv,
    "\r\n"sv, "\0"sv,     "\xFF"sv,    "\xC3"sv,    "\\ud800"sv, "null"sv,  "true"sv,
    "-1"sv,   "1e999"sv,  "```"sv,     "\n---\n"sv, "<task>"sv,  "# "sv,    "\xEF\xBB\xBF"sv,
    "\"\""sv, "{}"sv,     "[]"sv,      "\\u0000"sv, "</task>"sv, "#### "sv, "\r"sv,
    "\n\n"sv, "data: "sv, "event: "sv, ":"sv};
inline constexpr std::array kNumbers{
    "99999999999999999999"sv, "-9223372036854775808"sv, "9223372036854775807"sv, "1e400"sv, "0"sv,
    "253402300800000"sv};

// TACIT_FUZZ_SECONDS and TACIT_FUZZ_SEED choose how long and which inputs.
inline unsigned environment_number(const char* name, unsigned usual) {
  const char* value = std::getenv(name);
  return value == nullptr ? usual : static_cast<unsigned>(std::strtoul(value, nullptr, 10));
}

class Mutator {
 public:
  Mutator(const std::vector<std::string>& fixtures, unsigned seed)
      : fixtures_(fixtures), random_(seed) {}

  std::string next() {
    std::string text = fixtures_[below(fixtures_.size())];
    for (std::size_t count = 1 + below(4); count > 0; --count) {
      mutate(text);
      if (text.size() > kMaxInputBytes) text.resize(kMaxInputBytes);
    }
    return text;
  }
  bool one_in(unsigned count) { return below(count) == 0; }
  std::size_t below(std::size_t bound) {
    return bound == 0 ? 0 : static_cast<std::size_t>(random_() % bound);
  }

  void flip(std::string& text) {
    for (std::size_t count = 1 + below(8); count > 0 && !text.empty(); --count) {
      char& byte = text[below(text.size())];
      byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1U << below(8)));
    }
  }

 private:
  void mutate(std::string& text) {
    const std::size_t at = below(text.size() + 1);
    const std::size_t size = below(std::min<std::size_t>(text.size() - at, 4096) + 1);
    switch (below(10)) {
      case 0:
        return flip(text);
      case 1:
        return text.resize(at);
      case 2:
        text.insert(at, std::string(text, at, size));
        return;
      case 3:
        text.erase(at, size);
        return;
      case 4: {
        const std::string& other = fixtures_[below(fixtures_.size())];
        text = text.substr(0, at) + other.substr(below(other.size() + 1));
        return;
      }
      case 5:
        text.insert(at, kTokens[below(kTokens.size())]);
        return;
      case 6:
        return nest(text, at);
      case 7:
        return change_number(text, at);
      case 8:
        return swap_lines(text);
      default:
        return repeat_line(text, at);
    }
  }

  void nest(std::string& text, std::size_t at) {
    const std::string_view opening = one_in(2) ? "["sv : "{\"a\":"sv;
    const bool is_closed = one_in(2);
    std::string middle;
    const std::size_t depth = 1 + below(5000);
    for (std::size_t i = 0; i < depth; ++i) middle += opening;
    if (is_closed) middle += "1" + std::string(depth, opening == "[" ? ']' : '}');
    text.insert(at, middle);
  }

  void change_number(std::string& text, std::size_t at) {
    const std::size_t start = text.find_first_of("0123456789", at);
    if (start == std::string::npos) return;
    const std::size_t end = text.find_first_not_of("0123456789", start);
    text.replace(start, (end == std::string::npos ? text.size() : end) - start,
                 kNumbers[below(kNumbers.size())]);
  }

  static std::pair<std::size_t, std::size_t> line_at(const std::string& text, std::size_t at) {
    const std::size_t before = at == 0 ? std::string::npos : text.rfind('\n', at - 1);
    const std::size_t start = before == std::string::npos ? 0 : before + 1;
    const std::size_t end = text.find('\n', at);
    return {start, (end == std::string::npos ? text.size() : end + 1) - start};
  }

  void swap_lines(std::string& text) {
    const auto [start, size] = line_at(text, below(text.size() + 1));
    const std::string line = text.substr(start, size);
    text.erase(start, size);
    text.insert(line_at(text, below(text.size() + 1)).first, line);
  }

  void repeat_line(std::string& text, std::size_t at) {
    const auto [start, size] = line_at(text, at);
    const std::string line = text.substr(start, size);
    for (std::size_t count = 1 + below(64); count > 0 && text.size() < kMaxInputBytes; --count)
      text.insert(start, line);
  }

  const std::vector<std::string>& fixtures_;
  std::mt19937 random_;
};

}  // namespace tacit::fuzz
