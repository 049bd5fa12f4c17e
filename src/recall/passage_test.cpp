#include "recall/passage.h"

#include <gtest/gtest.h>

#include <vector>

#include "base/text.h"

namespace tacit::recall {
namespace {

using Terms = std::vector<std::string>;

TEST(Passage, TakesTheSentencesThatHoldMostTerms) {
  const std::string text =
      "I looked at the code first and read many files to see how it works in general today. "
      "There is a lot here that has nothing to do with the question and is only said in passing.\n"
      "The upload failed because the retry used no backoff.\nI am done now.";
  const std::string passage = best_passage(text, Terms{"retri", "backoff", "retry"}, 90);
  EXPECT_NE(passage.find("retry used no backoff"), std::string::npos) << passage;
  EXPECT_LE(passage.size(), 90U);
}

TEST(Passage, OpensTheTextWhenNoTermOccurs) {
  EXPECT_EQ(best_passage("First line.\nSecond line.", Terms{"zebra"}, 12), "First line.");
  EXPECT_EQ(best_passage("First line.", {}), "First line.");
  EXPECT_EQ(best_passage(" \n ", Terms{"zebra"}), "");
}

TEST(Passage, CutsALongLineNearItsFirstTerm) {
  const std::string text = std::string(2000, 'a') + " then the timeout of the pool was raised";
  const std::string passage = best_passage(text, Terms{"timeout"}, 100);
  EXPECT_NE(passage.find("timeout of the pool"), std::string::npos) << passage;
  EXPECT_LE(passage.size(), 100U);
}

TEST(Passage, NeverCutsACharacter) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += "ä€";
  EXPECT_TRUE(is_valid_utf8(best_passage(text, Terms{"zebra"}, 99)));
  EXPECT_TRUE(is_valid_utf8(best_passage(text + " term", Terms{"term"}, 99)));
  EXPECT_TRUE(is_valid_utf8(title_line(text)));
}

TEST(Passage, TitleIsTheFirstLineThatSaysSomething) {
  EXPECT_EQ(title_line("\n\n## Fix the   build\nmore"), "Fix the build");
  EXPECT_EQ(title_line("```\ncode"), "code");
  EXPECT_EQ(title_line("  \n"), "");
  EXPECT_LE(title_line(std::string(500, 'x')).size(), kTitleBytes);
}

}  // namespace
}  // namespace tacit::recall
