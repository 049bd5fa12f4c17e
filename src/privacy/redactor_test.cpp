#include "privacy/redactor.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <set>

#include "base/text.h"
#include "privacy/rules.h"
#include "testing/fixtures.h"
#include "transcript/reader.h"

namespace tacit::privacy {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const Redactor& redactor() {
  static const auto made = Redactor::make(testing::test_key());
  return **made;
}

// Characters without meaning, different for each seed; nothing here is or was a credential.
std::string noise(std::size_t length, std::string_view alphabet, unsigned seed = 7) {
  std::string text;
  std::uint64_t state = seed * 2654435761U + 12345U;
  for (std::size_t i = 0; i < length; ++i) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    text += alphabet[(state >> 33U) % alphabet.size()];
  }
  return text;
}
constexpr std::string_view kAlnum =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view kHex = "0123456789abcdef";
std::string alnum(std::size_t length) {
  return noise(length, kAlnum);
}
std::string hex(std::size_t length) {
  return noise(length, kHex);
}
std::string upper(std::size_t length) {
  return noise(length, kUpper);
}

struct Example {
  std::string type;
  std::string before;
  std::string secret;
  std::string after;
};

std::vector<Example> examples() {
  const std::string key_text = "\n" + noise(64, kAlnum, 1) + "\n" + noise(64, kAlnum, 2) + "\n";
  std::vector<Example> list = {
      {"private-key", "key:\n",
       std::string("-----BEGIN RSA PRIV") + "ATE KEY-----" + key_text +
           "-----END RSA PRIVATE KEY-----",
       "\nafter"},
      {"age-key", "", "AGE-SECRET-KEY-1" + upper(58), ""},
      {"jwt", "cookie=", "eyJ" + alnum(20) + ".eyJ" + alnum(40) + "." + alnum(43), ";"},
      {"aws-access-key", "id ", "AKIA" + upper(16), " end"},
      {"aws-secret-key", "aws_secret_access_key = ", alnum(40), "\n"},
      {"aws-session-token", "AWS_SESSION_TOKEN=", alnum(160), "\n"},
      {"gcp-api-key", "key=", "AIza" + alnum(35), "&x"},
      {"google-oauth-token", "", "ya29." + alnum(60), " "},
      {"google-client-secret", "\"", "GOCSPX-" + alnum(28), "\""},
      {"azure-storage-key", "AccountName=a;AccountKey=", alnum(86) + "==", ";E"},
      {"azure-sas", "https://x.example/c?sv=1&sig=", alnum(43) + "%3D", ""},
      {"azure-client-secret", "secret ", "abc8Q~" + alnum(34), " x"},
      {"github-token", "use ", "ghp_" + alnum(36), " now"},
      {"github-fine-grained-token", "", "github_pat_" + alnum(22) + "_" + alnum(59), ""},
      {"gitlab-token", "", "glpat-" + alnum(20), ""},
      {"bitbucket-app-password", "", "ATBB" + alnum(32), ""},
      {"atlassian-token", "", "ATATT3" + alnum(180), ""},
      {"slack-token", "", "xoxb-" + noise(12, "0123456789") + "-" + alnum(24), ""},
      {"slack-webhook", "https://hooks.slack.com/services/",
       "T" + upper(8) + "/B" + upper(8) + "/" + alnum(24), " "},
      {"discord-webhook", "https://discord.com/api/webhooks/" + noise(18, "0123456789") + "/",
       alnum(68), " "},
      {"telegram-bot-token", "bot", "", ""},
      {"anthropic-key", "", "sk-ant-api03-" + alnum(90), ""},
      {"openrouter-key", "", "sk-or-v1-" + hex(64), ""},
      {"openai-key", "OPENAI ", "sk-proj-" + alnum(60), ""},
      {"groq-key", "", "gsk_" + alnum(52), ""},
      {"xai-key", "", "xai-" + alnum(80), ""},
      {"perplexity-key", "", "pplx-" + alnum(48), ""},
      {"huggingface-token", "", "hf_" + noise(34, kAlnum.substr(0, 52)), ""},
      {"replicate-token", "", "r8_" + alnum(37), ""},
      {"langsmith-key", "", "lsv2_pt_" + hex(32) + "_" + hex(10), ""},
      {"pinecone-key", "", "pcsk_" + alnum(60), ""},
      {"stripe-key", "", "sk_live_" + alnum(24), ""},
      {"stripe-webhook-secret", "", "whsec_" + alnum(32), ""},
      {"twilio-key", "", "SK" + hex(32), ""},
      {"sendgrid-key", "", "SG." + alnum(22) + "." + alnum(43), ""},
      {"mailgun-key", "", "key-" + hex(32), ""},
      {"mailchimp-key", "", hex(32) + "-us12", ""},
      {"npm-token", "", "npm_" + alnum(36), ""},
      {"npmrc-auth", "//registry.example/:_authToken=", alnum(36), "\n"},
      {"pypi-token", "", "pypi-AgEIcHlwaS5vcmc" + alnum(70), ""},
      {"rubygems-key", "", "rubygems_" + hex(48), ""},
      {"docker-token", "", "dckr_pat_" + alnum(27), ""},
      {"databricks-token", "", "dapi" + hex(32), ""},
      {"digitalocean-token", "", "dop_v1_" + hex(64), ""},
      {"heroku-key", "", "HRKU-" + alnum(60), ""},
      {"fly-token", "", "fo1_" + alnum(43), ""},
      {"shopify-token", "", "shpat_" + hex(32), ""},
      {"square-token", "", "sq0csp-" + alnum(43), ""},
      {"vault-token", "", "hvs." + alnum(30), ""},
      {"terraform-token", "", alnum(14) + ".atlasv1." + alnum(64), ""},
      {"cloudflare-origin-key", "", "v1.0-" + hex(24) + "-" + hex(146), ""},
      {"planetscale-token", "", "pscale_tkn_" + alnum(43), ""},
      {"supabase-key", "", "sbp_" + hex(40), ""},
      {"doppler-token", "", "dp.pt." + alnum(43), ""},
      {"onepassword-token", "", "ops_eyJ" + alnum(250), ""},
      {"tailscale-key", "", "tskey-auth-" + alnum(12) + "-" + alnum(32), ""},
      {"newrelic-key", "", "NRAK-" + upper(27), ""},
      {"sentry-token", "", "sntrys_" + alnum(80), ""},
      {"grafana-token", "", "glsa_" + alnum(32) + "_" + hex(8), ""},
      {"posthog-key", "", "phx_" + alnum(43), ""},
      {"linear-key", "", "lin_api_" + alnum(40), ""},
      {"notion-token", "", "ntn_" + alnum(46), ""},
      {"postman-key", "", "PMAK-" + hex(24) + "-" + hex(34), ""},
      {"airtable-token", "", "pat" + alnum(14) + "." + hex(64), ""},
      {"figma-token", "", "figd_" + alnum(40), ""},
      {"uri-password", "postgres://app:", "s3cr3t-pw", "@db.example:5432/x"},
      {"authorization-header", "Authorization: Basic ", alnum(32) + "==", "\n"},
      {"bearer-token", "with bearer ", alnum(40), " it works"},
      {"netrc-password", "machine h.example login me password ", "open5esame", "\n"},
      {"curl-password", "curl -s -u admin:", "hunter22x", " https://h.example"},
      {"assigned-secret", "DB_PASSWORD=", "tr0ub4dor&3x", "\n"},
  };
  for (Example& example : list) {
    if (example.type == "telegram-bot-token")
      example.secret = noise(9, "123456789") + ":AA" + alnum(33);
  }
  return list;
}

