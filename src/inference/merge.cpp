#include "inference/merge.h"

#include <algorithm>
#include <array>
#include <functional>
#include <limits>

#include "base/assert.h"

namespace tacit::inference {
namespace {

constexpr std::size_t kShortPiece = 48;  // to here a search of the array beats the heap

}  // namespace

std::size_t Merger::merge(std::string_view piece, std::vector<Rank>* ids) {
  return piece.size() <= kShortPiece ? merge_short(piece, ids) : merge_long(piece, ids);
}

std::size_t Merger::merge_short(std::string_view piece, std::vector<Rank>* ids) const {
  struct Slot {
    std::uint32_t start;
    Rank id;
    Rank pair;
  };
  std::array<Slot, kShortPiece + 1> slots;
  std::size_t count = piece.size();
  const auto end_of = [&](std::size_t i) -> std::size_t {
    return i + 1 < count ? slots[i + 1].start : piece.size();
  };
  const auto pair_of = [&](std::size_t i) {
    return i + 1 < count ? ranks_.find(piece.substr(slots[i].start, end_of(i + 1) - slots[i].start))
                         : kNoRank;
  };
  for (std::size_t i = 0; i < count; ++i) {
    slots[i] = {static_cast<std::uint32_t>(i), ranks_.of_byte(piece[i]),
                i + 1 < count ? ranks_.of_pair(piece[i], piece[i + 1]) : kNoRank};
  }
  while (count > 1) {
    std::size_t best = 0;
    for (std::size_t i = 1; i + 1 < count; ++i) {
      if (slots[i].pair < slots[best].pair) best = i;
    }
    if (slots[best].pair == kNoRank) break;
    slots[best].id = slots[best].pair;
    std::copy(slots.begin() + static_cast<std::ptrdiff_t>(best) + 2,
              slots.begin() + static_cast<std::ptrdiff_t>(count),
              slots.begin() + static_cast<std::ptrdiff_t>(best) + 1);
    --count;
    slots[best].pair = pair_of(best);
    if (best > 0) slots[best - 1].pair = pair_of(best - 1);
  }
  if (ids != nullptr) {
    for (std::size_t i = 0; i < count; ++i) ids->push_back(slots[i].id);
  }
  return count;
}

void Merger::start_long(std::string_view piece) {
  TACIT_ASSERT(piece.size() < std::numeric_limits<std::uint32_t>::max());
  parts_.resize(piece.size());
  heap_.clear();
  for (std::uint32_t i = 0; i < parts_.size(); ++i) {
    Part& part = parts_[i];
    part = {ranks_.of_byte(piece[i]), kNoRank, i + 1, i == 0 ? 0 : i - 1};
    if (i + 1 < parts_.size()) part.pair = ranks_.of_pair(piece[i], piece[i + 1]);
    if (part.pair != kNoRank) heap_.push_back(std::uint64_t{part.pair} << 32U | i);
  }
  std::make_heap(heap_.begin(), heap_.end(), std::greater<>());
}

// Works out the pair of a part anew.
void Merger::push(std::string_view piece, std::uint32_t part) {
  Part& first = parts_[part];
  first.pair = kNoRank;
  if (first.end >= parts_.size()) return;
  first.pair = ranks_.find(piece.substr(part, parts_[first.end].end - part));
  if (first.pair == kNoRank) return;
  heap_.push_back(std::uint64_t{first.pair} << 32U | part);
  std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
}

std::size_t Merger::merge_long(std::string_view piece, std::vector<Rank>* ids) {
  start_long(piece);
  std::size_t count = piece.size();
  while (!heap_.empty()) {
    const std::uint64_t top = heap_.front();
    std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
    heap_.pop_back();
    const auto at = static_cast<std::uint32_t>(top);
    Part& part = parts_[at];
    if (part.end == 0 || part.pair != top >> 32U) continue;  // overtaken by another merge
    Part& next = parts_[part.end];
    part.id = part.pair;
    part.end = next.end;
    next.end = 0;
    if (part.end < parts_.size()) parts_[part.end].before = at;
    --count;
    push(piece, at);
    if (at > 0) push(piece, part.before);
  }
  if (ids != nullptr) {
    for (std::size_t at = 0; at < parts_.size(); at = parts_[at].end) ids->push_back(parts_[at].id);
  }
  return count;
}

}  // namespace tacit::inference
