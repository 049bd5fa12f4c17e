// Decides whether the value of an assignment is a secret. Precision first: a false mask spoils
// knowledge for ever.
#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

#include "base/text.h"
#include "privacy/finder.h"
#include "privacy/rules.h"

namespace tacit::privacy {
namespace {

constexpr std::size_t kMinPassword = 6;
constexpr std::size_t kMinToken = 12;
constexpr std::size_t kOddSigns = 5;
constexpr std::size_t kMinRandomCase = 16;
constexpr double kMinPasswordEntropy = 2.3;
constexpr double kMinTokenEntropy = 3.2;
constexpr double kMinBareTokenEntropy = 3.4;

// A name that ends in one of these speaks about a secret instead of holding it.
constexpr std::array<std::string_view, 37> kAboutSuffixes = {
    "name",    "id",     "type",   "url",     "uri",     "path",   "file",    "count",
    "limit",   "len",    "length", "field",   "label",   "env",    "var",     "ref",
    "expiry",  "ttl",    "policy", "prompt",  "hint",    "error",  "message", "header",
    "format",  "kind",   "scope",  "index",   "expires", "budget", "usage",   "status",
    "manager", "tokens", "hash",   "version", "prefix"};

constexpr std::array<std::string_view, 33> kPlaceholders = {
    "example",  "changeme",  "change_me",   "change-me",   "placeholder", "your",
    "dummy",    "redacted",  "removed",     "xxxx",        "****",        "....",
    "todo",     "insert",    "replace",     "secret_here", "_here",       "-here",
    "sample",   "undefined", "process.env", "os.environ",  "getenv",      "import.meta",
    "secrets.", "env.",      "config.",     "settings.",   "self.",       "this.",
    "req.",     "null",      "environ"};

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
      first == '.' || first == '#' || first == '<')
    return true;
  if (lower.starts_with("enc(")) return true;  // encrypted in place
  return std::any_of(kPlaceholders.begin(), kPlaceholders.end(),
                     [&](std::string_view word) { return lower.find(word) != std::string::npos; });
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// A part of an identifier: a word, a number, or a word with a short number behind it, such as
// sha256, v2 or base64.
bool is_word(std::string_view part) {
  const auto letters_end = std::find_if_not(part.begin(), part.end(), is_letter);
  const auto digits_end = std::find_if_not(letters_end, part.end(), is_digit);
  if (digits_end != part.end()) return false;
  return letters_end == part.begin() || digits_end - letters_end <= 3;
}

// Words joined by separators, such as my-app-token, parse_token.value or src/auth/token.ts: code,
// not a secret.
bool is_words(std::string_view value) {
  std::size_t words = 0;
  while (!value.empty()) {
    const std::size_t end = value.find_first_of("-_./:+=@");
    const std::string_view part = value.substr(0, end);
    if (!is_word(part)) return false;
    if (!part.empty()) ++words;
    if (end == std::string_view::npos) break;
    value.remove_prefix(end + 1);
  }
  return words >= 2;
}

// Different signs other than those that code and addresses put between words.
std::size_t odd_signs(std::string_view value) {
  std::string seen;
  for (const char c : value) {
    const bool odd = std::ispunct(static_cast<unsigned char>(c)) != 0 &&
                     std::string_view("-_./:=,").find(c) == std::string_view::npos;
    if (odd && seen.find(c) == std::string::npos) seen += c;
  }
  return seen.size();
}

// Letters whose case changes as by the toss of a coin; words in camel case change it seldom.
bool is_random_case(std::string_view value) {
  std::size_t changes = 0;
  for (std::size_t i = 1; i < value.size(); ++i) {
    if (!is_letter(value[i]) || !is_letter(value[i - 1])) return false;
    if ((value[i] < 'a') != (value[i - 1] < 'a')) ++changes;
  }
  return value.size() >= kMinRandomCase && changes * 5 >= value.size() * 2;
}

bool is_secret_password(std::string_view value, bool quoted) {
  const Shape shape = shape_of(value);
  const std::size_t letters = shape.lower + shape.upper;
  if (value.size() < kMinPassword || letters == 0 || entropy(value) < kMinPasswordEntropy)
    return false;
  if (is_words(value)) return false;
  const bool mixes = shape.digits > 0 || (shape.symbols > 0 && shape.upper > 0 && shape.lower > 0);
  if (!mixes) return quoted && (odd_signs(value) >= kOddSigns || is_random_case(value));
  // Without quotation marks code looks like this too: password1, hash2, Pbkdf2.
  return quoted || (value.size() >= 8 && shape.digits + shape.symbols >= 2);
}

bool is_secret_token(std::string_view value, bool quoted) {
  const Shape shape = shape_of(value);
  if (quoted && is_random_case(value)) return true;
  if (quoted && odd_signs(value) >= kOddSigns && shape.lower + shape.upper >= kMinToken)
    return true;
  if (value.size() < kMinToken || shape.digits < 2 || shape.lower + shape.upper < 3) return false;
  if (is_words(value)) return false;
  return entropy(value) >= (quoted ? kMinTokenEntropy : kMinBareTokenEntropy);
}

// The last part of a name is a word of its own: pass, db_pass, MYSQLPASS, but not bypass.
bool ends_in_word(std::string_view name, std::string_view word) {
  if (!lower_ascii(name).ends_with(word)) return false;
  if (name.size() == word.size()) return true;
  const char before = name[name.size() - word.size() - 1];
  const bool shouted = before >= 'A' && before <= 'Z' && before != 'Y' && before != 'M';
  return !is_letter(before) || (shouted && name.back() == 'S');
}

// Short names stand in much that assigns nothing: "--- PASS: TestRead/10KB".
bool is_short_password_name(std::string_view name) {
  return ends_in_word(name, "pass") || ends_in_word(name, "pw");
}

// Names of a key that is no secret.
bool is_public_name(std::string_view name) {
  return name.find("public") != std::string_view::npos ||
         name.find("csrf") != std::string_view::npos || name.find("xsrf") != std::string_view::npos;
}

// Code writes calls and members without quotation marks: createToken(…), secp256k1.utils.key.
bool is_code(const Assignment& assignment) {
  if (assignment.quoted) return false;
  if (assignment.after == '(' || assignment.after == '[') return true;
  return assignment.value.find('.') != std::string_view::npos && assignment.separator != ":";
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
  const std::string lower = lower_ascii(value);
  return lower.find("xxxx") != std::string::npos || lower.find("your") != std::string::npos;
}

std::string_view assigned_secret(const Assignment& assignment) {
  const std::string name = lower_ascii(assignment.name);
  for (const std::string_view suffix : kAboutSuffixes) {
    if (name.ends_with(suffix)) return {};
  }
  if (is_public_name(name)) return {};
  if (assignment.separator == "," && !assignment.quoted) return {};
  std::string_view value = assignment.value;
  if (!assignment.quoted) {
    // A query goes on behind its parameter: token=…&page=2.
    const std::size_t query = value.find('&');
    if (query != std::string_view::npos && value.find('=', query) != std::string_view::npos)
      value = value.substr(0, query);
    while (!value.empty() && (value.back() == '.' || value.back() == ':')) value.remove_suffix(1);
  }
  if (value.size() < kMinPassword) return {};
  if (is_code(assignment) || value.find(kMarkStart) != std::string_view::npos) return {};
  const bool short_name = is_short_password_name(assignment.name);
  if (short_name && !assignment.quoted && value.find('/') != std::string_view::npos) return {};
  const auto named = [&](std::string_view part) { return name.find(part) != std::string::npos; };
  const bool is_password = named("passw") || named("pwd") || named("swd") || named("sword") ||
                           named("swrd") || named("passphrase") || name == "identified by" ||
                           short_name;
  const bool is_token = named("secret") || named("token") || named("key") || named("credential");
  if (!is_password && !is_token) return {};
  const bool secret = is_password ? is_secret_password(value, assignment.quoted)
                                  : is_secret_token(value, assignment.quoted);
  // Placeholders last: looking for their words costs more than the rest.
  if (!secret || is_placeholder(value) || is_stand_in(value)) return {};
  return value;
}

}  // namespace tacit::privacy
