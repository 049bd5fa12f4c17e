#include "recall/passage.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <vector>

#include "base/text.h"

namespace tacit::recall {
namespace {

constexpr std::size_t kScanBytes = std::size_t{64} * 1024;
constexpr std::size_t kMaxTerms = 64;
constexpr std::size_t kLeadBytes = 60;  // shown before the first term of a unit that is too long

struct Unit {
  std::size_t start = 0;
  std::size_t end = 0;
  std::uint64_t terms = 0;  // bit i: term i occurs
};

bool ends_sentence(std::string_view text, std::size_t i) {
  const char c = text[i];
  return (c == '.' || c == '!' || c == '?') && i + 1 < text.size() && text[i + 1] == ' ';
}

std::vector<Unit> units_of(std::string_view text) {
  std::vector<Unit> units;
  std::size_t start = 0;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const bool at_end = i == text.size() || text[i] == '\n';
    if (!at_end && !ends_sentence(text, i)) continue;
    const std::size_t end = at_end ? i : i + 1;
    if (!trim(text.substr(start, end - start)).empty()) units.push_back({start, end, 0});
    start = at_end ? i + 1 : end;
  }
  return units;
}

std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool is_blank = c == ' ' || c == '\n' || c == '\t' || c == '\r';
    if (is_blank && (line.empty() || line.back() == ' ')) continue;
    line += is_blank ? ' ' : c;
  }
  return std::string(trim(line));
}

// Cuts [start, end) to the limit: from a little before its first term when it is too long.
std::string cut(std::string_view text, std::string_view lowered, const Unit& unit,
                std::span<const std::string> terms, std::size_t max_bytes) {
  std::string_view piece = text.substr(unit.start, unit.end - unit.start);
  if (piece.size() > max_bytes && unit.terms != 0) {
    const auto first = static_cast<std::size_t>(std::countr_zero(unit.terms));
    const std::size_t at = lowered.substr(unit.start, piece.size()).find(terms[first]);
    if (at != std::string_view::npos && at > max_bytes - kLeadBytes) {
      std::size_t from = at - kLeadBytes;
      while (from < at && piece[from] != ' ') ++from;
      piece.remove_prefix(from);
    }
  }
  return one_line(clip_utf8(piece, max_bytes));
}

}  // namespace

std::string best_passage(std::string_view text, std::span<const std::string> terms,
                         std::size_t max_bytes) {
  text = clip_utf8(text, kScanBytes);
  terms = terms.subspan(0, std::min(terms.size(), kMaxTerms));
  const std::string lowered = lower_ascii(text);
  std::vector<Unit> units = units_of(text);
  if (units.empty()) return {};
  for (Unit& unit : units) {
    const std::string_view piece =
        std::string_view(lowered).substr(unit.start, unit.end - unit.start);
    for (std::size_t i = 0; i < terms.size(); ++i) {
      if (piece.find(terms[i]) != std::string_view::npos) unit.terms |= std::uint64_t{1} << i;
    }
  }
  Unit best = units.front();
  int best_count = -1;
  for (std::size_t i = 0; i < units.size(); ++i) {
    Unit window = units[i];
    if (i > 0 && window.terms == 0) continue;
    for (std::size_t j = i + 1; j < units.size() && units[j].end - window.start <= max_bytes; ++j) {
      window.end = units[j].end;
      window.terms |= units[j].terms;
    }
    const int count = std::popcount(window.terms);
    if (count > best_count) {
      best = window;
      best_count = count;
    }
  }
  return cut(text, lowered, best, terms, max_bytes);
}

std::string title_line(std::string_view text) {
  for (std::string_view line : split_lines(text)) {
    line = trim(line);
    while (!line.empty() && (line.front() == '#' || line.front() == '>' || line.front() == '*' ||
                             line.front() == '-' || line.front() == '`')) {
      line.remove_prefix(1);
    }
    line = trim(line);
    if (!line.empty()) return one_line(clip_utf8(line, kTitleBytes));
  }
  return {};
}

}  // namespace tacit::recall
