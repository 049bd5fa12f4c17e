#pragma once
// An index that Tacit's is held against, with the settings of ADR 0024. The rows stay where they
// are while the index lives. nearest() is safe from threads with different lanes, nothing else is.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/worker.h"

namespace tacit::rivals {

inline constexpr std::size_t kLinks = 16;        // of a row, twice as many on the lowest level
inline constexpr std::size_t kCandidates = 100;  // looked at to link a row
inline constexpr std::size_t kLanes = 2;

struct Rows {
  std::vector<float> values;
  std::size_t dimension = 0;
  std::size_t count() const { return values.size() / dimension; }
  const float* row(std::size_t i) const { return values.data() + i * dimension; }
};

class VectorRival {
 public:
  virtual ~VectorRival() = default;
  // Begins anew and takes all rows; the threads are those of the pool.
  virtual Result<void> build(const Rows& rows, WorkerPool& pool) = 0;
  virtual void look_at(std::size_t candidates) = 0;  // for each question from now on
  // Numbers of rows, in no order.
  virtual void nearest(const float* query, std::size_t wanted, std::size_t lane,
                       std::vector<std::uint32_t>& found) const = 0;
  virtual std::size_t bytes() const = 0;  // by its own account
};

std::unique_ptr<VectorRival> make_hnswlib();
// With the int8 codes that Tacit makes (the largest value of each vector is 127), else with those
// that usearch makes of f32 itself.
std::unique_ptr<VectorRival> make_usearch(bool has_our_codes);

// The cosine of vectors of length 1, as fast as this machine can.
float quick_dot(const float* a, const float* b, std::size_t dimension);

}  // namespace tacit::rivals
