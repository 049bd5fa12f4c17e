#include <gtest/gtest.h>

#include <algorithm>

#include "base/worker.h"
#include "recall/fusion.h"
#include "recall/retriever.h"
#include "store/knowledge_queries.h"
#include "store/session_queries.h"
#include "testing/fixtures.h"

namespace tacit::recall {
namespace {

using testing::HashEmbedder;
using testing::make_exchange;
using testing::make_session;
using testing::TempFolder;
using testing::test_key;

class FailingEmbedder final : public Embedder {
 public:
  const EmbeddingSpace& space() const override { return space_; }
  Result<std::vector<Embedding>> embed(std::span<const std::string_view>, Deadline) override {
    return fail(ErrorKind::kDeadlineExceeded, "took too long");
  }

 private:
  EmbeddingSpace space_{"hash-for-tests", 64};
};

const Instant kNow = *parse_time("2026-01-20T00:00:00Z");

class RetrieverTest : public ::testing::Test {
 protected:
  void SetUp() override {
    store::StoreOptions options;
    options.directory = folder_.path();
    auto opened = store::Store::open(options);
    ASSERT_TRUE(opened) << opened.error().message();
    store_ = std::move(*opened);
  }

  template <class Body>
  void write(Body body) {
    const auto done = store_->write(body);
    ASSERT_TRUE(done) << done.error().message();
  }

  Embedding vector_of(std::string_view text) {
    return std::move(embedder_.embed(std::span(&text, 1), Deadline::none())->front());
  }

  Exchange add(const Session& session, int ordinal, const std::string& request,
               const std::string& reply, bool embedded = true) {
    const Exchange exchange = make_exchange(session, ordinal, request, reply);
    write([&](store::WriteTxn& txn) -> Result<void> {
      TACIT_TRY(store::put_session(txn, session));
      TACIT_TRY(store::put_exchange(txn, exchange, kNow, false));
      if (!embedded) return {};
      const std::vector<Embedding> parts = {vector_of(request + " " + reply)};
      return store::put_vectors(txn, store::VectorOwner::kExchange, exchange.id.value,
                                embedder_.space(), parts);
    });
    return exchange;
  }

  ItemId add_item(const Exchange& exchange, const Session& session, const std::string& statement,
                  ItemType type = ItemType::kBugSolution) {
    Observation observation;
    observation.id = test_key().observation(exchange.id, statement);
    observation.exchange = exchange.id;
    observation.type = type;
    observation.statement = statement;
    observation.confidence = 0.8;
    observation.spans.push_back({1, 0, 4});
    observation.seen = exchange.time;
    KnowledgeItem item;
    item.id = test_key().item(observation.id);
    item.type = type;
    item.title = statement.substr(0, 40);
    item.statement = statement;
    item.confidence = 0.8;
    item.project = session.project;
    item.session = session.id;
    item.first_seen = exchange.time;
    item.last_seen = exchange.time;
    write([&](store::WriteTxn& txn) -> Result<void> {
      TACIT_TRY(store::add_item(txn, item, observation, kNow));
      const std::vector<Embedding> parts = {vector_of(statement)};
      return store::put_vectors(txn, store::VectorOwner::kItem, item.id.value, embedder_.space(),
                                parts);
    });
    return item.id;
  }

  static Query ask(const std::string& text, SearchMode mode = SearchMode::kHybrid) {
    Query query;
    query.text = text;
    query.mode = mode;
    return query;
  }

  Answer search(const Query& query, Embedder* embedder) {
    const Retriever retriever(*store_, embedder);
    auto answer = retriever.search(query, kNow);
    EXPECT_TRUE(answer) << answer.error().message();
    return answer ? std::move(*answer) : Answer{};
  }
  Answer search(const Query& query) { return search(query, &embedder_); }

