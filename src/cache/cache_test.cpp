#include "cache/cache.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <list>
#include <map>
#include <random>

#include "base/worker.h"
#include "cache/frequency_sketch.h"

namespace tacit::cache {
namespace {

constexpr Duration kLife = std::chrono::hours(2);
constexpr std::array kPolicies{Policy::kLru, Policy::kLfu, Policy::kTinyLfu};

CacheOptions options_of(Policy policy, std::size_t entries, std::size_t bytes = 1U << 30U) {
  return {policy, entries, bytes, kLife};
}

class CacheTest : public ::testing::TestWithParam<Policy> {
 protected:
  // As a program asks: look, and on a miss make it and put it.
  bool ask(Cache<std::string>& cache, const std::string& key) {
    if (const auto found = cache.find(key, now_)) {
      EXPECT_EQ(*found, "value of " + key);
      return true;
    }
    cache.put(key, std::make_shared<std::string>("value of " + key), 10, now_);
    return false;
  }
  SteadyTime now_{std::chrono::hours(1)};
};
INSTANTIATE_TEST_SUITE_P(Policies, CacheTest, ::testing::ValuesIn(kPolicies),
                         [](const auto& test) { return std::string(name_of(test.param)); });

TEST_P(CacheTest, GivesBackWhatWasPutAndCounts) {
  Cache<std::string> cache(options_of(GetParam(), 10));
  EXPECT_FALSE(ask(cache, "a"));
  EXPECT_TRUE(ask(cache, "a"));
  EXPECT_TRUE(ask(cache, "a"));
  const CacheStats stats = cache.stats();
  EXPECT_EQ(stats.hits, 2U);
  EXPECT_EQ(stats.misses, 1U);
  EXPECT_EQ(stats.insertions, 1U);
  EXPECT_EQ(stats.entries, 1U);
  EXPECT_EQ(stats.bytes, 10 + 1 + kEntryBytes);
  EXPECT_EQ(parse_policy(name_of(GetParam())), GetParam());
}

TEST_P(CacheTest, AnEntryIsGivenUpToItsTimeToLiveAndNotAnInstantLonger) {
  Cache<std::string> cache(options_of(GetParam(), 10));
  ask(cache, "a");
  now_ += kLife;
  EXPECT_NE(cache.find("a", now_), nullptr) << "finding it makes it no younger";
  now_ += SteadyTime::duration(1);
  EXPECT_TRUE(cache.most_used(10, now_).empty());
  EXPECT_EQ(cache.find("a", now_), nullptr);
  EXPECT_EQ(cache.stats().expirations, 1U);
  EXPECT_EQ(cache.stats().entries, 0U);
  EXPECT_EQ(cache.stats().bytes, 0U);
}

TEST_P(CacheTest, TheBytesHoldToTheLastOne) {
  constexpr std::size_t kThree = 3 * (100 + 1 + kEntryBytes);
  const auto value = std::make_shared<std::string>("x");
  for (const auto& [bytes, entries] : {std::pair{kThree, 3U}, std::pair{kThree - 1, 2U}}) {
    Cache<std::string> cache(options_of(GetParam(), 10, bytes));
    for (const char* key : {"a", "b", "c"}) cache.put(key, value, 100, now_);
    EXPECT_EQ(cache.stats().entries, entries);
    EXPECT_LE(cache.stats().bytes, bytes);
  }
  Cache<std::string> cache(options_of(GetParam(), 10, kThree));
  cache.put("a", value, 100, now_);
  EXPECT_FALSE(cache.put("b", value, kThree - kEntryBytes, now_)) << "larger than the whole";
  EXPECT_NE(cache.find("a", now_), nullptr) << "what is too large pushes nothing out";
  EXPECT_TRUE(cache.put("c", value, kThree - kEntryBytes - 1, now_) ||
              cache.find("a", now_) != nullptr);
  EXPECT_LE(cache.stats().bytes, kThree);
}

TEST_P(CacheTest, PuttingAgainReplacesAndClearLeavesNothing) {
  Cache<std::string> cache(options_of(GetParam(), 10));
  cache.put("a", std::make_shared<std::string>("old"), 3, now_);
  const auto held = cache.find("a", now_);
  cache.put("a", std::make_shared<std::string>("newer"), 5, now_);
  EXPECT_EQ(*cache.find("a", now_), "newer");
  EXPECT_EQ(*held, "old") << "what was found stays good";
  EXPECT_EQ(cache.stats().bytes, 5 + 1 + kEntryBytes);
  EXPECT_EQ(cache.most_used(1, now_).front().hits, 2U) << "hits are of the key";
  EXPECT_TRUE(cache.erase("a"));
  EXPECT_FALSE(cache.erase("a"));
  ask(cache, "b");
  EXPECT_EQ(cache.clear(), 1U);
  EXPECT_EQ(cache.stats().bytes, 0U);
  EXPECT_FALSE(ask(cache, "b"));
  EXPECT_TRUE(ask(cache, "b")) << "an emptied cache works on";
}

TEST_P(CacheTest, NothingIsKeptByACacheOfNoEntries) {
  Cache<std::string> cache(options_of(GetParam(), 0));
  EXPECT_FALSE(ask(cache, "a"));
  EXPECT_FALSE(ask(cache, "a"));
}

TEST_P(CacheTest, TheMostUsedComeFirst) {
  Cache<std::string> cache(options_of(GetParam(), 10));
  for (const char* key : {"c", "a", "b", "b", "b", "c"}) ask(cache, key);
  const auto used = cache.most_used(2, now_);
  ASSERT_EQ(used.size(), 2U);
  EXPECT_EQ(used[0].key, "b");
  EXPECT_EQ(used[0].hits, 2U);
  EXPECT_EQ(used[1].key, "c");
}

// Against the plainest thing that could be right: a list in order of use with counts.
struct Reference {
  struct Entry {
    std::string key;
    std::size_t bytes;
    SteadyTime made;
    std::uint64_t count = 1;
  };
  Policy policy;
  std::size_t most_entries;
  std::size_t most_bytes;
  std::list<Entry> entries;  // least recently asked first

