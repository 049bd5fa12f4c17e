#include "domain/knowledge.h"

#include <gtest/gtest.h>

#include <string>

namespace tacit {
namespace {

using std::chrono::days;

struct Pair {
  const char* a;
  const char* b;
};

void expect_apart(std::initializer_list<Pair> pairs) {
  for (const Pair& pair : pairs) {
    EXPECT_FALSE(may_merge(pair.a, pair.b)) << pair.a << "\n  against: " << pair.b;
    EXPECT_FALSE(may_merge(pair.b, pair.a)) << pair.b << "\n  against: " << pair.a;
  }
}

void expect_together(std::initializer_list<Pair> pairs) {
  for (const Pair& pair : pairs) {
    EXPECT_TRUE(may_merge(pair.a, pair.b)) << pair.a << "\n  against: " << pair.b;
    EXPECT_TRUE(may_merge(pair.b, pair.a)) << pair.b << "\n  against: " << pair.a;
  }
}

TEST(ItemTypeNames, ComeBackFromTheirNames) {
  for (int i = 0; i < kItemTypeCount; ++i) {
    const auto type = static_cast<ItemType>(i);
    EXPECT_EQ(parse_item_type(name_of(type)), type);
  }
  EXPECT_EQ(name_of(ItemType::kConvention), "convention");
  EXPECT_FALSE(parse_item_type("memory"));
  EXPECT_FALSE(parse_item_type(""));
}

TEST(MayMerge, RefusesWhatDiffersByANegation) {
  expect_apart({
      {"A man is playing", "A man is not playing"},
      {"A woman is cutting an onion", "A woman isn't cutting an onion"},
      {"There is a boy on the beach", "There is no boy on the beach"},
      {"The dog is running with a ball", "The dog is running without a ball"},
      {"Always rebase before merging", "Never rebase before merging"},
      {"The worker retries failed jobs", "The worker no longer retries failed jobs"},
      {"The worker retries failed jobs", "The worker doesn\xE2\x80\x99t retry failed jobs"},
      {"Use the queue for webhooks", "Do not use the queue for webhooks"},
      {"Mock the clock in tests", "Avoid mocking the clock in tests"},
      {"The cache can hold entries", "The cache cannot hold entries"},
      {"Nobody is on the stage", "Somebody is on the stage"},
  });
}

TEST(MayMerge, RefusesWhoDoesWhatTurnedRound) {
  expect_apart({
      {"The client waits for the server", "The server waits for the client"},
      {"The log is lying on the panda bear", "The panda bear is lying on the logs"},
      {"The doctor is helping the patient", "The patient is helping the doctor"},
  });
}

TEST(MayMerge, RefusesMeasuresThatContradict) {
  expect_apart({
      {"The buffer that it sends is huge", "The buffer that it sends is very small"},
      {"The cache lies close to the worker", "The cache lies far from the worker"},
  });
}

TEST(MayMerge, RefusesAPreferenceTurnedRound) {
  expect_apart({
      {"Use tabs instead of spaces", "Use spaces instead of tabs"},
      {"Use polling rather than webhooks", "Use webhooks rather than polling"},
      {"Write plain functions, not classes", "Write classes, not plain functions"},
  });
}

TEST(MayMerge, RefusesOppositeWords) {
  expect_apart({
      {"Enable the cache in production", "Disable the cache in production"},
      {"Run migrations before the deploy", "Run migrations after the deploy"},
      {"Keep at least three replicas", "Keep at most three replicas"},
      {"The flag is on by default", "The flag is off by default"},
  });
}

TEST(MayMerge, RefusesOtherNumbersVersionsAndUnits) {
  expect_apart({
      {"The timeout is 30 seconds", "The timeout is 60 seconds"},
      {"The timeout is 30 seconds", "The timeout is 30 minutes"},
      {"The timeout is 30s", "The timeout is 30ms"},
      {"Build with Node 18.2", "Build with Node 18.3"},
      {"Pin the image to v1.4.2", "Pin the image to v1.4.3"},
      {"Two dogs are running", "Three dogs are running"},
      {"Lower the limit from 10 to 5", "Lower the limit from 5 to 10"},
      {"Retry when the status is >500", "Retry when the status is <500"},
      {"The exit code is -1", "The exit code is 1"},
      {"Sample 10% of requests", "Sample 10 of the requests"},
  });
}

TEST(MayMerge, RefusesOtherIdentifiersAndNames) {
  expect_apart({
      {"Call parseDate for dates", "Call parseTime for dates"},
      {"Set max_retries in the config", "Set max_workers in the config"},
      {"Keep secrets in config.toml", "Keep secrets in settings.toml"},
      {"Handlers live in src/http", "Handlers live in src/net"},
      {"Pass --force to the tool", "Pass --quiet to the tool"},
      {"Set MAX_SIZE for uploads", "Set MIN_SIZE for uploads"},
      {"We keep sessions in Redis", "We keep sessions in Postgres"},
      {"FooService calls BarService", "BarService calls FooService"},
      {"Hash with sha256", "Hash with sha512"},
      {"Use std::span for buffers", "Use std::vector for buffers"},
  });
}

TEST(MayMerge, AllowsOtherWordingOfTheSameClaim) {
  expect_together({
      {"The timeout is 30 seconds", "Timeout is 30s."},
      {"Never mock the database in tests", "Tests never mock the database"},
      {"Set max_retries to 5 in config.toml", "The value of `max_retries` is 5 in config.toml"},
      {"The worker doesn't retry failed jobs", "The worker does not retry failed jobs"},
      {"We keep sessions in Redis", "Sessions are kept in Redis"},
      {"Pin the image to v1.4.2", "Pin the image to 1.4.2"},
      {"Keep two replicas", "Keep 2 replicas"},
      {"Call flush() at the end, e.g. on exit", "Call flush() at the end, on exit"},
      {"", ""},
  });
}

TEST(FreshnessOf, FollowsTheNewestSightOrUse) {
  const Instant now = from_millis(1'790'000'000'000);
  KnowledgeItem item;
  EXPECT_EQ(freshness_of(item, now), Freshness::kStale);
  item.last_seen = now - days(30);
  EXPECT_EQ(freshness_of(item, now), Freshness::kFresh);
  item.last_seen = now - days(31);
  EXPECT_EQ(freshness_of(item, now), Freshness::kAging);
  item.last_seen = now - days(90);
  EXPECT_EQ(freshness_of(item, now), Freshness::kAging);
  item.last_seen = now - days(91);
  EXPECT_EQ(freshness_of(item, now), Freshness::kStale);
  item.last_used = now - days(2);
  EXPECT_EQ(freshness_of(item, now), Freshness::kFresh);
  item.last_used = now - days(400);
  EXPECT_EQ(freshness_of(item, now), Freshness::kStale);
  item.last_seen = now + days(1);  // another machine's clock is ahead
  EXPECT_EQ(freshness_of(item, now), Freshness::kFresh);
  EXPECT_EQ(name_of(Freshness::kAging), "aging");
}

TEST(Reinforced, GrowsTowardsItsCeiling) {
  EXPECT_DOUBLE_EQ(reinforced(0.5, 0.5), 0.625);
  EXPECT_DOUBLE_EQ(reinforced(0.5, 0.0), 0.5);
  double confidence = 0.5;
  for (int i = 0; i < 100; ++i) {
    const double next = reinforced(confidence, 0.6);
    EXPECT_GE(next, confidence);
    confidence = next;
  }
  EXPECT_DOUBLE_EQ(confidence, 0.99);
}

TEST(Intent, NamesReadBack) {
  for (int i = 0; i < kIntentCount; ++i) {
    const auto intent = static_cast<Intent>(i);
    EXPECT_EQ(parse_intent(name_of(intent)), intent);
  }
  EXPECT_EQ(parse_intent("Debugging"), std::nullopt);
}

}  // namespace
}  // namespace tacit
