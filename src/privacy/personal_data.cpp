#include "privacy/personal_data.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <vector>

#include "base/text.h"

namespace tacit::privacy {
namespace {

constexpr std::size_t kMaxGroups = 12;     // of digits that may belong to one number
constexpr std::size_t kMaxLocalPart = 64;  // bytes before the @ (RFC 5321)
constexpr std::size_t kMaxDomain = 255;    // and behind it
constexpr std::size_t kMinPhone = 9;       // digits with the country's code (E.164: at most 15)
constexpr std::size_t kMaxPhone = 15;
constexpr std::size_t kMinLocalPhone = 6;  // digits where a word says that it is one
constexpr std::size_t kPhoneWord = 28;     // bytes before a number in which such a word stands
constexpr std::size_t kMinIban = 15;
constexpr std::size_t kMaxIban = 34;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0;
}

bool passes_luhn(std::string_view digits) {
  int sum = 0;
  bool is_doubled = false;
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit, is_doubled = !is_doubled) {
    const int value = *digit - '0';
    sum += is_doubled ? (value * 2 > 9 ? value * 2 - 9 : value * 2) : value;
  }
  return sum % 10 == 0;
}

bool is_card(std::string_view digits) {
  // Numbers that card companies publish for tests.
  constexpr std::array<std::string_view, 8> kForTests = {
      "4242424242424242", "4111111111111111", "5555555555554444", "378282246310005",
      "4000056655665556", "6011111111111117", "4012888888881881", "5105105105105100"};
  if (std::find(kForTests.begin(), kForTests.end(), digits) != kForTests.end()) return false;
  const auto starts = [&](std::string_view start) { return digits.starts_with(start); };
  const std::size_t size = digits.size();
  const bool has_form =
      (starts("4") && (size == 13 || size == 16 || size == 19)) ||
      ((starts("5") || starts("2") || starts("6") || starts("35")) && size == 16) ||
      ((starts("34") || starts("37")) && size == 15) ||
      ((starts("30") || starts("36") || starts("38")) && size == 14);
  return has_form && passes_luhn(digits) &&
         digits.find_first_not_of(digits[0]) != std::string::npos;
}

// The remainder of a number written in decimal digits.
unsigned int remainder_of(std::string_view digits, unsigned int divisor) {
  unsigned int rest = 0;
  for (const char c : digits) rest = (rest * 10 + static_cast<unsigned int>(c - '0')) % divisor;
  return rest;
}

// France: 13 digits and two that check them.
bool is_french_number(std::string_view digits) {
  if (digits.size() != 15 || (digits[0] != '1' && digits[0] != '2')) return false;
  return 97 - remainder_of(digits.substr(0, 13), 97) == remainder_of(digits.substr(13), 100);
}

bool is_spanish_number(std::string_view text) {
  std::string number = lower_ascii(text);
  std::erase_if(number, [](char c) { return !is_word(c); });
  if (number.size() != 9) return false;
  if (number[0] >= 'x') number[0] = static_cast<char>('0' + (number[0] - 'x'));
  const std::string_view digits = std::string_view(number).substr(0, 8);
  return "trwagmyfpdxbnjzsqvhlcke"[remainder_of(digits, 23)] == number[8];
}

bool is_iban(std::string_view compact) {
  if (compact.size() < kMinIban || compact.size() > kMaxIban) return false;
  const auto value = [](char c) { return is_digit(c) ? c - '0' : c - 'A' + 10; };
  unsigned int rest = 0;
  for (std::size_t i = 0; i < compact.size(); ++i) {
    const int one = value(compact[(i + 4) % compact.size()]);
    rest = (rest * (one > 9 ? 100U : 10U) + static_cast<unsigned int>(one)) % 97;
  }
  return rest == 1;
}

// Groups of letters and digits with single separators between them, from one place on.
struct Groups {
  std::vector<std::string_view> parts;
  std::string separators;  // one in front of each group but the first
  std::size_t end = 0;     // of the first group
};

Groups groups_at(std::string_view text, std::size_t place, bool only_digits) {
  const auto belongs = [only_digits](char c) { return only_digits ? is_digit(c) : is_word(c); };
  Groups groups;
  std::size_t i = place;
  while (i < text.size() && groups.parts.size() < kMaxGroups) {
    std::size_t end = i;
    while (end < text.size() && belongs(text[end]) && end - i <= kMaxIban) ++end;
    if (end == i || end - i > kMaxIban) break;
    groups.parts.push_back(text.substr(i, end - i));
    if (groups.end == 0) groups.end = end;
    std::size_t next = end;
    while (next < text.size() && next - end < 2 &&
           std::string_view(" -./()").find(text[next]) != std::string_view::npos)
      ++next;
    if (next == end || next >= text.size() || !belongs(text[next])) break;
    groups.separators += text[end];
    i = next;
  }
  return groups;
}

