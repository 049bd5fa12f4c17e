#include "transcript/document.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "testing/fixtures.h"

namespace tacit::transcript {
namespace {

class Document : public ::testing::Test {
 protected:
  std::string text_of(std::string_view bytes) {
    testing::write_file(file_, bytes);
    const auto text = load_text(file_, report_);
    EXPECT_TRUE(text);
    return text ? *text : "";
  }

  // The parsed document as one line, or "" where it was not read.
  std::string json_of(std::string_view bytes) {
    testing::write_file(file_, bytes);
    JsonDocument document;
    const auto value = document.load(file_, report_);
    EXPECT_TRUE(value);
    return value ? value->compact() : "";
  }

  testing::TempFolder folder_;
  std::filesystem::path file_ = folder_.path() / "document";
  FileReport report_;
};

using Keys = std::vector<std::string_view>;

TEST_F(Document, TextLosesItsByteOrderMarkAndKeepsTheRest) {
  EXPECT_EQ(text_of("\xEF\xBB\xBF# a\n"), "# a\n");
  EXPECT_EQ(report_.bytes, 7U);
  EXPECT_TRUE(report_.notices.empty());
}

TEST_F(Document, MalformedTextIsRepairedWithANoticeForItsLine) {
  EXPECT_EQ(text_of("a\nb\xFF\n"), "a\nb\xEF\xBF\xBD\n");
  ASSERT_EQ(report_.notices.size(), 1U);
  EXPECT_EQ(report_.notices[0].line, 2U);
}

TEST_F(Document, OfTextOverTheLimitTheFirstPartIsRead) {
  EXPECT_EQ(text_of(std::string(kMaxDocumentBytes + 1, 'a')).size(), kMaxDocumentBytes);
  EXPECT_EQ(report_.notices.size(), 1U);
}

TEST_F(Document, AFileThatIsNotThereIsUnavailable) {
  EXPECT_FALSE(load_text(folder_.path() / "none", report_));
  EXPECT_FALSE(JsonDocument().load(folder_.path() / "none", report_));
}

TEST_F(Document, JsonIsParsedWholeOverManyLines) {
  EXPECT_EQ(json_of("\xEF\xBB\xBF{\n\t\"a\": [\n1,\r\n2]\n}\n"), "{\"a\":[1,2]}");
  EXPECT_TRUE(report_.notices.empty());
}

TEST_F(Document, JsonWithBadCharactersIsRepairedWithANotice) {
  EXPECT_EQ(json_of("{\n \"a\": \"x\xFF\"\n}"), "{\"a\":\"x\xEF\xBF\xBD\"}");
  EXPECT_EQ(report_.notices.size(), 1U);
  report_.notices.clear();
  EXPECT_EQ(json_of("{\n\t\"a\": \"x\ty\\ud83d\"\n}"), "{\"a\":\"x y\xEF\xBF\xBD\"}");
  ASSERT_EQ(report_.notices.size(), 1U);
  EXPECT_NE(report_.notices[0].reason.find("2 raw control"), std::string::npos);
}

TEST_F(Document, UnfinishedJsonIsNotReadAndSaysSo) {
  EXPECT_EQ(json_of("{\"a\": [1, 2"), "");
  EXPECT_EQ(report_.notices.size(), 1U);
  EXPECT_EQ(json_of(""), "");
  EXPECT_EQ(report_.notices.size(), 2U);
}

TEST_F(Document, JsonOverTheLimitIsNotRead) {
  EXPECT_EQ(json_of("\"" + std::string(kMaxJsonDocumentBytes, 'a') + "\""), "");
  ASSERT_EQ(report_.notices.size(), 1U);
  EXPECT_NE(report_.notices[0].reason.find("over the limit"), std::string::npos);
}

TEST_F(Document, JsonOfTooManyValuesIsNotRead) {
  std::string many = "[0";
  for (std::size_t i = 0; i <= kMaxJsonDocumentMarks; ++i) many += ",0";
  EXPECT_EQ(json_of(many + "]"), "");
  std::string deep = "[0";
  for (std::size_t i = 0; i <= kMaxJsonDocumentMarks; i += 5) deep += ",{\"\":{\"\":1}}";
  EXPECT_EQ(json_of(deep + "]"), "");
  EXPECT_EQ(report_.notices.size(), 2U);
}

TEST_F(Document, KeysOfTheHeadAreThoseOfTheFirstObject) {
  EXPECT_EQ(keys_in_head(R"({"a" : {"no": "\"}"}, "b":[{"no":1}], "c": "no)"),
            (Keys{"a", "b", "c"}));
  EXPECT_EQ(keys_in_head(" [ {\"role\":\"user\"}, {\"no\":1}]"), (Keys{"role"}));
  EXPECT_EQ(keys_in_head("{\"a\":1}\n{\"no\":1}"), (Keys{"a"}));
  EXPECT_TRUE(keys_in_head("# text").empty());
  EXPECT_TRUE(keys_in_head("[1, {\"no\":1}]").empty());
  EXPECT_TRUE(keys_in_head("").empty());
}

}  // namespace
}  // namespace tacit::transcript
