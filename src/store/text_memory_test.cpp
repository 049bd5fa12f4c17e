// Goal: what readers remember of the full text never shows: whatever is written in between, by this
// store or another, kept or rolled back, a search finds what FTS5 finds in the same snapshot.
// Method: SQLite's own bm25() is the oracle, asked in the same transaction.
#include "store/text_memory.h"

#include <algorithm>
#include <memory>

#include "base/worker.h"
#include "store/text_oracle_test.h"

namespace tacit::store {
namespace {

constexpr std::int64_t kMost = 20;
constexpr int kWrites = 150;

// Asks for words that nearly all, some and few documents hold.
Result<void> compare(ReadTxn& txn, Zipf& words, const std::string& what) {
  const auto terms = TACIT_TRY(query_terms(txn, HitKind::kExchange, words.text(5)));
  const auto found = TACIT_TRY(search_text(txn, HitKind::kExchange, terms, {}, kMost));
  expect_same(found, TACIT_TRY(oracle(txn, terms, "", kMost)), what);
  return {};
}

class TextMemoryTest : public StoreTestBase {
 protected:
  Exchange exchange_of(int number, std::size_t words) {
    return testing::make_exchange(session_, number, words_.text(3), words_.text(words));
  }
  void put_some(int from, int count) {
    write([&](WriteTxn& txn) -> Result<void> {
      TACIT_TRY(put_session(txn, session_));
      for (int i = from; i < from + count; ++i)
        TACIT_TRY(put_exchange(txn, exchange_of(i, 12), kNow, false));
      return {};
    });
  }
  void expect_as_fts5(const std::string& what) {
    read([&](ReadTxn& txn) -> Result<void> {
      for (int i = 0; i < 3; ++i) TACIT_TRY(compare(txn, asked_, what));
      return {};
    });
  }

