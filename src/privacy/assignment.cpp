// Decides whether the value of an assignment is a secret. Precision first: a false mask spoils
// knowledge for ever.
#include <algorithm>
#include <array>
#include <cctype>

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
constexpr std::size_t kMinOpaque = 20;
constexpr double kMinOpaqueEntropy = 3.8;
constexpr std::size_t kHexKey = 32;

// A name that ends in one of these speaks about a secret instead of holding it.
constexpr std::array<std::string_view, 37> kAboutSuffixes = {
    "name",    "id",     "type",   "url",     "uri",     "path",   "file",    "count",
    "limit",   "len",    "length", "field",   "label",   "env",    "var",     "ref",
    "expiry",  "ttl",    "policy", "prompt",  "hint",    "error",  "message", "header",
    "format",  "kind",   "scope",  "index",   "expires", "budget", "usage",   "status",
    "manager", "tokens", "hash",   "version", "prefix"};

constexpr std::array<std::string_view, 34> kPlaceholders = {
    "example",     "changeme",   "change_me",   "change-me",   "placeholder", "your",   "dummy",
    "redacted",    "removed",    "xxxx",        "****",        "####",        "....",   "todo",
    "insert",      "replace",    "secret_here", "_here",       "-here",       "sample", "undefined",
    "process.env", "os.environ", "getenv",      "import.meta", "secrets.",    "env.",   "config.",
    "settings.",   "self.",      "this.",       "req.",        "null",        "environ"};

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
  if (value.size() < kMinPassword || letters == 0) return false;
  const bool mixes = shape.digits > 0 || (shape.symbols > 0 && shape.upper > 0 && shape.lower > 0);
  if (!mixes && !quoted) return false;
  if (is_words(value) || entropy(value) < kMinPasswordEntropy) return false;
  if (!mixes) return odd_signs(value) >= kOddSigns || is_random_case(value);
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

// What cannot follow such a name: a path, and words in quotation marks ("Pass `x={y}` on").
bool is_after_short_name(const Assignment& assignment, std::string_view value) {
  if (assignment.quoted) return assignment.separator != " ";
  return value.find('/') == std::string_view::npos;
}

// Names of a key that is no secret.
bool is_public_name(std::string_view name) {
  return name.find("public") != std::string_view::npos ||
         name.find("csrf") != std::string_view::npos || name.find("xsrf") != std::string_view::npos;
}

enum class NameKind { kNone, kPassword, kShortPassword, kToken, kKey, kAccessId, kClientId };

// A service's own key or id: "hubspotKey", "SNYK_KEY", but not "cacheKey".
bool is_service_key(std::string_view lower) {
  constexpr std::array<std::string_view, 24> kOthers = {
      "cache", "primary", "foreign", "partition", "sort",  "dedup", "idempot", "lookup",
      "hash",  "row",     "group",   "query",     "i18n",  "file",  "host",    "object",
      "event", "index",   "message", "storage",   "state", "map",   "item",    "session"};
  return std::none_of(kOthers.begin(), kOthers.end(), [&](std::string_view other) {
    return lower.find(other) != std::string_view::npos;
  });
}

// The length of the first of `words` that the name ends in, which may be split by one sign.
std::size_t tail_of(std::string_view lower, std::string_view first, std::string_view last) {
  if (!lower.ends_with(last)) return 0;
  std::string_view before = lower.substr(0, lower.size() - last.size());
  if (before.ends_with('_') || before.ends_with('-') || before.ends_with('.'))
    before.remove_suffix(1);
  return before.ends_with(first) ? lower.size() - before.size() + first.size() : 0;
}

NameKind name_kind(std::string_view name, std::string_view lower) {
  if (is_public_name(lower)) return NameKind::kNone;
  if (tail_of(lower, "access", "id") > 0) return NameKind::kAccessId;
  const std::size_t client = tail_of(lower, "client", "id");
  if (client > 0) return client < lower.size() ? NameKind::kClientId : NameKind::kNone;
  const bool is_about =
      std::any_of(kAboutSuffixes.begin(), kAboutSuffixes.end(),
                  [&](std::string_view suffix) { return lower.ends_with(suffix); });
  if (is_about) return NameKind::kNone;
  const auto named = [&](std::string_view part) {
    return lower.find(part) != std::string_view::npos;
  };
  if (is_short_password_name(name)) return NameKind::kShortPassword;
  if (named("passw") || named("pwd") || named("swd") || named("sword") || named("swrd") ||
      named("passphrase") || named("passcode") || lower.ends_with("by") || named("securestring"))
    return NameKind::kPassword;
  if (named("secret") || named("token") || named("credential")) return NameKind::kToken;
  for (const std::string_view owner :
       {"api", "access", "auth", "account", "encryption", "private", "signing", "master", "client",
        "service", "app", "storage"}) {
    if (tail_of(lower, owner, "key") > 0 || named(std::string(owner) + "key") ||
        named(std::string(owner) + "_key") || named(std::string(owner) + "-key"))
      return NameKind::kToken;
  }
  if (lower.ends_with("auth") || lower.ends_with("authorization") ||
      lower.ends_with("authentication") || (lower.ends_with("key") && is_service_key(lower)))
    return NameKind::kKey;
  return NameKind::kNone;
}

