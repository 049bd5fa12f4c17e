#pragma once
// Nearest neighbours by cosine within one embedding space. The index is a cache of the store's
// vectors and never the truth. Small ones are scanned: sketches and int8 codes, with a scale per
// vector each, bound every cosine, and whatever may be among the best is computed in f32, so the
// answer is that of the f32 scan: the first kSure of it whatever the data, what follows unless the
// rounding errors of a row conspire (some standard deviations; none was missed in measurements).
// From exact_code_bytes of codes on a graph (graph.h) finds the candidates: then a few of a
// thousand neighbours may be missed. Cosines are always those of f32. A question among some
// documents, for a large part of the rows, or of a batch, is always scanned. What is put or removed
// is so for the next question. Safe from any thread; readers run side by side, and wait for a
// writer for microseconds.
//
// A graph can be kept in a file, which saves growing it again. The file holds row numbers only, no
// vector and no key, and is taken up only by the very rows it was grown over; on any doubt it is
// passed over.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <vector>

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
  // The k best by cosine, best first, ties by key.
  virtual Result<std::vector<Neighbour>> nearest(std::span<const float> query,
                                                 std::size_t k) const = 0;
  // The k best of these documents, each named once; those that are not here are passed over. Costs
  // one look-up and one product for each of their vectors.
  virtual Result<std::vector<Neighbour>> nearest_among(
      std::span<const float> query, std::size_t k, std::span<const std::uint64_t> ids) const = 0;
  // nearest() for many queries by scanning: one pass over the codes for sixteen of them.
  virtual Result<std::vector<std::vector<Neighbour>>> nearest_batch(
      std::span<const std::span<const float>> queries, std::size_t k) const = 0;
  virtual std::size_t size() const = 0;   // vectors
  virtual std::size_t bytes() const = 0;  // memory held
  // Grows the graph to the end on this thread: for measurements and tests, and where nothing grows
  // aside.
  virtual void settle() = 0;
  // Takes the graph from the file, if it fits the rows put so far. To be called once they are.
  virtual bool take_up() = 0;
};

// To be as sure of a thousand would mean to read nearly all rows in f32 where cosines lie close.
inline constexpr std::size_t kSure = 32;

// As much is scanned in a fifth of a millisecond to a millisecond: 20,000 rows of 384 dimensions.
inline constexpr std::size_t kExactCodeBytes = 8U << 20U;

// A walk reads rows here and there, a scan reads them in order: with fewer rows for each candidate
// that a question looks at (48 and more, three for each wanted) a scan is faster. Measured at 384
// dimensions: ADR 0023.
inline constexpr std::size_t kRowsPerCandidate = 64;

struct IndexOptions {
  std::size_t exact_code_bytes = kExactCodeBytes;
  std::size_t rows_per_candidate = kRowsPerCandidate;
  bool grows_aside = false;  // the graph grows on a thread of the index, for processes that stay
  // Where a grown graph is kept, each time it is a tenth larger; empty: nowhere.
  std::filesystem::path file;
};

std::unique_ptr<VectorIndex> make_index(std::size_t dimension, const IndexOptions& options = {});
// One that is always scanned.
std::unique_ptr<VectorIndex> make_exact_index(std::size_t dimension);

}  // namespace tacit::vector
