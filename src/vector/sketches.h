#pragma once
// The vectors of rows in four bits a number: half of a code's bytes, which tell a scan which codes
// it need not look at. Numbers are rounded where that loses least (Max 1960: normally distributed,
// 15 levels), and the scale is such that what a sketch lost, g, is at right angles to its vector
// (as in RaBitQ: Gao and Long 2024). So the product with the vector itself is right, and with any
// other query q the error is |q||g| at most and, but for chance, a few times |q||g| over the root
// of the dimension. Private to the module, without locks.

#include <cstdint>
#include <span>
#include <vector>

#include "vector/coded_query.h"
#include "vector/pages.h"

namespace tacit::vector {

class Sketches {
 public:
  // `width` is that of the codes.
  Sketches(std::size_t dimension, std::size_t width);

  std::size_t bytes() const { return scale_.size() * (width_ / 2 + 2 * sizeof(float)); }

  // A row that is there, or the next one.
  void write(std::size_t row, std::span<const float> values, float length);
  void drop_last();

  // Rows of one call: from `first`, a multiple of it or a later row before the next one.
  static constexpr std::size_t kAtOnce = 4096;
  // Cosines as the sketches tell them.
  void cosines(const CodedQuery& query, std::size_t first, std::span<float> cosines) const;
  // By how much these rows may be nearer than one of two cosines: than `sure` whatever the data,
  // than `likely` but for chance. Below 0: neither.
  void room_above(float sure, float likely, const CodedQuery& query, std::size_t first,
                  std::span<const float> cosines, std::span<float> room) const;

 private:
  std::uint8_t* sketch(std::size_t row) const;

  const std::size_t width_;
  const float root_;  // of the dimension
  const CodeKernel& kernel_;
  float longest_ = 0;  // of the vectors so far
  std::vector<Pages> blocks_;
  std::vector<float> scale_;  // by row
  std::vector<float> lost_;   // length of what the sketch lost
};

}  // namespace tacit::vector
