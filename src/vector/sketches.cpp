#include "vector/sketches.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace tacit::vector {
namespace {

// So many that sketches fill whole pages at the usual widths.
constexpr std::size_t kBlockRows = 32'768;
static_assert(kBlockRows % Sketches::kAtOnce == 0);

constexpr std::size_t kHalf = kCodeStep / 2;
// Between two numbers, in standard deviations of those of the vector.
constexpr float kStep = 0.35F;
constexpr float kMost = 7;
// A sketch that lost more than this part of its vector, as where one number is far larger than all
// others, is not taken for one that lost it by chance.
constexpr float kCoarse = 0.25F;

// How much of what a sketch lost a cosine is off but for chance, in standard deviations. With four,
// one in 100,000 of the thousand nearest was missed.
constexpr float kLostDeviations = 5;

}  // namespace

Sketches::Sketches(std::size_t dimension, std::size_t width)
    : width_(width),
      root_(std::sqrt(static_cast<float>(dimension))),
      kernel_(usable_code_kernels().front()) {}

std::uint8_t* Sketches::sketch(std::size_t row) const {
  auto* const block = reinterpret_cast<std::uint8_t*>(blocks_[row / kBlockRows].get());
  return block + row % kBlockRows * (width_ / 2);
}

void Sketches::write(std::size_t row, std::span<const float> values, float length) {
  if (row == scale_.size()) {
    if (row % kBlockRows == 0) blocks_.push_back(map_pages(kBlockRows * width_ / 2));
    scale_.push_back(0);
    lost_.push_back(0);
  }
  const float steps = length > 0 ? root_ / (kStep * length) : 0;
  std::vector<float> numbers(width_);  // zeros behind the values
  float with_vector = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float exact = std::clamp(values[i] * steps, -kMost, kMost);
    numbers[i] = std::trunc(exact + std::copysign(0.5F, exact));
    with_vector += values[i] * numbers[i];
  }
  scale_[row] = with_vector > 0 ? length * length / with_vector : 0;
  float lost = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const float rest = values[i] - scale_[row] * numbers[i];
    lost += rest * rest;
  }
  lost_[row] = std::sqrt(lost);
  longest_ = std::max(longest_, length);
  const auto kept = [&](std::size_t i) { return static_cast<int>(numbers[i]) + kSketchOffset; };
  std::uint8_t* const bytes = sketch(row);
  for (std::size_t i = 0; i < width_ / 2; ++i) {
    const std::size_t low = i / kHalf * kCodeStep + i % kHalf;
    bytes[i] = static_cast<std::uint8_t>(kept(low) | kept(low + kHalf) << 4);
  }
}

void Sketches::drop_last() {
  scale_.pop_back();
  lost_.pop_back();
  if (scale_.size() % kBlockRows == 0) blocks_.pop_back();
}

void Sketches::cosines(const CodedQuery& query, std::size_t first, std::span<float> cosines) const {
  std::array<std::int32_t, kAtOnce> products;
  kernel_.dot_sketches(sketch(first), cosines.size(), query.code(), width_, products.data());
  const std::int32_t offset =
      kSketchOffset * std::accumulate(query.code(), query.code() + width_, std::int32_t{0});
  const float* const scale = scale_.data() + first;
  for (std::size_t i = 0; i < cosines.size(); ++i)
    cosines[i] = static_cast<float>(products[i] - offset) * (query.numbers.scale * scale[i]);
}

void Sketches::room_above(float sure, float likely, const CodedQuery& query, std::size_t first,
                          std::span<const float> cosines, std::span<float> room) const {
  const float length = query.numbers.length + query.numbers.error;  // of its code, at most
  const float by_chance = length * kLostDeviations / root_;
  const float above_sure = kSlack + query.numbers.error * longest_ - sure;
  const float above_likely = kSlack + kRoundingDeviations * query.numbers.scale * longest_ - likely;
  const float coarse = kCoarse * longest_;
  const float* const lost = lost_.data() + first;
  for (std::size_t i = 0; i < room.size(); ++i) {
    const float chance = lost[i] > coarse ? length : by_chance;
    room[i] = cosines[i] + std::max(length * lost[i] + above_sure, chance * lost[i] + above_likely);
  }
}

}  // namespace tacit::vector
