// Goal: the search by words finds the same documents with the same scores as SQLite's own bm25()
// over all that hold a term, whatever it leaves out on the way. Method: 1,200 exchanges of words by
// Zipf's law, so that queries mix words that nearly all hold with rare ones; FTS5 is the oracle.
#include "store/bm25.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>

#include "store/store_fixture_test.h"
#include "store/text_queries.h"

namespace tacit::store {
namespace {

constexpr int kDocuments = 1'200;
constexpr int kWords = 400;
constexpr int kQueries = 60;

class Zipf {
 public:
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

class Bm25Test : public StoreTestBase {
 protected:
  void SetUp() override {
    StoreTestBase::SetUp();
    Zipf words(1);
    write([&](WriteTxn& txn) -> Result<void> {
      for (int i = 0; i < kDocuments; ++i) {
        const Session session = testing::make_session("s", i % 3 == 0 ? "/home/a" : "/home/b");
        TACIT_TRY(put_session(txn, session));
        const Exchange exchange = testing::make_exchange(
            session, i, words.text(1 + words.number(6)), words.text(1 + words.number(40)));
        TACIT_TRY(put_exchange(txn, exchange, kNow, false));
      }
      return {};
    });
  }

  // What SQLite itself finds.
  static Result<std::vector<TextHit>> oracle(ReadTxn& txn, const std::vector<std::string>& terms,
                                             const std::string& project, std::int64_t most) {
    std::string any;
    for (const std::string& term : terms) any += (any.empty() ? "\"" : " OR \"") + term + '"';
    auto rows = TACIT_TRY(txn.query(
        "SELECT exchange.id, -bm25(exchange_fts, 2.0, 1.0, 0.5) AS score FROM exchange_fts "
        "JOIN exchange ON exchange.number = exchange_fts.rowid "
        "JOIN session ON session.id = exchange.session "
        "WHERE exchange_fts MATCH ?1 AND (?2 = '' OR project = ?2) "
        "ORDER BY score DESC, exchange.number LIMIT ?3",
        any, project, most));
    std::vector<TextHit> hits;
    while (TACIT_TRY(rows.step())) hits.push_back({HitKind::kExchange, rows.id(0), rows.real(1)});
    return hits;
  }
};

TEST_F(Bm25Test, FindsWhatSqliteFindsAndScoresItTheSame) {
  Zipf words(2);
  read([&](ReadTxn& txn) -> Result<void> {
    for (int i = 0; i < kQueries; ++i) {
      SearchFilter filter;
      if (i % 3 == 1) filter.project = "/home/a";
      const std::size_t most = i % 2 == 0 ? 5 : 40;
      const auto terms =
          TACIT_TRY(query_terms(txn, HitKind::kExchange, words.text(1 + words.number(9))));
      const auto found = TACIT_TRY(search_text(txn, HitKind::kExchange, terms, filter, most));
      const auto wanted =
          TACIT_TRY(oracle(txn, terms, filter.project, static_cast<std::int64_t>(most)));
      EXPECT_EQ(found.size(), wanted.size());
      for (std::size_t hit = 0; hit < std::min(found.size(), wanted.size()); ++hit) {
        EXPECT_NEAR(found[hit].score, wanted[hit].score, 1e-9) << "query " << i << ", hit " << hit;
        // Scores that differ in the last digits only may change places.
        const bool is_tied = hit > 0 && wanted[hit - 1].score - wanted[hit].score < 1e-9;
        const bool ties_next =
            hit + 1 < wanted.size() && wanted[hit].score - wanted[hit + 1].score < 1e-9;
        const bool is_last = hit + 1 == wanted.size();
        if (is_tied || ties_next || is_last) continue;
        EXPECT_EQ(found[hit].id, wanted[hit].id) << "query " << i << ", hit " << hit;
      }
    }
    return {};
  });
}

// Leading terms stand twice in the expression; their places must not count twice.
TEST_F(Bm25Test, ClosenessDoesNotDependOnWhichTermsLead) {
  Zipf words(3);
  read([&](ReadTxn& txn) -> Result<void> {
    for (int i = 0; i < kQueries; ++i) {
      const auto terms =
          TACIT_TRY(query_terms(txn, HitKind::kExchange, words.text(2 + words.number(9))));
      std::map<std::uint64_t, double> whole;
      for (const TextHit& hit :
           TACIT_TRY(search_text(txn, HitKind::kExchange, terms, {}, kDocuments)))
        whole[hit.id] = hit.closeness;
      for (const TextHit& hit : TACIT_TRY(search_text(txn, HitKind::kExchange, terms, {}, 3))) {
        EXPECT_NEAR(hit.closeness, whole.at(hit.id), 1e-9) << "query " << i;
        EXPECT_GT(hit.closeness, 0);
      }
    }
    return {};
  });
}

TEST_F(Bm25Test, WhatIsRememberedOfTermsEndsWithTheNextWrite) {
  const std::vector<std::string> terms = {"wcc", "solitari"};
  const auto best = [&] {
    std::vector<TextHit> hits;
    read([&](ReadTxn& txn) -> Result<void> {
      hits = TACIT_TRY(search_text(txn, HitKind::kExchange, terms, {}, 5));
      const auto wanted = TACIT_TRY(oracle(txn, terms, "", 5));
      EXPECT_EQ(hits.size(), wanted.size());
      for (std::size_t i = 0; i < std::min(hits.size(), wanted.size()); ++i)
        EXPECT_NEAR(hits[i].score, wanted[i].score, 1e-9);
      return {};
    });
    return hits.empty() ? 0 : hits.front().id;
  };
  best();
  const Session session = testing::make_session("s", "/home/b");
  const Exchange exchange = testing::make_exchange(session, kDocuments, "solitary", "reply");
  put(session, exchange);
  EXPECT_EQ(best(), exchange.id.value);
}

TEST_F(Bm25Test, TheFunctionNeedsItsRun) {
  read([&](ReadTxn& txn) -> Result<void> {
    auto rows = TACIT_TRY(
        txn.query("SELECT tacit_bm25(exchange_fts, 1) FROM exchange_fts WHERE exchange_fts MATCH "
                  "'waa OR wbb OR wba'"));
    EXPECT_FALSE(rows.step());
    return {};
  });
}

}  // namespace
}  // namespace tacit::store
