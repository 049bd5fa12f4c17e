#include "inference/pieces.h"

#include "inference/code_points.h"

namespace tacit::inference {
namespace {

// Both patterns are alternations tried in order at each place; a function here is one alternative
// and gives the end of its match, or `at` where it does not match. What a backtracking engine would
// give back is worked out from the last place where it could have stopped.

constexpr ClassMask kStarts = kUpper | kOtherLetter | kMark;  // o200k: what a word may begin with
constexpr ClassMask kEnds = kLower | kOtherLetter | kMark;    // and what it must end with
constexpr ClassMask kPrefix = kMark | kBlank | kSymbol;       // one may stand before a word
constexpr ClassMask kNoise = kMark | kSymbol;                 // neither space, letter nor number
constexpr std::size_t kMaxDigits = 3;

char lower_at(std::string_view text, std::size_t at) {
  if (at >= text.size()) return '\0';
  const char c = text[at];
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// (?i:'s|'t|'re|'ve|'m|'ll|'d), where ſ is an s too.
std::size_t after_contraction(std::string_view text, std::size_t at) {
  if (at >= text.size() || text[at] != '\'') return at;
  if (text.substr(at + 1).starts_with("\u017F")) return at + 3;
  const char first = lower_at(text, at + 1);
  const char second = lower_at(text, at + 2);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return at + 2;
  if ((first == 'r' && second == 'e') || (first == 'v' && second == 'e') ||
      (first == 'l' && second == 'l')) {
    return at + 3;
  }
  return at;
}

// [kPrefix]?\p{L}+
std::size_t after_plain_word(std::string_view text, std::size_t at) {
  const CodePoint first = code_point_at(text, at);
  if ((first.kind & kLetter) != 0) return run_end(text, at + first.bytes, kLetter);
  if ((first.kind & kPrefix) == 0) return at;
  const std::size_t start = at + first.bytes;
  const std::size_t end = run_end(text, start, kLetter);
  return end > start ? end : at;
}

struct CasedWord {
  std::size_t ending_low;  // end of [kStarts]*[kEnds]+, or the start
  std::size_t ending_any;  // end of [kStarts]+[kEnds]*, or the start
};

CasedWord cased_word(std::string_view text, std::size_t start) {
  std::size_t at = start;
  std::size_t last_both = start;
  CodePoint next = code_point_at(text, at);
  while ((next.kind & kStarts) != 0) {
    at += next.bytes;
    if ((next.kind & kEnds) != 0) last_both = at;
    next = code_point_at(text, at);
  }
  if ((next.kind & kLower) == 0) return {last_both, at};
  const std::size_t end = run_end(text, at, kEnds);
  return {end, end};
}

// The two word alternatives of o200k: the first ends in a small letter if it can.
std::size_t after_cased_word(std::string_view text, std::size_t at) {
  const CodePoint first = code_point_at(text, at);
  if ((first.kind & (kPrefix | kLetter)) == 0) return at;
  const bool may_prefix = (first.kind & kPrefix) != 0;
  const std::size_t inner = at + first.bytes;
  const CasedWord prefixed = may_prefix ? cased_word(text, inner) : CasedWord{inner, inner};
  if (may_prefix && prefixed.ending_low > inner)
    return after_contraction(text, prefixed.ending_low);
  const CasedWord bare = cased_word(text, at);
  if (bare.ending_low > at) return after_contraction(text, bare.ending_low);
  if (may_prefix && prefixed.ending_any > inner)
    return after_contraction(text, prefixed.ending_any);
  return bare.ending_any > at ? after_contraction(text, bare.ending_any) : at;
}

// \p{N}{1,3}
std::size_t after_number(std::string_view text, std::size_t at) {
  for (std::size_t digits = 0; digits < kMaxDigits; ++digits) {
    const CodePoint next = code_point_at(text, at);
    if (next.kind != kNumber) break;
    at += next.bytes;
  }
  return at;
}

//  ?[^\s\p{L}\p{N}]+[\r\n]*, with a slash among the line ends for o200k.
std::size_t after_noise(std::string_view text, std::size_t at, bool with_slash) {
  const std::size_t start = text[at] == ' ' ? at + 1 : at;
  std::size_t end = run_end(text, start, kNoise);
  if (end == start) return at;
  while (end < text.size() &&
         (text[end] == '\r' || text[end] == '\n' || (with_slash && text[end] == '/'))) {
    ++end;
  }
  return end;
}

// \s*[\r\n]+|\s+(?!\S)|\s+
std::size_t after_space(std::string_view text, std::size_t at) {
  std::size_t end = at;
  std::size_t last = at;  // where the last blank begins
  std::size_t after_line_end = at;
  for (CodePoint next = code_point_at(text, at); (next.kind & kSpace) != 0;
       next = code_point_at(text, end)) {
    last = end;
    end += next.bytes;
    if (next.kind == kLineEnd) after_line_end = end;
  }
  if (after_line_end > at) return after_line_end;
  return end == text.size() || last == at ? end : last;
}

}  // namespace

std::size_t piece_end(Encoding encoding, std::string_view text, std::size_t at) {
  const bool is_o200k = encoding == Encoding::kO200kBase;
  std::size_t end = is_o200k ? after_cased_word(text, at) : after_contraction(text, at);
  if (end == at && !is_o200k) end = after_plain_word(text, at);
  if (end == at) end = after_number(text, at);
  if (end == at) end = after_noise(text, at, is_o200k);
  if (end == at) end = after_space(text, at);
  return end;
}

}  // namespace tacit::inference
