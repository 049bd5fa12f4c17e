#include "store/session_queries.h"

#include <gmock/gmock.h>

#include "store/store_fixture_test.h"

namespace tacit::store {
namespace {

using ::testing::ElementsAre;

class SessionQueriesTest : public StoreTestBase {
 protected:
  std::vector<SessionId> listed(const std::string& project, std::size_t limit,
                                std::optional<SessionId> before = std::nullopt) const {
    std::vector<SessionId> ids;
    read([&](ReadTxn& txn) -> Result<void> {
      for (const auto& row : TACIT_TRY(list_sessions(txn, project, limit, before))) {
        ids.push_back(row.session.id);
      }
      return {};
    });
    return ids;
  }
};

TEST_F(SessionQueriesTest, AnExchangeComesBackAsItWasPut) {
  const Session session = testing::make_session("a");
  Exchange exchange = testing::make_exchange(session, 3, "why\nthis?", "because ünïcode");
  exchange.steps.push_back({StepKind::kCall, "Bash", "make test", false, std::nullopt});
  exchange.steps.push_back({StepKind::kResult, "Bash", "error: no", true, exchange.time});
  exchange.model = "some-model";
  exchange.tokens = {10, 20, 30};
  put(session, exchange);
  read([&](ReadTxn& txn) -> Result<void> {
    const auto found = TACIT_TRY(find_exchange(txn, exchange.id));
    EXPECT_TRUE(found.has_value());
    if (!found) return {};
    EXPECT_EQ(found->session, session.id);
    EXPECT_EQ(found->identity, exchange.identity);
    EXPECT_EQ(found->ordinal, 3);
    EXPECT_EQ(found->time, exchange.time);
    EXPECT_EQ(found->model, exchange.model);
    EXPECT_EQ(found->tokens.cached, 30);
    EXPECT_EQ(found->steps.size(), 4U);
    EXPECT_EQ(found->steps[2].tool, "Bash");
    EXPECT_EQ(found->steps[2].time, std::nullopt);
    EXPECT_TRUE(found->steps[3].failed);
    EXPECT_EQ(found->steps[1].text, "because ünïcode");
    EXPECT_FALSE(TACIT_TRY(find_exchange(txn, ExchangeId{12345})).has_value());
    return {};
  });
}

TEST_F(SessionQueriesTest, ASessionIsCompletedNotOverwritten) {
  Session session = testing::make_session("a");
  session.title = "first title";
  session.ended = *session.started + std::chrono::hours(1);
  write([&](WriteTxn& txn) { return put_session(txn, session); });
  Session later = session;
  later.title = "second title";
  later.branch = "main";
  later.started = *session.started + std::chrono::minutes(5);
  later.ended = std::nullopt;
  write([&](WriteTxn& txn) { return put_session(txn, later); });
  read([&](ReadTxn& txn) -> Result<void> {
    const auto found = TACIT_TRY(find_session(txn, session.id));
    EXPECT_TRUE(found.has_value());
    if (!found) return {};
    EXPECT_EQ(found->title, "first title");
    EXPECT_EQ(found->branch, "main");
    EXPECT_EQ(found->started, session.started);
    EXPECT_EQ(found->ended, session.ended);
    return {};
  });
}

TEST_F(SessionQueriesTest, ACopyWithMoreIsGrownAndOneWithLessIsUnchanged) {
  const Session session = testing::make_session("a");
  const Exchange small = testing::make_exchange(session, 0, "why", "because");
  Exchange large = small;
  large.steps.push_back({StepKind::kReply, "", "and more", false, small.time});
  EXPECT_EQ(put(session, small), PutOutcome::kAdded);
  EXPECT_EQ(put(session, small), PutOutcome::kUnchanged);
  write([&](WriteTxn& txn) { return mark_learned(txn, small.id); });
  EXPECT_EQ(counts().to_learn, 0);
  read([&](ReadTxn& txn) -> Result<void> {
    EXPECT_EQ(TACIT_TRY(probe_exchange(txn, large)), PutOutcome::kGrown);
    return {};
  });
  EXPECT_EQ(put(session, large), PutOutcome::kGrown);
  EXPECT_EQ(counts().to_learn, 1);
  EXPECT_EQ(put(session, small), PutOutcome::kUnchanged);
  EXPECT_EQ(counts().exchanges, 1);
  read([&](ReadTxn& txn) -> Result<void> {
    EXPECT_EQ(TACIT_TRY(find_exchange(txn, small.id))->steps.size(), 3U);
    return {};
  });
}

TEST_F(SessionQueriesTest, AnExchangeNeedsItsSession) {
  const Session session = testing::make_session("a");
  const auto refused = store_->write([&](WriteTxn& txn) -> Result<void> {
    TACIT_TRY(put_exchange(txn, testing::make_exchange(session, 0, "q", "r"), kNow, false));
    return {};
  });
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().kind(), ErrorKind::kNotFound);
}

TEST_F(SessionQueriesTest, ListsNewestFirstInPagesAndByProject) {
  std::vector<SessionId> newest_first;
  for (int i = 0; i < 5; ++i) {
    Session session = testing::make_session("s" + std::to_string(i),
                                            i % 2 == 0 ? "/home/dev/shop" : "/home/dev/blog");
    session.started = *session.started + std::chrono::hours(i / 2);  // some share a time
    put(session, testing::make_exchange(session, 0, "q", "r"));
    newest_first.push_back(session.id);
  }
  const auto all = listed("", 10);
  EXPECT_EQ(all.size(), 5U);
  EXPECT_EQ(all.front(), newest_first[4]);
  auto paged = listed("", 2);
  while (paged.size() < 5) {
    const auto page = listed("", 2, paged.back());
    ASSERT_FALSE(page.empty());
    paged.insert(paged.end(), page.begin(), page.end());
  }
  EXPECT_EQ(paged, all);
  EXPECT_EQ(listed("/home/dev/shop", 10).size(), 3U);
  EXPECT_EQ(listed("blog", 10).size(), 2U);
  EXPECT_EQ(listed("sho", 10).size(), 0U);
  const auto unknown = store_->read([](ReadTxn& txn) -> Result<void> {
    TACIT_TRY(list_sessions(txn, "", 2, SessionId{7}));
    return {};
  });
  EXPECT_EQ(unknown.error().kind(), ErrorKind::kInvalidInput);
}

TEST_F(SessionQueriesTest, ExchangesStandInOrderAndOldestIsLearnedFirst) {
  const Session session = testing::make_session("a");
  const Exchange first = testing::make_exchange(session, 0, "q", "r");
  const Exchange second = testing::make_exchange(session, 1, "q2", "r2");
  put(session, second);
  put(session, first);
  read([&](ReadTxn& txn) -> Result<void> {
    EXPECT_THAT(TACIT_TRY(exchanges_of(txn, session.id)), ElementsAre(first.id, second.id));
    EXPECT_THAT(TACIT_TRY(exchanges_to_learn(txn, 10)), ElementsAre(first.id, second.id));
    EXPECT_EQ(TACIT_TRY(count_to_learn(txn)), 2);
    return {};
  });
  write([&](WriteTxn& txn) { return mark_learned(txn, first.id); });
  read([&](ReadTxn& txn) -> Result<void> {
    EXPECT_THAT(TACIT_TRY(exchanges_to_learn(txn, 10)), ElementsAre(second.id));
    return {};
  });
}

TEST_F(SessionQueriesTest, AFileIsDoneUntilItsSignatureChanges) {
  write([](WriteTxn& txn) { return mark_file_done(txn, "/a.jsonl", "10:20:xyz"); });
  read([](ReadTxn& txn) -> Result<void> {
    EXPECT_TRUE(TACIT_TRY(is_file_done(txn, "/a.jsonl", "10:20:xyz")));
    EXPECT_FALSE(TACIT_TRY(is_file_done(txn, "/a.jsonl", "11:20:xyz")));
    EXPECT_FALSE(TACIT_TRY(is_file_done(txn, "/b.jsonl", "10:20:xyz")));
    return {};
  });
}

}  // namespace
}  // namespace tacit::store
