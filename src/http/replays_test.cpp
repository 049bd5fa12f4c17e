#include "http/replays.h"

#include <gtest/gtest.h>

namespace tacit::http {
namespace {

net::Response saying(const std::string& body) {
  net::Response response;
  response.body = body;
  return response;
}

TEST(Replays, TheSameRequestGetsTheSameAnswerAndAnotherBodyIsAConflict) {
  Replays replays;
  EXPECT_FALSE(replays.find("key", "body")->has_value());
  replays.remember("key", "body", saying("first"));
  replays.remember("key", "body", saying("second"));
  const auto again = replays.find("key", "body");
  ASSERT_TRUE(again.has_value() && again->has_value());
  EXPECT_EQ((*again)->body, "first");
  EXPECT_EQ((*again)->headers.back().first, "Idempotent-Replay");
  EXPECT_EQ(replays.find("key", "other").error().kind(), ErrorKind::kConflict);
}

TEST(Replays, MemoryIsBoundedAndTheOldestGoFirst) {
  Replays replays;
  for (std::size_t i = 0; i <= kMaxReplays; ++i) {
    replays.remember(std::to_string(i), "b", saying("x"));
  }
  EXPECT_FALSE(replays.find("0", "b")->has_value());
  EXPECT_TRUE(replays.find("1", "b")->has_value());
  EXPECT_EQ(replays.find(std::string(kMaxKeyBytes + 1, 'k'), "b").error().kind(),
            ErrorKind::kInvalidInput);
}

}  // namespace
}  // namespace tacit::http
