#include "store/text_queries.h"

#include <gmock/gmock.h>

#include <cmath>
#include <map>

#include "store/store_fixture_test.h"

namespace tacit::store {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

class TextQueriesTest : public StoreTestBase {
 protected:
  std::vector<std::string> terms(HitKind kind, const std::string& text) const {
    std::vector<std::string> found;
    read([&](ReadTxn& txn) -> Result<void> {
      found = TACIT_TRY(query_terms(txn, kind, text));
      return {};
    });
    return found;
  }
  std::vector<std::uint64_t> search(HitKind kind, const std::string& text,
                                    const SearchFilter& filter = {}) const {
    std::vector<std::uint64_t> ids;
    read([&](ReadTxn& txn) -> Result<void> {
      const auto wanted = TACIT_TRY(query_terms(txn, kind, text));
      double last = 1e9;
      for (const TextHit& hit : TACIT_TRY(search_text(txn, kind, wanted, filter, 10))) {
        EXPECT_LE(hit.score, last);
        EXPECT_TRUE(TACIT_TRY(passes(txn, kind, hit.id, filter)));
        last = hit.score;
        ids.push_back(hit.id);
      }
      std::vector<std::uint64_t> ids_of_named;  // as when those that pass are named
      const auto named = TACIT_TRY(all_passing(txn, kind, filter, 100));
      for (const TextHit& hit : TACIT_TRY(search_text(txn, kind, wanted, filter, 10, named)))
        ids_of_named.push_back(hit.id);
      EXPECT_EQ(ids_of_named, ids);
      return {};
    });
    return ids;
  }
  ExchangeId put_text(int ordinal, const std::string& request, const std::string& reply) {
    const Exchange exchange = testing::make_exchange(session_, ordinal, request, reply);
    put(session_, exchange);
    return exchange.id;
  }

