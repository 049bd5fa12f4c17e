#pragma once
// The measures of `tacit eval`, pure and deterministic. Ranking measures take the ranks (from 0) at
// which the relevant documents of one query stand, in ascending order; documents not found are
// simply absent.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tacit::bench {

// nDCG@k: discounted gain over that of the best possible order. `gains` are those of the documents
// found, one a rank; `grades` those of all relevant documents.
double ndcg_at(std::size_t k, std::span<const std::size_t> ranks, std::span<const double> gains,
               std::span<const double> grades);
double recall_at(std::size_t k, std::span<const std::size_t> ranks, std::size_t relevant);
// Mean of the precision at each relevant document, those beyond k counting zero.
double average_precision_at(std::size_t k, std::span<const std::size_t> ranks,
                            std::size_t relevant);
double reciprocal_rank_at(std::size_t k, std::span<const std::size_t> ranks);
double hit_at(std::size_t k, std::span<const std::size_t> ranks);

double mean(std::span<const double> values);
// Spearman's rank correlation; ties get their mean rank. Zero when a side is constant.
double spearman(std::span<const double> a, std::span<const double> b);

struct Interval {
  double low = 0;
  double high = 0;
};

inline constexpr std::size_t kBootstrapRounds = 10'000;
inline constexpr std::uint64_t kBootstrapSeed = 20'260'101;

// Percentile bootstrap of the mean of a[i] − b[i], resampling queries; 95 % interval. The seed is
// fixed, so the same input gives the same interval on every machine.
Interval paired_bootstrap(std::span<const double> a, std::span<const double> b);

}  // namespace tacit::bench
