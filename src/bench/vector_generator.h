#pragma once
// Vectors with the shape of real embeddings, always the same: points around 2,000 centres of uneven
// size in 64 latent dimensions of falling weight, mapped to the dimension asked for, with noise, a
// common mean and four large constant dimensions, each of length 1.

#include <random>
#include <vector>

#include "domain/embedding.h"

namespace tacit::bench {

class VectorGenerator {
 public:
  explicit VectorGenerator(std::size_t dimension);
  Embedding next();

 private:
  const std::size_t dimension_;
  std::mt19937 random_{17};
  std::normal_distribution<float> normal_;
  std::vector<float> map_;
  std::vector<float> mean_;
  std::vector<float> centres_;
  std::discrete_distribution<std::size_t> choose_;
};

}  // namespace tacit::bench
