#include "privacy/disguise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/text.h"
#include "privacy/example_secrets.h"
#include "privacy/finder.h"
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

std::string github_token(unsigned seed = 7) {
  return "gh"
         "p_" +
         noise(36, kAlnum, seed);
}

std::string anthropic_key() {
  return "sk-"
         "ant-api03-" +
         noise(90, kAlnum, 3);
}

std::string base64(const std::string& text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += 3) {
    unsigned int bits = 0;
    for (std::size_t k = 0; k < 3; ++k)
      bits = bits << 8U | (i + k < text.size() ? static_cast<unsigned char>(text[i + k]) : 0U);
    for (unsigned k = 0; k < 4; ++k)
      out += i + k <= text.size() ? kDigits[bits >> (18 - 6 * k) & 63U] : '=';
  }
  return out;
}

TEST(Layer, KnowsTheWayBack) {
  const std::string text = "first\nab\\u0041\\n%42cd\nlast";
  const Layer layer = unescaped(text);
  EXPECT_EQ(layer.text(), "abA\nBcd\n");
  const auto whole = layer.below(0, 7);
  EXPECT_EQ(text.substr(whole.start, whole.end - whole.start), "ab\\u0041\\n%42cd");
  const auto inner = layer.below(2, 5);
  EXPECT_EQ(text.substr(inner.start, inner.end - inner.start), "\\u0041\\n%42");
}

TEST(Layer, HoldsOnlyWhatADisguiseChanges) {
  const std::string text = "plain text\nC:\\data 100% of it\nmore\n";
  EXPECT_TRUE(unescaped(text).text().empty());
  EXPECT_TRUE(from_base64(text).text().empty());
  EXPECT_TRUE(unwrapped(text).text().empty());
  // Neither a picture, nor a path, nor a hash reads as text.
  EXPECT_TRUE(from_base64("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ src/privacy/base64/decoder/"
                          "table 3f786850e387550fdab836ed7e6dc881de23001b")
                  .text()
                  .empty());
}

TEST(Disguise, EscapesOfJsonHideNothing) {
  const std::string token = github_token();
  EXPECT_THAT(redacted(R"({"out": "first line\n)" + token + R"(\nnext"})"), Not(HasSubstr(token)));
  EXPECT_THAT(redacted(R"({"out": "a\t)" + token + R"(\t"})"), Not(HasSubstr(token)));
  // A character of the token itself is escaped, as some encoders do.
  const std::string escaped = "gh\\u0070_" + token.substr(4);
  EXPECT_THAT(redacted("x " + escaped + " y"), Not(HasSubstr(token.substr(4))));
  EXPECT_EQ(redacted("x " + escaped + " y").substr(0, 13), "x [redacted:g");
  // JSON within JSON within JSON.
  EXPECT_THAT(redacted(R"({\\\"a\\\": \\\"x\\\\n)" + token + R"(\\\"})"), Not(HasSubstr(token)));
  EXPECT_THAT(redacted(R"("password\u003dtr0ub4dor&3x")"), Not(HasSubstr("tr0ub4dor")));
  EXPECT_THAT(redacted(R"(https:\/\/app:s3cr3t-pw1@db.example\/x)"), Not(HasSubstr("s3cr3t-pw1")));
}

TEST(Disguise, EscapesOfUrlsHideNothing) {
  EXPECT_THAT(redacted("q=user%3Dme%26password%3Dtr0ub4dor%263x%26x%3D1"),
              Not(HasSubstr("tr0ub4dor")));
  const std::string token = github_token();
  EXPECT_THAT(redacted("https://h.example/?next=%2Fcb%3Ftoken%3D" + token + "%26a"),
              Not(HasSubstr(token)));
  EXPECT_THAT(redacted("redirect=postgres%3A%2F%2Fapp%3As3cr3t-pw1%40db.example%2Fx"),
              Not(HasSubstr("s3cr3t-pw1")));
}

