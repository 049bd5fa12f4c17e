#include "inference/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tacit::inference {
namespace {

using ::testing::HasSubstr;

constexpr const char* kSchema = R"({"type":"object","description":"why it failed",
  "properties":{"cause":{"type":"string","minLength":2,"maxLength":10},
                "tries":{"type":"integer","minimum":1,"maximum":5},
                "kind":{"enum":["race","clock",null]},
                "files":{"type":"array","maxItems":2,"items":{"type":"string"}}},
  "required":["cause"],"additionalProperties":false})";

TEST(Schema, TakesAnswersThatKeepIt) {
  ASSERT_TRUE(check_schema(kSchema).has_value());
  for (const char* const answer :
       {R"({"cause":"a race"})", R"({"cause":"a race","tries":2.0,"kind":null,"files":[]})",
        "  {\"cause\" : \"\xC3\xBC\xC3\xBC\"}\n"})
    EXPECT_EQ(complaint_about(answer, kSchema), "") << answer;
}

TEST(Schema, NamesWhereAnAnswerBreaksItAndNeverWhatItSays) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"tries":2})", "lacks cause"},
      {R"({"cause":7})", "answer.cause: another type"},
      {R"({"cause":"x"})", "answer.cause: another length"},
      {R"({"cause":"a very long secret"})", "answer.cause: another length"},
      {R"({"cause":"ok","tries":2.5})", "answer.tries: another type"},
      {R"({"cause":"ok","tries":9})", "out of its bounds"},
      {R"({"cause":"ok","kind":"other"})", "none of its values"},
      {R"({"cause":"ok","files":["a","b","c"]})", "answer.files: another length"},
      {R"({"cause":"ok","files":[1]})", "answer.files[]: another type"},
      {R"({"cause":"ok","more":1})", "answer.* is not allowed"},
      {R"(["ok"])", "answer: another type"},
      {R"({"cause":"ok"} and more)", "no JSON"},
      {"", "no JSON"}};
  for (const auto& [answer, complaint] : cases) {
    EXPECT_THAT(complaint_about(answer, kSchema), HasSubstr(complaint)) << answer;
    EXPECT_THAT(complaint_about(answer, kSchema), ::testing::Not(HasSubstr("secret")));
  }
}

TEST(Schema, RefusesWhatItWouldNotCheck) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"type":"object","patternProperties":{}})", "schema.patternProperties"},
      {R"({"properties":{"a":{"oneOf":[]}}})", "schema.properties.a.oneOf"},
      {R"({"type":"text"})", "wrong kind"},
      {R"({"items":{"maxLength":-1}})", "schema.items.maxLength"},
      {"[]", "no JSON object"},
      {"{", "no JSON object"}};
  for (const auto& [schema, complaint] : cases) {
    const auto checked = check_schema(schema);
    ASSERT_FALSE(checked.has_value()) << schema;
    EXPECT_THAT(checked.error().message(), HasSubstr(complaint));
  }
  EXPECT_FALSE(check_schema(std::string(kMaxSchemaBytes + 1, ' ')).has_value());
}

}  // namespace
}  // namespace tacit::inference
