#include "learn/learner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <sstream>

#include "learn/extract.h"
#include "store/knowledge_queries.h"
#include "store/session_queries.h"
#include "testing/fixtures.h"

namespace tacit::learn {
namespace {

using testing::make_exchange;
using testing::make_session;

// Refuses texts that hold a word; everything when the word is empty.
class PickyEmbedder final : public Embedder {
 public:
  explicit PickyEmbedder(std::string word) : word_(std::move(word)) {}
  const EmbeddingSpace& space() const override { return inner_.space(); }
  Result<std::vector<Embedding>> embed(std::span<const std::string_view> texts,
                                       Deadline deadline) override {
    for (const std::string_view text : texts) {
      if (text.find(word_) != std::string_view::npos)
        return fail(ErrorKind::kInternal, "refused by test");
    }
    return inner_.embed(texts, deadline);
  }

 private:
  testing::HashEmbedder inner_;
  std::string word_;
};

class LearnerTest : public ::testing::Test {
 protected:
  void SetUp() override { open(); }

  void open() {
    store_.reset();
    auto opened = store::Store::open({folder_.path(), false, true, nullptr});
    ASSERT_TRUE(opened) << opened.error().message();
    store_ = std::move(*opened);
  }

  Learner learner(Embedder* embedder) { return Learner(*store_, embedder, key_, clock_); }

  void put(const Session& session, const Exchange& exchange) {
    const auto done = store_->write([&](store::WriteTxn& txn) -> Result<void> {
      TACIT_TRY(store::put_session(txn, session));
      TACIT_TRY(store::put_exchange(txn, exchange, clock_.now(), false));
      return {};
    });
    ASSERT_TRUE(done) << done.error().message();
  }

  void tell(int ordinal, const std::string& request, const std::string& reply,
            const std::string& session = "one", const std::string& project = "/home/dev/shop") {
    const Session owner = make_session(session, project);
    put(owner, make_exchange(owner, ordinal, request, reply));
  }

  // Steps until idle; the sum of the reports.
  StepReport settle(Learner& learner) {
    StepReport sum;
    for (int i = 0; i < 50; ++i) {
      const auto report = learner.step();
      EXPECT_TRUE(report) << (report ? "" : report.error().message());
      if (!report) break;
      sum.exchanges_learned += report->exchanges_learned;
      sum.observations += report->observations;
      sum.items_added += report->items_added;
      sum.items_reinforced += report->items_reinforced;
      sum.texts_embedded += report->texts_embedded;
      if (report->idle) return sum;
    }
    ADD_FAILURE() << "the learner never became idle";
    return sum;
  }

  // The whole state of learning as text, in order of statement.
  std::string state() {
    std::vector<std::string> lines;
    std::ostringstream counts;
    const auto done = store_->read([&](store::ReadTxn& txn) -> Result<void> {
      for (const KnowledgeItem& item :
           TACIT_TRY(store::list_items(txn, "", std::nullopt, 100, std::nullopt))) {
        std::ostringstream line;
        line << name_of(item.type) << " x" << item.support << " used " << item.uses << ": "
             << item.statement;
        lines.push_back(line.str());
      }
      const auto all = TACIT_TRY(store::count_all(txn));
      counts << "to learn " << all.to_learn << ", observations " << all.observations;
      return {};
    });
    EXPECT_TRUE(done) << (done ? "" : done.error().message());
    std::sort(lines.begin(), lines.end());
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    return text + counts.str();
  }

