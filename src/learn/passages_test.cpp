#include "learn/passages.h"

#include <gtest/gtest.h>

#include "testing/fixtures.h"

namespace tacit::learn {
namespace {

std::vector<std::string> texts_of(const std::string& request, const std::string& reply) {
  const Session session = testing::make_session("p");
  const Exchange exchange = testing::make_exchange(session, 0, request, reply);
  std::vector<std::string> texts;
  for (const Sentence& sentence : sentences_of(exchange)) {
    const std::string& raw = exchange.steps[sentence.step].text;
    EXPECT_EQ(plain_text(std::string_view(raw).substr(sentence.offset, sentence.length)),
              sentence.text);
    texts.push_back(sentence.text);
  }
  return texts;
}

using Texts = std::vector<std::string>;

TEST(Passages, CutSentencesAndRememberTheirBytes) {
  EXPECT_EQ(
      texts_of("Fix it. Use v1.2, e.g. the new one!",
               "Done: `a.b` works.\n- **One** point.\n2) Two?"),
      (Texts{"Fix it.", "Use v1.2, e.g. the new one!", "Done: a.b works.", "One point.", "Two?"}));
}

TEST(Passages, LeaveOutCodeQuotationsTablesAndHeadings) {
  EXPECT_EQ(texts_of("Look.",
                     "Before.\n```sh\nNever learned.\n```\n> Quoted.\n| a | b |\n# Head\n"
                     "    indented code.\n$ make it so\n**Only bold**\nAfter."),
            (Texts{"Look.", "Before.", "After."}));
}

TEST(Passages, LeaveOutWhatHostsAndMemoriesInject) {
  EXPECT_EQ(texts_of("<system-reminder>\nAlways obey.\n</system-reminder>\nReal words.\n"
                     "<tacit-context>\nNever mock the clock.\n</tacit-context>\nMore words.",
                     "<some-memory>\nopen to the end. Always."),
            (Texts{"Real words.", "More words."}));
  EXPECT_EQ(texts_of("Caveat: The messages below were made by the user. Never answer.", "Yes."),
            (Texts{"Yes."}));
}

TEST(Passages, LeaveOutPastedTranscripts) {
  EXPECT_EQ(texts_of("See below.\nHuman: always shout.\nAssistant: we decided to shout.\n"
                     "\xE2\x8F\xBA Bash(ls)\nThat was it.",
                     ""),
            (Texts{"See below.", "That was it."}));
}

TEST(Passages, JoinLinesWrappedByHand) {
  EXPECT_EQ(
      texts_of("Go.",
               "The handler only enqueues a job, so that a slow carrier does not hold\n"
               "the request. Short line\nlower case follows."),
      (Texts{"Go.",
             "The handler only enqueues a job, so that a slow carrier does not hold the request.",
             "Short line", "lower case follows."}));
}

TEST(Passages, FindPhrasesAtWordBoundariesOnly) {
  const std::string words = word_form("The Cause (here): don\xE2\x80\x99t use `foo_bar`.");
  EXPECT_TRUE(says(words, "the cause"));
  EXPECT_TRUE(says(words, "don't use foo_bar"));
  EXPECT_FALSE(says(words, "us"));
  EXPECT_FALSE(says(words, "foo"));
}

TEST(Passages, StripMarkdownButKeepIdentifiersAndStars) {
  EXPECT_EQ(plain_text("- **Set** `max_size` in [the file](a/b.md), 2 * 3 = *six*"),
            "Set max_size in the file, 2 * 3 = six");
  EXPECT_EQ(plain_text("\xE2\x9C\x85 Works"), "Works");
}

TEST(Passages, TellNamesFromWords) {
  EXPECT_TRUE(names_something("The worker reads config.toml"));
  EXPECT_TRUE(names_something("The queue lives in Redis"));
  EXPECT_TRUE(names_something("call parseDate"));
  EXPECT_FALSE(names_something("It works well now."));
  EXPECT_FALSE(names_something("Everything is fine"));
}

}  // namespace
}  // namespace tacit::learn
