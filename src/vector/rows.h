#pragma once
// The rows of an index: each vector as it came (f32), as an int8 code with a scale of its own and
// as a sketch, found by key. Rows have numbers that count up; a removed row stays as a dead one
// until the rows are made anew, or gives its place to the last (erase), which only rows that no
// graph knows may do. Private to the module, without locks.
//
// A code is the vector divided by its largest component and scaled to ±127, so one float a row
// brings a product back. Why bounds() bounds: let q = q' + e and v = v' + f be query and vector
// with their rounding errors, then |qv - q'v'| <= |e||v| + |q'||f|. Errors that are as often up as
// down nearly cancel: each is even within half a step, so the two products of them have standard
// deviations of |v| and |q'| times a step over the root of twelve.

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "vector/code_kernels.h"
#include "vector/coded_query.h"
#include "vector/index.h"
#include "vector/pages.h"
#include "vector/sketches.h"

namespace tacit::vector {

// So many that codes and vectors fill whole pages at the usual widths (multiples of 128).
inline constexpr std::size_t kBlockRows = 16'384;

// How far from the middle a cosine may be, whatever the data, and how far it is but for chance:
// kDeviations standard deviations, also when both errors are the same, as those of duplicates are.
struct Bounds {
  float middle = 0;
  float reach = 0;
  float spread = 0;
};

// A row and how near it is by its code; larger is nearer.
struct Near {
  float nearness = 0;
  std::uint32_t row = 0;
};

class Rows {
 public:
  explicit Rows(std::size_t dimension);

  std::size_t dimension() const { return dimension_; }
  std::size_t width() const { return width_; }       // bytes of a code
  std::size_t size() const { return keys_.size(); }  // with the dead
  std::size_t live() const { return live_; }
  std::size_t bytes() const;

  const VectorKey& key(std::size_t row) const { return keys_[row]; }
  bool is_dead(std::size_t row) const { return dead_[row]; }
  const std::int8_t* code(std::size_t row) const {
    return blocks_[row / kBlockRows].code(row, width_);
  }
  const Sketches& sketches() const { return sketches_; }
  std::span<const float> values(std::size_t row) const {
    return {blocks_[row / kBlockRows].value(row, dimension_), dimension_};
  }
  const RowNumbers& numbers(std::size_t row) const {
    return blocks_[row / kBlockRows].numbers[row % kBlockRows];
  }

  // Begins to fetch what is about to be read from memory.
  void prefetch_code(std::size_t row) const {
    prefetch(code(row), width_);
    __builtin_prefetch(&numbers(row));
  }
  void prefetch_values(std::size_t row) const {
    prefetch(values(row).data(), dimension_ * sizeof(float));
  }

  CodedQuery coded(std::span<const float> query) const;
  // Of two codes, without their scales.
  std::int32_t product(const std::int8_t* a, const std::int8_t* b) const {
    return kernel_.dot(a, b, width_);
  }
  // Of the 16 rows from `first` on, a multiple of 16, with 16 queries; rows from size() on give 0.
  void products(std::size_t first, const QueryBlock& queries, std::int32_t* products) const {
    kernel_.dot_block(code(first), queries, width_, products);
  }
  // The cosine that a product of codes stands for, and how far off it may be.
  static Bounds bounds_of(std::int32_t product, const RowNumbers& query, const RowNumbers& row) {
    return around(static_cast<float>(product) * (query.scale * row.scale), query, row);
  }
  static Bounds around(float middle, const RowNumbers& query, const RowNumbers& row) {
    const float query_length = query.length + query.error;  // of the code, at most
    const float reach = query.error * row.length + query_length * row.error;
    const float spread =
        kRoundingDeviations * (query.scale * row.length + query_length * row.scale);
    return {middle, reach + kSlack, std::min(reach, spread) + kSlack};
  }
  Bounds bounds(const CodedQuery& query, std::size_t row) const {
    return bounds_of(product(query.code(), code(row)), query.numbers, numbers(row));
  }
  // Of the codes and scales of rows [0, count).
  std::uint64_t hash(std::size_t count) const;

  // Overwrites the row of a known key if `in_place`, else kills it and appends.
  void put(const VectorKey& key, std::span<const float> values, bool in_place);
  // Rows of the document's parts, live ones.
  std::vector<std::uint32_t> rows_of(std::uint64_t id) const;
  std::optional<std::uint32_t> find(const VectorKey& key) const;
  void kill(std::uint32_t row);
  void erase(std::uint32_t row);  // the last row takes its place

 private:
  // A fixed number of rows; blocks never move, so growing copies nothing.
  struct Block {
    Block(std::size_t width, std::size_t dimension)
        : codes(map_pages(kBlockRows * width)),
          values(map_pages(kBlockRows * dimension * sizeof(float))),
          numbers(kBlockRows) {}
    std::int8_t* code(std::size_t row, std::size_t width) const {
      return reinterpret_cast<std::int8_t*>(codes.get()) + row % kBlockRows * width;
    }
    float* value(std::size_t row, std::size_t dimension) const {
      return reinterpret_cast<float*>(values.get()) + row % kBlockRows * dimension;
    }
    Pages codes;
    Pages values;
    std::vector<RowNumbers> numbers;
  };
  struct Part {
    std::uint32_t part = 0;
    std::uint32_t row = 0;
  };
  static void prefetch(const void* data, std::size_t bytes) {
    constexpr std::size_t kCacheLine = 64;
    for (std::size_t at = 0; at < bytes; at += kCacheLine)
      __builtin_prefetch(static_cast<const char*>(data) + at);
  }
  RowNumbers quantise(std::span<const float> values, std::int8_t* code) const;
  std::uint32_t* row_of(const VectorKey& key);
  void forget(const VectorKey& key);
  void write(std::uint32_t row, std::span<const float> values);

  std::size_t dimension_;
  std::size_t width_;
  const CodeKernel& kernel_;
  std::size_t live_ = 0;
  std::vector<VectorKey> keys_;  // by row
  std::vector<bool> dead_;
  std::unordered_map<std::uint64_t, std::vector<Part>> by_id_;  // live ones
  std::vector<Block> blocks_;
  Sketches sketches_;
};

}  // namespace tacit::vector
