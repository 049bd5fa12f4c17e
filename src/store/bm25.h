#pragma once
// Private to store: BM25 as FTS5's own bm25() computes it (k1 1.2, b 0.75, the idf of a term that
// half of the documents hold or more is 10⁻⁶), as the function
//
//   tacit_bm25(table, run, weight of each column…)
//
// which hands the documents of a MATCH to the run, which keeps the best; its value is always 0, so
// that as a condition it lets none through. It gives the same scores with less work. It is told how
// many documents hold each term, where bm25() walks through each term's list once more. It drops a
// document whose terms could not bring it among the best even if it had no length (the bound of H.
// Turtle, J. Flood, "Query evaluation: strategies and optimizations", 1995) before its length is
// looked up. And nothing is sorted. Of the rows that are kept it also tells how close the terms
// stand to each other.

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "store/connection.h"
#include "store/text_memory.h"

struct fts5_api;

namespace tacit::store {

// One run through the rows of a MATCH; lives until its statement is done.
struct Bm25Run {
  struct Row {
    std::int64_t number = 0;
    double score = 0;
    // How close the terms stand to each other: the idf of those within kCloseWords words of one
    // column, at the best place, as a share of the idf of all that some document holds.
    double closeness = 0;
  };

  // Documents that hold each of the phrases that count.
  std::vector<std::int64_t> holding;
  // Phrases of the expression before those: they choose rows and do not count.
  int first = 0;
  std::size_t most = 0;
  // As many documents as are wanted are known to score at least this.
  double known_least = 0;
  // Of the kind of documents; sizes are taken from here and put there.
  TextMemory::OfKind* memory = nullptr;

  // Filled by the rows.
  std::vector<double> idf;
  double average_size = 0;
  std::vector<double> frequencies;  // in the row at hand
  std::vector<int> together;        // of each term, places in the window at hand
  std::vector<double> highest;      // a heap of the kCloseRows best scores, the worst in front
  std::vector<Row> best;            // a heap, the worst in front

  Pointer pointer() { return {this, kType}; }
  // What a document must score to be among the best; 0 while there are fewer than wanted.
  double least() const;
  // More than any document gains by one of the terms. After the first row.
  double most_of_term(std::size_t term) const;
  // Best first, among equals the older.
  std::vector<Row> in_order() const;

  static constexpr const char* kType = "tacit_bm25";
};

Result<void> register_bm25(fts5_api& fts5);

}  // namespace tacit::store