TEST(Disguise, TerminalCodesHideNothing) {
  const std::string token = github_token();
  const std::string half = token.substr(0, 20);
  const std::string rest = token.substr(20);
  // As grep and git colour what they found.
  const std::string coloured = "\x1b[01;31m\x1b[K" + half + "\x1b[m\x1b[K" + rest;
  EXPECT_THAT(redacted("see " + coloured + " here"), Not(HasSubstr(rest)));
  EXPECT_THAT(redacted("see \x1b[32m" + token + "\x1b[0m"), Not(HasSubstr(half)));
  EXPECT_THAT(redacted(R"(see \u001b[32m)" + token + R"(\u001b[0m)"), Not(HasSubstr(half)));
  EXPECT_THAT(redacted(R"(see \033[32m)" + half + R"(\x1b[0m)" + rest), Not(HasSubstr(rest)));
  EXPECT_THAT(redacted("\x1b]8;;https://h.example\a" + half + "\x1b]8;;\a" + rest),
              Not(HasSubstr(rest)));
  const std::string password = "\x1b[1mpassword\x1b[0m=\x1b[33mtr0ub\x1b[0m4dor&3x";
  EXPECT_THAT(redacted(password), Not(HasSubstr("4dor&3x")));
}

TEST(Disguise, WideCharactersHideNothing) {
  std::string wide;
  for (const char c : "password=tr0ub4dor&3x;" + github_token()) (wide += c) += '\0';
  const std::string masked = redacted(wide);
  EXPECT_THAT(masked, HasSubstr("[redacted:assigned-secret:"));
  EXPECT_THAT(masked, HasSubstr("[redacted:github-token:"));
  EXPECT_EQ(masked.find(std::string("t\0r\0"
                                    "0",
                                    5)),
            std::string::npos);
}

TEST(Disguise, Base64OfTextHidesNothing) {
  const std::string config = "user: me\npassword: tr0ub4dor&3x\nhost: h.example\n";
  for (const std::string& inner : {config, "token " + github_token() + " end", anthropic_key()}) {
    const std::string text = "data: " + base64(inner) + "\nnext: 1";
    EXPECT_THAT(redacted(text), HasSubstr("data: [redacted:")) << inner;
    EXPECT_THAT(redacted(text), HasSubstr("]\nnext: 1")) << inner;
    // Wrapped at 64 characters, indented as in YAML.
    std::string wrapped;
    const std::string code = base64(inner + std::string(60, 'x') + inner);
    for (std::size_t i = 0; i < code.size(); i += 64) wrapped += "  " + code.substr(i, 64) + "\n";
    EXPECT_THAT(redacted("data: |\n" + wrapped + "end"), Not(HasSubstr(code.substr(70, 20))));
  }
  // Base64 in base64, and of UTF-16 as PowerShell takes it.
  EXPECT_THAT(redacted(base64("x: " + base64(config))), HasSubstr("[redacted:assigned-secret:"));
  std::string wide;
  for (const char c : config) (wide += c) += '\0';
  EXPECT_THAT(redacted("pwsh -e " + base64(wide)), HasSubstr("[redacted:assigned-secret:"));
  const std::string innocent = base64("Nothing here but a sentence that somebody encoded.");
  EXPECT_EQ(redacted(innocent), innocent);
}

TEST(Disguise, WrappedLinesHideNothing) {
  const std::string key = anthropic_key();
  const std::string before = "export THE_NAME_OF_THE_KEY_IS_LONG=";
  for (const std::size_t cut : {20U, 45U, 70U}) {
    for (const std::string between : {"\n", "\r\n", "\n    ", "\n\u2502 ", "\n> "}) {
      const std::string text = before + key.substr(0, cut) + between + key.substr(cut) + "\ndone";
      EXPECT_THAT(redacted(text), Not(HasSubstr(key.substr(cut)))) << cut << between;
      EXPECT_THAT(redacted(text), HasSubstr("\ndone"));
    }
  }
  const std::string token = github_token();
  const std::string line = "remote: the token in use by this machine is " + token.substr(0, 20);
  EXPECT_THAT(redacted(line + "\n" + token.substr(20) + " ok"), Not(HasSubstr(token.substr(20))));
  EXPECT_THAT(redacted("+" + line + "\n+" + token.substr(20) + " ok"),
              Not(HasSubstr(token.substr(20))));
}

