#include "privacy/redactor.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/text.h"
#include "privacy/example_secrets.h"
#include "privacy/finder.h"
#include "privacy/rules.h"
#include "testing/fixtures.h"

namespace tacit::privacy {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const Redactor& redactor() {
  static const auto made = Redactor::make(testing::test_key());
  return **made;
}

TEST(Redactor, MasksAnExampleOfEveryType) {
  std::set<std::string> seen;
  for (const Example& example : example_secrets()) {
    seen.insert(example.type);
    const std::string text = example.text();
    const Redaction redaction = redactor().redact(text);
    ASSERT_EQ(redaction.found.size(), 1U) << example.type << ": " << redaction.text;
    EXPECT_EQ(redaction.found[0].type, example.type) << redaction.text;
    EXPECT_EQ(redaction.found[0].start, example.before.size()) << example.type;
    EXPECT_EQ(redaction.found[0].end, example.before.size() + example.secret.size())
        << example.type;
    EXPECT_THAT(redaction.text, Not(HasSubstr(example.secret)));
    EXPECT_THAT(redaction.text, HasSubstr("[redacted:" + example.type + ":"));
  }
  const auto types = redaction_types();
  EXPECT_EQ(seen, std::set<std::string>(types.begin(), types.end())) << "every type has an example";
  EXPECT_GE(types.size(), 41U);
}

TEST(Redactor, MaskingTwiceChangesNothing) {
  for (const Example& example : example_secrets()) {
    const std::string once = redactor().redact(example.text()).text;
    const Redaction twice = redactor().redact(once);
    EXPECT_EQ(twice.text, once) << example.type;
    EXPECT_TRUE(twice.found.empty()) << example.type;
  }
}

TEST(Redactor, FingerprintsAreStableAndKeyed) {
  const std::string text =
      "gh"
      "p_" +
      noise(36, kAlnum);
  EXPECT_EQ(redactor().redact(text).text, redactor().redact(text).text);
  const auto other = Redactor::make(IdentityKey("another key of another folder"));
  ASSERT_TRUE(other.has_value());
  EXPECT_NE(redactor().redact(text).text, (*other)->redact(text).text);
}

TEST(Redactor, FindsAssignmentsInTheirManyForms) {
  const std::string password = "tr0ub4dor&3x";
  const std::string token = noise(32, kAlnum, 3);
  for (const std::string& text :
       std::vector<std::string>{"password: " + password,
                                "\"password\": \"" + password + "\"",
                                "password = '" + password + "'",
                                R"({\"password\": \")" + password + R"(\"})",
                                "export DB_PASSWORD=" + password,
                                "+  db_password: " + password,
                                "mysql --password " + password,
                                "psql --password=" + password,
                                "PGPASSWORD=" + password + " psql",
                                "\x1b[32mpassword\x1b[0m: \x1b[33m" + password + "\x1b[0m",
                                "API_KEY=" + token,
                                "api_key: \"" + token + "\"",
                                "clientSecret: '" + token + "'",
                                "\"access_token\":\"" + token + "\"",
                                "X-Auth-Token: " + token,
                                R"({\\\"password\\\": \\\")" + password + R"(\\\"})",
                                "- DB_PASS=" + password,
                                "const API_KEY: string = \"" + token + "\"",
                                "os.environ[\"API_TOKEN\"] = '" + token + "'",
                                "define('DB_PASSWORD', '" + password + "');",
                                "<password>" + password + "</password>",
                                "CREATE USER app IDENTIFIED BY '" + password + "'",
                                "login me pw: " + password,
                                "if (secret !== \"" + token + "\")",
                                "setopt(h, OPT_PASSWORD, \"" + password + "\")"}) {
    const std::string masked = redactor().redact(text).text;
    EXPECT_THAT(masked, Not(HasSubstr(password))) << text;
    EXPECT_THAT(masked, Not(HasSubstr(token))) << text;
  }
}

TEST(Redactor, LeavesWhatIsNoSecret) {
  for (const std::string text :
       {"password: string",
        "const token = getToken();",
        "token = await auth.refreshToken(user)",
        "password=${DB_PASSWORD}",
        "api_key: process.env.OPENAI_API_KEY",
        "secret: <your-secret-here>",
        "PASSWORD=changeme",
        "max_tokens: 4096",
        "token_type: Bearer",
        "commit 3f786850e387550fdab836ed7e6dc881de23001b",
        "\"integrity\": \"sha512-Z8Q/9x/uNyKxA1v4FNodyItRVRw1TeKBrmj32JhxhR0=\"",
        "id: 123e4567-e89b-12d3-a456-426614174000",
        "import { tokenize } from './tokenizer/v2'",
        "https://example.com/path?token=abc",
        "secretName: my-app-credentials-2",
        "passwordHash = await bcrypt.hash(password, 10)",
        "The password must have 8 characters",
        "tokens: 12345678901234",
        "the API key: see docs/setup.md",
        "password_reset_url = https://example.com/reset/v1",
        "[redacted:aws-access-key:1f0c9a3e]",
        "token: [REDACTED]",
        "export API_TOKEN=Zk3v9QwT7bLm2XcR8...",
        "password: ********",
        "sk-this-is-a-slug-with-words-in-it",
        "privateKey = secp256k1.utils.randomPrivateKey()",
        "no entry for \"API_KEY\"\ntarget=darwin_amd64_v1",
        "http://user:password@host.example/",
        "the token abc123def456ghi789 was shown",
        "--- PASS: TestParseLargeLines/10KB_line (0.00s)",
        "csrf_token = Mj2qykJO5rELyHgezQ69nzUX0i3",
        "publicKey: \"04ab8f3e2d1c0b9a8f7e6d5c4b3a2918\"",
        "credentialsId: 'ff083f76-7804-4ef1-80e4-fe975bb9141b'",
        "gh"
        "p_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "API_KEY=sk-your-key-goes-here-1234567890abcdef12345678",
        "secretKey: ENC(2dfRFqV/cS6TzRd+JyO=)",
        "token = decodeToken2(text, base64)",
        "resolution sha512-9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08==",
        "src/auth/token.ts:42:17 password_test.go:12:5",
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk",
        "git@github.com:team/repo.git at 10.0.0.1 by dev@example.com"}) {
    EXPECT_EQ(redactor().redact(text).text, text);
  }
}

TEST(Redactor, KeepsTextValidUtf8AndOffsetsInBytes) {
  const std::string text = "schlüssel für müller: password=\"pässwörter1234üü\" – ok";
  const Redaction redaction = redactor().redact(text);
  EXPECT_TRUE(is_valid_utf8(redaction.text));
  ASSERT_EQ(redaction.found.size(), 1U);
  EXPECT_EQ(
      text.substr(redaction.found[0].start, redaction.found[0].end - redaction.found[0].start),
      "pässwörter1234üü");
}

TEST(Redactor, MasksAKeyBlockThatWasCut) {
  const std::string body = noise(300, kAlnum, 5);
  const std::string text = std::string("-----BEGIN PRIV") + "ATE KEY-----\n" + body;
  EXPECT_THAT(redactor().redact(text).text, Not(HasSubstr(body.substr(100, 50))));
}

TEST(Redactor, RedactsInPlaceAsItRedacts) {
  std::string text = "a " +
                     ("gh"
                      "p_" +
                      noise(36, kAlnum)) +
                     " b password=tr0ub4dor&3x";
  const Redaction redaction = redactor().redact(text);
  EXPECT_EQ(redactor().redact_in_place(text), 2U);
  EXPECT_EQ(text, redaction.text);
}

TEST(Redactor, MasksAKeyInEveryCoat) {
  const std::string line = noise(64, kAlnum, 5);
  const std::string begin = std::string("-----BEGIN EC PRIV") + "ATE KEY-----";
  const std::string end = std::string("-----END EC PRIV") + "ATE KEY-----";
  for (const std::string& text : std::vector<std::string>{
           begin + "\\n" + line + "\\n" + line + "\\n" + end,        // in a JSON string
           "+" + begin + "\n+" + line + "\n+" + line + "\n+" + end,  // in a diff
           "> " + begin + "\r\n> " + line + "\r\n> " + end,          // quoted
           begin + "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0421B854\n\n" + line + "\n" +
               end}) {
    const Redaction redaction = redactor().redact(text + "\nafter");
    EXPECT_THAT(redaction.text, Not(HasSubstr(line.substr(20, 20)))) << text;
    EXPECT_THAT(redaction.text, HasSubstr("\nafter")) << text;
    EXPECT_EQ(redaction.found.size(), 1U) << text;
  }
}

TEST(Redactor, KeepsWordsBelowAKeyHeader) {
  const std::string header = std::string("-----BEGIN PRIV") + "ATE KEY-----";
  for (const std::string& text : std::vector<std::string>{
           "if (text.includes(\"" + header + "\")) { return parseTheKeyThatWasGiven(text); }",
           "A file that opens with " + header + " and a lot of base64 text is a key.",
           header + "\n...\n-----END PRIVATE KEY-----"}) {
    EXPECT_EQ(redactor().redact(text).text, text);
  }
}

TEST(Redactor, LeavesATokenInsideALongerText) {
  // The signature of a model's thinking is base64url text that may hold a prefix by chance.
  const std::string text = noise(40, kAlnum) + "-nfp_" + noise(36, kAlnum) + noise(40, kAlnum);
  EXPECT_EQ(redactor().redact(text).text, text);
}

TEST(Redactor, MasksTheWholeOfALongToken) {
  // Longer than any window around a candidate: nothing of its end may stay.
  const std::string token =
      "eyJ" + noise(30, kAlnum) + ".eyJ" + noise(9000, kAlnum, 3) + "." + noise(86, kAlnum, 4);
  const Redaction redaction = redactor().redact("cookie " + token + " end");
  ASSERT_EQ(redaction.found.size(), 1U);
  EXPECT_EQ(redaction.found[0].end - redaction.found[0].start, token.size());
}

TEST(Redactor, MasksTheUnionOfWhatOverlaps) {
  const std::string token =
      "gh"
      "p_" +
      noise(36, kAlnum);
  const Redaction redaction = redactor().redact("password='" + token + "+tr0ub4dor'");
  ASSERT_EQ(redaction.found.size(), 1U);
  EXPECT_EQ(redaction.found[0].type, "github-token");
  EXPECT_THAT(redaction.text, Not(HasSubstr("tr0ub4dor")));
}

TEST(Redactor, CountsCandidatesBeforeTheyAreJudged) {
  EXPECT_EQ(redactor().count_candidates("nothing to see"), 0U);
  EXPECT_EQ(redactor().count_candidates("password: string"), 1U);
}

TEST(Finder, ReadsAMegabyteOfNearMatchesOnce) {
  const auto finder = Finder::make();
  ASSERT_TRUE(finder.has_value());
  for (const std::string piece :
       {"authorization: bearer ", "://a:b@", "a", "eyJaaaaaaaa.eyJaaaaaaaa"}) {
    std::string text;
    while (text.size() < (1U << 20U)) text += piece;
    Work work;
    (*finder)->find(text, &work);
    EXPECT_LE(work.confirmed_bytes, 4 * text.size()) << piece;
  }
}

TEST(Finder, HostileInputStaysLinear) {
  // Near matches without end, at two sizes: RE2 may read a bounded number of bytes for each byte
  // of input, and four times the input may cost four times the work.
  const auto finder = Finder::make();
  ASSERT_TRUE(finder.has_value());
  for (const std::string& piece :
       std::vector<std::string>{"password=", "token: ",
                                "sk-"
                                "ant-",
                                "eyJaaaaaaaa.", "eyJaaaaaaaa.eyJaaaaaaaa", "://a:", "://a:b@",
                                "curl -u ", "authorization: bearer ", "machine a login b ",
                                "a.bcdefg.", std::string("-----BEGIN PRIV") + "ATE KEY",
                                std::string("-----BEGIN PRIV") + "ATE KEY!\n",
                                "secret_access_key=", "a", "\"password\": \"",
                                "xox"
                                "b-",
                                "[redacted:"}) {
    Work small;
    Work large;
    std::string text;
    while (text.size() < (1U << 16U)) text += piece;
    (*finder)->find(text, &small);
    text += text + text + text;
    (*finder)->find(text, &large);
    EXPECT_LE(large.confirmed_bytes, 8 * text.size()) << piece;
    EXPECT_LE(large.confirmed_bytes, 5 * small.confirmed_bytes + 4096) << piece;
    EXPECT_LE(large.confirmations, 5 * small.confirmations + 64) << piece;
  }
}

TEST(Redactor, MasksManySecretsInOneText) {
  std::string text;
  for (unsigned i = 0; i < 2000; ++i)
    text +=
        "gh"
        "p_" +
        noise(36, kAlnum, i) + "\n";
  EXPECT_EQ(redactor().redact(text).found.size(), 2000U);
}

TEST(Rules, ArePublishedWithTheirReasons) {
  std::string table = "| type | why |\n|---|---|\n";
  for (const Rule& rule : rules())
    if (*rule.why != '\0') table += fmt::format("| `{}` | {} |\n", rule.type, rule.why);
  const std::string page = testing::read_file(std::string(TACIT_SOURCE_DIR) + "/docs/redaction.md");
  EXPECT_THAT(page, HasSubstr(table)) << table;
  for (const std::string& type : redaction_types())
    EXPECT_THAT(page, HasSubstr("| `" + type + "` |"));
}

}  // namespace
}  // namespace tacit::privacy
