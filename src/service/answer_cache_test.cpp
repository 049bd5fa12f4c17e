#include "service/answer_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "base/worker.h"
#include "inference/engine.h"
#include "service/workspace.h"
#include "testing/fixtures.h"

namespace tacit::service {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Query query_of(const std::string& text) {
  Query query;
  query.text = text;
  return query;
}
Answer answer_of(const std::string& title) {
  Answer answer;
  answer.hits.emplace_back();
  answer.hits.back().title = title;
  return answer;
}

class AnswerCacheTest : public ::testing::Test {
 protected:
  bool has(const std::string& text, std::int64_t generation = 1) {
    return cache_.find(query_of(text), generation) != nullptr;
  }
  void keep(const std::string& text, std::int64_t generation = 1) {
    cache_.advance(generation);
    cache_.keep(query_of(text), generation, answer_of(text));
  }
  testing::ManualClock clock_;
  AnswerCache cache_{clock_};
};

TEST_F(AnswerCacheTest, GivesBackWhatWasKeptAndCounts) {
  EXPECT_FALSE(has("pool size"));
  keep("pool size");
  const auto kept = cache_.find(query_of("  pool \n size "), 1);
  ASSERT_NE(kept, nullptr);
  EXPECT_EQ(kept->hits.front().title, "pool size");
  const AnswerCacheStats stats = cache_.stats();
  EXPECT_EQ(stats.hits, 1U);
  EXPECT_EQ(stats.misses, 1U);
  EXPECT_EQ(stats.answers, 1U);
  EXPECT_GT(stats.bytes, 0U);
}

TEST_F(AnswerCacheTest, EverythingThatDecidesAboutAnAnswerIsPartOfTheKey) {
  std::vector<Query> queries(11, query_of("pool"));
  queries[1].text = "Pool";  // identifiers are cut by their capitals
  queries[2].limit = 11;
  queries[3].mode = SearchMode::kText;
  queries[4].explain = true;
  queries[5].filter.project = "shop";
  queries[6].filter.type = ItemType::kConvention;
  queries[7].filter.kind = HitKind::kExchange;
  queries[8].filter.since = clock_.now();
  queries[9].filter.as_of = clock_.now();
  queries[10].filter.project = "shop pool";
  queries[10].text = " ";
  cache_.advance(1);
  for (const Query& query : queries) {
    EXPECT_EQ(cache_.find(query, 1), nullptr);
    cache_.keep(query, 1, Answer{});
  }
  EXPECT_EQ(cache_.stats().answers, queries.size());
}

TEST_F(AnswerCacheTest, NothingIsOlderThanFiveMinutes) {
  keep("pool");
  clock_.advance(kCachedFor);
  EXPECT_TRUE(has("pool"));
  clock_.advance(Duration(1));
  EXPECT_FALSE(has("pool"));
  EXPECT_EQ(cache_.stats().expirations, 1U);
  EXPECT_EQ(cache_.stats().answers, 0U);
}

TEST_F(AnswerCacheTest, ALookWithANewerGenerationEmptiesIt) {
  keep("one");
  keep("two");
  EXPECT_FALSE(has("one", 2));
  EXPECT_EQ(cache_.stats().invalidations, 2U);
  EXPECT_EQ(cache_.stats().bytes, 0U);
  EXPECT_FALSE(has("two", 1));
}

TEST_F(AnswerCacheTest, AnAnswerOfAnOlderGenerationIsNotKept) {
  cache_.advance(2);
  cache_.keep(query_of("pool"), 1, answer_of("old"));
  EXPECT_EQ(cache_.stats().answers, 0U);
}

TEST_F(AnswerCacheTest, TheLeastRecentlyAskedGoesFirst) {
  for (std::size_t i = 0; i < kCachedAnswers; ++i) keep("q" + std::to_string(i));
  EXPECT_TRUE(has("q0"));
  keep("one more");
  EXPECT_TRUE(has("q0"));
  EXPECT_FALSE(has("q1"));
  EXPECT_EQ(cache_.stats().answers, kCachedAnswers);
  EXPECT_EQ(cache_.stats().evictions, 1U);
}

TEST_F(AnswerCacheTest, ItsBytesAreBounded) {
  cache_.advance(1);
  const std::string large(kCachedBytes / 4, 'x');
  for (int i = 0; i < 20; ++i) cache_.keep(query_of(std::to_string(i)), 1, answer_of(large));
  EXPECT_LE(cache_.stats().bytes, kCachedBytes);
  EXPECT_LT(cache_.stats().answers, 4U);
  EXPECT_GT(cache_.stats().answers, 0U);
  cache_.keep(query_of("huge"), 1, answer_of(std::string(kCachedBytes, 'x')));
  EXPECT_EQ(cache_.find(query_of("huge"), 1), nullptr);
  EXPECT_GT(cache_.stats().answers, 0U) << "one answer too large pushes nothing out";
}

TEST_F(AnswerCacheTest, ManyThreadsNeverGetAnotherQuestionsAnswer) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 3000;
  std::atomic<int> wrong{0};
  {
    std::vector<std::unique_ptr<Worker>> workers;
    for (int t = 0; t < kThreads; ++t) {
      workers.push_back(std::make_unique<Worker>("asker", [&, t](std::stop_token) {
        for (int i = 0; i < kRounds; ++i) {
          const std::string text = std::to_string((i * (t + 1)) % 300);
          const std::int64_t generation = 1 + i / 500;
          if (const auto kept = cache_.find(query_of(text), generation)) {
            if (kept->hits.front().title != text) ++wrong;
          } else {
            cache_.keep(query_of(text), generation, answer_of(text));
          }
        }
      }));
    }
  }
  EXPECT_EQ(wrong.load(), 0);
  const AnswerCacheStats stats = cache_.stats();
  EXPECT_EQ(stats.hits + stats.misses, std::uint64_t{kThreads} * kRounds);
  EXPECT_LE(stats.answers, kCachedAnswers);
}