// 8-4-4-4-12 hexadecimal digits.
bool is_uuid(std::string_view value) {
  if (value.size() != 36) return false;
  for (std::size_t i = 0; i < value.size(); ++i) {
    const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (is_dash ? value[i] != '-' : std::isxdigit(static_cast<unsigned char>(value[i])) == 0)
      return false;
  }
  return true;
}

// A value that can be nothing but a key: what a name that says little needs.
bool is_opaque(std::string_view value, std::size_t least) {
  const Shape shape = shape_of(value);
  const bool is_plain = shape.symbols <= value.size() / 8;
  return value.size() >= least && is_plain && shape.digits > 0 && shape.lower > 0 &&
         shape.upper > 0 && !is_words(value) &&
         entropy(value) >= (least > kMinToken ? kMinOpaqueEntropy : kMinTokenEntropy);
}

bool is_hex_key(std::string_view value) {
  return value.size() == kHexKey && entropy(value) >= kMinTokenEntropy - 0.2 &&
         std::all_of(value.begin(), value.end(),
                     [](unsigned char c) { return std::isxdigit(c) != 0; });
}

// What people write into a sentence: a word with digits will do, the name of an algorithm not.
bool is_told_password(std::string_view value) {
  constexpr std::array<std::string_view, 14> kAlgorithms = {
      "base64", "base32", "sha1",   "sha256", "sha512", "sha-",  "md5",
      "utf",    "pbkdf2", "argon2", "bcrypt", "scrypt", "oauth", "http"};
  const std::string lower = lower_ascii(value);
  const bool is_algorithm =
      std::any_of(kAlgorithms.begin(), kAlgorithms.end(),
                  [&](std::string_view name) { return lower.starts_with(name); });
  const Shape shape = shape_of(value);
  return !is_algorithm && value.size() >= kMinPassword && shape.digits > 0 &&
         shape.lower + shape.upper >= 3 && !is_words(value) &&
         entropy(value) >= kMinPasswordEntropy;
}

bool is_secret(NameKind kind, const Assignment& assignment, std::string_view value) {
  const bool is_quoted = assignment.quoted;
  switch (kind) {
    case NameKind::kPassword:
    case NameKind::kShortPassword:
      if (assignment.form == AssignmentForm::kSentence) return is_told_password(value);
      return is_secret_password(value, is_quoted);
    case NameKind::kToken:
      return is_secret_token(value, is_quoted);
    case NameKind::kKey:
      return (is_quoted && (is_uuid(value) || is_hex_key(value))) || is_opaque(value, kMinOpaque);
    case NameKind::kAccessId:
      return is_opaque(value, kMinToken) && !is_uuid(value);
    case NameKind::kClientId:
      return is_quoted && (is_uuid(value) || is_hex_key(value) || is_opaque(value, kMinOpaque));
    case NameKind::kNone:
      break;
  }
  return false;
}

// A value without quotation marks ends before the next parameter of a query and before the full
// stop of a sentence.
std::string_view bare_value(std::string_view value) {
  const std::size_t query = value.find('&');
  if (query != std::string_view::npos && value.find('=', query) != std::string_view::npos)
    value = value.substr(0, query);
  if (value.ends_with("...")) return {};  // cut short: somebody's example
  while (!value.empty() && (value.back() == '.' || value.back() == ':')) value.remove_suffix(1);
  return value;
}

// Code writes calls and members without quotation marks: createToken(…), secp256k1.utils.key.
bool is_code(const Assignment& assignment, std::string_view value) {
  if (assignment.quoted) return false;
  if (assignment.after == '(' || assignment.after == '[') return true;
  return value.find('.') != std::string_view::npos && assignment.separator != ":";
}

}  // namespace

std::string_view assigned_secret(const Assignment& assignment) {
  const std::string name = lower_ascii(assignment.name);
  const NameKind kind = name_kind(assignment.name, name);
  if (kind == NameKind::kNone) return {};
  if (assignment.separator == "," && !assignment.quoted) return {};
  const std::string_view value =
      assignment.quoted ? assignment.value : bare_value(assignment.value);
  if (value.size() < kMinPassword) return {};
  if (is_code(assignment, value) || value.find(kMarkStart) != std::string_view::npos) return {};
  if (kind == NameKind::kShortPassword && !is_after_short_name(assignment, value)) return {};
  // Placeholders last: looking for their words costs more than the rest.
  if (!is_secret(kind, assignment, value) || is_placeholder(value) || is_stand_in(value)) return {};
  const bool is_password = kind == NameKind::kPassword || kind == NameKind::kShortPassword;
  return !is_password && is_token_placeholder(value) ? std::string_view{} : value;
}

}  // namespace tacit::privacy
