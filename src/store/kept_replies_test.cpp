#include "store/ledger.h"

#include <gmock/gmock.h>

#include "store/session_queries.h"
#include "store/store_fixture_test.h"

namespace tacit::store {
namespace {

using ::testing::ElementsAre;

class KeptRepliesTest : public StoreTestBase {
 protected:
  void SetUp() override {
    StoreTestBase::SetUp();
    put({{"b", from_millis(2), "second"}, {"a", from_millis(1), "first"}});
  }
  void put(const std::vector<KeptReply>& replies) {
    ASSERT_TRUE(store_->write([&](WriteTxn& txn) { return replace_kept_replies(txn, replies); })
                    .has_value());
  }
  std::vector<std::string> bodies() const {
    std::vector<std::string> found;
    EXPECT_TRUE(store_
                    ->read([&](ReadTxn& txn) -> Result<void> {
                      for (const KeptReply& reply : TACIT_TRY(kept_replies(txn)))
                        found.push_back(reply.body);
                      return {};
                    })
                    .has_value());
    return found;
  }
};

TEST_F(KeptRepliesTest, ComeBackInTheirOrderAndTakeThePlaceOfTheFormer) {
  EXPECT_THAT(bodies(), ElementsAre("second", "first"));
  put({{"c", from_millis(3), "third"}});
  EXPECT_THAT(bodies(), ElementsAre("third"));
}

TEST_F(KeptRepliesTest, GoWithWhateverIsForgotten) {
  ForgetTarget target;
  target.project = "/no/such/project";
  ASSERT_TRUE(store_
                  ->write([&](WriteTxn& txn) -> Result<void> {
                    TACIT_TRY(forget(txn, target, from_millis(4)));
                    return {};
                  })
                  .has_value());
  EXPECT_TRUE(bodies().empty());
}

}  // namespace
}  // namespace tacit::store
