#include "cache/frequency_sketch.h"

#include <algorithm>
#include <bit>

namespace tacit::cache {
namespace {

constexpr int kHighest = 15;
constexpr std::size_t kCountersPerEntry = 4;  // in each row
constexpr std::size_t kFewestCounters = 16;
constexpr std::size_t kSamplePerEntry = 10;
constexpr std::uint64_t kRowStep = 0x9e3779b97f4a7c15U;  // 2^64 divided by the golden ratio

// The mixing step of splitmix64 (Steele, Lea and Flood 2014).
std::uint64_t mixed(std::uint64_t value) {
  value = (value ^ (value >> 30U)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27U)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31U);
}

}  // namespace

FrequencySketch::FrequencySketch(std::size_t entries)
    : width_(std::bit_ceil(std::max(kFewestCounters, kCountersPerEntry * entries))),
      counters_(kRows * width_ / 2),
      sample_(kSamplePerEntry * std::max<std::size_t>(entries, 1)) {}

FrequencySketch::Places FrequencySketch::places_of(std::uint64_t hash) const {
  Places places{};
  for (std::size_t row = 0; row < kRows; ++row) {
    places[row] = row * width_ + (mixed(hash + (row + 1) * kRowStep) & (width_ - 1));
  }
  return places;
}

int FrequencySketch::counter(std::size_t place) const {
  return (counters_[place / 2] >> (4 * (place % 2))) & kHighest;
}

int FrequencySketch::estimate(std::uint64_t hash) const {
  int least = kHighest;
  for (const std::size_t place : places_of(hash)) least = std::min(least, counter(place));
  return least;
}

void FrequencySketch::add(std::uint64_t hash) {
  const int least = estimate(hash);
  if (least < kHighest) {
    // Counters above the least were raised by other keys.
    for (const std::size_t place : places_of(hash)) {
      if (counter(place) != least) continue;
      counters_[place / 2] =
          static_cast<std::uint8_t>(counters_[place / 2] + (1U << (4 * (place % 2))));
    }
  }
  if (++additions_ >= sample_) halve();
}

void FrequencySketch::halve() {
  for (std::uint8_t& two : counters_) two = static_cast<std::uint8_t>((two >> 1U) & 0x77U);
  additions_ = 0;
}

}  // namespace tacit::cache
