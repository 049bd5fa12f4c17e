#include "store/store.h"

#include <gmock/gmock.h>

#include <atomic>

#include "base/worker.h"
#include "store/store_fixture_test.h"

namespace tacit::store {
namespace {

using ::testing::HasSubstr;

class StoreTest : public StoreTestBase {};

TEST_F(StoreTest, KeepsWhatWasWrittenAcrossReopening) {
  const Session session = testing::make_session("a");
  EXPECT_EQ(put(session, testing::make_exchange(session, 0, "why", "because")), PutOutcome::kAdded);
  reopen();
  EXPECT_EQ(counts().exchanges, 1);
  EXPECT_EQ(counts().sessions, 1);
}

TEST_F(StoreTest, FolderIsForItsOwnerAlone) {
  const auto mode = std::filesystem::status(directory()).permissions();
  EXPECT_EQ(mode & std::filesystem::perms::all, std::filesystem::perms::owner_all);
  const auto file = std::filesystem::status(directory() / "tacit.db").permissions();
  EXPECT_EQ(file & std::filesystem::perms::others_all, std::filesystem::perms::none);
}

TEST_F(StoreTest, CleanStopLeavesNoLogBehind) {
  const Session session = testing::make_session("a");
  put(session, testing::make_exchange(session, 0, "why", "because"));
  EXPECT_TRUE(std::filesystem::exists(directory() / "tacit.db-wal"));
  store_.reset();
  EXPECT_FALSE(std::filesystem::exists(directory() / "tacit.db-wal"));
}

TEST_F(StoreTest, EightThreadsShareCommitsAndLoseNothing) {
  constexpr int kThreads = 8;
  constexpr int kEach = 25;
  std::atomic<int> written{0};
  {
    std::vector<std::unique_ptr<Worker>> workers;
    for (int t = 0; t < kThreads; ++t) {
      workers.push_back(std::make_unique<Worker>("w", [&, t](std::stop_token) {
        const Session session = testing::make_session("thread-" + std::to_string(t));
        for (int i = 0; i < kEach; ++i) {
          const Exchange exchange = testing::make_exchange(session, i, "request", "reply");
          const auto done = store_->write([&](WriteTxn& txn) -> Result<void> {
            TACIT_TRY(put_session(txn, session));
            TACIT_TRY(put_exchange(txn, exchange, kNow, false));
            return {};
          });
          if (done) written.fetch_add(1);
          const auto seen = store_->read([&](ReadTxn& txn) -> Result<void> {
            if (TACIT_TRY(find_exchange(txn, exchange.id))) return {};
            return fail(ErrorKind::kNotFound, "acknowledged but not seen");
          });
          EXPECT_TRUE(seen.has_value());
        }
      }));
    }
  }
  EXPECT_EQ(written.load(), kThreads * kEach);
  EXPECT_EQ(counts().exchanges, kThreads * kEach);
}

TEST_F(StoreTest, ALongLogIsMovedIntoTheDatabaseAndUsedAgain) {
  constexpr std::int64_t kPiece = 16 << 20;
  constexpr int kPieces = 8;
  write([](WriteTxn& txn) { return txn.run("CREATE TABLE piece(bytes)"); });
  for (int i = 0; i < kPieces; ++i)
    write([&](WriteTxn& txn) { return txn.run("INSERT INTO piece VALUES(zeroblob(?1))", kPiece); });
  EXPECT_LT(std::filesystem::file_size(directory() / "tacit.db-wal"), kPiece * kPieces / 2);
}

TEST_F(StoreTest, AFailingBodyRollsBackItselfAlone) {
  std::vector<std::unique_ptr<Worker>> workers;
  std::atomic<int> failed{0};
  for (int t = 0; t < 6; ++t) {
    workers.push_back(std::make_unique<Worker>("w", [&, t](std::stop_token) {
      const Session session = testing::make_session("s" + std::to_string(t));
      const auto done = store_->write([&](WriteTxn& txn) -> Result<void> {
        TACIT_TRY(put_session(txn, session));
        if (t % 2 == 0) return fail(ErrorKind::kConflict, "on purpose");
        return {};
      });
      if (!done && done.error().kind() == ErrorKind::kConflict) failed.fetch_add(1);
    }));
  }
  workers.clear();
  EXPECT_EQ(failed.load(), 3);
  EXPECT_EQ(counts().sessions, 3);
}

TEST_F(StoreTest, ReaderInAnotherStoreSeesCommittedWritesOnly) {
  auto reader = open(true);
  ASSERT_TRUE(reader.has_value()) << reader.error().message();
  const Session session = testing::make_session("a");
  put(session, testing::make_exchange(session, 0, "why", "because"));
  const auto seen = (*reader)->read([&](ReadTxn& txn) -> Result<void> {
    EXPECT_EQ(TACIT_TRY(count_all(txn)).exchanges, 1);
    return {};
  });
  EXPECT_TRUE(seen.has_value());
  const auto refused = (*reader)->write([](WriteTxn&) -> Result<void> { return {}; });
  EXPECT_EQ(refused.error().kind(), ErrorKind::kUnavailable);
}

TEST_F(StoreTest, AReadSeesOneSnapshot) {
  const Session session = testing::make_session("a");
  put(session, testing::make_exchange(session, 0, "why", "because"));
  read([&](ReadTxn& txn) -> Result<void> {
    EXPECT_EQ(TACIT_TRY(count_all(txn)).exchanges, 1);
    put(session, testing::make_exchange(session, 1, "and", "so"));
    EXPECT_EQ(TACIT_TRY(count_all(txn)).exchanges, 1);
    return {};
  });
  EXPECT_EQ(counts().exchanges, 2);
}

TEST_F(StoreTest, ReadersCannotWrite) {
  const auto done = store_->read([](ReadTxn& txn) -> Result<void> {
    return TACIT_TRY(txn.query("DELETE FROM session")).run();
  });
  EXPECT_FALSE(done.has_value());
}

TEST_F(StoreTest, ReadOnlyWithoutADatabaseIsNotFound) {
  StoreOptions options;
  options.directory = folder_.path() / "nowhere";
  options.read_only = true;
  const auto opened = Store::open(options);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().kind(), ErrorKind::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(options.directory));
}

TEST_F(StoreTest, WriterAsksForFullSyncsAndReadersNeverCheckpoint) {
  write([](WriteTxn& txn) -> Result<void> {
    EXPECT_EQ(TACIT_TRY(txn.integer("PRAGMA synchronous")), 2);
    EXPECT_EQ(TACIT_TRY(txn.integer("PRAGMA secure_delete")), 1);
    EXPECT_EQ(TACIT_TRY(txn.integer("PRAGMA wal_autocheckpoint")), 0);
    EXPECT_EQ(TACIT_TRY(txn.integer("PRAGMA foreign_keys")), 1);
    return {};
  });
  read([](ReadTxn& txn) -> Result<void> {
    EXPECT_EQ(TACIT_TRY(txn.integer("PRAGMA wal_autocheckpoint")), 0);
    EXPECT_EQ(TACIT_TRY(txn.integer("PRAGMA query_only")), 1);
    return {};
  });
}

class DamagedStoreTest : public StoreTestBase {
 protected:
  // Closes a store of some size; its file.
  std::string closed_file() {
    const Session session = testing::make_session("a");
    for (int i = 0; i < 40; ++i) {
      put(session,
          testing::make_exchange(session, i, std::string(3000, 'q'), std::string(3000, 'r')));
    }
    store_.reset();
    return testing::read_file(directory() / "tacit.db");
  }
  std::string damage(std::size_t offset, std::size_t count) {
    std::string bytes = closed_file();
    bytes.replace(offset, count, count, kDamage);
    testing::write_file(directory() / "tacit.db", bytes);
    return bytes;
  }
  // Only pages that hold a reply: nothing that is read at start.
  void damage_replies() {
    std::string bytes = closed_file();
    const std::string reply(500, 'r');
    std::size_t damaged = 0;
    for (std::size_t page = 0; page + kPage <= bytes.size(); page += kPage) {
      if (bytes.substr(page, kPage).find(reply) == std::string::npos) continue;
      bytes.replace(page, kPage, kPage, kDamage);
      ++damaged;
    }
    ASSERT_GT(damaged, 10U);
    testing::write_file(directory() / "tacit.db", bytes);
  }
  static constexpr std::size_t kPage = 4096;
  static constexpr char kDamage = 0x5A;
};

TEST_F(DamagedStoreTest, AFileThatIsNoDatabaseIsCorruptAndUntouched) {
  const std::string bytes = damage(0, 100);
  const auto opened = open();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().kind(), ErrorKind::kCorrupt);
  EXPECT_THAT(opened.error().message(), HasSubstr("left as it is"));
  EXPECT_EQ(testing::read_file(directory() / "tacit.db"), bytes);
}