  const Session session_ = testing::make_session("s");
  Zipf words_{1};
  Zipf asked_{2};
};

TEST_F(TextMemoryTest, WritesOfEveryKindAreSeen) {
  put_some(0, 100);
  expect_as_fts5("at first");
  std::vector<int> known;
  for (int i = 0; i < 100; ++i) known.push_back(i);
  for (int step = 0; step < kWrites; ++step) {
    const std::string what = "after write " + std::to_string(step);
    const int one = known[words_.number(known.size())];
    switch (words_.number(4)) {
      case 0: {  // new ones
        known.push_back(1'000 + step);
        put(session_, exchange_of(1'000 + step, 20));
        break;
      }
      case 1:  // grows, with other words
        put(session_, exchange_of(one, 30 + static_cast<std::size_t>(step)));
        break;
      case 2:  // goes away; its number may be given anew
        write([&](WriteTxn& txn) -> Result<void> {
          ForgetTarget target;
          target.exchange = exchange_of(one, 1).id;
          TACIT_TRY(forget(txn, target, kNow));
          return {};
        });
        std::erase(known, one);
        break;
      default:  // takes itself back
        EXPECT_FALSE(store_->write([&](WriteTxn& txn) -> Result<void> {
          TACIT_TRY(put_exchange(txn, exchange_of(5'000 + step, 9), kNow, false));
          return fail(ErrorKind::kInternal, "not this");
        }));
    }
    expect_as_fts5(what);
  }
}

TEST_F(TextMemoryTest, ItemsThatAreRestatedOrForgottenAreSeen) {
  const Exchange exchange = exchange_of(0, 5);
  put(session_, exchange);
  const ItemId id = learn(session_, exchange, "The queue keeps order.");
  const auto finds = [&](const std::string& text) {
    std::size_t found = 0;
    read([&](ReadTxn& txn) -> Result<void> {
      const auto terms = TACIT_TRY(query_terms(txn, HitKind::kItem, text));
      found = TACIT_TRY(search_text(txn, HitKind::kItem, terms, {}, 5)).size();
      return {};
    });
    return found;
  };
  EXPECT_EQ(finds("queue"), 1U);
  EXPECT_EQ(finds("stack"), 0U);
  write([&](WriteTxn& txn) -> Result<void> {
    return txn.run("UPDATE item SET statement = 'The stack does.', title = 'stack' WHERE id = ?1",
                   id);
  });
  EXPECT_EQ(finds("queue"), 0U);
  EXPECT_EQ(finds("stack"), 1U);
  write([&](WriteTxn& txn) -> Result<void> {
    ForgetTarget target;
    target.item = id;
    TACIT_TRY(forget(txn, target, kNow));
    return {};
  });
  EXPECT_EQ(finds("stack"), 0U);
}

TEST_F(TextMemoryTest, AnOlderSnapshotStaysAsItWasBesideANewerOne) {
  put_some(0, 50);
  read([&](ReadTxn& older) -> Result<void> {
    TACIT_TRY(compare(older, asked_, "before"));
    put_some(50, 50);
    expect_as_fts5("newer");
    for (int i = 0; i < 5; ++i) TACIT_TRY(compare(older, asked_, "older"));
    expect_as_fts5("newer again");
    return {};
  });
}

TEST_F(TextMemoryTest, WritesOfAnotherProcessAreSeen) {
  put_some(0, 50);
  const auto other = open(true);
  ASSERT_TRUE(other.has_value());
  for (int step = 0; step < 20; ++step) {
    const auto done = (*other)->read([&](ReadTxn& txn) -> Result<void> {
      return compare(txn, asked_, "step " + std::to_string(step));
    });
    ASSERT_TRUE(done.has_value());
    put(session_, exchange_of(step, 40));
  }
}

TEST_F(TextMemoryTest, ABodySeesItsOwnWritesAndLeavesNothingBehind) {
  put_some(0, 50);
  EXPECT_FALSE(store_->write([&](WriteTxn& txn) -> Result<void> {
    TACIT_TRY(put_exchange(txn, exchange_of(50, 40), kNow, false));
    for (int i = 0; i < 5; ++i) TACIT_TRY(compare(as_read(txn), asked_, "within"));
    return fail(ErrorKind::kInternal, "not this");
  }));
  put_some(60, 1);
  for (int i = 0; i < 5; ++i) expect_as_fts5("after");
}

TEST_F(TextMemoryTest, SearchesBesideWritesSeeTheirSnapshots) {
  put_some(0, 100);
  std::vector<std::unique_ptr<Worker>> readers;
  for (unsigned seed = 10; seed < 13; ++seed) {
    readers.push_back(std::make_unique<Worker>("reader", [&, seed](const std::stop_token& stop) {
      Zipf words(seed);
      while (!stop.stop_requested()) {
        const auto done = store_->read([&](ReadTxn& txn) -> Result<void> {
          TACIT_TRY(compare(txn, words, "beside"));
          return compare(txn, words, "beside, again");
        });
        EXPECT_TRUE(done.has_value());
      }
    }));
  }
  for (int step = 0; step < 60; ++step) put(session_, exchange_of(step % 110, 30));
}

TEST_F(TextMemoryTest, WarmedItKnowsAllDocuments) {
  put_some(0, 50);
  put(session_, exchange_of(50, 300));  // its size takes two digits
  read([&](ReadTxn& txn) -> Result<void> {
    TACIT_TRY(warm_text(txn));
    const std::int64_t generation = TACIT_TRY(content_generation(txn));
    const auto number = TACIT_TRY(txn.integer("SELECT max(number) FROM exchange"));
    std::vector<TextMemory::Id> ids = {{number, 0}};
    txn.text_memory()->fill_ids(HitKind::kExchange, generation, ids);
    EXPECT_EQ(static_cast<std::int64_t>(ids[0].id),
              TACIT_TRY(txn.integer("SELECT id FROM exchange WHERE number = ?1", number)));
    const auto sizes = txn.text_memory()->sizes(HitKind::kExchange, generation);
    EXPECT_EQ(std::ranges::count_if(*sizes, [](std::uint16_t size) { return size > 0; }), 51);
    EXPECT_GT(std::ranges::max(*sizes), 300);
    for (int i = 0; i < 5; ++i) TACIT_TRY(compare(txn, asked_, "warmed"));
    return {};
  });
}

TEST_F(TextMemoryTest, AfterForgettingNothingIsRemembered) {
  put_some(0, 50);
  expect_as_fts5("at first");
  EXPECT_GT(store_->text_memory().entries, 0U);
  ASSERT_TRUE(store_->checkpoint().has_value());
  EXPECT_EQ(store_->text_memory().entries, 0U);
  expect_as_fts5("again");
}

TEST(TextMemoryNotesTest, WhatWasNotToldMayHaveChanged) {
  TextMemory memory;
  EXPECT_EQ(memory.lowest_changed(HitKind::kItem, 3, 4), 0) << "nobody tells";
  memory.watch_from(10);
  EXPECT_EQ(memory.lowest_changed(HitKind::kItem, 9, 12), 0) << "before the telling began";
  EXPECT_EQ(memory.lowest_changed(HitKind::kItem, 10, 12), kNoDocument);
  memory.note(12, {{7}, {}});
  memory.note(14, {{30}, {2}});
  EXPECT_EQ(memory.lowest_changed(HitKind::kItem, 10, 14), 7);
  EXPECT_EQ(memory.lowest_changed(HitKind::kItem, 12, 14), 30);
  EXPECT_EQ(memory.lowest_changed(HitKind::kItem, 10, 12), 7);
  EXPECT_EQ(memory.lowest_changed(HitKind::kExchange, 10, 12), kNoDocument);
  EXPECT_EQ(memory.lowest_changed(HitKind::kExchange, 10, 14), 2);
  EXPECT_EQ(memory.lowest_changed(HitKind::kItem, 14, 12), 0) << "back in time";
  for (std::size_t i = 0; i < kMostNotes; ++i)
    memory.note(20 + static_cast<std::int64_t>(i), {{50}, {}});
  EXPECT_EQ(memory.lowest_changed(HitKind::kItem, 13, 30), 0) << "the note of 14 is gone";
}

TEST(TextMemoryNotesTest, WhatIsKnownOfDocumentsEndsAtTheLowestThatChanged) {
  TextMemory memory;
  memory.watch_from(1);
  const std::vector<TextMemory::Id> ids = {{4, 44}, {5, 55}};
  memory.keep_ids(HitKind::kItem, 10, ids);
  memory.keep_totals(HitKind::kItem, 10, {2, 20});
  memory.keep_sizes(HitKind::kItem, 10,
                    std::make_shared<const TextMemory::Sizes>(TextMemory::Sizes{0, 0, 0, 0, 8, 9}));
  memory.note(12, {{5}, {}});
  std::vector<TextMemory::Id> asked = {{4, 0}, {5, 0}};
  memory.fill_ids(HitKind::kItem, 12, asked);
  EXPECT_EQ(asked[0].id, 44U);
  EXPECT_EQ(asked[1].id, 0U);
  EXPECT_EQ(memory.sizes(HitKind::kItem, 12)->size(), 5U);
  EXPECT_FALSE(memory.totals(HitKind::kItem, 12));
  EXPECT_TRUE(memory.sizes(HitKind::kItem, 10)->empty()) << "back in time nothing is known";
}

TEST(TextMemoryNotesTest, HasAnEnd) {
  TextMemory memory;
  const auto far = static_cast<std::int64_t>(kMostDocuments);
  std::vector<TextMemory::Id> ids = {{5, 55}, {far, 99}};
  memory.keep_ids(HitKind::kItem, 1, ids);
  for (TextMemory::Id& id : ids) id.id = 0;
  memory.fill_ids(HitKind::kItem, 1, ids);
  EXPECT_EQ(ids[0].id, 55U);
  EXPECT_EQ(ids[1].id, 0U);
  Postings postings;
  const std::vector<TermPlace> places(1'000, {1, 500});
  for (std::int64_t number = 1; number <= 100; ++number) postings.add(number, 2'000, places);
  const auto shared = std::make_shared<const Postings>(std::move(postings));
  for (int i = 0; i < 200; ++i) memory.keep(HitKind::kItem, std::to_string(i), {1, shared});
  EXPECT_LE(memory.stats().bytes, kMostTermBytes + kMostDocumentBytes);
  EXPECT_GT(memory.stats().evictions, 0U);
}

TEST(PostingsTest, GiveWhatWasAddedAndEndWhereTheyAreCut) {
  std::mt19937_64 random(1);
  struct Document {
    std::int64_t number;
    std::uint32_t size;
    std::vector<TermPlace> places;
  };
  std::vector<Document> added;
  Postings postings;
  std::int64_t number = 0;
  for (int i = 0; i < 500; ++i) {
    number += 1 + static_cast<std::int64_t>(random() >> (20 + random() % 43));
    Document document{number, static_cast<std::uint32_t>(random() >> (32 + random() % 32)), {}};
    for (std::size_t count = 1 + random() % 5; count > 0; --count)
      document.places.push_back({static_cast<int>(random() % Postings::kMaxColumns),
                                 static_cast<int>(random() % (1U << (1 + random() % 28)))});
    postings.add(document.number, document.size, document.places);
    added.push_back(std::move(document));
  }
  const auto expect_first = [&](const Postings& some, std::size_t count) {
    EXPECT_EQ(some.documents(), static_cast<std::int64_t>(count));
    PostingsCursor cursor(some);
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_TRUE(cursor.next());
      EXPECT_EQ(cursor.number(), added[i].number);
      EXPECT_EQ(cursor.size(), added[i].size);
      std::size_t place = 0;
      cursor.each_place([&](const TermPlace& at) {
        EXPECT_EQ(at.column, added[i].places[place].column);
        EXPECT_EQ(at.word, added[i].places[place++].word);
      });
      EXPECT_EQ(place, added[i].places.size());
    }
    EXPECT_FALSE(cursor.next());
  };
  expect_first(postings, added.size());
  expect_first(postings.below(added[200].number), 200);
  expect_first(postings.below(added[200].number + 1), 201);
  expect_first(postings.below(1), 0);
  expect_first(postings.below(number + 1), added.size());
  EXPECT_TRUE(postings.hold(added[77].number));
  EXPECT_FALSE(postings.hold(number + 1));
  EXPECT_FALSE(Postings().hold(1));
}

}  // namespace
}  // namespace tacit::store
