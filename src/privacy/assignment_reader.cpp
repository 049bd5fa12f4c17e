#include "privacy/assignment_reader.h"

#include <algorithm>
#include <array>
#include <string>

namespace tacit::privacy {
namespace {

constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kMaxQuotedBytes = 128;  // of a value, to judge it by
constexpr std::size_t kMaxBareBytes = 64;
constexpr std::size_t kMaxBlanks = 8;     // between name, sign and value
constexpr std::size_t kMaxSignBytes = 6;  // of the sign itself: "=", ":=", "===", "?=" …
constexpr std::size_t kMaxClosing = 5;    // quotation marks and brackets behind the name
constexpr std::size_t kMaxTypeBytes = 24;
constexpr std::size_t kMaxColourBytes = 16;

using ByteSet = std::array<bool, 256>;

constexpr ByteSet byte_set(std::string_view bytes) {
  ByteSet set{};
  for (const char c : bytes) set[static_cast<unsigned char>(c)] = true;
  return set;
}

constexpr bool has(const ByteSet& set, char c) {
  return set[static_cast<unsigned char>(c)];
}

constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr ByteSet kNameBytes =
    byte_set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");
constexpr ByteSet kLetterBytes = byte_set(kLetters);
constexpr ByteSet kSignBytes = byte_set(":?|+!=.>");  // before the candidate's end
constexpr ByteSet kMoreSign = byte_set("=>");         // behind it
constexpr ByteSet kClosing = byte_set("\\\"'`])");
constexpr ByteSet kQuotes = byte_set("\"'`");
constexpr ByteSet kWhite = byte_set(" \t\r\n\f\v");
constexpr ByteSet kBareEnds = byte_set("\"'`\\\x1b \t\r\n\f\v,;<>()[]{}");
constexpr ByteSet kEscapedEnds = byte_set("\"'`\\\x1b \t\r\n\f\v");

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

// The place before the terminal's colour code that ends at `end`, or `end`.
std::size_t before_colour(std::string_view text, std::size_t end) {
  if (end == 0 || text[end - 1] != 'm') return end;
  for (std::size_t i = end - 1; i > 0 && end - i < kMaxColourBytes; --i) {
    const char c = text[i - 1];
    if (c == '[') return i > 1 && text[i - 2] == '\x1b' ? i - 2 : end;
    if (c != ';' && (c < '0' || c > '9')) return end;
  }
  return end;
}

// The place behind a terminal's colour code that begins at `start`, or `start`.
std::size_t after_colour(std::string_view text, std::size_t start) {
  if (!text.substr(start).starts_with("\x1b[")) return start;
  const std::size_t limit = std::min(text.size(), start + kMaxColourBytes);
  for (std::size_t i = start + 2; i < limit; ++i)
    if (text[i] == 'm') return i + 1;
  return start;
}

std::size_t skip_back(std::string_view text, std::size_t end, const ByteSet& set,
                      std::size_t most) {
  std::size_t start = end;
  while (start > 0 && end - start < most && has(set, text[start - 1])) --start;
  return start;
}

std::size_t skip_blanks(std::string_view text, std::size_t place) {
  for (std::size_t count = 0; place < text.size() && count < kMaxBlanks; ++count) {
    const std::size_t next = is_blank(text[place]) ? place + 1 : after_colour(text, place);
    if (next == place) break;
    place = next;
  }
  return place;
}

// The name that ends before `end`, behind which blanks, colours and closing marks may stand.
std::string_view name_before(std::string_view text, std::size_t end) {
  for (std::size_t count = 0; end > 0 && count < kMaxBlanks; ++count) {
    const std::size_t next = is_blank(text[end - 1]) ? end - 1 : before_colour(text, end);
    if (next == end) break;
    end = next;
  }
  end = skip_back(text, end, kClosing, kMaxClosing);
  end = before_colour(text, end);
  const std::size_t start = skip_back(text, end, kNameBytes, kMaxNameBytes);
  // A name without an edge is a part of something longer.
  if (end - start == kMaxNameBytes) return {};
  return text.substr(start, end - start);
}

// "string =" behind a colon that gives a type.
std::size_t skip_type(std::string_view text, std::size_t place) {
  std::size_t at = place < text.size() && text[place] == ' ' ? place + 1 : place;
  const std::size_t start = at;
  while (at < text.size() && at - start < kMaxTypeBytes && has(kLetterBytes, text[at])) ++at;
  if (at == start) return place;
  if (at < text.size() && text[at] == ' ') ++at;
  const bool is_type = at + 1 < text.size() && text[at] == '=' &&
                       (is_blank(text[at + 1]) || has(kQuotes, text[at + 1]));
  return is_type ? at + 1 : place;
}

struct Opening {
  std::size_t start = 0;  // of the value
  char quote = 0;
  bool escaped = false;
};

// The quotation mark at `place`, with what may stand before and around it: \" r" b' """.
Opening opening_at(std::string_view text, std::size_t place) {
  Opening opening{place, 0, false};
  std::size_t at = place;
  if (at + 1 < text.size() &&
      std::string_view("rbufLR@").find(text[at]) != std::string_view::npos &&
      has(kQuotes, text[at + 1]))
    ++at;
  const std::size_t slashes = at;
  while (at < text.size() && at - slashes < 3 && text[at] == '\\') ++at;
  if (at >= text.size() || !has(kQuotes, text[at])) return opening;
  opening.quote = text[at];
  opening.escaped = at > slashes;
  if (text.substr(at).starts_with(std::string(3, opening.quote))) at += 2;
  opening.start = at + 1;
  return opening;
}

// To the quotation mark that closes the value, else to a sign that ends a word. An empty view when
// a blank stands before the closing mark.
std::string_view value_of(std::string_view text, const Opening& opening) {
  const std::string_view rest = text.substr(std::min(opening.start, text.size()),
                                            opening.quote != 0 ? kMaxQuotedBytes : kMaxBareBytes);
  const bool is_plain = opening.quote != 0 && !opening.escaped;
  const ByteSet& ends = opening.quote != 0 ? kEscapedEnds : kBareEnds;
  std::size_t length = 0;
  for (; length < rest.size(); ++length) {
    const char c = rest[length];
    if (!is_plain && has(ends, c)) break;
    if (is_plain && (c == opening.quote || c == '\x1b' || has(kWhite, c))) break;
    if (is_plain && c == '\\') {
      // An escaped character belongs to the value; a line break written as \n ends it.
      const char next = length + 1 < rest.size() ? rest[length + 1] : '\n';
      if (next == 'n' || next == 'r' || next == '\n') break;
      ++length;
    }
  }
  length = std::min(length, rest.size());
  const bool blank = length < rest.size() && has(kWhite, rest[length]);
  return opening.quote != 0 && blank ? std::string_view{} : rest.substr(0, length);
}

void read_value(std::string_view text, std::size_t place, Assignment& assignment) {
  const Opening opening = opening_at(text, place);
  assignment.quoted = opening.quote != 0;
  assignment.value = value_of(text, opening);
  const std::size_t after = opening.start + assignment.value.size();
  assignment.after = after < text.size() ? text[after] : '\n';
}

// "value" == name: `end` is behind the name.
Assignment comparison_before(std::string_view text, std::size_t end) {
  Assignment assignment;
  const std::size_t name = skip_back(text, end, kNameBytes, kMaxNameBytes);
  std::size_t at = name;
  while (at > 0 && name - at < kMaxBlanks && is_blank(text[at - 1])) --at;
  const std::size_t sign = skip_back(text, at, kSignBytes, kMaxSignBytes);
  std::size_t close = sign;
  while (close > 0 && sign - close < kMaxBlanks && is_blank(text[close - 1])) --close;
  if (sign == at || close < 2 || !has(kQuotes, text[close - 1])) return assignment;
  const char quote = text[close - 1];
  const std::size_t limit = close - 1 > kMaxQuotedBytes ? close - 1 - kMaxQuotedBytes : 0;
  std::size_t start = close - 1;
  while (start > limit && text[start - 1] != quote && !has(kWhite, text[start - 1])) --start;
  if (start == limit || text[start - 1] != quote) return assignment;
  assignment.name = text.substr(name, end - name);
  assignment.separator = text.substr(sign, at - sign);
  assignment.quoted = true;
  assignment.value = text.substr(start, close - 1 - start);
  return assignment;
}

// "the password is value": `end` is behind the blank that follows the verb.
Assignment sentence_at(std::string_view text, std::size_t end) {
  Assignment assignment;
  const std::size_t verb_end = end - 1;
  const std::size_t verb = skip_back(text, verb_end, kLetterBytes, 4);
  if (verb == verb_end || verb == 0 || !is_blank(text[verb - 1])) return assignment;
  assignment.name = name_before(text, verb - 1);
  assignment.separator = text.substr(verb, verb_end - verb);
  assignment.form = AssignmentForm::kSentence;
  read_value(text, end, assignment);
  return assignment;
}

}  // namespace

std::size_t end_of_long_value(std::string_view text, const Assignment& assignment) {
  auto end = static_cast<std::size_t>(assignment.value.data() - text.data());
  end += assignment.value.size();
  if (assignment.value.size() < (assignment.quoted ? kMaxQuotedBytes : kMaxBareBytes)) return end;
  const ByteSet& ends = assignment.quoted ? kEscapedEnds : kBareEnds;
  while (end < text.size() && !has(ends, text[end])) ++end;
  return end;
}

Assignment assignment_at(std::string_view text, std::size_t end) {
  Assignment assignment;
  const char last = text[end - 1];
  if (has(kNameBytes, last) && last != '.' && last != '-') return comparison_before(text, end);
  if (is_blank(last)) {
    const std::string_view name = name_before(text, end - 1);
    if (!name.starts_with('-')) return sentence_at(text, end);
    assignment.name = name;
    assignment.separator = text.substr(end - 1, 1);
    read_value(text, skip_blanks(text, end), assignment);
    return assignment;
  }
  if (last == ',' || last == '>') {
    assignment.name = name_before(text, end - 1);
    assignment.separator = text.substr(end - 1, 1);
    std::size_t place = end;
    while (place < text.size() && place - end < kMaxBlanks && has(kWhite, text[place])) ++place;
    read_value(text, place, assignment);
    return assignment;
  }
  if (has(kQuotes, last)) {
    const std::size_t mark = end > 1 && text[end - 2] == '\\' ? end - 2 : end - 1;
    assignment.name = name_before(text, mark);
    assignment.separator = " ";
    read_value(text, mark, assignment);
    return assignment;
  }
  const std::size_t sign = skip_back(text, end, kSignBytes, kMaxSignBytes);
  std::size_t place = end;
  while (place < text.size() && place - sign < kMaxSignBytes && has(kMoreSign, text[place]))
    ++place;
  assignment.name = name_before(text, sign);
  assignment.separator = text.substr(sign, place - sign);
  if (assignment.separator == ":") {
    const std::size_t behind_type = skip_type(text, place);
    if (behind_type != place) assignment.separator = text.substr(sign, behind_type - sign);
    place = behind_type;
  }
  read_value(text, skip_blanks(text, place), assignment);
  return assignment;
}

}  // namespace tacit::privacy