// What the caches of this process may hold at their defaults. Vectors are no cache in this sense:
// they are the index itself. SQLite's page cache is the store's (docs/performance.md).
TEST(CacheMemoryTest, AllCachesTogetherStayWithinThirtyMegabytes) {
  constexpr std::size_t kAllCaches = 30'000'000;
  const inference::ResponseCacheOptions replies = inference::EngineOptions().responses;
  const embed::EmbeddingCacheOptions embeddings;
  EXPECT_LE(kCachedBytes + replies.most_bytes + embeddings.most_bytes + store::kMostTermBytes +
                store::kMostDocumentBytes,
            kAllCaches);
  EXPECT_EQ(replies.most_entries, 2000U);
}

// The cache behind the service.
class CachedSearchTest : public ::testing::Test {
 protected:
  std::unique_ptr<Workspace> open(Access access) {
    WorkspaceOptions options;
    options.data_dir = folder_.path() / "data";
    options.wants_model = false;
    auto workspace = Workspace::open(options, access, clock_);
    EXPECT_TRUE(workspace.has_value()) << workspace.error().message();
    return std::move(*workspace);
  }
  void ingest(Workspace& workspace, int ordinal, const std::string& reply) {
    Incoming incoming;
    incoming.session = testing::make_session("a");
    incoming.exchange = testing::make_exchange(incoming.session, ordinal, "what about it?", reply);
    ASSERT_TRUE(workspace.service().ingest({incoming}).has_value());
  }
  // Statements of the hits, one a line.
  std::string search(Workspace& workspace, const std::string& text) {
    const auto answer = workspace.service().search(query_of(text));
    EXPECT_TRUE(answer.has_value());
    std::string all;
    for (const Hit& hit : answer->hits) all += hit.statement + "\n";
    return all;
  }
  void forget_all(Workspace& workspace) {
    store::ForgetTarget target;
    target.project = "shop";
    const auto receipt = workspace.service().forget(target, false);
    ASSERT_TRUE(receipt.has_value());
    ASSERT_EQ(receipt->sessions, 1);
  }
  std::uint64_t hits(Workspace& workspace) { return workspace.service().status()->cache.hits; }