  auto at(const std::string& key) {
    return std::find_if(entries.begin(), entries.end(),
                        [&](const Entry& entry) { return entry.key == key; });
  }
  std::size_t bytes() const {
    std::size_t sum = 0;
    for (const Entry& entry : entries) sum += entry.bytes + entry.key.size() + kEntryBytes;
    return sum;
  }
  bool find(const std::string& key, SteadyTime now) {
    const auto found = at(key);
    if (found == entries.end()) return false;
    if (now - found->made > kLife) {
      entries.erase(found);
      return false;
    }
    ++found->count;
    entries.splice(entries.end(), entries, found);
    return true;
  }
  void put(const std::string& key, std::size_t size, SteadyTime now) {
    if (const auto known = at(key); known != entries.end()) entries.erase(known);
    if (size + key.size() + kEntryBytes > most_bytes) return;
    entries.push_back({key, size, now});
    while (entries.size() > most_entries || bytes() > most_bytes) {
      auto victim = entries.begin();
      if (policy == Policy::kLfu) {
        victim = std::min_element(entries.begin(), entries.end(),
                                  [](const auto& a, const auto& b) { return a.count < b.count; });
      }
      entries.erase(victim);
    }
  }
};

TEST_P(CacheTest, BehavesAsItsReferenceOverRandomSteps) {
  constexpr int kSteps = 20'000;
  constexpr std::size_t kEntries = 20;
  constexpr std::size_t kBytes = kEntries * (kEntryBytes + 40);
  std::mt19937 random(7);
  Cache<std::string> cache(options_of(GetParam(), kEntries, kBytes));
  Reference reference{GetParam(), kEntries, kBytes, {}};
  const bool is_exact = GetParam() != Policy::kTinyLfu;
  std::map<std::string, std::string>
      newest;  // a value is never that of another key, nor an old one
  for (int step = 0; step < kSteps; ++step) {
    now_ += std::chrono::minutes(random() % 10);
    const std::string key = std::to_string(std::min(random() % 60, random() % 60));
    const auto what = random() % 10;
    if (what < 6) {
      const auto found = cache.find(key, now_);
      if (found) {
        EXPECT_EQ(*found, newest[key]);
      }
      const bool expected = reference.find(key, now_);
      if (is_exact) {
        ASSERT_EQ(found != nullptr, expected) << "step " << step;
      }
    } else if (what < 9) {
      const std::size_t size = random() % 100 == 0 ? kBytes : random() % 200;
      newest[key] = std::to_string(step);
      cache.put(key, std::make_shared<std::string>(newest[key]), size, now_);
      reference.put(key, size, now_);
    } else {
      cache.erase(key);
      if (const auto known = reference.at(key); known != reference.entries.end())
        reference.entries.erase(known);
    }
    const CacheStats stats = cache.stats();
    ASSERT_LE(stats.entries, kEntries);
    ASSERT_LE(stats.bytes, kBytes);
    if (is_exact) {
      ASSERT_EQ(stats.entries, reference.entries.size()) << "step " << step;
      ASSERT_EQ(stats.bytes, reference.bytes());
    }
  }
  EXPECT_GT(cache.stats().hits, 1000U);
}

TEST_P(CacheTest, TheSameTraceGivesTheSameHitsAgain) {
  const auto replay = [&] {
    Cache<std::string> cache(options_of(GetParam(), 50));
    std::mt19937 random(3);
    for (int i = 0; i < 5000; ++i) ask(cache, std::to_string(random() % 50 * (random() % 4)));
    return cache.stats().hits;
  };
  EXPECT_EQ(replay(), replay());
}

TEST_P(CacheTest, ManyThreadsGetNoOthersValueAndNoneIsMiscounted) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 2000;
  Cache<std::string> cache(options_of(GetParam(), 100, 100 * (kEntryBytes + 20)));
  std::atomic<int> wrong{0};
  {
    std::vector<std::unique_ptr<Worker>> workers;
    for (int t = 0; t < kThreads; ++t) {
      workers.push_back(std::make_unique<Worker>("asker", [&, t](std::stop_token) {
        std::mt19937 random(static_cast<unsigned>(t));
        for (int i = 0; i < kRounds; ++i) {
          const std::string key = std::to_string(random() % 150);
          const auto found = cache.find(key, now_);
          if (found && *found != key) ++wrong;
          if (!found) cache.put(key, std::make_shared<std::string>(key), key.size(), now_);
          if (i % 500 == 499) cache.clear();
        }
      }));
    }
  }
  EXPECT_EQ(wrong.load(), 0);
  EXPECT_EQ(cache.stats().hits + cache.stats().misses, std::uint64_t{kThreads} * kRounds);
  EXPECT_LE(cache.stats().entries, 100U);
}

// A working set asked again and again, and one job that asks everything once.
std::uint64_t hits_after_scan(Policy policy) {
  constexpr int kHot = 80;
  Cache<int> cache(options_of(policy, 100));
  const SteadyTime now{};
  const auto ask = [&](const std::string& key) {
    if (cache.find(key, now)) return;
    cache.put(key, std::make_shared<int>(1), 1, now);
  };
  for (int round = 0; round < 5; ++round)
    for (int i = 0; i < kHot; ++i) ask("hot" + std::to_string(i));
  for (int i = 0; i < 400; ++i) ask("scan" + std::to_string(i));
  const std::uint64_t before = cache.stats().hits;
  for (int i = 0; i < kHot; ++i) ask("hot" + std::to_string(i));
  return cache.stats().hits - before;
}

TEST(CachePolicyTest, AScanEmptiesLruAndNotTheOthers) {
  EXPECT_EQ(hits_after_scan(Policy::kLru), 0U);
  EXPECT_EQ(hits_after_scan(Policy::kLfu), 80U);
  EXPECT_GE(hits_after_scan(Policy::kTinyLfu), 76U);
}

// What was popular yesterday must make room for what is popular today.
TEST(CachePolicyTest, TinyLfuForgetsAnOldFavouriteAndLfuDoesNot) {
  const auto late_hits = [](Policy policy) {
    Cache<int> cache(options_of(policy, 50));
    const SteadyTime now{};
    std::uint64_t before = 0;
    for (const int day : {0, 1}) {
      before = cache.stats().hits;
      for (int round = 0; round < (day == 0 ? 100 : 20); ++round) {
        for (int i = 0; i < 50; ++i) {
          const std::string key = std::to_string(day * 50 + i);
          if (!cache.find(key, now)) cache.put(key, std::make_shared<int>(1), 1, now);
        }
      }
    }
    return cache.stats().hits - before;
  };
  EXPECT_LT(late_hits(Policy::kLfu), 50U);
  EXPECT_GT(late_hits(Policy::kTinyLfu), 500U) << "of 1,000";
}

TEST(FrequencySketchTest, NeverEstimatesTooLowUntilItHalves) {
  FrequencySketch sketch(1000);
  std::mt19937_64 random(5);
  std::map<std::uint64_t, int> truth;
  for (int i = 0; i < 9000; ++i) {
    const std::uint64_t key = random() % 1000 * 0x9e3779b97f4a7c15U;
    ++truth[key];
    sketch.add(key);
  }
  int exact = 0;
  for (const auto& [key, count] : truth) {
    EXPECT_GE(sketch.estimate(key), std::min(count, 15));
    exact += sketch.estimate(key) == std::min(count, 15) ? 1 : 0;
  }
  EXPECT_GT(exact, 950);
}

TEST(FrequencySketchTest, HalvesAfterTenRequestsAnEntry) {
  FrequencySketch sketch(100);
  for (int i = 0; i < 12; ++i) sketch.add(1);
  EXPECT_EQ(sketch.estimate(1), 12);
  for (std::uint64_t i = 0; i < 987; ++i) sketch.add(1000 + i);
  EXPECT_GE(sketch.estimate(1), 12);
  sketch.add(2);
  EXPECT_LE(sketch.estimate(1), 7);
  EXPECT_GE(sketch.estimate(1), 6);
}

}  // namespace
}  // namespace tacit::cache
