#pragma once
// Embeddings and the Embedder port. An embedding knows its space (model and dimension); vectors of
// different spaces never meet. The local encoder (embed/) implements the port; tests have a hashing
// one.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace tacit {

struct EmbeddingSpace {
  std::string model;          // "all-MiniLM-L6-v2"
  std::size_t dimension = 0;  // 384
  bool operator==(const EmbeddingSpace&) const = default;
  std::string text() const { return model + "/" + std::to_string(dimension); }
};

using Embedding = std::vector<float>;  // L2-normalised, of the embedder's space

class Embedder {
 public:
  virtual ~Embedder() = default;
  virtual const EmbeddingSpace& space() const = 0;
  // One embedding a text, in order. Safe from any thread; calls may queue. Fails with
  // deadline_exceeded.
  virtual Result<std::vector<Embedding>> embed(std::span<const std::string_view> texts,
                                               Deadline deadline) = 0;
  // A text that asks. Some models want their queries written differently from what they search;
  // for the others this is embed() of one text.
  virtual Result<Embedding> embed_query(std::string_view text, Deadline deadline);
};

// Inner product; for normalised vectors the cosine.
float dot(std::span<const float> a, std::span<const float> b);

}  // namespace tacit