bool has_phone_word(std::string_view text, std::size_t place) {
  constexpr std::array<std::string_view, 17> kWords = {
      "phone", "mobile", "tel.",   "tel:",    "tel ",   " cell",     "handy", "mobil",   "call ",
      "fax",   "whats",  "reach ", "telefon", "numero", "rufnummer", "movil", "portable"};
  const std::size_t from = place > kPhoneWord ? place - kPhoneWord : 0;
  const std::string before = lower_ascii(text.substr(from, place - from));
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return before.find(word) != std::string::npos; });
}

// Three, three and four digits; Britain's three, four and four; or France's five pairs.
bool has_national_form(const Groups& groups) {
  const auto sizes = [&](std::initializer_list<std::size_t> wanted) {
    if (groups.parts.size() < wanted.size()) return false;
    std::size_t i = 0;
    return std::all_of(wanted.begin(), wanted.end(),
                       [&](std::size_t size) { return groups.parts[i++].size() == size; });
  };
  if (sizes({3, 4, 4}) && groups.parts[0][0] == '0') return true;
  if (sizes({3, 3, 4})) return groups.separators[0] != ' ' || groups.separators[1] != ' ';
  return sizes({2, 2, 2, 2, 2}) && groups.parts[0][0] == '0' && groups.parts[0][1] != '0' &&
         groups.separators[0] != ':';
}

bool is_phone(std::string_view text, std::size_t place, const Groups& groups) {
  std::size_t digits = 0;
  for (const std::string_view part : groups.parts) digits += part.size();
  const char before = place > 0 ? text[place - 1] : ' ';
  if (before == '+') {
    const char outer = place > 1 ? text[place - 2] : '\n';
    const bool is_diff = outer == '\n' && groups.parts.size() == 1;
    return !is_word(outer) && outer != ')' && outer != '+' && !is_diff && digits >= kMinPhone &&
           digits <= kMaxPhone;
  }
  if (groups.parts[0].starts_with("00") && groups.parts.size() > 2)
    return digits >= kMinPhone + 2 && digits <= kMaxPhone + 2 && groups.separators[0] != '.' &&
           groups.separators[0] != '-';
  return has_national_form(groups) ||
         (digits >= kMinLocalPhone && digits <= kMaxPhone && has_phone_word(text, place) &&
          (groups.parts.size() > 1 || groups.parts[0].starts_with("0") || digits >= kMinPhone));
}

bool is_social_security_number(const Groups& groups) {
  if (groups.parts.size() != 3 || groups.separators != "--") return false;
  const std::string_view area = groups.parts[0];
  return area.size() == 3 && groups.parts[1].size() == 2 && groups.parts[2].size() == 4 &&
         area != "000" && area != "666" && area[0] != '9' && groups.parts[1] != "00" &&
         groups.parts[2] != "0000";
}

std::string_view kind_of_digits(std::string_view text, std::size_t place) {
  const Groups groups = groups_at(text, place, true);
  if (is_social_security_number(groups)) return "identity number";
  std::string digits;
  for (std::size_t i = 0; i < groups.parts.size(); ++i) {
    if (i > 0 && groups.separators[i - 1] != ' ' && groups.separators[i - 1] != '-' &&
        groups.separators[i - 1] != '.')
      break;
    digits += groups.parts[i];
    if (is_card(digits)) return "payment card";
    if (is_french_number(digits) && i > 0) return "identity number";
  }
  return is_phone(text, place, groups) ? "telephone number" : "";
}

std::string_view kind_of_account(std::string_view text, std::size_t place) {
  const Groups groups = groups_at(text, place, false);
  std::string compact;
  for (std::size_t i = 0; i < groups.parts.size(); ++i) {
    if (i > 0 && groups.separators[i - 1] != ' ' && groups.separators[i - 1] != '-') break;
    for (const char c : groups.parts[i])
      compact += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (is_iban(compact)) return "bank account";
  }
  return "";
}

// Addresses of programs, of roles, and those that documentation makes up.
bool is_nobody(std::string_view local, std::string_view domain) {
  constexpr std::array<std::string_view, 20> kRoles = {
      "noreply", "no-reply", "donotreply", "git",     "support", "info",      "admin",
      "hello",   "security", "team",       "bot",     "root",    "user",      "foo",
      "test",    "username", "you",        "someone", "me",      "postmaster"};
  constexpr std::array<std::string_view, 11> kDomains = {
      "example.com",   "example.org", "example.net",
      "test.com",      "domain.com",  "email.com",
      "localhost.com", "foo.com",     "users.noreply.github.com",
      "bar.com",       "company.com"};
  constexpr std::array<std::string_view, 6> kTops = {".example", ".test",      ".invalid",
                                                     ".local",   ".localhost", ".internal"};
  return std::find(kRoles.begin(), kRoles.end(), local) != kRoles.end() ||
         local.find("noreply") != std::string_view::npos || local.ends_with("[bot]") ||
         std::find(kDomains.begin(), kDomains.end(), domain) != kDomains.end() ||
         std::any_of(kTops.begin(), kTops.end(),
                     [&](std::string_view top) { return domain.ends_with(top); });
}

