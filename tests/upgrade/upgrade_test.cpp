// Goal: a database of every released schema opens in today's store with all it held, and one whose
// steps differ from the released ones is refused untouched. Method: the released steps up to that
// schema make an empty database, the rows of schema_N_rows.sql fill it, as that release wrote them;
// then the store opens it and is asked through its public functions.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/hash.h"
#include "store/connection.h"
#include "store/knowledge_queries.h"
#include "store/migrations.h"
#include "store/session_queries.h"
#include "store/store.h"
#include "store/text_queries.h"
#include "store/txn.h"
#include "testing/fixtures.h"

namespace tacit::store {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// SHA-256 of the released steps: whoever edits one after its release breaks databases out there.
constexpr const char* kReleased[] = {
    "4f426c138a947f75342a4c9a192a4667b3d247009a08b93de8cec05a3792f293",
    "af0997f5c609bfbace709b0549e32647aeb1d322f77e56a7890b56765cd1dfb9",
    "2ca0c3476491e8745ee34833328a0bc494360c9eb3648cf0e053621e9d996f20",
    "d410445f53d07a3f74567c12cf89ebbf6f8d39af033dfcf0d9f7bee373575686"};

const Instant kNow = from_millis(1'767'225'600'000);  // 2026-01-01

class UpgradeTest : public ::testing::Test {
 protected:
  void SetUp() override { make_schema_1(); }

  void make_schema_1() {
    std::filesystem::create_directories(folder_.path() / "data");
    auto database = connect();
    ASSERT_TRUE(migrate(*database, released_migrations().first(1)).has_value());
    const auto filled = database->run_script(
        testing::read_file(std::filesystem::path(TACIT_FIXTURES) / "schema_1_rows.sql"));
    ASSERT_TRUE(filled.has_value()) << filled.error().message();
    ASSERT_EQ(database->integer("PRAGMA user_version").value(), 1);
    ASSERT_TRUE(database->checkpoint(true).has_value());
  }

  std::filesystem::path file() const { return folder_.path() / "data" / "tacit.db"; }

  std::unique_ptr<Connection> connect() const {
    ConnectionOptions options;
    options.path = file().string();
    options.role = ConnectionRole::kWriter;
    options.may_create = true;
    auto connection = Connection::open(options);
    EXPECT_TRUE(connection.has_value());
    return std::move(*connection);
  }
  Result<std::unique_ptr<Store>> open(bool read_only = false) const {
    StoreOptions options;
    options.directory = folder_.path() / "data";
    options.read_only = read_only;
    return Store::open(options);
  }
  void open_and_read(FunctionRef<Result<void>(ReadTxn&)> body) const {
    const auto store = open();
    ASSERT_TRUE(store.has_value()) << store.error().message();
    const auto done = (*store)->read(body);
    ASSERT_TRUE(done.has_value()) << done.error().message();
  }
  std::string all_bytes() const {
    std::string bytes;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path() / "data"))
      bytes += testing::read_file(entry.path());
    return bytes;
  }

  testing::TempFolder folder_;
};

TEST_F(UpgradeTest, ReleasedStepsAreWhatTheyWereWhenReleased) {
  std::size_t n = 0;
  for (const char* checksum : kReleased) {
    ASSERT_LT(n, released_migrations().size());
    EXPECT_EQ(hex(sha256(released_migrations()[n].sql)), checksum) << "step " << n + 1;
    ++n;
  }
}

TEST_F(UpgradeTest, TheSchemaIsBroughtUpToDateOnceAndIsSound) {
  const auto newest = released_migrations().back().number;
  for (int i = 0; i < 2; ++i) {
    const auto store = open();
    ASSERT_TRUE(store.has_value()) << store.error().message();
  }
  auto database = connect();
  EXPECT_EQ(database->integer("PRAGMA user_version").value(), newest);
  EXPECT_EQ(database->integer("SELECT count(*) FROM migration").value(), newest);
  EXPECT_EQ(database->integer("SELECT count(*) FROM pragma_foreign_key_check").value(), 0);
  EXPECT_EQ(
      database->integer("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'")
          .value(),
      0);
  EXPECT_TRUE(database->run("INSERT INTO item_fts(item_fts, rank) VALUES('integrity-check', 1)"));
  EXPECT_TRUE(database->run("INSERT INTO exchange_fts(exchange_fts) VALUES('integrity-check')"));
}

