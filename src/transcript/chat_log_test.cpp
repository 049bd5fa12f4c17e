#include "transcript/chat_log.h"

#include <gtest/gtest.h>

namespace tacit::transcript {
namespace {

class ChatLogTest : public ::testing::Test {
 protected:
  bool apply(std::string_view change) {
    const auto value = parser_.parse(change);
    return value && log_.apply(*value);
  }
  JsonParser parser_;
  ChatLog log_;
};

TEST_F(ChatLogTest, SetsExtendsAndDeletesWithinASnapshot) {
  EXPECT_EQ(log_.text(), "");
  EXPECT_TRUE(apply(R"({"kind":0,"v":{"a":{"b":1},"list":[1,2,{"c":3}]}})"));
  EXPECT_TRUE(apply(R"({"kind":1,"k":["a","b"],"v":"x"})"));
  EXPECT_TRUE(apply(R"({"kind":1,"k":["list",2,"c"],"v":[4]})"));
  EXPECT_TRUE(apply(R"({"kind":1,"k":["a","new \"key\""],"v":true})"));
  EXPECT_EQ(log_.text(), R"({"a":{"b":"x","new \"key\"":true},"list":[1,2,{"c":[4]}]})");
  EXPECT_TRUE(apply(R"({"kind":2,"k":["list"],"v":[5,6],"i":1})"));
  EXPECT_TRUE(apply(R"({"kind":2,"k":["made"],"v":[7]})"));
  EXPECT_TRUE(apply(R"({"kind":3,"k":["a","b"]})"));
  EXPECT_EQ(log_.text(), R"({"a":{"b":null,"new \"key\"":true},"list":[1,5,6],"made":[7]})");
  EXPECT_TRUE(apply(R"({"kind":0,"v":{"only":1}})"));
  EXPECT_EQ(log_.text(), R"({"only":1})");
}

TEST_F(ChatLogTest, RefusesWhatIsNoChangeOfItsState) {
  EXPECT_FALSE(apply(R"({"kind":1,"k":["a"],"v":1})"));
  EXPECT_TRUE(apply(R"({"kind":0,"v":{"a":[1],"s":"text"}})"));
  EXPECT_FALSE(apply(R"({"kind":1,"k":["a",1],"v":2})"));
  EXPECT_FALSE(apply(R"({"kind":1,"k":["a","x"],"v":2})"));
  EXPECT_FALSE(apply(R"({"kind":1,"k":["s","x"],"v":2})"));
  EXPECT_FALSE(apply(R"({"kind":2,"k":["s"],"v":[2]})"));
  EXPECT_FALSE(apply(R"({"kind":1,"k":[],"v":2})"));
  EXPECT_FALSE(apply(R"({"kind":7,"k":["a"],"v":2})"));
  EXPECT_FALSE(apply(R"({"v":2})"));
  EXPECT_EQ(log_.text(), R"({"a":[1],"s":"text"})");
}

TEST_F(ChatLogTest, OpensNoMoreThanItsLimit) {
  std::string list = "[0";
  for (std::size_t i = 0; i < kMaxChatLogParts; ++i) list += ",0";
  EXPECT_TRUE(apply(R"({"kind":0,"v":{"list":)" + list + "]}}"));
  EXPECT_FALSE(apply(R"({"kind":1,"k":["list",0],"v":1})"));
  EXPECT_FALSE(apply(R"({"kind":2,"k":["other"],"v":)" + list + "]}"));
}

}  // namespace
}  // namespace tacit::transcript
