#pragma once
// Private to store: the best documents by BM25, as FTS5's own bm25() computes it (k1 1.2, b 0.75,
// the idf of a term that half of the documents hold or more is 10⁻⁶), from the postings of the
// terms, document by document along all lists at once. Of the best it also tells how close the
// terms stand to each other. Costs some 45 ns for each document of each term.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/function_ref.h"
#include "base/result.h"
#include "store/text_memory.h"

namespace tacit::store {

struct RankedDocument {
  std::int64_t number = 0;
  double score = 0;
  // How close the terms stand to each other: the idf of those within kCloseWords words of one
  // column, at the best place, as a share of the idf of all that some document holds. Of the
  // kCloseRows best, 0 for the others.
  double closeness = 0;
};

struct TextRanking {
  std::span<const std::shared_ptr<const Postings>> terms;
  TextTotals totals;
  std::span<const double> weights;  // of a place in each column
  std::size_t most = 0;
};

// Best first, among equals the older. A document that could be among them is asked about.
Result<std::vector<RankedDocument>> best_documents(
    const TextRanking& ranking, FunctionRef<Result<bool>(std::int64_t number)> is_passing);

}  // namespace tacit::store
