#include "transcript/host_text.h"

#include <gtest/gtest.h>

namespace tacit::transcript {
namespace {

TEST(HostText, RemovesReminderBlocksAnywhereAndKeepsTheRequest) {
  EXPECT_EQ(strip_host_blocks("<system-reminder>\nfiles\n</system-reminder>\nfix the cart"),
            "fix the cart");
  EXPECT_EQ(strip_host_blocks("fix <system-reminder>x</system-reminder>the cart"), "fix the cart");
}

TEST(HostText, RemovesWhatMemoryToolsInject) {
  EXPECT_EQ(strip_host_blocks("<tacit-context>\nitem 1\n</tacit-context>\nwhy is the build slow?"),
            "why is the build slow?");
  EXPECT_EQ(strip_host_blocks("ship it\n<claude-mem-context>\nold\n</claude-mem-context>"),
            "ship it");
  EXPECT_EQ(
      strip_host_blocks("<hook-additional-context source=\"a\">x</hook-additional-context>go"),
      "go");
}

TEST(HostText, RemovesNestedBlocksOfTheSameTagAsOne) {
  EXPECT_EQ(
      strip_host_blocks("<tacit-context>a<tacit-context>b</tacit-context>c</tacit-context>\nd"),
      "d");
}

TEST(HostText, KeepsTagsThatProseMentions) {
  EXPECT_EQ(strip_host_blocks("what does the <skill> tag do? </skill>"),
            "what does the <skill> tag do? </skill>");
  EXPECT_EQ(strip_host_blocks("why is <system-reminder> there"), "why is <system-reminder> there");
}

TEST(HostText, KeepsUnknownTags) {
  EXPECT_EQ(strip_host_blocks("<lint>\n1 error\n</lint>\nfix"), "<lint>\n1 error\n</lint>\nfix");
}

TEST(HostText, TakesATaskNoticeForHostTextToItsEnd) {
  EXPECT_EQ(
      strip_host_blocks(
          "<task-notification>\n<task-id>b1</task-id>\n</task-notification>\nRead the output file"),
      "");
}

TEST(HostText, KnowsMarksAndSummariesOfTheHost) {
  EXPECT_TRUE(is_host_text("[Request interrupted by user for tool use]"));
  EXPECT_TRUE(is_host_text(
      "This session is being continued from a previous conversation that ran out of context."));
  EXPECT_TRUE(is_host_text("  "));
  EXPECT_FALSE(is_host_text("please continue"));
}

TEST(HostText, ReadsSlashCommandsWithTheirArguments) {
  const auto with = parse_slash_command(
      "<command-message>fix</command-message>\n<command-name>/fix</"
      "command-name>\n<command-args>the cart</command-args>");
  ASSERT_TRUE(with);
  EXPECT_EQ(with->name, "/fix");
  EXPECT_EQ(with->arguments, "the cart");
  const auto without =
      parse_slash_command("<command-name>/clear</command-name>\n<command-args></command-args>");
  ASSERT_TRUE(without);
  EXPECT_EQ(without->arguments, "");
  EXPECT_FALSE(parse_slash_command("run <command-name>/x</command-name>"));
}

TEST(HostText, ACommandIsBareOnlyWithoutArguments) {
  EXPECT_TRUE(is_bare_command(" /clear\n"));
  EXPECT_FALSE(is_bare_command("/fix the login"));
  EXPECT_FALSE(is_bare_command("/usr/bin"));
  EXPECT_FALSE(is_bare_command("/"));
  EXPECT_FALSE(is_bare_command("clear"));
}

}  // namespace
}  // namespace tacit::transcript