bool is_mail_of_somebody(std::string_view text, std::size_t at) {
  const auto is_local = [](char c) {
    return is_word(c) || std::string_view("._%+-").find(c) != std::string_view::npos;
  };
  std::size_t start = at;
  while (start > 0 && at - start < kMaxLocalPart && is_local(text[start - 1])) --start;
  std::size_t end = at + 1;
  while (end < text.size() && end - at < kMaxDomain &&
         (is_word(text[end]) || text[end] == '.' || text[end] == '-'))
    ++end;
  while (end > at + 1 && !is_word(text[end - 1])) --end;
  if (start == at || end == at + 1) return false;
  const char before = start > 0 ? text[start - 1] : ' ';
  if (before == '/' || before == ':' || before == '@') {
    const bool is_mail_link = text.substr(0, start).ends_with("mailto:");
    const bool is_label = before == ':' && !text.substr(0, start).ends_with("//");
    if (!is_mail_link && !is_label) return false;
  }
  const std::string domain = lower_ascii(text.substr(at + 1, end - at - 1));
  const std::size_t dot = domain.rfind('.');
  if (dot == std::string::npos || dot == 0 || domain.size() - dot < 3) return false;
  const std::string_view top = std::string_view(domain).substr(dot + 1);
  if (!std::all_of(top.begin(), top.end(), [](char c) { return c >= 'a' && c <= 'z'; }))
    return false;
  if (end < text.size() && text[end] == ':') {  // "git@host:path"
    const bool is_remote = end + 1 < text.size() && is_word(text[end + 1]);
    if (is_remote) return false;
  }
  return !is_nobody(lower_ascii(text.substr(start, at - start)), domain);
}

bool looks_like_password(std::string_view value, bool is_quoted) {
  if (value.size() < 4) return false;
  bool has_digit = false;
  bool has_sign = false;
  bool has_capital = false;
  bool has_small = false;
  for (const char c : value) {
    has_digit = has_digit || is_digit(c);
    has_small = has_small || (c >= 'a' && c <= 'z');
    has_capital = has_capital || (&c != value.data() && c >= 'A' && c <= 'Z');
    has_sign = has_sign || std::string_view("!$%&?#@*+=").find(c) != std::string_view::npos;
  }
  return is_quoted || (has_digit && (has_small || has_sign || value.size() <= 8)) ||
         (has_capital && has_small) || (has_sign && has_small);
}

struct Form {
  std::string_view kind;
  const char* pattern;
  bool (*is_valid)(std::string_view);  // of the first group; null: the pattern is enough
};

constexpr std::string_view kDate =
    "[0-9]{1,4}(?:st|nd|rd|th)?[./ -]{1,2}(?:of )?(?:[0-9]{1,2}|[a-z]{3,10})[./ ,-]{1,2}[0-9]{2,4}"
    "|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* [0-9]{1,2}(?:st|nd|rd|th)?,? "
    "[0-9]{4}";

std::vector<Form> forms() {
  static const std::string kBirth = fmt::format(
      "(?i)\\b(?:born|dob|d\\.o\\.b\\.?|birth ?date|birthday|date of birth|geburtsdatum|geb\\.|"
      "geboren|nee? le|nacid[oa]|fecha de nacimiento|date de naissance)\\b[^0-9\\n]{{0,24}}({})",
      kDate);
  return {
      {"identity number", "\\b([A-CEGHJ-PR-TW-Z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[A-D])\\b",
       nullptr},
      {"identity number", "\\b([0-9XYZ][0-9]{7}-?[A-Za-z])\\b", &is_spanish_number},
      {"identity number", "\\b(756\\.[0-9]{4}\\.[0-9]{4}\\.[0-9]{2})\\b", nullptr},
      {"identity number", "\\b([0-9]{3}\\.[0-9]{3}\\.[0-9]{3}-[0-9]{2})\\b", nullptr},
      {"identity number", "\\b([A-Z]{6}[0-9]{2}[A-EHLMPRST][0-9]{2}[A-Z][0-9]{3}[A-Z])\\b",
       nullptr},
      {"identity number",
       "(?i)\\b(?:passport|reisepass|passeport|pasaporte|personalausweis|driving licen[cs]e|"
       "steuer-?id|tax id)[^0-9\\n]{0,24}([A-Z]{0,3}[0-9]{6,11})\\b",
       nullptr},
      {"date of birth", kBirth.c_str(), nullptr},
      {"e-mail address",
       "(?i)\\b([a-z0-9._-]{2,40} ?[(\\[{] ?at ?[)\\]}] ?[a-z0-9-]{2,60} ?(?:[(\\[{] ?dot "
       "?[)\\]}]|\\.))",
       nullptr},
      {"e-mail address",
       "(?i)\\b([a-z0-9._-]{2,40} at [a-z0-9-]{2,60} dot (?:com|org|net|io|de|fr|es|eu|co))\\b",
       nullptr},
      {"street address",
       "\\b([0-9]{1,5}[a-z]?,? (?:[A-Z][a-z]+ ){1,3}(?:Street|Avenue|Road|Lane|Drive|Boulevard|"
       "Court|Square|Terrace|Close|Crescent))\\b",
       nullptr},
      {"street address",
       "\\b([A-Z][a-z-]+ ?(?:[Ss]trasse|str\\.|[Ww]eg|[Pp]latz|[Aa]llee|[Gg]asse) [0-9]{1,4})\\b",
       nullptr},
      {"street address",
       "\\b([0-9]{1,4}(?: bis)?,? (?:rue|avenue|boulevard|place|chemin) (?:de |du |des |la |le )*"
       "[A-Z])",
       nullptr},
      {"street address",
       "(?i)\\b((?:calle|avenida|plaza|paseo) (?:de |del |la |las |los )*[a-z]+,? "
       "(?:no\\.? ?|numero )?[0-9]{1,4})\\b",
       nullptr},
  };
}

}  // namespace

