#include <gtest/gtest.h>

#include <cstdlib>

#include <atomic>
#include <latch>

#include "base/clock.h"
#include "base/cpu.h"
#include "base/hash.h"
#include "base/id.h"
#include "base/json_text.h"
#include "base/metrics.h"
#include "base/result.h"
#include "base/text.h"
#include "base/worker.h"

namespace tacit {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return fail(ErrorKind::kInvalidInput, "odd");
  return number / 2;
}

Result<int> quarter(int number) {
  return TACIT_TRY(half(TACIT_TRY(half(number))));
}

TEST(Result, TryYieldsTheValueOrReturnsTheError) {
  EXPECT_EQ(quarter(12).value(), 3);
  ASSERT_FALSE(quarter(6).has_value());
  EXPECT_EQ(quarter(6).error().kind(), ErrorKind::kInvalidInput);
}

TEST(Result, EveryKindHasItsOwnName) {
  std::set<std::string_view> names;
  for (int kind = 0; kind < kErrorKindCount; ++kind)
    names.insert(name_of(static_cast<ErrorKind>(kind)));
  EXPECT_EQ(names.size(), static_cast<std::size_t>(kErrorKindCount));
}

TEST(Cpu, AChoiceThatIsNoneIsRefusedWithTheNames) {
  const char* const before = std::getenv("TACIT_CPU");
  const std::string kept = before == nullptr ? "" : before;
  ::setenv("TACIT_CPU", "fast", 1);
  const auto refused = check_cpu_choice();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind(), ErrorKind::kInvalidInput);
  EXPECT_NE(refused.error().message().find("avx512-vnni"), std::string::npos);
  ::setenv("TACIT_CPU", "avx2", 1);
  EXPECT_TRUE(check_cpu_choice());
  before == nullptr ? ::unsetenv("TACIT_CPU") : ::setenv("TACIT_CPU", kept.c_str(), 1);
  EXPECT_TRUE(cpu_has(CpuLevel::kPlain));
}

TEST(Time, ReadsTheFormsThatAgentsWrite) {
  EXPECT_EQ(format_time(*parse_time("2026-01-28T13:10:29.123Z")), "2026-01-28T13:10:29.123Z");
  EXPECT_EQ(format_time(*parse_time("2026-01-28 13:10:29Z")), "2026-01-28T13:10:29Z");
  EXPECT_EQ(format_time(*parse_time("2026-01-28 13:10")), "2026-01-28T13:10:00Z");
  EXPECT_EQ(format_time(*parse_time("2026-01-28T13:10:29+02:00")), "2026-01-28T11:10:29Z");
  EXPECT_EQ(format_time(*parse_time("2026-01-28")), "2026-01-28T00:00:00Z");
  EXPECT_EQ(format_time(*parse_time("2026-06-15T10:00:00.123456789Z")), "2026-06-15T10:00:00.123Z");
}

TEST(Time, RefusesWhatIsNoTime) {
  for (const char* text : {"", "yesterday", "2026-13-01", "2026-02-30", "2026-01-28T25:00",
                           "2026-01-28T13:10:29 nonsense"}) {
    EXPECT_FALSE(parse_time(text).has_value()) << text;
  }
}

TEST(Ids, ReadBackWhatTheyPrint) {
  const ItemId id{0x0123456789abcdeULL & kIdMask};
  EXPECT_EQ(id.text().size(), 13U);
  EXPECT_EQ(ItemId::parse(id.text()), id);
  EXPECT_FALSE(ExchangeId::parse(id.text()).has_value()) << "another kind";
  EXPECT_FALSE(ItemId::parse("k123").has_value());
  EXPECT_FALSE(ItemId::parse("kuuuuuuuuuuuu").has_value()) << "u is not in the alphabet";
}

TEST(Hash, MatchesPublishedVectors) {
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  // RFC 4231, test case 2.
  EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  // Test case 6: a key that is longer than a block.
  EXPECT_EQ(hex(hmac_sha256(std::string(131, '\xAA'),
                            "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(hex(hmac_sha256("", "")),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Text, CleansMalformedUtf8AndCountsIt) {
  std::size_t replaced = 0;
  EXPECT_EQ(clean_utf8("a\xC3\x28z\xF0\x9F", &replaced), "a\xEF\xBF\xBD(z\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(replaced, 3U);
  EXPECT_TRUE(is_valid_utf8("grüße 🙂"));
  EXPECT_FALSE(is_valid_utf8("\xED\xA0\x80")) << "a surrogate";
}

TEST(Text, ClipsAtCharacterBoundaries) {
  EXPECT_EQ(clip_utf8("aü", 2), "a");
  EXPECT_TRUE(is_valid_utf8(clip_middle(std::string(100, 'x') + "üüüüüüüüüüüüüüüüüüüüüüü", 30)));
}

TEST(Text, MeasuresEditDistance) {
  EXPECT_EQ(edit_distance("listen", "listne"), 2U);
  EXPECT_EQ(edit_distance("", "abc"), 3U);
}

TEST(JsonText, IsAlwaysOneValidLine) {
  EXPECT_EQ(json_quote("a\"b\\c\n\x01"), R"("a\"b\\c\n\u0001")");
  EXPECT_EQ(json_quote("\xFF"), "\"\xEF\xBF\xBD\"");
}

TEST(WorkerPool, RunsEachJobOnceAcrossManyBatches) {
  WorkerPool pool(4);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::atomic<int>> done(37);
    pool.parallel_for(done.size(), [&](std::size_t i, std::size_t lane) {
      EXPECT_LT(lane, 4U);
      ++done[i];
    });
    for (auto& count : done) EXPECT_EQ(count.load(), 1);
  }
}

TEST(WorkerPool, TriesNoBatchWhileAnotherRuns) {
  WorkerPool pool(2);
  std::latch started(1);
  std::latch released(1);
  {
    const Worker other("other", [&](std::stop_token) {
      pool.parallel_for(1, [&](std::size_t, std::size_t) {
        started.count_down();
        released.wait();
      });
    });
    started.wait();
    EXPECT_FALSE(pool.try_parallel_for(1, [](std::size_t, std::size_t) { FAIL(); }));
    released.count_down();
  }
  std::atomic<int> ran = 0;
  EXPECT_TRUE(pool.try_parallel_for(5, [&](std::size_t, std::size_t) { ++ran; }));
  EXPECT_EQ(ran, 5);
}

TEST(Metrics, PrintPrometheusText) {
  Histogram histogram;
  histogram.observe(0.003);
  histogram.observe(60);
  std::string out;
  print_metric("tacit_test_seconds", "Test.", histogram, out);
  EXPECT_NE(out.find("tacit_test_seconds_bucket{le=\"0.005\"} 1\n"), std::string::npos) << out;
  EXPECT_NE(out.find("tacit_test_seconds_bucket{le=\"+Inf\"} 2\n"), std::string::npos) << out;
}

}  // namespace
}  // namespace tacit
