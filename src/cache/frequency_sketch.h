#pragma once
// How often keys were asked lately, in little memory: a count-min sketch (Cormode and Muthukrishnan
// 2005) of 4-bit counters with minimal increment and aging. After ten times as many requests as the
// cache has entries all counters are halved, so that what was popular once makes room (Einziger,
// Friedman and Manes, "TinyLFU: A Highly Efficient Cache Admission Policy", 2017, section 3).
// Estimates are never too low between two halvings, up to 15. Private to the module. One thread at
// a time.

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace tacit::cache {

class FrequencySketch {
 public:
  explicit FrequencySketch(std::size_t entries);
  void add(std::uint64_t hash);
  int estimate(std::uint64_t hash) const;
  std::size_t bytes() const { return counters_.size(); }

 private:
  static constexpr std::size_t kRows = 4;
  using Places = std::array<std::size_t, kRows>;

  Places places_of(std::uint64_t hash) const;
  int counter(std::size_t place) const;
  void halve();

  std::size_t width_;                   // counters a row, a power of two
  std::vector<std::uint8_t> counters_;  // two a byte, row after row
  std::size_t additions_ = 0;
  std::size_t sample_;
};

}  // namespace tacit::cache
