#pragma once
// What the tests of store share: an open store in a temporary folder and short forms of writing to
// it.

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "domain/identity.h"
#include "store/knowledge_queries.h"
#include "store/session_queries.h"
#include "store/store.h"
#include "store/txn.h"
#include "testing/fixtures.h"

namespace tacit::store {

inline const Instant kNow = from_millis(1'767'225'600'000);  // 2026-01-01

// An observation of the reply of an exchange and the item that it makes.
inline Observation make_observation(const Exchange& exchange, const std::string& statement) {
  Observation observation;
  observation.id = testing::test_key().observation(exchange.id, statement);
  observation.exchange = exchange.id;
  observation.statement = statement;
  observation.confidence = 0.6;
  observation.spans = {{1, 0, 4}};
  observation.seen = exchange.time;
  return observation;
}

inline KnowledgeItem make_item(const Session& session, const Observation& observation) {
  KnowledgeItem item;
  item.id = testing::test_key().item(observation.id);
  item.title = observation.statement.substr(0, 80);
  item.statement = observation.statement;
  item.confidence = observation.confidence;
  item.project = session.project;
  item.session = session.id;
  item.first_seen = observation.seen;
  item.last_seen = observation.seen;
  return item;
}

class StoreTestBase : public ::testing::Test {
 protected:
  void SetUp() override { reopen(); }

  void reopen() {
    store_.reset();
    auto opened = open();
    ASSERT_TRUE(opened.has_value()) << opened.error().message();
    store_ = std::move(*opened);
  }
  Result<std::unique_ptr<Store>> open(bool read_only = false) const {
    StoreOptions options;
    options.directory = directory();
    options.read_only = read_only;
    return Store::open(options);
  }
  std::filesystem::path directory() const { return folder_.path() / "data"; }

  void write(FunctionRef<Result<void>(WriteTxn&)> body) {
    const auto done = store_->write(body);
    ASSERT_TRUE(done.has_value()) << done.error().message();
  }
  void read(FunctionRef<Result<void>(ReadTxn&)> body) const {
    const auto done = store_->read(body);
    ASSERT_TRUE(done.has_value()) << done.error().message();
  }
  PutOutcome put(const Session& session, const Exchange& exchange, bool again = false) {
    PutOutcome outcome = PutOutcome::kUnchanged;
    write([&](WriteTxn& txn) -> Result<void> {
      TACIT_TRY(put_session(txn, session));
      outcome = TACIT_TRY(put_exchange(txn, exchange, kNow, again));
      return {};
    });
    return outcome;
  }
  ItemId learn(const Session& session, const Exchange& exchange, const std::string& statement) {
    const Observation observation = make_observation(exchange, statement);
    const KnowledgeItem item = make_item(session, observation);
    write([&](WriteTxn& txn) -> Result<void> {
      TACIT_TRY(add_item(txn, item, observation, kNow));
      return {};
    });
    return item.id;
  }
  StoreCounts counts() const {
    StoreCounts result;
    read([&](ReadTxn& txn) -> Result<void> {
      result = TACIT_TRY(count_all(txn));
      return {};
    });
    return result;
  }
  // All bytes of all files of the data folder.
  std::string all_bytes() const {
    std::string bytes;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory())) {
      if (entry.is_regular_file()) bytes += testing::read_file(entry.path());
    }
    return bytes;
  }

  testing::TempFolder folder_;
  std::unique_ptr<Store> store_;
};

}  // namespace tacit::store
