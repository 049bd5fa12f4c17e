#include "bench/vector_generator.h"

#include <array>
#include <cmath>

namespace tacit::bench {
namespace {

constexpr std::size_t kCentres = 2000;
constexpr std::size_t kLatent = 64;
constexpr float kSpread = 0.6F;
constexpr double kFall = 0.4;  // of the weights of the latent dimensions
constexpr float kNoise = 0.3F;

}  // namespace

VectorGenerator::VectorGenerator(std::size_t dimension)
    : dimension_(dimension), map_(kLatent * dimension), mean_(dimension) {
  for (std::size_t i = 0; i < kLatent; ++i) {
    const auto weight = static_cast<float>(std::pow(static_cast<double>(i + 1), -kFall));
    for (std::size_t d = 0; d < dimension; ++d) map_[i * dimension + d] = weight * normal_(random_);
  }
  for (float& value : mean_) value = normal_(random_);
  for (const std::size_t large : {3U, 50U, 101U, 233U}) mean_[large % dimension] = 12;
  centres_.resize(kCentres * kLatent);
  for (float& value : centres_) value = normal_(random_);
  std::vector<double> sizes;
  for (std::size_t rank = 1; rank <= kCentres; ++rank)
    sizes.push_back(1 / std::sqrt(static_cast<double>(rank)));
  choose_ = std::discrete_distribution<std::size_t>(sizes.begin(), sizes.end());
}

Embedding VectorGenerator::next() {
  std::array<float, kLatent> point{};
  const std::size_t centre = choose_(random_);
  for (std::size_t i = 0; i < kLatent; ++i)
    point[i] = centres_[centre * kLatent + i] + kSpread * normal_(random_);
  Embedding vector(dimension_, 0.0F);
  for (std::size_t i = 0; i < kLatent; ++i) {
    const float* const row = map_.data() + i * dimension_;
    for (std::size_t d = 0; d < dimension_; ++d) vector[d] += point[i] * row[d];
  }
  const float signal = std::sqrt(dot(vector, vector) / static_cast<float>(dimension_));
  for (std::size_t d = 0; d < dimension_; ++d)
    vector[d] += mean_[d] + kNoise * signal * normal_(random_);
  const float length = std::sqrt(dot(vector, vector));
  for (float& value : vector) value /= length;
  return vector;
}

}  // namespace tacit::bench