TEST(Redactor, MasksAnExampleOfEveryType) {
  std::set<std::string> seen;
  for (const Example& example : examples()) {
    seen.insert(example.type);
    const std::string text = example.before + example.secret + example.after;
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
  for (const Example& example : examples()) {
    const std::string once =
        redactor().redact(example.before + example.secret + example.after).text;
    const Redaction twice = redactor().redact(once);
    EXPECT_EQ(twice.text, once) << example.type;
    EXPECT_TRUE(twice.found.empty()) << example.type;
  }
}

TEST(Redactor, FingerprintsAreStableAndKeyed) {
  const std::string text = "ghp_" + alnum(36);
  EXPECT_EQ(redactor().redact(text).text, redactor().redact(text).text);
  const auto other = Redactor::make(IdentityKey("another key of another folder"));
  ASSERT_TRUE(other.has_value());
  EXPECT_NE(redactor().redact(text).text, (*other)->redact(text).text);
}

TEST(Redactor, FindsAssignmentsInTheirManyForms) {
  const std::string password = "tr0ub4dor&3x";
  const std::string token = noise(32, kAlnum, 3);
  for (const std::string& text : std::vector<std::string>{
           "password: " + password, "\"password\": \"" + password + "\"",
           "password = '" + password + "'", R"({\"password\": \")" + password + R"(\"})",
           "export DB_PASSWORD=" + password, "+  db_password: " + password,
           "mysql --password " + password, "psql --password=" + password,
           "PGPASSWORD=" + password + " psql",
           "\x1b[32mpassword\x1b[0m: \x1b[33m" + password + "\x1b[0m", "API_KEY=" + token,
           "api_key: \"" + token + "\"", "clientSecret: '" + token + "'",
           "\"access_token\":\"" + token + "\"", "X-Auth-Token: " + token}) {
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
        "password: ********",
        "sk-this-is-a-slug-with-words-in-it",
        "privateKey = secp256k1.utils.randomPrivateKey()",
        "no entry for \"API_KEY\"\ntarget=darwin_amd64_v1",
        "http://user:password@host.example/",
        "the token abc123def456ghi789 was shown"}) {
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
  std::string text = "a " + ("ghp_" + alnum(36)) + " b password=tr0ub4dor&3x";
  const Redaction redaction = redactor().redact(text);
  EXPECT_EQ(redactor().redact_in_place(text), 2U);
  EXPECT_EQ(text, redaction.text);
}

TEST(Redactor, HostileInputStaysLinear) {
  // Near matches without end: each may cost one bounded window, so four times the input is about
  // four times the work.
  for (const std::string& piece :
       {std::string("password="), std::string("sk-ant-"), std::string("eyJaaaaaaaa."),
        std::string("://a:"), std::string("-----BEGIN PRIVATE KEY")}) {
    std::string text;
    while (text.size() < (1U << 18U)) text += piece;
    const Redaction redaction = redactor().redact(text);
    EXPECT_LE(redaction.text.size(), text.size() + redaction.found.size() * 80);
  }
}

TEST(Rules, ArePublishedWithTheirReasons) {
  std::string table = "| type | why |\n|---|---|\n";
  for (const Rule& rule : rules()) table += fmt::format("| `{}` | {} |\n", rule.type, rule.why);
  EXPECT_THAT(testing::read_file(std::string(TACIT_SOURCE_DIR) + "/docs/redaction.md"),
              HasSubstr(table))
      << table;
}

TEST(Corpus, MasksPerTenThousandLinesAreCounted) {
  const char* corpus = std::getenv("TACIT_CORPUS");
  if (corpus == nullptr) GTEST_SKIP() << "TACIT_CORPUS is not set";
  std::map<std::string, int> by_type;
  std::size_t lines = 0;
  std::size_t masks = 0;
  std::ofstream sample;
  if (const char* file = std::getenv("TACIT_MASK_SAMPLE")) sample.open(file);
  const auto files = transcript::list_files(std::string(corpus) + "/sessions");
  ASSERT_TRUE(files.has_value());
  for (const auto& file : *files) {
    const auto report =
        transcript::read_file(file, [&](const Session&, Exchange&& exchange) -> Result<void> {
          for (const Step& step : exchange.steps) {
            lines += split_lines(step.text).size();
            for (const Finding& finding : redactor().redact(step.text).found) {
              ++masks;
              ++by_type[finding.type];
              const std::size_t from = finding.start > 60 ? finding.start - 60 : 0;
              std::string around = step.text.substr(from, finding.end - from + 30);
              for (char& c : around) c = c == '\n' ? ' ' : c;
              if (sample.is_open())
                sample << finding.type << "\t"
                       << step.text.substr(finding.start, finding.end - finding.start) << "\t"
                       << around << "\n";
            }
          }
          return {};
        });
    ASSERT_TRUE(report.has_value()) << report.error().message();
  }
  for (const auto& [type, count] : by_type) std::printf("%6d %s\n", count, type.c_str());
  std::printf("%zu masks in %zu lines: %.2f per 10,000\n", masks, lines,
              1e4 * static_cast<double>(masks) / static_cast<double>(lines));
  EXPECT_GT(lines, 10'000U);
}

}  // namespace
}  // namespace tacit::privacy