  const Session session_ = testing::make_session("a");
};

TEST_F(TextQueriesTest, WordsFindIdentifiersInEveryWriting) {
  const auto camel = put_text(0, "q", "call parseTime(text) here");
  const auto snake = put_text(1, "q", "call parse_time(text) here");
  put_text(2, "q", "nothing of the kind");
  EXPECT_THAT(search(HitKind::kExchange, "parse time"),
              ::testing::UnorderedElementsAre(camel.value, snake.value));
  EXPECT_THAT(search(HitKind::kExchange, "ParseTime"),
              ::testing::UnorderedElementsAre(camel.value, snake.value));
  EXPECT_THAT(search(HitKind::kExchange, "parsing"), Contains(camel.value));
}

TEST_F(TextQueriesTest, AGrownExchangeIsFoundByItsNewTextAlone) {
  const auto id = put_text(0, "q", "zebrafish");
  Exchange grown = testing::make_exchange(session_, 0, "q", "wolverine wolverine");
  put(session_, grown);
  EXPECT_THAT(search(HitKind::kExchange, "zebrafish"), IsEmpty());
  EXPECT_THAT(search(HitKind::kExchange, "wolverine"), ElementsAre(id.value));
}

TEST_F(TextQueriesTest, CommandsAndErrorLinesAreFoundButNotEveryOutput) {
  Exchange exchange = testing::make_exchange(session_, 0, "q", "r");
  exchange.steps.push_back({StepKind::kCall, "Bash", "terraform apply", false, std::nullopt});
  exchange.steps.push_back(
      {StepKind::kResult, "Bash", "quokka line\nError: gnu missing", false, std::nullopt});
  put(session_, exchange);
  EXPECT_THAT(search(HitKind::kExchange, "terraform"), ElementsAre(exchange.id.value));
  EXPECT_THAT(search(HitKind::kExchange, "gnu"), ElementsAre(exchange.id.value));
  EXPECT_THAT(search(HitKind::kExchange, "quokka"), IsEmpty());
}

TEST_F(TextQueriesTest, RarerWordsWeighMore) {
  const auto rare = put_text(0, "deploy with terraform", "done");
  for (int i = 1; i < 6; ++i) put_text(i, "deploy again", "done");
  EXPECT_EQ(search(HitKind::kExchange, "terraform deploy").front(), rare.value);
}

TEST_F(TextQueriesTest, ClosenessIsTheShareOfTheQueryThatStandsAtOnePlace) {
  const std::string far = " one two three four five six seven eight nine ten eleven";
  const auto together = put_text(0, "q", "zebra quokka lemur" + far);
  const auto apart = put_text(1, "q", "zebra quokka" + far + " lemur");
  const auto fields = put_text(2, "zebra", "quokka");  // words of two fields never stand together
  for (int i = 3; i < 12; ++i) put_text(i, "q", far);
  const double rarer = std::log((12 - 2 + 0.5) / (2 + 0.5));  // lemur; the others stand in three
  const double other = std::log((12 - 3 + 0.5) / (3 + 0.5));
  const double all = rarer + 2 * other;  // no document holds the wombat
  for (const std::string& project : {std::string(), session_.project}) {
    read([&](ReadTxn& txn) -> Result<void> {
      const auto wanted =
          TACIT_TRY(query_terms(txn, HitKind::kExchange, "zebra quokka lemur wombat"));
      SearchFilter filter;
      filter.project = project;
      std::map<std::uint64_t, double> found;
      for (const TextHit& hit : TACIT_TRY(search_text(txn, HitKind::kExchange, wanted, filter, 10)))
        found[hit.id] = hit.closeness;
      EXPECT_DOUBLE_EQ(found.at(together.value), 1);
      EXPECT_DOUBLE_EQ(found.at(apart.value), 2 * other / all);
      EXPECT_DOUBLE_EQ(found.at(fields.value), other / all);
      return {};
    });
  }
}

TEST_F(TextQueriesTest, FunctionWordsAreLeftOutUnlessAlone) {
  EXPECT_THAT(terms(HitKind::kItem, "How do I deploy the server"), ElementsAre("deploi", "server"));
  EXPECT_THAT(terms(HitKind::kItem, "how do the"), ElementsAre("how", "do", "the"));
  EXPECT_THAT(terms(HitKind::kItem, "deploy Deploy deploys"), ElementsAre("deploi"));
  EXPECT_THAT(terms(HitKind::kItem, " ... "), IsEmpty());
}

TEST_F(TextQueriesTest, WordsOfAFifthOfAllDocumentsAreLeftOutUnlessNothingElseRemains) {
  write([&](WriteTxn& txn) -> Result<void> {
    TACIT_TRY(put_session(txn, session_));
    for (int i = 0; i < 120; ++i) {
      const std::string reply = i == 7 ? "common unusual" : "common";
      TACIT_TRY(put_exchange(txn, testing::make_exchange(session_, i, "q", reply), kNow, false));
    }
    return {};
  });
  EXPECT_THAT(terms(HitKind::kExchange, "common unusual"), ElementsAre("unusu"));
  EXPECT_THAT(terms(HitKind::kExchange, "common"), ElementsAre("common"));
  EXPECT_THAT(terms(HitKind::kItem, "common unusual"), ElementsAre("common", "unusu"));
}

// Without a filter another statement answers: it must find and order the same.
TEST_F(TextQueriesTest, AFilterThatAllPassChangesNothing) {
  for (int i = 0; i < 40; ++i) {
    const std::string words = i % 3 == 0 ? "deploy gateway" : "deploy deploy twice";
    const Exchange exchange =
        testing::make_exchange(session_, i, words, "reply " + std::to_string(i % 7));
    put(session_, exchange);
    learn(session_, exchange, "Deploy step " + std::to_string(i) + ": " + words + ".");
  }
  SearchFilter open;
  SearchFilter all;
  all.project = session_.project;
  read([&](ReadTxn& txn) -> Result<void> {
    for (const HitKind kind : {HitKind::kItem, HitKind::kExchange}) {
      const auto wanted = TACIT_TRY(query_terms(txn, kind, "deploy gateway"));
      EXPECT_EQ(wanted.size(), 2U);
      const auto a = TACIT_TRY(search_text(txn, kind, wanted, open, 25));
      const auto b = TACIT_TRY(search_text(txn, kind, wanted, all, 25));
      EXPECT_EQ(a.size(), 25U);
      EXPECT_EQ(a.size(), b.size());
      for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
        EXPECT_EQ(a[i].id, b[i].id) << i;
        EXPECT_DOUBLE_EQ(a[i].score, b[i].score) << i;
      }
    }
    return {};
  });
}

