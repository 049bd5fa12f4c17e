// Decides whether the value of an assignment is a secret. Precision first: a false mask spoils
// knowledge for ever.
#include <algorithm>
#include <array>
#include <cmath>

#include "base/text.h"
#include "privacy/rules.h"

namespace tacit::privacy {
namespace {

constexpr std::size_t kMinPassword = 6;
constexpr std::size_t kMinToken = 12;
constexpr double kMinPasswordEntropy = 2.3;
constexpr double kMinTokenEntropy = 3.2;
constexpr double kMinBareTokenEntropy = 3.4;

// A name that ends in one of these speaks about a secret instead of holding it.
constexpr std::array<std::string_view, 34> kAboutSuffixes = {
    "name",   "_id",     "type",   "url",   "uri",     "path",    "file",   "count",  "limit",
    "len",    "length",  "field",  "label", "env",     "var",     "ref",    "expiry", "ttl",
    "policy", "prompt",  "hint",   "error", "message", "header",  "format", "kind",   "scope",
    "index",  "expires", "budget", "usage", "status",  "manager", "tokens"};

constexpr std::array<std::string_view, 30> kPlaceholders = {
    "example",     "changeme",   "change_me",   "placeholder", "your",     "dummy",
    "redacted",    "removed",    "xxxx",        "****",        "....",     "todo",
    "insert",      "replace",    "secret_here", "_here",       "sample",   "undefined",
    "process.env", "os.environ", "getenv",      "import.meta", "secrets.", "env.",
    "config.",     "settings.",  "self.",       "this.",       "req.",     "null"};

struct Shape {
  std::size_t lower = 0, upper = 0, digits = 0, symbols = 0;
};

Shape shape_of(std::string_view text) {
  Shape shape;
  for (const char c : text) {
    if (c >= 'a' && c <= 'z')
      ++shape.lower;
    else if (c >= 'A' && c <= 'Z')
      ++shape.upper;
    else if (c >= '0' && c <= '9')
      ++shape.digits;
    else
      ++shape.symbols;
  }
  return shape;
}

bool is_placeholder(std::string_view value) {
  const std::string lower = lower_ascii(value);
  const auto first = value.front();
  if (first == '$' || first == '%' || first == '@' || first == '&' || first == '/' ||
      first == '.' || first == '#')
    return true;
  return std::any_of(kPlaceholders.begin(), kPlaceholders.end(),
                     [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

// Words joined by separators, such as my-app-token, parse_token.value or src/auth/token.ts: code,
// not a secret.
bool is_words(std::string_view value) {
  std::size_t words = 0;
  std::size_t mixed = 0;  // parts that hold digits among letters
  while (!value.empty()) {
    const std::size_t end = value.find_first_of("-_./:+=");
    const Shape part = shape_of(value.substr(0, end));
    if (part.lower + part.upper + part.digits > 0) ++words;
    if (part.digits > 0 && part.lower + part.upper > 0) ++mixed;
    if (end == std::string_view::npos) break;
    value.remove_prefix(end + 1);
  }
  return words >= 2 && mixed == 0;
}

bool is_uuid_or_hash(std::string_view value) {
  const bool hex = std::all_of(value.begin(), value.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == '-';
  });
  return hex && (value.size() == 36 || value.size() == 40 || value.size() == 64);
}

bool is_secret_password(std::string_view value, bool quoted) {
  const Shape shape = shape_of(value);
  const std::size_t letters = shape.lower + shape.upper;
  if (value.size() < kMinPassword || letters == 0 || entropy(value) < kMinPasswordEntropy)
    return false;
  if (is_words(value)) return false;
  const bool mixes = shape.digits > 0 || (shape.symbols > 0 && shape.upper > 0 && shape.lower > 0);
  if (!mixes) return false;
  // Without quotation marks code looks like this too: password1, hash2, Pbkdf2.
  return quoted || (value.size() >= 8 && shape.digits + shape.symbols >= 2);
}

bool is_secret_token(std::string_view value, bool quoted) {
  const Shape shape = shape_of(value);
  if (value.size() < kMinToken || shape.digits < 2 || shape.lower + shape.upper < 3) return false;
  if (is_words(value) && !is_uuid_or_hash(value)) return false;
  return entropy(value) >= (quoted ? kMinTokenEntropy : kMinBareTokenEntropy);
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
  constexpr std::array<std::string_view, 12> kWords = {"password", "passwd", "pass", "pwd",
                                                       "secret",   "token",  "user", "admin",
                                                       "root",     "test",   "pw",   "postgres"};
  const std::string lower = lower_ascii(value);
  return std::find(kWords.begin(), kWords.end(), lower) != kWords.end();
}

bool is_assigned_secret(std::string_view name, std::string_view separator, bool quoted,
                        std::string_view value) {
  const std::string lower = lower_ascii(name);
  // A blank assigns only behind a flag: `--password x`; in a sentence it just separates words.
  const bool blank = separator == " " || separator == "\t";
  if (blank && lower.find("--") == std::string::npos) return false;
  for (const std::string_view suffix : kAboutSuffixes) {
    if (lower.ends_with(suffix)) return false;
  }
  while (!value.empty() && (value.back() == '.' || value.back() == ':')) value.remove_suffix(1);
  if (value.size() < kMinPassword || is_placeholder(value) || is_stand_in(value)) return false;
  // Without quotation marks a dot means a member: secp256k1.utils.key.
  if (!quoted && value.find('.') != std::string_view::npos && separator != ":") return false;
  const bool is_password = lower.find("passw") != std::string::npos ||
                           lower.find("pwd") != std::string::npos ||
                           lower.find("passphrase") != std::string::npos;
  return is_password ? is_secret_password(value, quoted) : is_secret_token(value, quoted);
}

}  // namespace tacit::privacy
