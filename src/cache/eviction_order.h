#pragma once
// Who leaves a full cache first. Knows slots and hashes, no keys and no values.
// lru:     the least recently asked.
// lfu:     the least often asked since it came, among equals the least recently asked.
// tinylfu: W-TinyLFU (Einziger, Friedman and Manes 2017, section 4): what is new waits in a window
//          of 1 % of the entries, in order of use. What falls out of the window stays only if the
//          sketch (frequency_sketch.h) saw it more often than the one it would push out. The rest
//          is a segmented LRU (Karedla, Love and Wherry 1994): asked once more, an entry is
//          protected; at most 80 % are. Shares are of the entries there are, so that they hold
//          whether number or bytes are the limit.
// Private to the module. One thread at a time.

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>
#include <tuple>
#include <vector>

#include "cache/cache.h"
#include "cache/frequency_sketch.h"

namespace tacit::cache {

using Slot = std::uint32_t;
inline constexpr Slot kNoSlot = ~Slot{0};

class EvictionOrder {
 public:
  EvictionOrder(Policy policy, std::size_t most_entries);

  void ask(std::uint64_t hash);  // every request, found or not
  void add(Slot slot, std::uint64_t hash);
  void touch(Slot slot);  // found
  void remove(Slot slot);
  Slot victim();  // the next to go; there must be one
  void clear();

 private:
  enum Segment : std::uint8_t { kWindow, kProbation, kProtected, kSegments };
  struct Node {
    std::uint64_t hash = 0;
    std::uint64_t count = 0;  // lfu: how often, and when last
    std::uint64_t last = 0;
    Slot newer = kNoSlot;
    Slot older = kNoSlot;
    Segment segment = kWindow;
  };
  struct List {
    Slot newest = kNoSlot;
    Slot oldest = kNoSlot;
    std::size_t size = 0;
  };
  using Rank = std::tuple<std::uint64_t, std::uint64_t, Slot>;

  Rank rank_of(Slot slot) const { return {nodes_[slot].count, nodes_[slot].last, slot}; }
  void link(Slot slot, Segment segment);
  void unlink(Slot slot);
  std::size_t size() const;
  Slot tiny_victim();

  Policy policy_;
  FrequencySketch sketch_;  // the least possible when the policy has no use for it
  std::vector<Node> nodes_;
  std::array<List, kSegments> lists_{};  // lru has the first alone
  std::set<Rank> ranks_;                 // lfu
  std::uint64_t moves_ = 0;
  Slot candidate_ = kNoSlot;  // fell out of the window last, not yet judged
};

}  // namespace tacit::cache
