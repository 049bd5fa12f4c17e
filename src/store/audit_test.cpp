// Goal: the audit log keeps what it is given, in order, and can neither be changed nor be made to
// hold content. Method: a store in a temporary folder; its files are read as bytes.
#include <gmock/gmock.h>

#include "base/hash.h"
#include "store/ledger.h"
#include "store/store_fixture_test.h"

namespace tacit::store {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class AuditTest : public StoreTestBase {
 protected:
  static CallAudit audit(const std::string& request, std::int64_t after_ms = 0) {
    CallAudit audit;
    audit.time = kNow + Duration(after_ms);
    audit.request = request;
    audit.content_hash = testing::test_key().content_hash("What does " + request + " earn?");
    audit.bytes_out = 120;
    audit.bytes_in = 480;
    audit.provider = "groq";
    audit.model = "openai/gpt-oss-20b";
    audit.label = Sensitivity::kInternal;
    audit.layer = "pattern";
    audit.reason = "nothing found";
    audit.outcome = "answered";
    audit.hold = 7;
    return audit;
  }
  void append(const CallAudit& audit) {
    const auto done = append_call_audit(*store_, audit);
    ASSERT_TRUE(done.has_value()) << done.error().message();
  }
  std::vector<std::string> requests(const AuditPage& page) const {
    std::vector<std::string> names;
    const auto audits = call_audits(*store_, page);
    EXPECT_TRUE(audits.has_value()) << audits.error().message();
    if (audits)
      for (const CallAudit& one : *audits) names.push_back(one.request);
    return names;
  }
};

TEST_F(AuditTest, EverythingIsReadBackAsItWasWritten) {
  CallAudit wanted = audit("r1");
  wanted.attempt = 3;
  wanted.label = Sensitivity::kSecret;
  append(wanted);
  reopen();
  const auto found = call_audits(*store_, {});
  ASSERT_TRUE(found.has_value());
  ASSERT_EQ(found->size(), 1U);
  const CallAudit& read = found->front();
  EXPECT_GT(read.id, 0);
  EXPECT_EQ(read.time, wanted.time);
  EXPECT_EQ(read.request, "r1");
  EXPECT_EQ(read.attempt, 3);
  EXPECT_EQ(read.content_hash, wanted.content_hash);
  EXPECT_EQ(read.bytes_out, 120);
  EXPECT_EQ(read.bytes_in, 480);
  EXPECT_EQ(read.provider, "groq");
  EXPECT_EQ(read.model, "openai/gpt-oss-20b");
  EXPECT_EQ(read.label, Sensitivity::kSecret);
  EXPECT_EQ(read.layer, "pattern");
  EXPECT_EQ(read.reason, "nothing found");
  EXPECT_EQ(read.outcome, "answered");
  EXPECT_EQ(read.hold, 7);
}

TEST_F(AuditTest, PagesGoFromTheNewestAndLeaveNothingOutWithinOneMillisecond) {
  for (const char* name : {"a", "b", "c"}) append(audit(name, 5));
  append(audit("old", -5));
  append(audit("new", 9));
  std::vector<std::string> all;
  AuditPage page;
  page.most = 2;
  for (;;) {
    const auto audits = call_audits(*store_, page);
    ASSERT_TRUE(audits.has_value());
    if (audits->empty()) break;
    for (const CallAudit& one : *audits) all.push_back(one.request);
    page.after = audits->back();
  }
  EXPECT_THAT(all, ::testing::ElementsAre("new", "c", "b", "a", "old"));
}

TEST_F(AuditTest, OneProviderCanBeAskedFor) {
  append(audit("a"));
  CallAudit other = audit("b");
  other.provider = "local";
  append(other);
  AuditPage page;
  page.provider = "local";
  EXPECT_THAT(requests(page), ::testing::ElementsAre("b"));
}

TEST_F(AuditTest, TheDatabaseRefusesToChangeOrDeleteARow) {
  append(audit("a"));
  EXPECT_FALSE(store_->write(
      [](WriteTxn& txn) { return txn.run("UPDATE call_audit SET outcome = 'other'"); }));
  EXPECT_FALSE(store_->write([](WriteTxn& txn) { return txn.run("DELETE FROM call_audit"); }));
  EXPECT_THAT(requests({}), ::testing::ElementsAre("a"));
}

TEST_F(AuditTest, OnlyAHashCanStandForTheContent) {
  for (const std::string& wrong :
       {std::string(), std::string("What does Ada earn?"), std::string(64, 'g')}) {
    CallAudit one = audit("a");
    one.content_hash = wrong;
    const auto done = append_call_audit(*store_, one);
    ASSERT_FALSE(done.has_value());
    EXPECT_EQ(done.error().kind(), ErrorKind::kInvalidInput);
  }
  EXPECT_TRUE(requests({}).empty());
}

TEST_F(AuditTest, ALongReasonIsCut) {
  CallAudit one = audit("a");
  one.reason = std::string(kMaxAuditText - 1, 'x') + "\xC3\xA4 and more";
  append(one);
  const auto found = call_audits(*store_, {});
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->front().reason, std::string(kMaxAuditText - 1, 'x'));
}

TEST_F(AuditTest, NoByteOfAPlantedTextIsInTheFiles) {
  const std::string planted = "zyzzyva quokka severance of Ada Lovelace 84,500";
  CallAudit one = audit("r9");
  one.content_hash = testing::test_key().content_hash(planted);
  append(one);
  reopen();
  const std::string bytes = all_bytes();
  EXPECT_THAT(bytes, HasSubstr(one.content_hash)) << "the scan looks where the row is";
  for (const char* word : {"zyzzyva", "quokka", "severance", "Lovelace", "84,500"})
    EXPECT_THAT(bytes, Not(HasSubstr(word)));
  EXPECT_THAT(bytes, Not(HasSubstr(hex(sha256(planted))))) << "a plain hash could be guessed";
}

TEST(ContentHash, IsOfTheKeyAndTheText) {
  const IdentityKey one("one key");
  EXPECT_EQ(one.content_hash("text"), one.content_hash("text"));
  EXPECT_NE(one.content_hash("text"), one.content_hash("Text"));
  EXPECT_NE(one.content_hash("text"), IdentityKey("another key").content_hash("text"));
  EXPECT_EQ(one.content_hash("").size(), 64U);
}

}  // namespace
}  // namespace tacit::store
