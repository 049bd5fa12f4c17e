#include "net/request_rules.h"

#include <gtest/gtest.h>

#include "net/http_server.h"

namespace tacit::net {
namespace {

TEST(RequestRules, LoopbackNamesWithTheBoundPortOrNoneAreHosts) {
  for (const char* host : {"127.0.0.1", "127.0.0.1:7411", "localhost", "localhost:7411",
                           "LOCALHOST:7411", "[::1]", "[::1]:7411"}) {
    EXPECT_TRUE(is_allowed_host(host, 7411)) << host;
  }
}

TEST(RequestRules, EveryOtherHostIsRefused) {
  for (const char* host : {"",
                           " ",
                           "evil.example",
                           "evil.example:7411",
                           "127.0.0.1:80",
                           "127.0.0.1:",
                           "127.0.0.1:074",
                           "127.0.0.1:7411:7411",
                           "127.0.0.1:7411 ",
                           " 127.0.0.1",
                           "127.0.0.1.",
                           "localhost.",
                           "localhost.evil.example",
                           "127.0.0.1.evil.example",
                           "127.0.0.1@evil.example",
                           "127.0.0.2",
                           "127.1",
                           "2130706433",
                           "0x7f000001",
                           "0.0.0.0",
                           "::1",
                           "[::1",
                           "[::2]",
                           "[0:0:0:0:0:0:0:1]",
                           "[::ffff:127.0.0.1]",
                           "user@127.0.0.1",
                           "127.0.0.1/",
                           "http://127.0.0.1",
                           "null",
                           "localhost\t",
                           "127.0.0.1,evil.example"}) {
    EXPECT_FALSE(is_allowed_host(host, 7411)) << host;
  }
}

TEST(RequestRules, OnlyOurOwnPageIsAnAllowedOrigin) {
  for (const char* origin : {"http://127.0.0.1:7411", "http://localhost:7411", "http://[::1]:7411",
                             "HTTP://LOCALHOST:7411"}) {
    EXPECT_TRUE(is_allowed_origin(origin, 7411)) << origin;
  }
  for (const char* origin :
       {"", "null", "http://127.0.0.1", "http://127.0.0.1:80", "http://127.0.0.1:7412",
        "https://127.0.0.1:7411", "http://evil.example", "http://evil.example:7411",
        "http://127.0.0.1:7411.evil.example", "http://127.0.0.1:7411/", "http://127.0.0.1:7411@x",
        "file://", "chrome-extension://abc", "http://localhost.evil.example:7411",
        "127.0.0.1:7411"}) {
    EXPECT_FALSE(is_allowed_origin(origin, 7411)) << origin;
  }
  EXPECT_TRUE(is_allowed_origin("http://localhost", 80)) << "browsers leave port 80 out";
}

TEST(RequestRules, TargetsAreDecodedOnce) {
  const auto target = decode_target("/v1/items/k%41?q=a+b%2Bc&q=last&flag&=x&mode=text#part");
  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->path, "/v1/items/kA");
  EXPECT_EQ(target->query.at("q"), "last");
  EXPECT_EQ(target->query.at("flag"), "");
  EXPECT_EQ(target->query.at("mode"), "text");
  EXPECT_EQ(decode_target("/%2525")->path, "/%25");
  EXPECT_EQ(decode_target("/?q=a+b%2Bc")->query.at("q"), "a b+c");
  EXPECT_EQ(decode_target("/a+b")->path, "/a+b");
}

TEST(RequestRules, TargetsThatHideSomethingAreRefused) {
  for (const char* target :
       {"", "v1", "*", "http://127.0.0.1/v1", "/%", "/%4", "/%zz", "/%00", "/a%0d%0ab", "/%7f",
        "/%ff", "/%c0%af", "/?q=%", "/?q=%ff", "/?%00=1", "/?q=%ed%a0%80"}) {
    EXPECT_FALSE(decode_target(target).has_value()) << target;
  }
}

TEST(RequestRules, TheMediaTypeOfABodyIsReadWithoutItsParameters) {
  Request request;
  EXPECT_EQ(request.media_type(), "");
  request.headers["content-type"] = "Application/JSON ; charset=utf-8";
  EXPECT_EQ(request.media_type(), "application/json");
  EXPECT_EQ(request.header("content-type"), "Application/JSON ; charset=utf-8");
  EXPECT_EQ(request.header("accept"), "");
}

}  // namespace
}  // namespace tacit::net