  TempFolder folder_;
  HashEmbedder embedder_;
  std::unique_ptr<store::Store> store_;
  Session shop_ = make_session("one");
  Session blog_ = make_session("two", "/home/dev/blog");
};

TEST_F(RetrieverTest, WordsWeighByWhatTheBestHitHoldsOfTheQuery) {
  add(shop_, 0, "upload webhook", "retry");
  for (const auto& [text, coverage] : {std::pair("upload webhook", 1.0),
                                       {"upload zebra", 0.5},
                                       {"upload zebra quokka lemur", 0.25}}) {
    Query query = ask(text);
    query.explain = true;
    const Answer answer = search(query);
    ASSERT_EQ(answer.hits.size(), 1U) << text;
    const double cosine = answer.hits[0].why->cosine.value_or(0);
    ASSERT_GT(cosine, 0) << text;
    const double weight = text_weight(coverage, cosine);
    const double words = 1 + kCloseShare * answer.hits[0].why->closeness.value_or(0);
    EXPECT_NEAR(answer.hits[0].score,
                std::min(1.0, weight * words + (1 - weight) * cosine * cosine), 1e-4)
        << text;
  }
}

TEST_F(RetrieverTest, AQueryThatStandsAtOnePlaceComesBeforeItsWordsScattered) {
  const std::string filler = " and then some quite different matters were told at length here";
  const auto scattered = add(shop_, 0, "q", "retry" + filler + " uploads");
  const auto close = add(blog_, 0, "q", filler + " retry uploads");
  for (int i = 1; i < 6; ++i) add(shop_, i, "other", filler);
  Query query = ask("retry uploads");
  query.explain = true;
  const Answer answer = search(query);
  ASSERT_GE(answer.hits.size(), 2U);
  EXPECT_EQ(answer.hits[0].id, close.id.value);
  EXPECT_EQ(answer.hits[1].id, scattered.id.value);
  EXPECT_EQ(answer.hits[0].why->closeness, 1.0);
  EXPECT_LT(answer.hits[1].why->closeness.value_or(1), 1.0);
  query.mode = SearchMode::kText;
  const Answer by_words = search(query);
  EXPECT_FALSE(by_words.hits[0].why->closeness) << "one way stays that way alone";
}

TEST_F(RetrieverTest, FindsAnExchangeInEveryModeWithTitlePassageAndProject) {
  add(shop_, 0, "# Why does the upload fail?",
      "It was slow.\nThe upload needs a retry with backoff.");
  add(shop_, 1, "rename the button", "Renamed it to Save.");
  for (const SearchMode mode : {SearchMode::kHybrid, SearchMode::kText, SearchMode::kVector}) {
    const Answer answer = search(ask("upload retry backoff", mode));
    ASSERT_FALSE(answer.hits.empty()) << name_of(mode);
    const Hit& hit = answer.hits.front();
    EXPECT_EQ(hit.kind, HitKind::kExchange);
    EXPECT_EQ(hit.title, "Why does the upload fail?");
    EXPECT_NE(hit.statement.find("retry with backoff"), std::string::npos);
    EXPECT_EQ(hit.project, shop_.project);
    EXPECT_EQ(hit.session, shop_.id);
    EXPECT_GT(hit.score, 0.0);
    EXPECT_LE(hit.score, 1.0);
    EXPECT_FALSE(hit.why.has_value());
    EXPECT_TRUE(answer.degraded.empty()) << answer.degraded.front();
    EXPECT_TRUE(answer.advice.empty());
  }
}

TEST_F(RetrieverTest, ExplainsRanksScoresAndTermsWhenAsked) {
  add(shop_, 0, "upload broken", "needs a retry");
  Query query = ask("upload retry");
  query.explain = true;
  const Answer answer = search(query);
  ASSERT_EQ(answer.hits.size(), 1U);
  ASSERT_TRUE(answer.hits[0].why.has_value());
  const Explanation& why = *answer.hits[0].why;
  EXPECT_EQ(why.text_rank, 1);
  EXPECT_GT(why.text_score.value_or(0), 0.0);
  EXPECT_EQ(why.vector_rank, 1);
  EXPECT_GT(why.cosine.value_or(0), 0.2);
  EXPECT_EQ(why.matched_terms.size(), 2U);
  EXPECT_NE(why.summary.find("by words"), std::string::npos);
  EXPECT_NE(why.summary.find("by meaning"), std::string::npos);
}

TEST_F(RetrieverTest, ExplainsWithTheWordsAsTyped) {
  add(shop_, 0, "retrying uploads", "they are retried");
  Query query = ask("Retrying the uploads");
  query.explain = true;
  const Answer answer = search(query);
  ASSERT_EQ(answer.hits.size(), 1U);
  ASSERT_TRUE(answer.hits[0].why.has_value());
  EXPECT_EQ(answer.hits[0].why->matched_terms, (std::vector<std::string>{"Retrying", "uploads"}));
}

TEST_F(RetrieverTest, PutsAShortAnswerNearItsQuestionBeforeOneThatStandsAlone) {
  const Session other = make_session("other");
  add(shop_, 0, "why do uploads of large pictures fail at night", "the proxy cuts them");
  const Exchange answer = add(shop_, 1, "uploads again", "raise the limit");
  const Exchange lone = add(other, 0, "uploads again", "raise the bar");
  add(other, 5, "something else", "nothing of the kind");
  const Query query = ask("why do uploads of large pictures fail at night");
  const auto found = Retriever(*store_, nullptr).search(query, kNow);
  ASSERT_TRUE(found) << found.error().message();
  ASSERT_GE(found->hits.size(), 3U);
  EXPECT_EQ(found->hits[1].id, answer.id.value);
  EXPECT_EQ(found->hits[2].id, lone.id.value);
  EXPECT_GT(found->hits[1].score, found->hits[2].score);
}

TEST_F(RetrieverTest, DoesNotRepeatAnExchangeBesideItsItem) {
  const Exchange exchange =
      add(shop_, 0, "upload fails", "a long story about many things, retry helps");
  const ItemId item = add_item(exchange, shop_, "upload retry backoff");
  const Answer answer = search(ask("upload retry backoff"));
  ASSERT_EQ(answer.hits.size(), 1U);
  EXPECT_EQ(answer.hits[0].kind, HitKind::kItem);
  EXPECT_EQ(answer.hits[0].id, item.value);
  EXPECT_EQ(answer.hits[0].exchange, exchange.id);
  EXPECT_EQ(answer.hits[0].type, ItemType::kBugSolution);
  EXPECT_EQ(answer.hits[0].freshness, Freshness::kFresh);
}

TEST_F(RetrieverTest, ShowsCopiesOfOneExchangeOnce) {
  add(shop_, 0, "upload fails", "retry with backoff");
  add(make_session("copy"), 0, "upload fails", "retry with backoff");
  EXPECT_EQ(search(ask("upload retry")).hits.size(), 1U);
}

TEST_F(RetrieverTest, FiltersByProjectTypeKindAndTime) {
  const Exchange exchange = add(shop_, 0, "upload fails", "the cause was the missing retry");
  add(blog_, 0, "upload images", "done, uses retry");
  add_item(exchange, shop_, "upload retry", ItemType::kBugSolution);

  Query query = ask("upload retry");
  query.filter.project = "blog";
  for (const SearchMode mode : {SearchMode::kHybrid, SearchMode::kText, SearchMode::kVector}) {
    query.mode = mode;
    const Answer answer = search(query);
    ASSERT_EQ(answer.hits.size(), 1U) << name_of(mode);
    EXPECT_EQ(answer.hits[0].project, "/home/dev/blog");
  }
  query = ask("upload retry");
  query.filter.type = ItemType::kBugSolution;
  Answer answer = search(query);
  ASSERT_EQ(answer.hits.size(), 1U);
  EXPECT_EQ(answer.hits[0].kind, HitKind::kItem);

  query.filter = {};
  query.filter.kind = HitKind::kExchange;
  answer = search(query);
  EXPECT_EQ(answer.hits.size(), 2U);
  for (const Hit& hit : answer.hits) EXPECT_EQ(hit.kind, HitKind::kExchange);

  query.filter = {};
  query.filter.since = kNow;
  EXPECT_TRUE(search(query).hits.empty());
}

TEST_F(RetrieverTest, SaysThatTheFilterLeavesNothing) {
  add(shop_, 0, "upload fails", "retry");
  Query query = ask("upload retry");
  query.filter.project = "/home/dev/other";
  const Answer answer = search(query);
  EXPECT_TRUE(answer.hits.empty());
  EXPECT_NE(answer.advice.find("project /home/dev/other"), std::string::npos) << answer.advice;
  EXPECT_NE(answer.advice.find("1 hit"), std::string::npos) << answer.advice;
}

TEST_F(RetrieverTest, SaysThatNothingIsStored) {
  EXPECT_NE(search(ask("upload")).advice.find("tacit import"), std::string::npos);
}

TEST_F(RetrieverTest, SaysThatNoTextHoldsTheWords) {
  add(shop_, 0, "upload fails", "retry");
  const Answer answer = search(ask("zebra", SearchMode::kText));
  EXPECT_TRUE(answer.hits.empty());
  EXPECT_NE(answer.advice.find("zebra"), std::string::npos) << answer.advice;
}

TEST_F(RetrieverTest, AnswersByWordsAndSaysSoWithoutAModel) {
  add(shop_, 0, "upload fails", "retry");
  for (const SearchMode mode : {SearchMode::kHybrid, SearchMode::kVector}) {
    const Answer answer = search(ask("upload retry", mode), nullptr);
    EXPECT_EQ(answer.hits.size(), 1U) << name_of(mode);
    ASSERT_EQ(answer.degraded.size(), 1U);
    EXPECT_NE(answer.degraded[0].find("No embedding model"), std::string::npos);
  }
  EXPECT_TRUE(search(ask("upload", SearchMode::kText), nullptr).degraded.empty());
}

TEST_F(RetrieverTest, AnswersByWordsAndSaysSoWhenTheModelFails) {
  add(shop_, 0, "upload fails", "retry");
  FailingEmbedder failing;
  const Answer answer = search(ask("upload retry"), &failing);
  EXPECT_EQ(answer.hits.size(), 1U);
  ASSERT_EQ(answer.degraded.size(), 1U);
  EXPECT_NE(answer.degraded[0].find("took too long"), std::string::npos);
}

TEST_F(RetrieverTest, SaysHowManyTextsHaveNoVectorYet) {
  add(shop_, 0, "upload fails", "retry", /*embedded=*/false);
  const Answer answer = search(ask("upload retry"));
  EXPECT_EQ(answer.hits.size(), 1U);
  ASSERT_EQ(answer.degraded.size(), 1U);
  EXPECT_NE(answer.degraded[0].find("1 text is not embedded yet"), std::string::npos);
}

TEST_F(RetrieverTest, SeesWhatWasWrittenReplacedAndForgottenAfterItsFirstSearch) {
  const Exchange first = add(shop_, 0, "upload fails", "retry");
  const Retriever retriever(*store_, &embedder_);
  const Query query = ask("upload retry", SearchMode::kVector);
  EXPECT_EQ(retriever.search(query, kNow)->hits.size(), 1U);
  EXPECT_GT(retriever.index_bytes(), 0U);

  const Exchange second = add(blog_, 0, "upload retry", "works");
  EXPECT_EQ(retriever.search(query, kNow)->hits.size(), 2U);

  write([&](store::WriteTxn& txn) -> Result<void> {
    const std::vector<Embedding> parts = {vector_of("nothing of the kind")};
    return store::put_vectors(txn, store::VectorOwner::kExchange, second.id.value,
                              embedder_.space(), parts);
  });
  Answer answer = *retriever.search(query, kNow);
  ASSERT_FALSE(answer.hits.empty());
  EXPECT_EQ(answer.hits[0].id, first.id.value);

  write([&](store::WriteTxn& txn) -> Result<void> {
    store::ForgetTarget target;
    target.exchange = first.id;
    TACIT_TRY(store::forget(txn, target, kNow));
    return {};
  });
  answer = *retriever.search(query, kNow);
  EXPECT_TRUE(std::none_of(answer.hits.begin(), answer.hits.end(),
                           [&](const Hit& hit) { return hit.id == first.id.value; }));
}

// Words and meaning are looked for on two threads, and searches wait for none of each other.
TEST_F(RetrieverTest, SearchesAtOnceAnswerAsOneByOne) {
  for (int i = 0; i < 30; ++i) {
    const Exchange exchange = add(shop_, i, "upload number " + std::to_string(i), "retry it");
    add_item(exchange, shop_, "Upload " + std::to_string(i) + " must be retried.");
  }
  const Retriever retriever(*store_, &embedder_);
  const SearchMode modes[] = {SearchMode::kHybrid, SearchMode::kVector, SearchMode::kText};
  const auto ids_of = [&](std::size_t i) {
    Query query = ask("retry upload " + std::to_string(i % 7), modes[i % 3]);
    if (i % 2 == 0) query.filter.project = shop_.project;
    std::vector<std::uint64_t> ids;
    const auto answer = retriever.search(query, kNow);
    if (!answer || !answer->degraded.empty()) return ids;
    for (const Hit& hit : answer->hits) ids.push_back(hit.id);
    return ids;
  };
  constexpr std::size_t kSearches = 42;
  std::vector<std::vector<std::uint64_t>> alone;
  for (std::size_t i = 0; i < kSearches; ++i) alone.push_back(ids_of(i));
  std::vector<std::vector<std::uint64_t>> together(kSearches);
  WorkerPool callers(4);
  callers.parallel_for(kSearches, [&](std::size_t i, std::size_t) { together[i] = ids_of(i); });
  for (std::size_t i = 0; i < kSearches; ++i) {
    EXPECT_FALSE(alone[i].empty()) << i;
    EXPECT_EQ(together[i], alone[i]) << i;
  }
}

TEST_F(RetrieverTest, RefusesEmptyTooLongAndUnboundedQueries) {
  const Retriever retriever(*store_, &embedder_);
  Query query = ask("  ");
  EXPECT_EQ(retriever.search(query, kNow).error().kind(), ErrorKind::kInvalidInput);
  query.text = std::string(kMaxQueryBytes + 1, 'a');
  EXPECT_EQ(retriever.search(query, kNow).error().kind(), ErrorKind::kInvalidInput);
  query.text = "upload";
  for (const std::size_t limit : {std::size_t{0}, kMaxHits + 1}) {
    query.limit = limit;
    EXPECT_EQ(retriever.search(query, kNow).error().kind(), ErrorKind::kInvalidInput);
  }
}

}  // namespace
}  // namespace tacit::recall
