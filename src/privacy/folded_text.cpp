#include "privacy/folded_text.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <utility>

namespace tacit::privacy {
namespace {

using std::string_view_literals::operator""sv;
using Code = std::uint32_t;

constexpr Code kInvalid = 0xFFFFFFFF;
constexpr std::size_t kMinWide = 4;        // letters set wide before they are taken for a word
constexpr std::size_t kMaxWideGap = 3;     // bytes between two of them
constexpr std::size_t kMaxPiece = 40;      // bytes of a piece of a cut word
constexpr std::size_t kMaxJoint = 32;      // bytes between its pieces
constexpr std::size_t kMinHump = 3;        // letters before a capital that starts a word
constexpr std::size_t kMaxReference = 10;  // bytes of "&#x200b;"

struct Range {
  Code first;
  Code last;
};

// Nothing to see: joiners, direction marks, variation selectors, tags, combining marks.
constexpr std::array kInvisible = {
    Range{0xAD, 0xAD},     Range{0x300, 0x36F},   Range{0x483, 0x489},    Range{0x61C, 0x61C},
    Range{0x115F, 0x1160}, Range{0x17B4, 0x17B5}, Range{0x180B, 0x180F},  Range{0x1AB0, 0x1AFF},
    Range{0x1DC0, 0x1DFF}, Range{0x200B, 0x200F}, Range{0x202A, 0x202E},  Range{0x2060, 0x206F},
    Range{0x20D0, 0x20FF}, Range{0x3164, 0x3164}, Range{0xFE00, 0xFE0F},  Range{0xFE20, 0xFE2F},
    Range{0xFEFF, 0xFEFF}, Range{0xFFA0, 0xFFA0}, Range{0xE0000, 0xE01EF}};

// Alphabets and digits in other dress, which start at `first` with `start`.
struct Alphabet {
  Code first;
  Code last;
  char start;
};
constexpr std::array kAlphabets = {Alphabet{0xFF01, 0xFF5E, '!'},   Alphabet{0x24B6, 0x24CF, 'a'},
                                   Alphabet{0x24D0, 0x24E9, 'a'},   Alphabet{0x2460, 0x2468, '1'},
                                   Alphabet{0x249C, 0x24B5, 'a'},   Alphabet{0x1F130, 0x1F149, 'a'},
                                   Alphabet{0x1F150, 0x1F169, 'a'}, Alphabet{0x1F170, 0x1F189, 'a'},
                                   Alphabet{0x1F1E6, 0x1F1FF, 'a'}, Alphabet{0x660, 0x669, '0'},
                                   Alphabet{0x6F0, 0x6F9, '0'},     Alphabet{0x966, 0x96F, '0'}};

// U+00C0 to U+017F as letters without accents.
constexpr std::array<std::string_view, 192> kLatin = {
    "A", "A", "A",  "A",  "A", "A", "AE", "C",  "E",  "E", "E", "E", "I",  "I",  "I", "I", "D", "N",
    "O", "O", "O",  "O",  "O", " ", "O",  "U",  "U",  "U", "U", "Y", "Th", "ss", "a", "a", "a", "a",
    "a", "a", "ae", "c",  "e", "e", "e",  "e",  "i",  "i", "i", "i", "d",  "n",  "o", "o", "o", "o",
    "o", " ", "o",  "u",  "u", "u", "u",  "y",  "th", "y", "A", "a", "A",  "a",  "A", "a", "C", "c",
    "C", "c", "C",  "c",  "C", "c", "D",  "d",  "D",  "d", "E", "e", "E",  "e",  "E", "e", "E", "e",
    "E", "e", "G",  "g",  "G", "g", "G",  "g",  "G",  "g", "H", "h", "H",  "h",  "I", "i", "I", "i",
    "I", "i", "I",  "i",  "I", "i", "IJ", "ij", "J",  "j", "K", "k", "k",  "L",  "l", "L", "l", "L",
    "l", "L", "l",  "L",  "l", "N", "n",  "N",  "n",  "N", "n", "n", "N",  "n",  "O", "o", "O", "o",
    "O", "o", "OE", "oe", "R", "r", "R",  "r",  "R",  "r", "S", "s", "S",  "s",  "S", "s", "S", "s",
    "T", "t", "T",  "t",  "T", "t", "U",  "u",  "U",  "u", "U", "u", "U",  "u",  "U", "u", "U", "u",
    "W", "w", "Y",  "y",  "Y", "Z", "z",  "Z",  "z",  "Z", "z", "s"};

// Single letters that look like Latin ones, sorted by code.
struct LookAlike {
  Code code;
  char shown;
};
constexpr LookAlike kLookAlikes[] = {
    {0xAA, 'a'},   {0xBA, 'o'},   {0x251, 'a'},  {0x261, 'g'},  {0x262, 'g'},  {0x26A, 'i'},
    {0x274, 'n'},  {0x280, 'r'},  {0x28F, 'y'},  {0x299, 'b'},  {0x29C, 'h'},  {0x29F, 'l'},
    {0x391, 'A'},  {0x392, 'B'},  {0x395, 'E'},  {0x396, 'Z'},  {0x397, 'H'},  {0x399, 'I'},
    {0x39A, 'K'},  {0x39C, 'M'},  {0x39D, 'N'},  {0x39F, 'O'},  {0x3A1, 'P'},  {0x3A4, 'T'},
    {0x3A5, 'Y'},  {0x3A7, 'X'},  {0x3B1, 'a'},  {0x3B5, 'e'},  {0x3B7, 'n'},  {0x3B9, 'i'},
    {0x3BA, 'k'},  {0x3BD, 'v'},  {0x3BF, 'o'},  {0x3C1, 'p'},  {0x3C4, 't'},  {0x3C5, 'u'},
    {0x3C7, 'x'},  {0x405, 'S'},  {0x406, 'I'},  {0x408, 'J'},  {0x410, 'A'},  {0x412, 'B'},
    {0x415, 'E'},  {0x41A, 'K'},  {0x41C, 'M'},  {0x41D, 'H'},  {0x41E, 'O'},  {0x420, 'P'},
    {0x421, 'C'},  {0x422, 'T'},  {0x423, 'Y'},  {0x425, 'X'},  {0x430, 'a'},  {0x435, 'e'},
    {0x43A, 'k'},  {0x43C, 'm'},  {0x43E, 'o'},  {0x440, 'p'},  {0x441, 'c'},  {0x442, 't'},
    {0x443, 'y'},  {0x445, 'x'},  {0x455, 's'},  {0x456, 'i'},  {0x457, 'i'},  {0x458, 'j'},
    {0x4BB, 'h'},  {0x4CF, 'l'},  {0x501, 'd'},  {0x51B, 'q'},  {0x51D, 'w'},  {0x1D00, 'a'},
    {0x1D04, 'c'}, {0x1D05, 'd'}, {0x1D07, 'e'}, {0x1D0A, 'j'}, {0x1D0B, 'k'}, {0x1D0D, 'm'},
    {0x1D0F, 'o'}, {0x1D18, 'p'}, {0x1D1B, 't'}, {0x1D1C, 'u'}, {0x1D20, 'v'}, {0x1D21, 'w'},
    {0x1D22, 'z'}, {0x2070, '0'}, {0x2102, 'C'}, {0x210E, 'h'}, {0x2113, 'l'}, {0x211D, 'R'},
    {0x212F, 'e'}, {0x2134, 'o'}, {0xA730, 'f'}, {0xA731, 's'}};

// The code point at `place`, which moves behind it.
Code next_code(std::string_view text, std::size_t& place) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(place++);
  if (first < 0x80) return first;
  const std::size_t more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : 1;
  if (first < 0xC2 || first > 0xF4 || place + more > text.size()) return kInvalid;
  Code code = first & (0x3FU >> more);
  for (std::size_t i = 0; i < more; ++i) {
    if ((byte(place + i) & 0xC0U) != 0x80U) return kInvalid;
    code = code << 6U | (byte(place + i) & 0x3FU);
  }
  place += more;
  return code;
}

// "&#115;", "&#x73;", "&nbsp;", "&shy;": its code and length, or a length of zero.
std::pair<Code, std::size_t> reference_at(std::string_view text, std::size_t place) {
  const std::string_view rest = text.substr(place, kMaxReference);
  const std::size_t end = rest.find(';');
  if (end == std::string_view::npos || end < 3) return {0, 0};
  const std::string_view name = rest.substr(1, end - 1);
  if (name == "nbsp") return {' ', end + 1};
  if (name == "shy" || name == "zwj" || name == "zwnj") return {0x200B, end + 1};
  if (name[0] != '#') {  // "&auml;", "&eacute;": its letter will do
    constexpr std::array<std::string_view, 7> kAccents = {"uml",   "acute", "grave", "circ",
                                                          "tilde", "cedil", "zlig"};
    const bool is_letter =
        std::find(kAccents.begin(), kAccents.end(), name.substr(1)) != kAccents.end();
    return is_letter ? std::pair<Code, std::size_t>{static_cast<unsigned char>(name[0]), end + 1}
                     : std::pair<Code, std::size_t>{0, 0};
  }
  const bool is_hex = name[1] == 'x' || name[1] == 'X';
  const std::string_view digits = name.substr(is_hex ? 2 : 1);
  Code code = 0;
  for (const char c : digits) {
    const auto digit =
        "0123456789abcdef"sv.find(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
    if (digit == std::string_view::npos || (!is_hex && digit > 9)) return {0, 0};
    code = code * (is_hex ? 16 : 10) + static_cast<Code>(digit);
  }
  return digits.empty() ? std::pair<Code, std::size_t>{0, 0} : std::pair{code, end + 1};
}

bool is_invisible(Code code) {
  return std::any_of(kInvisible.begin(), kInvisible.end(), [code](const Range& range) {
    return code >= range.first && code <= range.last;
  });
}

// The letter or digit that a code from one of the other alphabets shows, or zero.
char shown_by(Code code) {
  for (const Alphabet& alphabet : kAlphabets)
    if (code >= alphabet.first && code <= alphabet.last)
      return static_cast<char>(alphabet.start + static_cast<int>(code - alphabet.first));
  if (code >= 0x1D400 && code < 0x1D6A4) {  // thirteen alphabets of mathematics
    const Code letter = (code - 0x1D400) % 52;
    return static_cast<char>('a' + static_cast<int>(letter % 26));
  }
  if (code >= 0x1D7CE && code <= 0x1D7FF)
    return static_cast<char>('0' + static_cast<int>((code - 0x1D7CE) % 10));
  const auto found =
      std::lower_bound(std::begin(kLookAlikes), std::end(kLookAlikes), code,
                       [](const LookAlike& one, Code wanted) { return one.code < wanted; });
  return found != std::end(kLookAlikes) && found->code == code ? found->shown : '\0';
}

bool is_blank(Code code) {
  return code == 0xA0 || code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x202F ||
         code == 0x205F || code == 0x3000;
}

// Signs that are no letters of any script, from U+0080 on.
bool is_sign(Code code) {
  return code < 0xAA || (code > 0xAA && code < 0xB5) || (code > 0xB5 && code < 0xBA) ||
         (code > 0xBA && code < 0xC0) || (code >= 0x2010 && code < 0x2C00) ||
         (code >= 0x3000 && code < 0x3005) || (code >= 0x3008 && code < 0x3020) ||
         (code >= 0xE000 && code < 0xF900) || (code >= 0xFF00 && code < 0xFFF0) ||
         (code >= 0x1F000 && code < 0x20000);
}

void put_code(Code code, std::string_view bytes, PlainText& plain) {
  if (code < 0x80) {
    const char c = static_cast<char>(code);
    plain.letters += std::isalpha(static_cast<unsigned char>(c)) != 0 ? 1 : 0;
    plain.text += c == '\0' ? ' ' : c;
  } else if (code == kInvalid || is_invisible(code)) {
    return;
  } else if (code >= 0xC0 && code < 0x180) {
    ++plain.letters;
    plain.text += kLatin[code - 0xC0];
  } else if (const char shown = shown_by(code); shown != '\0') {
    ++plain.letters;
    plain.text += shown;
  } else if (is_blank(code)) {
    plain.text += ' ';
  } else if (code == 0x20AC) {
    plain.text += " EUR ";
  } else if (code == 0xA3) {
    plain.text += " GBP ";
  } else if ((code >= 0x2010 && code <= 0x2015) || code == 0x2212) {
    plain.text += '-';
  } else if (code == 0x2018 || code == 0x2019 || code == 0x2BC) {
    plain.text += '\'';
  } else if (code == 0x2028 || code == 0x2029 || code == 0x85) {
    plain.text += '\n';
  } else if (is_sign(code)) {
    plain.text += code == 0x201C || code == 0x201D ? '"' : ' ';
  } else {
    ++plain.letters;
    ++plain.foreign;
    plain.text += bytes;
  }
}

bool is_letter(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0;
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_word(char c) {
  return is_letter(c) || is_digit(c) || static_cast<unsigned char>(c) >= 0x80;
}
// What can stand for a letter.
bool is_wide_piece(char c) {
  return is_word(c) || c == '@' || c == '$' || c == '!';
}

char leet_letter(char c, char one) {
  switch (c) {
    case '0':
      return 'o';
    case '1':
    case '!':
    case '|':
      return one;
    case '3':
      return 'e';
    case '4':
    case '@':
      return 'a';
    case '5':
    case '$':
      return 's';
    case '7':
    case '+':
      return 't';
    case '8':
      return 'b';
    case '9':
      return 'g';
    default:
      return '\0';
  }
}

// Letters set wide from `place` on, if there are enough of them; moves `place` behind them.
void join_wide(std::string_view plain, std::size_t& place, std::string& joined) {
  std::string word;
  std::size_t count = 0;
  std::size_t usual = 0;  // bytes between two letters
  std::size_t i = place;
  for (;;) {
    word += plain[i++];
    ++count;
    std::size_t next = i;
    while (next < plain.size() && next - i <= kMaxWideGap && !is_wide_piece(plain[next])) ++next;
    const std::size_t gap = next - i;
    const bool goes_on = gap > 0 && gap <= kMaxWideGap && next < plain.size() &&
                         (next + 1 == plain.size() || !is_wide_piece(plain[next + 1]));
    if (!goes_on) break;
    if (usual == 0) usual = gap;
    if (gap > usual) word += ' ';
    i = next;
  }
  if (count >= kMinWide) joined += word + '\n';
  place = i;
}

// Is this what stands between the pieces of a cut word: an end of line with what may begin the
// next, or the end and the start of a string?
bool is_joint(std::string_view between) {
  constexpr std::string_view kMarks = " \t\r\n>|#*/+-\\\"'`.&";
  if (between.find_first_not_of(kMarks) != std::string_view::npos) return false;
  const auto quotes = std::count_if(between.begin(), between.end(),
                                    [](char c) { return c == '"' || c == '\'' || c == '`'; });
  return between.find('\n') != std::string_view::npos || quotes == 2;
}

}  // namespace

PlainText plain_characters(std::string_view text) {
  PlainText plain;
  plain.text.reserve(text.size());
  for (std::size_t place = 0; place < text.size();) {
    if (text[place] == '&') {
      if (const auto [code, length] = reference_at(text, place); length > 0) {
        put_code(code, " ", plain);
        place += length;
        continue;
      }
    }
    const std::size_t start = place;
    const Code code = next_code(text, place);
    put_code(code, text.substr(start, place - start), plain);
  }
  return plain;
}

std::string joined_pieces(std::string_view plain) {
  std::string joined;
  for (std::size_t i = 0; i < plain.size();) {
    if (!is_wide_piece(plain[i])) {
      ++i;
      continue;
    }
    std::size_t end = i + 1;
    while (end < plain.size() && is_wide_piece(plain[end])) ++end;
    if (end - i == 1) {
      join_wide(plain, i, joined);
      continue;
    }
    std::size_t next = end;
    while (next < plain.size() && next - end <= kMaxJoint && !is_wide_piece(plain[next])) ++next;
    std::size_t next_end = next;
    while (next_end < plain.size() && is_wide_piece(plain[next_end])) ++next_end;
    if (next_end > next && end - i <= kMaxPiece && next_end - next <= kMaxPiece &&
        is_joint(plain.substr(end, next - end))) {
      joined += plain.substr(i, end - i);
      joined += plain.substr(next, next_end - next);
      joined += '\n';
    }
    i = end;
  }
  return joined;
}

std::string without_leet(std::string_view plain, char one) {
  std::string text(plain);
  bool is_changed = false;
  for (std::size_t i = 0; i < text.size();) {
    if (std::isspace(static_cast<unsigned char>(text[i])) != 0) {
      ++i;
      continue;
    }
    std::size_t end = i;
    bool has_letter = false;
    bool has_leet = false;
    for (; end < text.size() && std::isspace(static_cast<unsigned char>(text[end])) == 0; ++end) {
      has_letter = has_letter || is_letter(text[end]);
      has_leet = has_leet || leet_letter(text[end], one) != '\0';
    }
    if (has_letter && has_leet) {
      is_changed = true;
      for (std::size_t k = i; k < end; ++k)
        if (const char letter = leet_letter(text[k], one); letter != '\0') text[k] = letter;
    }
    i = end;
  }
  return is_changed ? text : std::string();
}

std::string words_of(std::string_view plain) {
  std::string words;
  words.reserve(plain.size() + plain.size() / 8);
  const auto at = [&](std::size_t i) { return i < plain.size() ? plain[i] : ' '; };
  std::size_t letters = 0;  // in a row before this place
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const char c = plain[i];
    if (is_word(c)) {
      const bool is_hump = c >= 'A' && c <= 'Z' && letters >= kMinHump && at(i - 1) >= 'a' &&
                           at(i - 2) >= 'a' && at(i + 1) >= 'a' && at(i + 1) <= 'z';
      const bool is_number = is_digit(c) && letters >= kMinHump;
      if (is_hump || is_number) words += ' ';
      if (is_hump) letters = 0;
      letters = is_letter(c) ? letters + 1 : 0;
      words += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      continue;
    }
    const char before = i > 0 ? plain[i - 1] : ' ';
    if (is_letter(before) && (c == '\'' || c == '*' || c == '`' || c == '~')) {
      const std::size_t end = std::min(plain.find_first_not_of(c, i), plain.size());
      if (is_letter(at(end))) {  // marks within a word
        i = end - 1;
        continue;
      }
    }
    const bool is_thousands = (c == ',' || c == '.' || c == '\'') && is_digit(before) &&
                              is_digit(at(i + 1)) && is_digit(at(i + 2)) && is_digit(at(i + 3)) &&
                              !is_digit(at(i + 4));
    if (is_thousands) continue;
    letters = 0;
    if (!words.empty() && words.back() != ' ') words += ' ';
  }
  return words;
}

std::string squeezed(std::string_view words) {
  std::string text;
  text.reserve(words.size());
  for (const char c : words)
    if (c != ' ') text += c;
  return text;
}

}  // namespace tacit::privacy