TEST(Disguise, LinesOfTheirOwnAreNotJoined) {
  // A secret at the end of a line, and a word or another secret on the next.
  const std::string line = "the token that this machine uses is " + github_token();
  const std::string text = line + "\nversion2 of it\n" + line + "\n" + github_token(8) + "\n";
  const std::string masked = redacted(text);
  EXPECT_THAT(masked, HasSubstr("]\nversion2 of it\n"));
  EXPECT_THAT(masked, HasSubstr("]\n[redacted:github-token:"));
}

TEST(Disguise, SignsOfADiffHideNothing) {
  const std::string token = github_token();
  for (const std::string& text :
       std::vector<std::string>{"+" + token, "@@ -1 +1 @@\n-" + token + "\n+x",
                                "+API_KEY=" + noise(32, kAlnum, 3), "-  password: 'tr0ub4dor&3x'"})
    EXPECT_THAT(redacted(text), HasSubstr("[redacted:")) << text;
}

TEST(Disguise, MaskedTextStaysAsItIs) {
  const std::string token = github_token();
  for (const std::string& text : std::vector<std::string>{
           R"({"out": "first line\n)" + token + R"(\nnext"})", "password%3Dtr0ub4dor%263x",
           "\x1b[32m" + token + "\x1b[0m", "data: " + base64("password: tr0ub4dor&3x\n"),
           "export THE_NAME_OF_THE_KEY_IS_LONG=" + anthropic_key().insert(40, "\n")}) {
    const std::string once = redacted(text);
    EXPECT_NE(once, text);
    EXPECT_EQ(redacted(once), once);
    EXPECT_TRUE(is_valid_utf8(once));
  }
}

TEST(Disguise, MarksInTheMiddleStayAsTheyAre) {
  const std::string mark = "[redacted:assigned-secret:1f0c9a3e]";
  const std::string key = std::string("-----BEGIN PRIV") + "ATE KEY-----\n" + mark + "\n" +
                          noise(64, kAlnum, 5) + "\n" + noise(64, kAlnum, 6) + "\n";
  for (const std::string& text : std::vector<std::string>{"password=\x1b" + mark, key})
    EXPECT_EQ(redacted(text), text);
}

TEST(Disguise, LayersCostABoundedNumberOfBytes) {
  const auto finder = Finder::make();
  ASSERT_TRUE(finder.has_value());
  const std::string code = base64("password: tr0ub4dor&3x and more text to fill the line\n");
  for (const std::string& piece : std::vector<std::string>{
           "\\\\\\\\", "%25252525", "\x1b[", "\x1b", std::string(1, '\0'), "\\u005c", code + "\n",
           "abcdefgh1jklmnopqrstuvwxyz0123456789_abcdefghijklmnop\n", "\\\"password\\\": \\\"",
           "password%3D", "b1cdefgh" + std::string(64, '\\') + "jklmnop1\n", "A", "A\n", "%"}) {
    std::string text;
    while (text.size() < (1U << 15U)) text += piece;
    Work small;
    Work large;
    (*finder)->find(text, &small);
    text += text + text + text;
    (*finder)->find(text, &large);
    EXPECT_LE(large.scanned_bytes, 5 * text.size()) << piece;
    EXPECT_LE(large.scanned_bytes, 5 * small.scanned_bytes) << piece;
    EXPECT_LE(large.joins, 5 * small.joins + 64) << piece;
    EXPECT_LE(large.confirmed_bytes, 40 * text.size()) << piece;
  }
}

}  // namespace
}  // namespace tacit::privacy
