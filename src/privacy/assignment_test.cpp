#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "privacy/assignment_reader.h"
#include "privacy/example_secrets.h"
#include "privacy/redactor.h"
#include "testing/fixtures.h"

namespace tacit::privacy {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string redacted(const std::string& text) {
  static const auto made = Redactor::make(testing::test_key());
  return (*made)->redact(text).text;
}

// The assignment whose sign ends with the last occurrence of `sign`.
Assignment read(const std::string& text, const std::string& sign) {
  return assignment_at(text, text.rfind(sign) + sign.size());
}

TEST(AssignmentReader, ReadsNameSignAndValue) {
  const std::string typed = "const apiKey: string = \"v4lue\";";
  const Assignment one = read(typed, ":");
  EXPECT_EQ(one.name, "apiKey");
  EXPECT_EQ(one.separator, ": string =");
  EXPECT_EQ(one.value, "v4lue");
  EXPECT_TRUE(one.quoted);
  EXPECT_EQ(one.after, '"');

  const std::string escaped = R"({\"token\": \"v4lue\", \"x\": 1})";
  EXPECT_EQ(assignment_at(escaped, escaped.find(':') + 1).value, "v4lue");
  const std::string yaml = "token: YWJjZGVmZw==\n";
  EXPECT_EQ(read(yaml, ":").value, "YWJjZGVmZw==");
  const std::string prefixed = "token = b'v4lue'";
  EXPECT_EQ(read(prefixed, "=").value, "v4lue");
  const std::string triple = "token = \"\"\"v4lue\"\"\"";
  EXPECT_EQ(read(triple, "=").value, "v4lue");
  const std::string inner = "password = \"a'b`c\\\"d\"";
  EXPECT_EQ(read(inner, "=").value, "a'b`c\\\"d");
}

TEST(AssignmentReader, ReadsComparisonsAndSentences) {
  const std::string compared = "if (\"v4l{ue}\" === my_secret) {";
  const Assignment one = read(compared, "secret");
  EXPECT_EQ(one.name, "my_secret");
  EXPECT_EQ(one.value, "v4l{ue}");
  const std::string told = "the password is v4lue, of course";
  const Assignment two = read(told, "is ");
  EXPECT_EQ(two.form, AssignmentForm::kSentence);
  EXPECT_EQ(two.name, "password");
  EXPECT_EQ(two.value, "v4lue");
}

TEST(AssignmentReader, StaysInsideTheText) {
  for (const std::string text : {"=", ":", "\"", " ", ",", ">", "a", "a=", "is ", "'==a", "\\\""})
    for (std::size_t end = 1; end <= text.size(); ++end) {
      const Assignment assignment = assignment_at(text, end);
      EXPECT_LE(assignment.value.size(), text.size());
    }
}

TEST(Assignment, MasksMoreFormsOfPasswords) {
  const std::string password = "tr0ub4dor&3x";
  for (const std::string& text : std::vector<std::string>{
           "if (\"" + password + "\" == passwd) {", "return '" + password + "' !== config.password",
           "the password is tr0ub4dor&3x", "The passphrase was `" + password + "` until May",
           "I changed the password to " + password + " yesterday",
           "#define PASSWORD \"" + password + "\"", "$password .= '" + password + "'",
           "password = b'" + password + "'",
           "ConvertTo-SecureString \"" + password + "\" -AsPlainText",
           "password ?= \"" + password + "\""}) {
    EXPECT_THAT(redacted(text), Not(HasSubstr(password))) << text;
  }
  EXPECT_THAT(redacted("the password is hunter2."), HasSubstr("is [redacted:assigned-secret:"));
}

TEST(Assignment, MasksKeysNamedAfterTheirService) {
  const std::string uuid = "4f0c91d2-77ab-4e0b-9d35-0a6be2f1c8d7";
  const std::string mixed = noise(40, kAlnum, 4);
  for (const std::string& text : std::vector<std::string>{
           "const weatherKey = \"" + uuid + "\"", "WEATHER_KEY ::= \"" + uuid + "\"",
           "\"user_auth\": \"" + mixed + "\"", "\"authorization\": \"" + mixed + "\"",
           "WEATHER_ACCESS_ID = \"" + mixed.substr(0, 14) + "\"",
           "const WeatherClientID = \"" + uuid + "\""}) {
    EXPECT_THAT(redacted(text), HasSubstr("[redacted:assigned-secret:")) << text;
  }
}

TEST(Assignment, LeavesKeysThatOpenNothing) {
  for (const std::string text :
       {"cacheKey = \"d41d8cd98f00b204e9800998ecf8427e\"",
        "primaryKey: \"4f0c91d2-77ab-4e0b-9d35-0a6be2f1c8d7\"",
        "clientId = \"4f0c91d2-77ab-4e0b-9d35-0a6be2f1c8d7\"",
        "report_access_id: 4f0c91d2-77ab-4e0b-9d35-0a6be2f1c8d7",
        "translationKey = \"settings.dialog.title\"",
        "keyboardLayoutKey = \"KeyboardEventKeyCode27\"",
        "Pass `apiDown={isApiDown}` on to the button", "the password is base64-encoded",
        "the password is sha256 of it", "the password is required",
        "the token is valid for 30 days", "the secret is stored in vault2/prod3/db4",
        "auth: { user, retries3: true }", "token3: xoxp-1234-1234-1234-1234",
        "if (\"content-type\" === headerKey) {"}) {
    EXPECT_EQ(redacted(text), text);
  }
}

TEST(Assignment, MasksALongValueToItsEnd) {
  const std::string value = noise(5000, kAlnum, 9);
  EXPECT_EQ(redacted("client_secret=" + value + " end").find(value.substr(4900)),
            std::string::npos);
  EXPECT_EQ(redacted("token: \"" + value + "\"").find(value.substr(4900)), std::string::npos);
}

TEST(Placeholder, TellsMadeUpTokensFromTokens) {
  for (const std::string text :
       {"AKIA2Q7GQN3EXAMPLE", "sk-ant-api03-abcdefghijklmn-9XkQ", "ghp_0123456789012qWeRtY",
        "glpat-12312312312312312312", "ghp_xxxxxxxxxxxx", "hf_your_token_goes_here"})
    EXPECT_TRUE(is_token_placeholder(text)) << text;
  for (unsigned seed = 1; seed < 200; ++seed)
    EXPECT_FALSE(is_token_placeholder(noise(60, kAlnum, seed))) << seed;
  // Base64 of zeros, and a long token in which a word turns up by chance.
  EXPECT_FALSE(is_token_placeholder(std::string(22, 'A') + noise(40, kAlnum, 2)));
  EXPECT_FALSE(is_token_placeholder(noise(400, kAlnum, 2) + "xxxx" + noise(400, kAlnum, 3)));
}

TEST(Placeholder, LeavesTokensThatAreCrossedOut) {
  const std::string token =
      "gh"
      "p_" +
      noise(36, kAlnum);
  EXPECT_EQ(redacted(token + "########"), token + "########");
  EXPECT_NE(redacted(token + "##"), token + "##");
}

}  // namespace
}  // namespace tacit::privacy