TEST_F(UpgradeTest, SessionsAndExchangesAreIntact) {
  open_and_read([](ReadTxn& txn) -> Result<void> {
    std::vector<std::uint64_t> ids;
    for (const SessionRow& row : TACIT_TRY(list_sessions(txn, "", 10, std::nullopt)))
      ids.push_back(row.session.id.value);
    EXPECT_THAT(ids, ElementsAre(101, 102, 103));
    const auto session = TACIT_TRY(find_session(txn, SessionId{101}));
    EXPECT_EQ(session->title, "Checkout times out");
    EXPECT_EQ(session->native_id, "a1");
    EXPECT_EQ(session->branch, "main");
    EXPECT_EQ(session->ended, from_millis(1'766'189'400'000));
    EXPECT_THAT(TACIT_TRY(exchanges_of(txn, SessionId{101})),
                ElementsAre(ExchangeId{201}, ExchangeId{202}));
    const auto exchange = TACIT_TRY(find_exchange(txn, ExchangeId{201}));
    EXPECT_EQ(exchange->steps.size(), 4U);
    EXPECT_EQ(exchange->steps[2].tool, "Bash");
    EXPECT_TRUE(exchange->steps[2].failed);
    EXPECT_EQ(exchange->tokens.cached, 900);
    EXPECT_EQ(TACIT_TRY(find_exchange(txn, ExchangeId{202}))->reply(),
              "pool_size is 8 now; naïveté of the café 数据库");
    EXPECT_THAT(TACIT_TRY(exchanges_to_learn(txn, 10)), ElementsAre(ExchangeId{202}));
    EXPECT_TRUE(TACIT_TRY(is_file_done(txn, "/home/dev/.agent/a1.jsonl", "10:1.1:00")));
    return {};
  });
}

TEST_F(UpgradeTest, ItemsKeepTheirEvidenceAndUse) {
  open_and_read([](ReadTxn& txn) -> Result<void> {
    const auto items = TACIT_TRY(list_items(txn, "", std::nullopt, 10, std::nullopt));
    std::vector<std::uint64_t> ids;
    for (const KnowledgeItem& item : items) ids.push_back(item.id.value);
    EXPECT_THAT(ids, ElementsAre(301, 302, 303));
    EXPECT_EQ(items[0].type, ItemType::kBugSolution);
    EXPECT_EQ(items[0].support, 2);
    EXPECT_DOUBLE_EQ(items[0].confidence, 0.76);
    EXPECT_EQ(items[0].uses, 3);
    EXPECT_EQ(items[0].last_used, from_millis(1'766'300'000'000));
    EXPECT_EQ(freshness_of(items[1], kNow), Freshness::kFresh) << "used lately, seen long ago";
    EXPECT_EQ(items[2].last_seen, std::nullopt);
    const auto evidence = TACIT_TRY(observations_of(txn, ItemId{301}));
    EXPECT_EQ(evidence.size(), 2U);
    EXPECT_EQ(evidence[0].spans.size(), 2U);
    EXPECT_EQ(evidence[0].spans[1].length, 80U);
    EXPECT_EQ(TACIT_TRY(find_item_by_statement(
                  txn, "Run migrations before the smoke test,  never after it")),
              ItemId{302});
    return {};
  });
}

TEST_F(UpgradeTest, FreshnessIsFilledInFromEvidenceAndUse) {
  open_and_read([](ReadTxn& txn) -> Result<void> {
    const FreshnessCounts counts = TACIT_TRY(count_by_freshness(txn, kNow));
    EXPECT_EQ(counts.fresh, 2);
    EXPECT_EQ(counts.stale, 1) << "the one without any time";
    const auto ranked = TACIT_TRY(
        rank_items(txn, {ItemOrder::kFreshness, "/home/dev/tools", std::nullopt, kNow}, 10));
    EXPECT_EQ(ranked.size(), 1U);
    EXPECT_EQ(ranked.at(0).id, ItemId{302});
    EXPECT_GT(TACIT_TRY(content_generation(txn)), 0);
    return {};
  });
}

