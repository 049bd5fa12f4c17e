// Goal: the search by words finds the same documents with the same scores as SQLite's own bm25()
// over all that hold a term. Method: 1,200 exchanges of words by Zipf's law; FTS5 is the oracle.
#include "store/bm25.h"

#include <map>

#include "store/text_oracle_test.h"

namespace tacit::store {
namespace {

constexpr int kDocuments = 1'200;
constexpr int kQueries = 60;

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
      expect_same(found, wanted, "query " + std::to_string(i));
    }
    return {};
  });
}

TEST_F(Bm25Test, ClosenessDoesNotDependOnHowManyAreWanted) {
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

TEST_F(Bm25Test, TheFunctionNeedsItsRun) {
  read([&](ReadTxn& txn) -> Result<void> {
    auto rows = TACIT_TRY(txn.query(
        "SELECT tacit_postings(exchange_fts, 1) FROM exchange_fts WHERE exchange_fts MATCH "
        "'waa OR wbb OR wba'"));
    EXPECT_FALSE(rows.step());
    return {};
  });
}

}  // namespace
}  // namespace tacit::store
