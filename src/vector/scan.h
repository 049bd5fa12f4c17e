#pragma once
// The exact answer (index.h says how exact): the k best of live rows by the codes' bounds and then
// f32. What is found is added in no order, a few more than k. Private to the module, without locks.

#include <cstdint>
#include <span>
#include <vector>

#include "vector/rows.h"

namespace tacit::vector {

// Of the rows from `first` on.
void scan_from(const Rows& rows, std::span<const float> query, std::size_t first, std::size_t k,
               std::vector<Neighbour>& found);

// Of these rows, live ones.
void scan_some(const Rows& rows, std::span<const float> query, std::span<const std::uint32_t> some,
               std::size_t k, std::vector<Neighbour>& found);

// Of all rows for up to kProductBlock queries at once, all k sure, each into its place of `found`:
// the codes are read once, and processors with AMX multiply them sixteen by sixteen.
void scan_batch(const Rows& rows, std::span<const std::span<const float>> queries, std::size_t k,
                std::span<std::vector<Neighbour>> found);

// Of rows that a walk found, those that may be among its k best.
void rescore_nearest(const Rows& rows, std::span<const float> query, const CodedQuery& coded,
                     std::span<const Near> nearest_first, std::size_t k,
                     std::vector<Neighbour>& found);

// Best first, ties by key, k at most.
void keep_best(std::vector<Neighbour>& found, std::size_t k);

}  // namespace tacit::vector