  testing::TempFolder folder_;
  testing::ManualClock clock_;
  testing::HashEmbedder hashing_;
  IdentityKey key_ = testing::test_key();
  std::unique_ptr<store::Store> store_;
};

constexpr const char* kRule = "Never call the carrier API from a request handler.";

TEST_F(LearnerTest, MakesAnItemAndReinforcesItFromAnotherSession) {
  tell(0, kRule, "Understood.");
  tell(0, std::string("Please ") + "never call the carrier API from a request handler.", "Sure.",
       "two");
  auto learner = this->learner(&hashing_);
  EXPECT_EQ(learner.remaining().value_or(0), 4U);  // two to learn, two exchanges to embed
  const StepReport sum = settle(learner);
  EXPECT_EQ(sum.exchanges_learned, 2U);
  EXPECT_EQ(sum.items_added, 1U);
  EXPECT_EQ(sum.items_reinforced, 1U);
  EXPECT_EQ(sum.texts_embedded, 3U);
  EXPECT_EQ(state(),
            "convention x2 used 0: Never call the carrier API from a request handler.\n"
            "to learn 0, observations 2");
  EXPECT_EQ(learner.remaining().value_or(99), 0U);
}

TEST_F(LearnerTest, LearnsNothingNewTheSecondTime) {
  tell(0, kRule, "Understood.");
  auto first = learner(&hashing_);
  settle(first);
  const std::string before = state();
  tell(0, kRule, "Understood.");
  auto second = learner(&hashing_);
  const StepReport again = settle(second);
  EXPECT_EQ(again.exchanges_learned, 0U);
  EXPECT_EQ(again.texts_embedded, 0U);
  EXPECT_EQ(state(), before);
}

TEST_F(LearnerTest, FindsStoredItemsThroughTheIndexAfterARestart) {
  tell(0, "Never call the carrier API from a request handler.", "Understood.");
  {
    auto first = learner(&hashing_);
    settle(first);
  }
  open();
  tell(0, "Never call from a request the carrier API handler.", "Fine.",
       "two");  // equal bag of words
  auto second = learner(&hashing_);
  EXPECT_EQ(settle(second).items_reinforced, 1U);
}

TEST_F(LearnerTest, NeverMergesWhatDiffersByNegationNumberOrIdentifier) {
  tell(0, "Always retry webhooks 3 times with retry_delay in the queue of the big worker pool.",
       "Fine.");
  tell(1, "Always retry webhooks 5 times with retry_delay in the queue of the big worker pool.",
       "Fine.");
  tell(2, "Always retry webhooks 3 times with max_delay in the queue of the big worker pool.",
       "Fine.");
  tell(3, "Never retry webhooks 3 times with retry_delay in the queue of the big worker pool.",
       "Fine.");
  // Tells nothing apart: all statements are neighbours at cosine 1.
  class FlatEmbedder final : public Embedder {
   public:
    const EmbeddingSpace& space() const override { return space_; }
    Result<std::vector<Embedding>> embed(std::span<const std::string_view> texts,
                                         Deadline) override {
      return std::vector<Embedding>(texts.size(), Embedding{1.0F, 0.0F, 0.0F, 0.0F});
    }

   private:
    EmbeddingSpace space_{"flat-for-tests", 4};
  } flat;
  auto learner = this->learner(&flat);
  const StepReport sum = settle(learner);
  EXPECT_EQ(sum.items_added, 4U);
  EXPECT_EQ(sum.items_reinforced, 0U);
}

TEST_F(LearnerTest, KeepsProjectsApart) {
  tell(0, kRule, "Understood.", "one", "/home/dev/shop");
  tell(0, kRule, "Understood.", "two", "/home/dev/bank");
  auto learner = this->learner(&hashing_);
  EXPECT_EQ(settle(learner).items_added, 2U);
}

TEST_F(LearnerTest, LearnsAGrownExchangeAgainAndKeepsItsUse) {
  const Session session = make_session("one");
  Exchange exchange = make_exchange(session, 0, kRule, "Understood.");
  put(session, exchange);
  auto learner = this->learner(&hashing_);
  settle(learner);
  const auto used = store_->write([&](store::WriteTxn& txn) -> Result<void> {
    const auto items =
        TACIT_TRY(store::list_items(store::as_read(txn), "", std::nullopt, 1, std::nullopt));
    return store::record_use(txn, std::vector<ItemId>{items.at(0).id}, clock_.now());
  });
  ASSERT_TRUE(used) << used.error().message();
  exchange.steps.push_back(
      {StepKind::kReply,
       "",
       "We chose a queue instead of inline calls because the carrier API is slow.",
       false,
       {}});
  put(session, exchange);
  const StepReport grown = settle(learner);
  EXPECT_EQ(grown.exchanges_learned, 1U);
  EXPECT_EQ(
      state(),
      "architectural_decision x1 used 0: We chose a queue instead of inline calls because the "
      "carrier API is slow.\n"
      "convention x1 used 1: Never call the carrier API from a request handler.\n"
      "to learn 0, observations 2");
}

TEST_F(LearnerTest, ResumesAfterAnInterruptionBetweenSteps) {
  for (int i = 0; i < 40; ++i) {
    tell(i, "Always put file_" + std::to_string(i) + " into the archive folder.", "Fine.");
  }
  {
    auto stopped = learner(&hashing_);
    const auto report = stopped.step();
    ASSERT_TRUE(report) << report.error().message();
    EXPECT_EQ(report->exchanges_learned, kLearnBatch);
  }
  open();
  auto resumed = learner(&hashing_);
  EXPECT_EQ(settle(resumed).exchanges_learned, 40 - kLearnBatch);
  const std::string after = state();
  EXPECT_EQ(std::count(after.begin(), after.end(), '\n'), 40);
}

TEST_F(LearnerTest, LearnsWithoutAModelAndEmbedsWhenOneComes) {
  tell(0, kRule, "Understood.");
  tell(1, std::string("Please ") + "never  call the carrier API from a request handler.", "Sure.");
  auto without = learner(nullptr);
  const StepReport learned = settle(without);
  EXPECT_EQ(learned.items_added, 1U);
  EXPECT_EQ(learned.items_reinforced, 1U);
  EXPECT_EQ(learned.texts_embedded, 0U);
  EXPECT_EQ(without.remaining().value_or(99), 0U);
  auto with = learner(&hashing_);
  EXPECT_EQ(settle(with).texts_embedded, 3U);
}

TEST_F(LearnerTest, AnExchangeThatCannotBeEmbeddedHoldsUpNoOther) {
  tell(0, "Never touch the poison table in a migration script.", "Fine.");
  tell(1, kRule, "Understood.");
  PickyEmbedder picky("poison");
  auto learner = this->learner(&picky);
  const auto learned = learner.step();
  ASSERT_FALSE(learned);  // said, once the facts are there
  EXPECT_NE(state().find("poison"), std::string::npos);
  EXPECT_NE(state().find("to learn 0, observations 2"), std::string::npos);
  EXPECT_FALSE(learner.step());  // the other texts are embedded all the same
  const auto after = learner.step();
  ASSERT_TRUE(after) << after.error().message();
  EXPECT_TRUE(after->idle);
  EXPECT_EQ(learner.remaining().value_or(99), 0U);
  auto cured = this->learner(&hashing_);
  EXPECT_EQ(settle(cured).texts_embedded, 2U);  // the refused item and exchange alone
}

TEST_F(LearnerTest, AnEmbedderThatIsDownIsTriedAgain) {
  tell(0, kRule, "Understood.");
  PickyEmbedder down("");
  auto learner = this->learner(&down);
  EXPECT_FALSE(learner.step());
  EXPECT_FALSE(learner.step());
  EXPECT_FALSE(learner.step());
  EXPECT_EQ(learner.remaining().value_or(0), 2U);
}

TEST_F(LearnerTest, DoesNotBringBackAForgottenItem) {
  const Session session = make_session("one");
  Exchange exchange = make_exchange(session, 0, kRule, "Understood.");
  put(session, exchange);
  auto learner = this->learner(&hashing_);
  settle(learner);
  const auto forgotten = store_->write([&](store::WriteTxn& txn) -> Result<void> {
    const auto items =
        TACIT_TRY(store::list_items(store::as_read(txn), "", std::nullopt, 1, std::nullopt));
    store::ForgetTarget target;
    target.item = items.at(0).id;
    TACIT_TRY(store::forget(txn, target, clock_.now()));
    return {};
  });
  ASSERT_TRUE(forgotten) << forgotten.error().message();
  exchange.steps.push_back({StepKind::kReply, "", "There is one thing more.", false, {}});
  put(session, exchange);
  EXPECT_EQ(settle(learner).items_added, 0U);
  EXPECT_EQ(state(), "to learn 0, observations 0");
}

TEST_F(LearnerTest, LearnsNothingFromHostPreamblesAndItsOwnWords) {
  tell(0, "<system-reminder>\nNever push to main without a review.\n</system-reminder>", "Fine.");
  tell(1, "<tacit-context>\nNever call the carrier API from a handler.\n</tacit-context>", "Fine.");
  tell(2, "Caveat: The messages below were generated by the user. Never respond to them.", "Fine.");
  auto learner = this->learner(&hashing_);
  const StepReport sum = settle(learner);
  EXPECT_EQ(sum.exchanges_learned, 3U);
  EXPECT_EQ(sum.observations, 0U);
}

}  // namespace
}  // namespace tacit::learn
