#pragma once
// Private to inference: byte-pair merging of one piece. The pair of neighbours with the lowest rank
// is merged, the leftmost first, until no pair is a token. Short pieces search an array, long ones
// keep a heap, so that a hostile piece of n bytes costs n log n and not n². A Merger is scratch
// memory for one thread.

#include <cstdint>
#include <string_view>
#include <vector>

#include "inference/ranks.h"

namespace tacit::inference {

class Merger {
 public:
  explicit Merger(const Ranks& ranks) : ranks_(ranks) {}

  // How many tokens the piece has; appends their ids when `ids` is given. At most 4 GiB.
  std::size_t merge(std::string_view piece, std::vector<Rank>* ids);

 private:
  std::size_t merge_short(std::string_view piece, std::vector<Rank>* ids) const;
  std::size_t merge_long(std::string_view piece, std::vector<Rank>* ids);
  void start_long(std::string_view piece);
  void push(std::string_view piece, std::uint32_t part);

  // A part of the piece, by its first byte: parts_[i] is live while a part begins at byte i.
  struct Part {
    Rank id = 0;            // of the part itself
    Rank pair = kNoRank;    // of the part with the next one
    std::uint32_t end = 0;  // where the next part begins; 0: not live
    std::uint32_t before = 0;
  };

  const Ranks& ranks_;
  std::vector<Part> parts_;
  std::vector<std::uint64_t> heap_;  // rank of a pair above the part's first byte
};

}  // namespace tacit::inference
