#include "inference/response_cache.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>

#include "testing/fixtures.h"

namespace tacit::inference {
namespace {

ResolvedCall a_call() {
  ResolvedCall call;
  call.project = "shop";
  call.operation = "classify";
  call.template_version = "3";
  call.model_class = "small";
  call.sensitivity = Sensitivity::kInternal;
  call.prompt.messages = {{Role::kSystem, "be brief"}, {Role::kUser, "why?"}};
  call.prompt.temperature = 0;
  call.prompt.schema = R"({"type":"object","properties":{"a":{"type":"string"},"b":{}}})";
  return call;
}

CachedReply reply_of(std::string text, Sensitivity sensitivity = Sensitivity::kInternal) {
  CachedReply reply;
  reply.text = std::move(text);
  reply.provider = "groq";
  reply.sensitivity = sensitivity;
  return reply;
}

TEST(ResponseKeyTest, EachFieldChangedOnceGivesAnotherKey) {
  const std::vector<std::function<void(ResolvedCall&)>> changes = {
      [](ResolvedCall&) {},
      [](ResolvedCall& c) { c.tenant = "other"; },
      [](ResolvedCall& c) { c.project = "other"; },
      [](ResolvedCall& c) { c.operation = "extract"; },
      [](ResolvedCall& c) { c.template_version = "4"; },
      [](ResolvedCall& c) { c.model_class = "large"; },
      [](ResolvedCall& c) { c.sensitivity = Sensitivity::kPublic; },
      [](ResolvedCall& c) { c.sensitivity = Sensitivity::kSecret; },
      [](ResolvedCall& c) { c.mode = PrivacyMode::kLocal; },
      [](ResolvedCall& c) { c.mode = PrivacyMode::kRemote; },
      [](ResolvedCall& c) { ++c.prompt.max_output; },
      [](ResolvedCall& c) { c.prompt.temperature.reset(); },
      [](ResolvedCall& c) { c.prompt.temperature = 1e-300; },
      [](ResolvedCall& c) { c.prompt.schema.clear(); },
      [](ResolvedCall& c) { c.prompt.schema = R"({"type":"object"})"; },
      [](ResolvedCall& c) { c.prompt.schema = "no JSON"; },
      [](ResolvedCall& c) { c.prompt.messages[0].role = Role::kUser; },
      [](ResolvedCall& c) { c.prompt.messages[1].text += " "; },
      [](ResolvedCall& c) { std::swap(c.prompt.messages[0], c.prompt.messages[1]); },
      [](ResolvedCall& c) { c.prompt.messages.pop_back(); },
      [](ResolvedCall& c) {
        c.prompt.messages.push_back({Role::kUser, ""});
      },
      // The same bytes, cut elsewhere.
      [](ResolvedCall& c) { c.project = "shopc", c.operation = "lassify"; },
      [](ResolvedCall& c) {
        c.prompt.messages[0].text = "be briefwhy?", c.prompt.messages[1] = {};
      },
  };
  std::set<std::string> keys;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    ResolvedCall call = a_call();
    changes[i](call);
    EXPECT_TRUE(keys.insert(key_of(call)).second) << "change " << i;
    EXPECT_EQ(key_of(call).size(), 64U);
  }
}

TEST(ResponseKeyTest, OrderAndSpacesOfASchemaDecideNothing) {
  ResolvedCall call = a_call();
  call.prompt.schema =
      "{ \"properties\": {\"b\": {}, \"a\": {\"type\":\"string\"}},\n \"type\": \"object\" }";
  EXPECT_EQ(key_of(call), key_of(a_call()));
  call.prompt.temperature = -0.0;
  EXPECT_EQ(key_of(call), key_of(a_call()));
}

TEST(ResponseKeyTest, OnlyWholeAnswersThatAreNotUpToChanceAreKept) {
  ResolvedCall call = a_call();
  EXPECT_TRUE(may_keep(call, Finish::kStop, false));
  for (const Finish finish : {Finish::kLength, Finish::kContentFilter, Finish::kOther})
    EXPECT_FALSE(may_keep(call, finish, true));
  call.prompt.temperature = 0.7;
  EXPECT_FALSE(may_keep(call, Finish::kStop, true)) << "chance was asked for";
  call.prompt.temperature.reset();
  EXPECT_FALSE(may_keep(call, Finish::kStop, false));
  EXPECT_TRUE(may_keep(call, Finish::kStop, true));
}

class ResponseCacheTest : public ::testing::Test {
 protected:
  testing::ManualClock clock_;
  ResponseCache cache_{{}, clock_};
};

TEST_F(ResponseCacheTest, AnAnswerLivesTwoHours) {
  cache_.keep("k", reply_of("yes"));
  clock_.advance(kReplyLife);
  ASSERT_NE(cache_.find("k"), nullptr);
  EXPECT_EQ(cache_.find("k")->text, "yes");
  clock_.advance(Duration(1));
  EXPECT_EQ(cache_.find("k"), nullptr);
}

TEST_F(ResponseCacheTest, NumberAndBytesAreBounded) {
  for (std::size_t i = 0; i < kCachedReplies + 50; ++i)
    cache_.keep(std::to_string(i), reply_of("x"));
  EXPECT_EQ(cache_.stats().entries, kCachedReplies);
  for (int i = 0; i < 40; ++i)
    cache_.keep("large" + std::to_string(i), reply_of(std::string(kCachedReplyBytes / 20, 'x')));
  EXPECT_LE(cache_.stats().bytes, kCachedReplyBytes);
  EXPECT_GT(cache_.clear(), 0U);
  EXPECT_EQ(cache_.stats().bytes, 0U);
}

TEST_F(ResponseCacheTest, TheMostUsedComeThroughARestartWithTheirAge) {
  for (int i = 0; i < 150; ++i)
    cache_.keep(std::to_string(i), reply_of("answer " + std::to_string(i)));
  for (int i = 0; i < 100; ++i) EXPECT_NE(cache_.find(std::to_string(i)), nullptr);
  clock_.advance(std::chrono::hours(1));
  const auto warm = cache_.most_used();
  ASSERT_EQ(warm.size(), kWarmReplies);
  ResponseCache next({}, clock_);
  EXPECT_EQ(next.warm(warm), kWarmReplies);
  ASSERT_NE(next.find("7"), nullptr);
  EXPECT_EQ(next.find("7")->text, "answer 7");
  EXPECT_EQ(next.find("120"), nullptr);
  clock_.advance(std::chrono::hours(1) + Duration(1));
  EXPECT_EQ(next.find("7"), nullptr) << "a restart makes no answer younger";
  EXPECT_EQ(ResponseCache({}, clock_).warm(warm), 0U);
}

TEST_F(ResponseCacheTest, SensitiveAnswersNeverLeaveMemory) {
  cache_.keep("open", reply_of("a", Sensitivity::kPublic));
  cache_.keep("ours", reply_of("b", Sensitivity::kConfidential));
  cache_.keep("secret", reply_of("c", Sensitivity::kSecret));
  const auto warm = cache_.most_used();
  ASSERT_EQ(warm.size(), 1U);
  EXPECT_EQ(warm.front().key, "open");
  const WarmReply planted{"planted", reply_of("d", Sensitivity::kSecret), clock_.now()};
  EXPECT_EQ(cache_.warm({planted}), 0U);
}

TEST_F(ResponseCacheTest, AnAnswerFromTheFutureIsNotTakenIn) {
  EXPECT_EQ(cache_.warm({{"k", reply_of("x"), clock_.now() + Duration(1)}}), 0U);
}

}  // namespace
}  // namespace tacit::inference
