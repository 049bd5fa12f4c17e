#include "recall/fusion.h"

#include <gtest/gtest.h>

#include "recall/advice.h"

namespace tacit::recall {
namespace {

Evidence exchange(std::uint64_t id, double score) {
  return {HitKind::kExchange, id, score};
}
Evidence item(std::uint64_t id, double score) {
  return {HitKind::kItem, id, score};
}

std::vector<std::uint64_t> order(const std::vector<Candidate>& candidates) {
  std::vector<std::uint64_t> ids;
  for (const Candidate& candidate : candidates) ids.push_back(candidate.id);
  return ids;
}

TEST(Fusion, IsTheDocumentedConvexCombination) {
  struct Row {
    const char* name;
    double bm25;
    double cosine;
    double words;
    double meaning;
  };
  // The best BM25 of the query is 20, given by document 9, which has no vector; the best cosine is
  // that of document 8.
  const std::vector<Row> rows = {
      {"words only", 10.0, 0.0, 0.5, 0},
      {"meaning only", 0.0, 0.6, 0, 0.36},
      {"both", 20.0, 0.8, 1, 0.64},
      {"a negative cosine counts nothing", 20.0, -0.5, 1, 0},
      {"a cosine above one by rounding is one", 0.0, 1.0001, 0, 1},
  };
  for (const double coverage : {0.0, 0.5, 1.0}) {
    for (const Row& row : rows) {
      std::vector<Evidence> texts = {exchange(9, 20.0)};
      std::vector<Evidence> vectors = {exchange(8, 0.9)};
      if (row.bm25 > 0) texts.push_back(exchange(1, row.bm25));
      if (row.cosine != 0) vectors.push_back(exchange(1, row.cosine));
      const double weight = text_weight(coverage, std::clamp(row.cosine, 0.9, 1.0));
      for (const Candidate& candidate : fuse(texts, vectors, coverage)) {
        if (candidate.id != 1) continue;
        EXPECT_NEAR(candidate.score, weight * row.words + (1 - weight) * row.meaning, 1e-9)
            << row.name;
      }
    }
  }
}

TEST(Fusion, ClosenessRaisesAsWordsWeighWhenBothWaysFoundSomething) {
  std::vector<Evidence> texts = {exchange(1, 10), exchange(2, 9)};
  const std::vector<Evidence> vectors = {exchange(1, 0.5), exchange(2, 0.5)};
  const std::vector<Candidate> before = fuse(texts, vectors, 0.5);
  ASSERT_EQ(order(before), (std::vector<std::uint64_t>{1, 2}));
  texts[1].closeness = 0.8;
  const std::vector<Candidate> after = fuse(texts, vectors, 0.5);
  EXPECT_EQ(order(after), (std::vector<std::uint64_t>{2, 1}));
  EXPECT_DOUBLE_EQ(after[0].score, before[1].score + text_weight(0.5, 0.5) * kCloseShare * 0.8);
  const std::vector<Candidate> words_alone = fuse(texts, {}, 0.5);
  EXPECT_EQ(order(words_alone), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_FALSE(words_alone[0].closeness);
}

TEST(Fusion, WordsWeighMoreTheMoreTheyCoverAndLessTheNearerMeaningIs) {
  EXPECT_DOUBLE_EQ(text_weight(0, 0.3), kTextWeight);
  EXPECT_DOUBLE_EQ(text_weight(1, kNear), kTextWeight + kCoverageWeight);
  EXPECT_DOUBLE_EQ(text_weight(0.5, 0.7), kTextWeight + kCoverageWeight / 4 - kNearWeight * 0.2);
  EXPECT_DOUBLE_EQ(text_weight(0, 1), kTextWeightLeast) << "words always say something";
}

TEST(Fusion, CoverageDecidesBetweenABestByWordsAndABestByMeaning) {
  const std::vector texts{exchange(1, 10.0)};
  const std::vector vectors{exchange(2, 0.6)};
  EXPECT_EQ(order(fuse(texts, vectors, 1.0)).front(), 1U);
  EXPECT_EQ(order(fuse(texts, vectors, 0.2)).front(), 2U);
}

TEST(Fusion, TheBestOfAListGoesByScoreThenKindThenId) {
  EXPECT_FALSE(best_of({}).has_value());
  EXPECT_EQ(best_of(std::vector{exchange(1, 2.0), exchange(4, 5.0), item(7, 5.0)})->id, 7U);
}

TEST(Fusion, PutsADocumentGoodInBothWaysBeforeTheBestOfEither) {
  const auto fused = fuse(std::vector{exchange(1, 10.0), exchange(2, 9.0)},
                          std::vector{exchange(3, 0.7), exchange(2, 0.65)}, 0.5);
  EXPECT_EQ(order(fused).front(), 2U);
}

TEST(Fusion, RanksBothKindsInOneList) {
  const auto fused =
      fuse(std::vector{item(1, 5.0), exchange(1, 7.0)}, std::vector{item(1, 0.9)}, 0.5);
  ASSERT_EQ(fused.size(), 2U);
  EXPECT_EQ(fused[0].kind, HitKind::kItem);
  EXPECT_EQ(fused[0].text_rank, 2);
  EXPECT_EQ(fused[0].vector_rank, 1);
  EXPECT_EQ(fused[1].text_rank, 1);
  EXPECT_FALSE(fused[1].vector_rank.has_value());
}

TEST(Fusion, BreaksTiesByKindAndIdWhateverTheInputOrder) {
  const auto a = fuse(std::vector{exchange(3, 5.0), item(7, 5.0), exchange(2, 5.0)}, {}, 0);
  const auto b = fuse(std::vector{exchange(2, 5.0), exchange(3, 5.0), item(7, 5.0)}, {}, 0);
  EXPECT_EQ(order(a), (std::vector<std::uint64_t>{7, 2, 3}));
  EXPECT_EQ(order(a), order(b));
}

TEST(Fusion, KeepsTheOrderOfTheOnlyListAndScoresBelowOne) {
  const auto text = fuse(std::vector{exchange(1, 30.0), exchange(2, 10.0)}, {}, 0);
  EXPECT_NEAR(text[0].score, 0.75, 1e-9);
  EXPECT_NEAR(text[1].score, 0.5, 1e-9);
  const auto vector = fuse({}, std::vector{exchange(1, 0.3), exchange(2, 0.8)}, 0);
  EXPECT_EQ(order(vector), (std::vector<std::uint64_t>{2, 1}));
  EXPECT_NEAR(vector[0].score, 0.8, 1e-9);
  EXPECT_TRUE(fuse({}, {}, 0).empty());
}

TEST(Fusion, AHitByWordsAloneNeverScoresNothing) {
  const auto text = fuse(std::vector{exchange(1, 1e-6), exchange(2, 5e-7)}, {}, 0);
  EXPECT_NEAR(text[0].score, kTextLeast, 1e-9);
  EXPECT_NEAR(text[1].score, kTextLeast / 2, 1e-9);
}

class Neighbours : public ::testing::Test {
 protected:
  static Candidate candidate(std::uint64_t id, double score, HitKind kind = HitKind::kExchange) {
    Candidate made;
    made.kind = kind;
    made.id = id;
    made.score = score;
    return made;
  }
  static double score_of(const std::vector<Candidate>& candidates, std::uint64_t id) {
    for (const Candidate& one : candidates) {
      if (one.id == id) return one.score;
    }
    return -1;
  }
};

TEST_F(Neighbours, RaiseAShortExchangeByTheBetterOfThem) {
  std::vector<Candidate> list = {candidate(1, 0.6), candidate(9, 0.5), candidate(2, 0.4),
                                 candidate(3, 0.2)};
  const std::unordered_map<std::uint64_t, Place> places = {
      {1, {7, 0, 90}}, {2, {7, 1, 90}}, {3, {7, 2, 90}}, {9, {8, 1, 90}}};
  raise_by_session(list, places);
  const double first = 0.6 + kNeighbourShare * 0.4;  // by scores before raising
  const double second = 0.4 + kNeighbourShare * 0.6;
  EXPECT_NEAR(score_of(list, 1), first + kSessionShare * second, 1e-9);
  EXPECT_NEAR(score_of(list, 2), second + kSessionShare * first, 1e-9);
  EXPECT_NEAR(score_of(list, 9), 0.5, 1e-9);  // another session
  EXPECT_EQ(order(list), (std::vector<std::uint64_t>{1, 2, 9, 3}));
}

TEST_F(Neighbours, GiveALongExchangeLessInProportion) {
  const auto bytes = static_cast<std::int64_t>(4 * kShortBytes);
  std::vector<Candidate> list = {candidate(1, 0.6), candidate(2, 0.4)};
  raise_by_session(list, {{1, {7, 0, bytes}}, {2, {7, 1, bytes}}});
  const double first = 0.6 + kNeighbourShare * 0.4 / 4;
  EXPECT_NEAR(score_of(list, 2), 0.4 + kNeighbourShare * 0.6 / 4 + kSessionShare * first, 1e-9);
}

TEST_F(Neighbours, RaiseEveryExchangeByTheBestOtherOneOfItsSession) {
  constexpr std::int64_t kLong = std::int64_t{1} << 40;  // gains nothing of its neighbours
  std::vector<Candidate> list = {candidate(9, 0.51), candidate(1, 0.5), candidate(2, 0.4),
                                 candidate(3, 0.4), candidate(8, 0.3, HitKind::kItem)};
  raise_by_session(list, {{1, {7, 0, kLong}},
                          {2, {7, 10, kLong}},
                          {3, {7, 20, kLong}},
                          {8, {7, 30, kLong}},
                          {9, {6, 0, kLong}}});
  EXPECT_NEAR(score_of(list, 1), 0.5 + kSessionShare * 0.4, 1e-6);
  EXPECT_NEAR(score_of(list, 2), 0.4 + kSessionShare * 0.5, 1e-6);
  EXPECT_NEAR(score_of(list, 3), 0.4 + kSessionShare * 0.5, 1e-6);
  EXPECT_DOUBLE_EQ(score_of(list, 8), 0.3);   // an item
  EXPECT_DOUBLE_EQ(score_of(list, 9), 0.51);  // alone in its session: overtaken
  EXPECT_EQ(order(list), (std::vector<std::uint64_t>{1, 9, 2, 3, 8}));
}

TEST_F(Neighbours, LeaveItemsAndExchangesWithoutAPlaceAloneAndStopAtOne) {
  std::vector<Candidate> list = {candidate(1, 0.95), candidate(2, 0.9),
                                 candidate(3, 0.5, HitKind::kItem), candidate(4, 0.3)};
  raise_by_session(list, {{1, {7, 0, 10}}, {2, {7, 1, 10}}, {3, {7, 2, 10}}});
  EXPECT_DOUBLE_EQ(score_of(list, 1), 1.0);
  EXPECT_DOUBLE_EQ(score_of(list, 3), 0.5);
  EXPECT_DOUBLE_EQ(score_of(list, 4), 0.3);
}

TEST(Fusion, AgeAndDoubtTakeLittleFromAnItem) {
  EXPECT_DOUBLE_EQ(weigh_item(0.5, Freshness::kFresh, 1.0), 0.5);
  EXPECT_LT(weigh_item(0.5, Freshness::kAging, 1.0), 0.5);
  EXPECT_LT(weigh_item(0.5, Freshness::kStale, 1.0), weigh_item(0.5, Freshness::kAging, 1.0));
  EXPECT_LT(weigh_item(0.5, Freshness::kFresh, 0.3), weigh_item(0.5, Freshness::kFresh, 0.9));
  EXPECT_GT(weigh_item(0.5, Freshness::kStale, 0.0), 0.46);
}

TEST(Advice, NamesTheReasonThereAreNoHits) {
  Query query;
  query.text = "retry";
  EXPECT_NE(advice_for(query, {}).find("tacit import"), std::string::npos);

  NoHits facts;
  facts.exchanges = 3;
  facts.terms = {"retri"};
  query.mode = SearchMode::kText;
  EXPECT_NE(advice_for(query, facts).find("retri"), std::string::npos);
  EXPECT_NE(advice_for(query, facts).find("--mode hybrid"), std::string::npos);

  query.filter.project = "shop";
  facts.without_filter = 2;
  EXPECT_NE(advice_for(query, facts).find("project shop"), std::string::npos);
  EXPECT_NE(advice_for(query, facts).find("2 hits"), std::string::npos);

  query.filter = {};
  facts.terms.clear();
  EXPECT_NE(advice_for(query, facts).find("no word"), std::string::npos);
  facts.searched_meaning = true;
  EXPECT_NE(advice_for(query, facts).find("3 exchanges"), std::string::npos);
}

TEST(Advice, SummarisesAnExplanationInOneSentence) {
  Explanation why;
  why.text_rank = 2;
  why.matched_terms = {"retri", "backoff"};
  EXPECT_EQ(summary_of(why), "Found by words (rank 2: retri, backoff) only.");
  why.vector_rank = 1;
  why.cosine = 0.617;
  EXPECT_EQ(summary_of(why),
            "Found by words (rank 2: retri, backoff) and by meaning (rank 1, cosine 0.62).");
}

}  // namespace
}  // namespace tacit::recall
