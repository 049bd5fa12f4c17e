#include "embed/unicode_fold.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>

#include "base/text.h"

namespace tacit::embed {
namespace {

constexpr auto kDrop = CodePointClass::kDrop;
constexpr auto kSpace = CodePointClass::kSpace;
constexpr auto kPunctuation = CodePointClass::kPunctuation;

struct ClassRange {
  char32_t first;
  char32_t last;
  CodePointClass kind;
};

// first + i * stride maps to data + i * delta (length 1), to nothing (0) or to kFoldTexts[data…].
struct FoldRun {
  char32_t first;
  std::uint16_t count;
  std::uint8_t stride;
  std::uint8_t length;
  std::uint32_t data;
  std::int8_t delta;
};

#include "embed/unicode_tables.inc"

constexpr char32_t kReplacement = 0xFFFD;

// The blocks that BERT calls Chinese characters: each stands alone as a word.
constexpr std::pair<char32_t, char32_t> kChineseBlocks[] = {
    {0x3400, 0x4DBF},   {0x4E00, 0x9FFF},   {0xF900, 0xFAFF},   {0x20000, 0x2A6DF},
    {0x2A700, 0x2B73F}, {0x2B740, 0x2B81F}, {0x2B820, 0x2CEAF}, {0x2F800, 0x2FA1F}};

constexpr char32_t kHangulFirst = 0xAC00;
constexpr char32_t kHangulLast = 0xD7A3;
constexpr char32_t kVowels = 21;
constexpr char32_t kTrailing = 28;

Folded fold_hangul(char32_t code_point) {
  const char32_t index = code_point - kHangulFirst;
  Folded result;
  result.code_points[0] = 0x1100 + index / (kVowels * kTrailing);
  result.code_points[1] = 0x1161 + index % (kVowels * kTrailing) / kTrailing;
  result.count = 2;
  if (index % kTrailing != 0) result.code_points[result.count++] = 0x11A7 + index % kTrailing;
  return result;
}

Folded single(char32_t code_point) {
  Folded result;
  result.code_points[0] = code_point;
  result.count = 1;
  return result;
}

Folded apply(const FoldRun& run, char32_t step) {
  Folded result;
  result.count = run.length;
  if (run.length == 1) {
    result.code_points[0] = static_cast<char32_t>(static_cast<std::int64_t>(run.data) +
                                                  run.delta * static_cast<std::int64_t>(step));
  }
  for (std::size_t i = 0; run.length > 1 && i < run.length; ++i) {
    result.code_points[i] = kFoldTexts[run.data + i];
  }
  return result;
}

}  // namespace

CodePointClass class_of(char32_t code_point) {
  const auto* range =
      std::upper_bound(std::begin(kClassRanges), std::end(kClassRanges), code_point,
                       [](char32_t value, const ClassRange& r) { return value < r.first; });
  if (range != std::begin(kClassRanges) && code_point <= std::prev(range)->last) {
    return std::prev(range)->kind;
  }
  for (const auto& [first, last] : kChineseBlocks) {
    if (code_point >= first && code_point <= last) return CodePointClass::kChinese;
  }
  return CodePointClass::kWord;
}

Folded fold(char32_t code_point) {
  if (code_point < 0x80) {
    return single(code_point >= 'A' && code_point <= 'Z' ? code_point + ('a' - 'A') : code_point);
  }
  if (code_point >= kHangulFirst && code_point <= kHangulLast) return fold_hangul(code_point);
  const auto* next =
      std::upper_bound(std::begin(kFoldRuns), std::end(kFoldRuns), code_point,
                       [](char32_t value, const FoldRun& r) { return value < r.first; });
  // Runs of stride 2 interleave at most with their neighbour: look at the two before.
  for (int back = 0; back < 2 && next != std::begin(kFoldRuns); ++back) {
    --next;
    const char32_t distance = code_point - next->first;
    if (distance % next->stride == 0 && distance / next->stride < next->count) {
      return apply(*next, distance / next->stride);
    }
  }
  return single(code_point);
}

char32_t next_code_point(std::string_view text, std::size_t& at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) {
    ++at;
    return first;
  }
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (text.size() - at < length || !is_valid_utf8(text.substr(at, length))) {
    ++at;
    return kReplacement;
  }
  char32_t result = first & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) result = result << 6 | (byte(i) & 0x3Fu);
  at += length;
  return result;
}

}  // namespace tacit::embed
