#pragma once
// Nearest neighbours by cosine within one embedding space. The index is a cache of the store's
// vectors and never the truth. ExactIndex scans int8 codes with one scale per vector, which bound
// every cosine, and computes in f32 whatever may be among the best: the answer is that of the f32
// scan. Readers and one writer may run at once: a read-write lock inside. `accept` runs under it
// and must not call the index.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/function_ref.h"
#include "base/result.h"
#include "domain/embedding.h"

namespace tacit::vector {

// A document may have several vectors (parts); parts of one document share `id`.
struct VectorKey {
  std::uint64_t id = 0;
  std::uint32_t part = 0;
  auto operator<=>(const VectorKey&) const = default;
};

struct IndexEntry {
  VectorKey key;
  std::span<const float> values;  // L2-normalised, of the index's dimension
};

struct Neighbour {
  VectorKey key;
  float cosine = 0;
};

class VectorIndex {
 public:
  virtual ~VectorIndex() = default;
  // Inserts or replaces. Fails with invalid_input on another dimension, NaN or infinity.
  virtual Result<void> upsert(std::span<const IndexEntry> entries) = 0;
  // Removes all parts of the documents.
  virtual void remove(std::span<const std::uint64_t> ids) = 0;
  virtual void clear() = 0;
  // The k best by cosine, best first, ties by key. `accept` (optional) filters by document id.
  virtual Result<std::vector<Neighbour>> nearest(
      std::span<const float> query, std::size_t k,
      const FunctionRef<bool(std::uint64_t)>* accept = nullptr) const = 0;
  virtual std::size_t size() const = 0;   // vectors
  virtual std::size_t bytes() const = 0;  // memory held
};

std::unique_ptr<VectorIndex> make_exact_index(std::size_t dimension);

}  // namespace tacit::vector
