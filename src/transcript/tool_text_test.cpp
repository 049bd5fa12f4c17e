#include "transcript/tool_text.h"

#include <gtest/gtest.h>

namespace tacit::transcript {
namespace {

std::string call_of(std::string_view json) {
  JsonParser parser;
  return call_text(parser.parse(json).value());
}

TEST(ToolText, GivesTheCommandOfAShell) {
  EXPECT_EQ(call_of(R"({"command":"make test","description":"x"})"), "make test");
  EXPECT_EQ(call_of(R"({"cmd":"ls"})"), "ls");
  EXPECT_EQ(call_of(R"({"command":["bash","-lc","make all"]})"), "make all");
  EXPECT_EQ(call_of(R"({"command":["git","status"]})"), "git status");
}

TEST(ToolText, GivesPathAndNewTextOfAnEdit) {
  EXPECT_EQ(call_of(R"({"file_path":"a.cpp","old_string":"x","new_string":"y"})"), "a.cpp\ny");
  EXPECT_EQ(call_of(R"({"file_path":"a.cpp"})"), "a.cpp");
  EXPECT_EQ(call_of(R"({"file_path":"a.cpp","edits":[{"new_string":"p"},{"new_string":"q"}]})"),
            "a.cpp\np\n…\nq");
}

TEST(ToolText, GivesCompactJsonOfOtherCalls) {
  EXPECT_EQ(call_of(R"({ "pattern": "x",  "path": "src" })"), R"({"pattern":"x","path":"src"})");
}

TEST(ToolText, JoinsTheBlocksOfAResult) {
  JsonParser parser;
  EXPECT_EQ(
      content_text(
          parser.parse(R"([{"type":"text","text":"a"},{"type":"image","source":{}}])").value()),
      "a\n[image]");
  EXPECT_EQ(content_text(parser.parse(R"({"content":"b","success":true})").value()), "b");
}

TEST(ToolText, SeesFailureInExitCodesOnly) {
  EXPECT_TRUE(tells_of_failure("Wall time: 1 s\nProcess exited with code 2\nOutput:"));
  EXPECT_TRUE(tells_of_failure("Exit code: 1"));
  EXPECT_FALSE(tells_of_failure("Process exited with code 0\nOutput:\nExit code: 3"));
  EXPECT_FALSE(tells_of_failure("no error at all"));
}

}  // namespace
}  // namespace tacit::transcript