TEST_F(TextQueriesTest, EveryFilterKeepsOutWhatItNames) {
  const Session other = testing::make_session("b", "/home/dev/blog");
  const Exchange here = testing::make_exchange(session_, 0, "deploy", "r");
  const Exchange there = testing::make_exchange(other, 30, "deploy", "r");
  put(session_, here);
  put(other, there);
  const ItemId item = learn(session_, here, "Deploy on Mondays.");
  SearchFilter filter;
  filter.project = "blog";
  EXPECT_THAT(search(HitKind::kExchange, "deploy", filter), ElementsAre(there.id.value));
  EXPECT_THAT(search(HitKind::kItem, "deploy", filter), IsEmpty());
  filter.project = session_.project;
  EXPECT_THAT(search(HitKind::kItem, "deploy", filter), ElementsAre(item.value));
  filter = {};
  filter.type = ItemType::kBugSolution;
  EXPECT_THAT(search(HitKind::kItem, "deploy", filter), ElementsAre(item.value));
  EXPECT_THAT(search(HitKind::kExchange, "deploy", filter), IsEmpty());
  filter.type = ItemType::kConvention;
  EXPECT_THAT(search(HitKind::kItem, "deploy", filter), IsEmpty());
  filter = {};
  filter.kind = HitKind::kItem;
  EXPECT_THAT(search(HitKind::kExchange, "deploy", filter), IsEmpty());
  filter = {};
  filter.since = *there.time;
  EXPECT_THAT(search(HitKind::kExchange, "deploy", filter), ElementsAre(there.id.value));
  EXPECT_THAT(search(HitKind::kItem, "deploy", filter), IsEmpty());
  filter = {};
  filter.as_of = *here.time;
  EXPECT_THAT(search(HitKind::kExchange, "deploy", filter), ElementsAre(here.id.value));
  EXPECT_THAT(search(HitKind::kItem, "deploy", filter), ElementsAre(item.value));
  read([&](ReadTxn& txn) -> Result<void> {
    EXPECT_FALSE(TACIT_TRY(passes(txn, HitKind::kExchange, there.id.value, filter)));
    EXPECT_FALSE(TACIT_TRY(passes(txn, HitKind::kItem, 12345, {})));
    filter.project = session_.project;
    EXPECT_THAT(TACIT_TRY(all_passing(txn, HitKind::kExchange, filter, 5))->ids,
                ElementsAre(here.id.value));
    EXPECT_THAT(TACIT_TRY(all_passing(txn, HitKind::kItem, filter, 5))->ids,
                ElementsAre(item.value));
    EXPECT_FALSE(TACIT_TRY(all_passing(txn, HitKind::kItem, filter, 0))) << "there are more";
    EXPECT_FALSE(TACIT_TRY(all_passing(txn, HitKind::kItem, {}, 5))) << "of every project";
    filter.project = "blog";
    EXPECT_THAT(TACIT_TRY(all_passing(txn, HitKind::kExchange, filter, 5))->ids, IsEmpty());
    return {};
  });
}

// Numbers go by arrival, a session by its order.
TEST_F(TextQueriesTest, AllOfAProjectAreNamedWhateverOrderTheyCameIn) {
  for (const int ordinal : {5, 1, 4, 2, 3}) put_text(ordinal, "deploy", "r");
  SearchFilter filter;
  filter.project = session_.project;
  EXPECT_EQ(search(HitKind::kExchange, "deploy", filter).size(), 5U);
}

TEST_F(TextQueriesTest, TellsWhichTermsADocumentHolds) {
  const auto id = put_text(0, "deploy with terraform", "r");
  read([&](ReadTxn& txn) -> Result<void> {
    EXPECT_THAT(TACIT_TRY(matched_terms(txn, HitKind::kExchange, id.value,
                                        {"terraform", "absent", "deploi"})),
                ElementsAre("terraform", "deploi"));
    return {};
  });
}

TEST_F(TextQueriesTest, SyntaxOfTheEngineInAQueryIsText) {
  put_text(0, "deploy", "r");
  for (const char* text :
       {"deploy\" OR *", "NOT deploy", "deploy AND (", "request:deploy", "^deploy"}) {
    EXPECT_THAT(search(HitKind::kExchange, text), Not(IsEmpty())) << text;
  }
}

TEST_F(TextQueriesTest, TermsAreShownAsTheyWereTyped) {
  const std::string text = "Why are retries of parse_time so slow? Retries!";
  EXPECT_THAT(as_written(text, {"retri", "parsetim", "slow", "absent"}),
              ElementsAre("retries", "parse_time", "slow"));
  EXPECT_THAT(as_written(text, {}), IsEmpty());
}

TEST_F(TextQueriesTest, TellsWhereAnExchangeStands) {
  const auto id = put_text(3, "four", "sixsix");
  read([&](ReadTxn& txn) -> Result<void> {
    const auto place = TACIT_TRY(place_of(txn, id));
    EXPECT_TRUE(place.has_value());
    if (!place) return {};
    EXPECT_EQ(place->session, session_.id);
    EXPECT_EQ(place->ordinal, 3);
    EXPECT_EQ(place->bytes, 10);
    EXPECT_FALSE(TACIT_TRY(place_of(txn, ExchangeId{1})).has_value());
    return {};
  });
}

}  // namespace
}  // namespace tacit::store