TEST_F(UpgradeTest, SearchAndVectorsWorkOnWhatWasThere) {
  open_and_read([](ReadTxn& txn) -> Result<void> {
    const auto items = TACIT_TRY(search_text(txn, HitKind::kItem, {"migrat"}, {}, 10));
    EXPECT_EQ(items.size(), 1U);
    EXPECT_EQ(items.at(0).id, 302U);
    SearchFilter shop;
    shop.project = "shop";
    EXPECT_EQ(TACIT_TRY(search_text(txn, HitKind::kExchange, {"pool"}, shop, 10)).size(), 2U);
    const EmbeddingSpace space{"old-model", 4};
    std::vector<std::int64_t> sequences;
    TACIT_TRY(each_vector(txn, space, 0, [&](const StoredVector& vector) -> Result<void> {
      sequences.push_back(vector.sequence);
      EXPECT_EQ(dot(vector.values, vector.values), 1.0F);
      return {};
    }));
    EXPECT_THAT(sequences, ElementsAre(5, 8, 9));
    EXPECT_EQ(TACIT_TRY(vector_generation(txn, space)), 3);
    EXPECT_THAT(TACIT_TRY(owners_without_vectors(txn, VectorOwner::kItem, space, 10)),
                ElementsAre(302U, 303U));
    EXPECT_EQ(TACIT_TRY(count_without_vectors(txn, space)), 5);
    return {};
  });
}

TEST_F(UpgradeTest, WhatWasForgottenStaysOutAndMoreCanBeForgottenWithoutATrace) {
  auto store = open();
  ASSERT_TRUE(store.has_value()) << store.error().message();
  const auto done = (*store)->write([](WriteTxn& txn) -> Result<void> {
    Exchange known = testing::make_exchange(testing::make_session("x"), 0, "again", "and again");
    known.id = ExchangeId{299};
    EXPECT_EQ(TACIT_TRY(probe_exchange(txn, known)), PutOutcome::kForgotten);
    TACIT_TRY(record_use(txn, std::vector<ItemId>{ItemId{301}}, kNow));
    EXPECT_EQ(TACIT_TRY(find_item(txn, ItemId{301}))->uses, 4);
    ForgetTarget target;
    target.project = "tools";
    EXPECT_EQ(TACIT_TRY(forget(txn, target, kNow)).items, 1);
    target = {};
    target.session = SessionId{103};
    EXPECT_EQ(TACIT_TRY(forget(txn, target, kNow)).exchanges, 1);
    return {};
  });
  ASSERT_TRUE(done.has_value()) << done.error().message();
  ASSERT_TRUE((*store)->checkpoint().has_value());
  const std::string bytes = all_bytes();
  for (const char* word : {"smoke", "anzibar", "tools"})
    EXPECT_EQ(bytes.find(word), std::string::npos) << word;
  EXPECT_NE(bytes.find("raise pool_size"), std::string::npos);
}

TEST_F(UpgradeTest, AnAppliedStepThatDiffersIsRefusedAndNothingIsTouched) {
  {
    auto database = connect();
    ASSERT_TRUE(database->run("UPDATE migration SET checksum = 'ab' || substr(checksum, 3)"));
    ASSERT_TRUE(database->checkpoint(true).has_value());
  }
  const std::string before = testing::read_file(file());
  for (const bool read_only : {false, true}) {
    const auto refused = open(read_only);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind(),
              read_only ? ErrorKind::kUnavailable : ErrorKind::kInvalidInput);
  }
  EXPECT_EQ(testing::read_file(file()), before);
}

TEST_F(UpgradeTest, AReaderLeavesTheOldSchemaAloneAndSaysWhatToDo) {
  const std::string before = testing::read_file(file());
  const auto store = open(true);
  ASSERT_FALSE(store.has_value());
  EXPECT_EQ(store.error().kind(), ErrorKind::kUnavailable);
  EXPECT_THAT(store.error().message(), HasSubstr("brought up to date"));
  EXPECT_EQ(testing::read_file(file()), before);
}

}  // namespace
}  // namespace tacit::store