struct PersonalData::Patterns {
  struct Compiled {
    std::string_view kind;
    std::unique_ptr<re2::RE2> pattern;
    bool (*is_valid)(std::string_view);
  };
  std::vector<Compiled> forms;
  std::unique_ptr<re2::RE2> told_password;
};

Result<std::unique_ptr<PersonalData>> PersonalData::make() {
  auto patterns = std::make_unique<Patterns>();
  re2::RE2::Options options;
  options.set_encoding(re2::RE2::Options::EncodingLatin1);
  options.set_log_errors(false);
  for (const Form& form : forms()) {
    patterns->forms.push_back(
        {form.kind, std::make_unique<re2::RE2>(form.pattern, options), form.is_valid});
  }
  patterns->told_password = std::make_unique<re2::RE2>(
      "(?i)\\b(?:pass ?(?:word|phrase|code)|passwort|kennwort|mot de passe|contrasena|clave|"
      "pin(?: code)?|login)(?: for [a-z0-9 ._-]{1,40}?| (?:de|del|fur|fuer|pour) "
      "[a-z0-9 ._-]{1,40}?)?(?: is(?: now| still)?| was| lautet| ist| est| es|:) ?(?:set to )?"
      "([\"'`]?)([^\\s\"'`]{3,64})",
      options);
  bool is_sound = patterns->told_password->ok();
  for (const auto& form : patterns->forms) is_sound = is_sound && form.pattern->ok();
  if (!is_sound) return fail(ErrorKind::kInternal, "the patterns of personal data do not compile");
  return std::unique_ptr<PersonalData>(new PersonalData(std::move(patterns)));
}

PersonalData::PersonalData(std::unique_ptr<Patterns> patterns) : patterns_(std::move(patterns)) {}
PersonalData::~PersonalData() = default;

std::string_view PersonalData::kind_in(std::string_view plain) const {
  re2::StringPiece rest(plain.data(), plain.size());
  re2::StringPiece quote;
  re2::StringPiece value;
  while (re2::RE2::FindAndConsume(&rest, *patterns_->told_password, &quote, &value)) {
    std::string_view word(value.data(), value.size());
    while (!word.empty() && std::string_view(".,;:)").find(word.back()) != std::string_view::npos)
      word.remove_suffix(1);
    if (looks_like_password(word, !quote.empty())) return kToldPassword;
  }
  for (const auto& form : patterns_->forms) {
    re2::StringPiece left(plain.data(), plain.size());
    re2::StringPiece found;
    while (re2::RE2::FindAndConsume(&left, *form.pattern, &found))
      if (form.is_valid == nullptr || form.is_valid({found.data(), found.size()})) return form.kind;
  }
  bool is_inside = false;  // a word
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const char c = plain[i];
    if (c == '@' && is_mail_of_somebody(plain, i)) return "e-mail address";
    const bool starts = is_word(c) && !is_inside;
    is_inside = is_word(c);
    if (!starts) continue;
    if (is_digit(c)) {
      if (const auto kind = kind_of_digits(plain, i); !kind.empty()) return kind;
    } else if (i + 4 < plain.size() && is_digit(plain[i + 2]) && is_digit(plain[i + 3]) &&
               is_word(plain[i + 1])) {
      if (const auto kind = kind_of_account(plain, i); !kind.empty()) return kind;
    }
  }
  return "";
}

}  // namespace tacit::privacy
