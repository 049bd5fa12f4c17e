#pragma once
// What the tests of search by words share: texts by Zipf's law, so that queries mix words that
// nearly all documents hold with rare ones, and SQLite's own bm25() as the oracle.

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "store/store_fixture_test.h"
#include "store/text_queries.h"

namespace tacit::store {

class Zipf {
 public:
  static constexpr int kWords = 400;

  explicit Zipf(unsigned seed) : random_(seed) {}
  std::string word() {
    const double share = std::uniform_real_distribution<>(0, 1)(random_);
    const int rank = static_cast<int>(std::pow(kWords, share));
    return "w" + std::string(1, static_cast<char>('a' + rank % 26)) +
           std::string(1, static_cast<char>('a' + rank / 26));
  }
  std::string text(std::size_t words) {
    std::string all;
    for (std::size_t i = 0; i < words; ++i) all += word() + ' ';
    return all;
  }
  std::size_t number(std::size_t below) { return random_() % below; }

 private:
  std::mt19937 random_;
};

// What SQLite itself finds of exchanges.
inline Result<std::vector<TextHit>> oracle(ReadTxn& txn, const std::vector<std::string>& terms,
                                           const std::string& project, std::int64_t most) {
  std::string any;
  for (const std::string& term : terms) any += (any.empty() ? "\"" : " OR \"") + term + '"';
  auto rows = TACIT_TRY(
      txn.query("SELECT exchange.id, -bm25(exchange_fts, 2.0, 1.0, 0.5) AS score FROM exchange_fts "
                "JOIN exchange ON exchange.number = exchange_fts.rowid "
                "JOIN session ON session.id = exchange.session "
                "WHERE exchange_fts MATCH ?1 AND (?2 = '' OR project = ?2) "
                "ORDER BY score DESC, exchange.number LIMIT ?3",
                any, project, most));
  std::vector<TextHit> hits;
  while (TACIT_TRY(rows.step())) hits.push_back({HitKind::kExchange, rows.id(0), rows.real(1)});
  return hits;
}

inline void expect_same(const std::vector<TextHit>& found, const std::vector<TextHit>& wanted,
                        const std::string& what) {
  EXPECT_EQ(found.size(), wanted.size()) << what;
  for (std::size_t hit = 0; hit < std::min(found.size(), wanted.size()); ++hit) {
    EXPECT_NEAR(found[hit].score, wanted[hit].score, 1e-9) << what << ", hit " << hit;
    // Scores that differ in the last digits only may change places.
    const bool is_tied = hit > 0 && wanted[hit - 1].score - wanted[hit].score < 1e-9;
    const bool ties_next =
        hit + 1 < wanted.size() && wanted[hit].score - wanted[hit + 1].score < 1e-9;
    const bool is_last = hit + 1 == wanted.size();
    if (is_tied || ties_next || is_last) continue;
    EXPECT_EQ(found[hit].id, wanted[hit].id) << what << ", hit " << hit;
  }
}

}  // namespace tacit::store