  testing::TempFolder folder_;
  testing::ManualClock clock_;
};

TEST_F(CachedSearchTest, ARepeatedQuestionIsAnsweredFromMemoryWithTheSameHits) {
  auto workspace = open(Access::kWriter);
  ingest(*workspace, 0, "The quokkadile sleeps.");
  const std::string first = search(*workspace, "quokkadile");
  EXPECT_THAT(first, HasSubstr("sleeps"));
  EXPECT_EQ(search(*workspace, "quokkadile"), first);
  EXPECT_EQ(hits(*workspace), 1U);
}

TEST_F(CachedSearchTest, AnImportIsSeenAtOnce) {
  auto workspace = open(Access::kWriter);
  ingest(*workspace, 0, "The quokkadile sleeps.");
  search(*workspace, "quokkadile");
  ingest(*workspace, 1, "Another quokkadile hunts.");
  EXPECT_THAT(search(*workspace, "quokkadile"), HasSubstr("hunts"));
}

TEST_F(CachedSearchTest, WhatWasForgottenIsNeverAnsweredNorHeldInMemory) {
  auto workspace = open(Access::kWriter);
  ingest(*workspace, 0, "The quokkadile sleeps.");
  ASSERT_THAT(search(*workspace, "quokkadile"), HasSubstr("sleeps"));
  forget_all(*workspace);
  EXPECT_EQ(workspace->service().status()->cache.answers, 0U);
  EXPECT_THAT(search(*workspace, "quokkadile"), Not(HasSubstr("sleeps")));
}

TEST_F(CachedSearchTest, AReaderNoticesWhatTheOwnerForgot) {
  auto owner = open(Access::kWriter);
  auto reader = open(Access::kReader);
  ingest(*owner, 0, "The quokkadile sleeps.");
  ASSERT_THAT(search(*reader, "quokkadile"), HasSubstr("sleeps"));
  search(*reader, "quokkadile");
  EXPECT_EQ(hits(*reader), 1U);
  forget_all(*owner);
  EXPECT_THAT(search(*reader, "quokkadile"), Not(HasSubstr("sleeps")));
}

TEST_F(CachedSearchTest, AnAnswerIsWorkedOutAgainAfterFiveMinutes) {
  auto workspace = open(Access::kWriter);
  ingest(*workspace, 0, "The quokkadile sleeps.");
  search(*workspace, "quokkadile");
  clock_.advance(kCachedFor + Duration(1));
  search(*workspace, "quokkadile");
  EXPECT_EQ(hits(*workspace), 0U);
}

TEST_F(CachedSearchTest, CountingUseGoesOnAndKeepsTheAnswers) {
  auto workspace = open(Access::kWriter);
  ingest(*workspace, 0, "Never use npm here, always use pnpm instead.");
  const ItemId item{4711};
  ASSERT_TRUE(workspace->store()
                  .write([&](store::WriteTxn& txn) -> Result<void> {
                    Observation seen;
                    seen.id = ObservationId{4712};
                    seen.exchange =
                        TACIT_TRY(store::exchanges_to_learn(store::as_read(txn), 1)).front();
                    seen.statement = "Use pnpm";
                    KnowledgeItem made;
                    made.id = item;
                    made.title = made.statement = seen.statement;
                    made.session = testing::make_session("a").id;
                    TACIT_TRY(store::add_item(txn, made, seen, clock_.now()));
                    return {};
                  })
                  .has_value());
  search(*workspace, "pnpm");
  ASSERT_TRUE(workspace->service().record_use({item}).has_value());
  search(*workspace, "pnpm");
  ASSERT_TRUE(workspace->service().record_use({item}).has_value());
  EXPECT_EQ(hits(*workspace), 1U);
  EXPECT_EQ(workspace->service().status()->counts.uses, 2);
}

}  // namespace
}  // namespace tacit::service
