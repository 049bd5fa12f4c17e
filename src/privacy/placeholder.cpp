// What documentation writes in place of a secret.
#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "privacy/rules.h"

namespace tacit::privacy {
namespace {

constexpr std::size_t kSequence = 12;    // characters in order, such as abcdefghijkl
constexpr std::size_t kRepetition = 14;  // bytes filled by a few characters again and again
constexpr std::size_t kMaxPeriod = 5;
// Words and repetitions turn up by chance in tokens longer than this.
constexpr std::size_t kMaxPlaceholder = 256;

// Each character the one after the last, in the alphabet or the digits (where 0 follows 9).
bool has_sequence(std::string_view lower) {
  std::size_t run = 1;
  for (std::size_t i = 1; i < lower.size(); ++i) {
    const char last = lower[i - 1];
    const char next = lower[i];
    const bool is_letter = next > 'a' && next <= 'z' && next - last == 1;
    const bool is_digit =
        next >= '0' && next <= '9' && (next - last == 1 || (last == '9' && next == '0'));
    run = is_letter || is_digit ? run + 1 : 1;
    if (run >= kSequence) return true;
  }
  return false;
}

// One letter again and again is left to the entropy.
bool has_repetition(std::string_view value) {
  for (std::size_t period = 2; period <= kMaxPeriod; ++period) {
    std::size_t run = period;
    for (std::size_t i = period; i < value.size(); ++i) {
      run = value[i] == value[i - period] ? run + 1 : period;
      const std::string_view last = value.substr(i + 1 - period, period);
      if (run >= kRepetition && run * 4 >= value.size() &&
          last.find_first_not_of(last.front()) != std::string_view::npos)
        return true;
    }
  }
  return false;
}

}  // namespace

double entropy(std::string_view text) {
  if (text.empty()) return 0;
  std::array<std::size_t, 256> counts{};
  for (const char c : text) ++counts[static_cast<unsigned char>(c)];
  double bits = 0;
  for (const std::size_t count : counts) {
    if (count == 0) continue;
    const double share = static_cast<double>(count) / static_cast<double>(text.size());
    bits -= share * std::log2(share);
  }
  return bits;
}

bool is_stand_in(std::string_view value) {
  constexpr std::array<std::string_view, 16> kWords = {
      "password", "passwd", "pass",  "pwd", "secret",   "token",  "user", "admin",
      "root",     "test",   "guest", "pw",  "postgres", "mypass", "xxx",  "mypassword"};
  const std::string lower = lower_ascii(value);
  return std::find(kWords.begin(), kWords.end(), lower) != kWords.end();
}

bool is_token_placeholder(std::string_view value) {
  if (value.size() > kMaxPlaceholder) return false;
  const std::string lower = lower_ascii(value);
  for (const std::string_view word : {"xxxx", "your", "example", "redacted", "placeholder"})
    if (lower.find(word) != std::string::npos) return true;
  return has_sequence(lower) || has_repetition(value) || is_published_sample(value);
}

}  // namespace tacit::privacy