TEST_F(DamagedStoreTest, AfterAnUncleanStopDamagedPagesAreFoundAtStart) {
  const std::string bytes = damage(4096, 4096 * 8);
  testing::write_file(directory() / "tacit.db-wal", "");
  const auto opened = open();
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().kind(), ErrorKind::kCorrupt);
  EXPECT_EQ(testing::read_file(directory() / "tacit.db"), bytes);
}

TEST_F(DamagedStoreTest, DamageMetLaterStopsWriting) {
  damage_replies();
  const auto opened = open();
  ASSERT_TRUE(opened.has_value()) << opened.error().message();
  const auto met = (*opened)->write([](WriteTxn& txn) -> Result<void> {
    TACIT_TRY(txn.integer("SELECT sum(length(text)) FROM step"));
    TACIT_TRY(txn.integer("SELECT sum(length(hex(text))) FROM step"));
    return {};
  });
  ASSERT_FALSE(met.has_value());
  EXPECT_EQ(met.error().kind(), ErrorKind::kCorrupt);
  const auto after = (*opened)->write([](WriteTxn&) -> Result<void> { return {}; });
  ASSERT_FALSE(after.has_value());
  EXPECT_THAT(after.error().message(), HasSubstr("Nothing is written any more"));
}

}  // namespace
}  // namespace tacit::store
