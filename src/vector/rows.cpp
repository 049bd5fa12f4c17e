#include "vector/rows.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/hash.h"
#include "domain/embedding.h"

namespace tacit::vector {
Rows::Rows(std::size_t dimension)
    : dimension_(dimension),
      width_((dimension + kCodeStep - 1) / kCodeStep * kCodeStep),
      kernel_(usable_code_kernels().front()),
      sketches_(dimension, width_) {}

std::size_t Rows::bytes() const {
  const std::size_t row = width_ + dimension_ * sizeof(float) + sizeof(RowNumbers);
  return keys_.size() * row + keys_.capacity() * sizeof(VectorKey) + sketches_.bytes();
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
    const float exact = values[i] / largest * 127.0F;
    code[i] = static_cast<std::int8_t>(exact + std::copysign(0.5F, exact));  // a call less a value
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

void Rows::write(std::uint32_t row, std::span<const float> values) {
  Block& block = blocks_[row / kBlockRows];
  RowNumbers& numbers = block.numbers[row % kBlockRows];
  numbers = quantise(values, block.code(row, width_));
  sketches_.write(row, values, numbers.length);
  std::ranges::copy(values, block.value(row, dimension_));
}

std::uint32_t* Rows::row_of(const VectorKey& key) {
  const auto known = by_id_.find(key.id);
  if (known == by_id_.end()) return nullptr;
  const auto part = std::ranges::find(known->second, key.part, &Part::part);
  return part == known->second.end() ? nullptr : &part->row;
}

void Rows::forget(const VectorKey& key) {
  const auto known = by_id_.find(key.id);
  std::erase_if(known->second, [&](const Part& part) { return part.part == key.part; });
  if (known->second.empty()) by_id_.erase(known);
  --live_;
}

void Rows::put(const VectorKey& key, std::span<const float> values, bool in_place) {
  const auto row = static_cast<std::uint32_t>(keys_.size());
  if (std::uint32_t* const known = row_of(key)) {
    if (in_place) return write(*known, values);
    dead_[*known] = true;
    *known = row;
  } else {
    by_id_[key.id].push_back({key.part, row});
    ++live_;
  }
  if (row / kBlockRows == blocks_.size()) blocks_.emplace_back(width_, dimension_);
  keys_.push_back(key);
  dead_.push_back(false);
  write(row, values);
}

std::vector<std::uint32_t> Rows::rows_of(std::uint64_t id) const {
  std::vector<std::uint32_t> rows;
  const auto known = by_id_.find(id);
  if (known == by_id_.end()) return rows;
  for (const Part& part : known->second) rows.push_back(part.row);
  return rows;
}

std::optional<std::uint32_t> Rows::find(const VectorKey& key) const {
  const std::uint32_t* const row = const_cast<Rows*>(this)->row_of(key);
  if (row == nullptr) return std::nullopt;
  return *row;
}

void Rows::kill(std::uint32_t row) {
  forget(keys_[row]);
  dead_[row] = true;
}

void Rows::erase(std::uint32_t row) {
  const auto last = static_cast<std::uint32_t>(keys_.size() - 1);
  forget(keys_[row]);
  if (row != last) {
    const VectorKey moved = keys_[last];
    keys_[row] = moved;
    *row_of(moved) = row;
    write(row, values(last));
  }
  keys_.pop_back();
  dead_.pop_back();
  sketches_.drop_last();
  std::fill_n(blocks_[last / kBlockRows].code(last, width_), width_, std::int8_t{0});
  if (last % kBlockRows == 0) blocks_.pop_back();
}

std::uint64_t Rows::hash(std::size_t count) const {
  std::uint64_t hash = count;
  for (std::size_t first = 0; first < count; first += kBlockRows) {
    const Block& block = blocks_[first / kBlockRows];
    const std::size_t rows = std::min(kBlockRows, count - first);
    const auto of = [](const void* data, std::size_t bytes) {
      return xxh3({static_cast<const char*>(data), bytes});
    };
    for (const std::uint64_t part : {of(block.codes.get(), rows * width_),
                                     of(block.numbers.data(), rows * sizeof(RowNumbers))}) {
      const std::uint64_t both[] = {hash, part};
      hash = of(both, sizeof both);
    }
  }
  return hash;
}

}  // namespace tacit::vector
