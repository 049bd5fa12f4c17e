#include "vector/rows.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "domain/embedding.h"

namespace tacit::vector {
namespace {

// Covers the rounding of the f32 sums themselves, far above what 10,000 dimensions can lose.
constexpr float kSlack = 1e-5F;

}  // namespace

Rows::Rows(std::size_t dimension)
    : dimension_(dimension),
      width_((dimension + kCodeStep - 1) / kCodeStep * kCodeStep),
      dot_codes_(usable_code_kernels().front().dot) {}

std::size_t Rows::bytes() const {
  const std::size_t row = width_ + dimension_ * sizeof(float) + sizeof(RowNumbers);
  return blocks_.size() * kBlockRows * row + keys_.capacity() * sizeof(VectorKey);
}

RowNumbers Rows::quantise(std::span<const float> values, std::int8_t* code) const {
  float largest = 0;
  for (const float value : values) largest = std::max(largest, std::abs(value));
  RowNumbers result;
  if (largest == 0) {
    std::fill_n(code, values.size(), std::int8_t{0});
    return result;
  }
  result.scale = largest / 127.0F;
  float lost = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    code[i] = static_cast<std::int8_t>(std::lround(values[i] / largest * 127.0F));
    const float rest = values[i] - result.scale * static_cast<float>(code[i]);
    lost += rest * rest;
  }
  result.length = std::sqrt(dot(values, values));
  result.error = std::sqrt(lost);
  return result;
}

CodedQuery Rows::coded(std::span<const float> query) const {
  CodedQuery coded;
  coded.chunks.resize(width_ / kCodeStep);
  coded.numbers = quantise(query, coded.chunks.front().bytes.data());
  return coded;
}

Bounds Rows::bounds(const CodedQuery& query, std::size_t row) const {
  const RowNumbers& of_row = numbers(row);
  const auto raw = static_cast<float>(product(query.code(), code(row)));
  const float query_length =
      query.numbers.length + query.numbers.error;  // at least that of the query's code
  return {raw * query.numbers.scale * of_row.scale,
          query.numbers.error * of_row.length + query_length * of_row.error + kSlack};
}

void Rows::write(std::uint32_t row, std::span<const float> values) {
  Block& block = *blocks_[row / kBlockRows];
  std::int8_t* const code = block.codes[row % kBlockRows * width_ / kCodeStep].bytes.data();
  block.numbers[row % kBlockRows] = quantise(values, code);
  std::copy(values.begin(), values.end(), block.values.get() + row % kBlockRows * dimension_);
}

void Rows::put(const VectorKey& key, std::span<const float> values, bool in_place) {
  const auto known = by_key_.find(key);
  if (known != by_key_.end()) {
    if (in_place) return write(known->second, values);
    dead_[known->second] = true;
  }
  const auto row = static_cast<std::uint32_t>(keys_.size());
  if (row / kBlockRows == blocks_.size())
    blocks_.push_back(std::make_unique<Block>(width_, dimension_));
  keys_.push_back(key);
  dead_.push_back(false);
  by_key_[key] = row;
  write(row, values);
}

std::vector<std::uint32_t> Rows::rows_of(std::uint64_t id) const {
  std::vector<std::uint32_t> rows;
  for (auto at = by_key_.lower_bound({id, 0}); at != by_key_.end() && at->first.id == id; ++at)
    rows.push_back(at->second);
  return rows;
}

std::optional<std::uint32_t> Rows::find(const VectorKey& key) const {
  const auto known = by_key_.find(key);
  if (known == by_key_.end()) return std::nullopt;
  return known->second;
}

void Rows::kill(std::uint32_t row) {
  by_key_.erase(keys_[row]);
  dead_[row] = true;
}

void Rows::erase(std::uint32_t row) {
  const auto last = static_cast<std::uint32_t>(keys_.size() - 1);
  by_key_.erase(keys_[row]);
  if (row != last) {
    const VectorKey moved = keys_[last];
    keys_[row] = moved;
    by_key_[moved] = row;
    write(row, values(last));
  }
  keys_.pop_back();
  dead_.pop_back();
  blocks_.resize((keys_.size() + kBlockRows - 1) / kBlockRows);
}

}  // namespace tacit::vector
