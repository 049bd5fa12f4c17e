#include "privacy/example_secrets.h"

namespace tacit::privacy {

std::string noise(std::size_t length, std::string_view alphabet, unsigned seed) {
  std::string text;
  std::uint64_t state = seed * 2654435761U + 12345U;
  for (std::size_t i = 0; i < length; ++i) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    text += alphabet[(state >> 33U) % alphabet.size()];
  }
  return text;
}
namespace {

constexpr std::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz0123456789";
constexpr std::string_view kHex = "0123456789abcdef";

std::string alnum(std::size_t length) {
  return noise(length, kAlnum, 7);
}
std::string hex(std::size_t length) {
  return noise(length, kHex, 7);
}
std::string upper(std::size_t length) {
  return noise(length, kUpper, 7);
}
std::string uuid_tail() {
  return noise(4, kHex, 1) + "-" + noise(4, kHex, 2) + "-" + noise(4, kHex, 3) + "-" + hex(12);
}

}  // namespace

std::vector<Example> example_secrets() {
  const std::string key_text = "\n" + noise(64, kAlnum, 1) + "\n" + noise(64, kAlnum, 2) + "\n";
  std::vector<Example> list = {
      {"private-key", "key:\n",
       std::string("-----BEGIN RSA PRIV") + "ATE KEY-----" + key_text +
           "-----END RSA PRIVATE KEY-----",
       "\nafter"},
      {"age-key", "", "AGE-SECRET-KEY-1" + upper(58), ""},
      {"jwt", "cookie=", "eyJ" + alnum(20) + ".eyJ" + alnum(40) + "." + alnum(43), ";"},
      {"aws-access-key", "id ",
       "AK"
       "IA" +
           upper(16),
       " end"},
      {"aws-secret-key", "aws_secret_access_key = ", alnum(40), "\n"},
      {"aws-session-token", "AWS_SESSION_TOKEN=", alnum(160), "\n"},
      {"gcp-api-key", "key=",
       "AI"
       "za" +
           alnum(35),
       "&x"},
      {"google-oauth-token", "", "ya29." + alnum(60), " "},
      {"google-client-secret", "\"", "GOCSPX-" + alnum(28), "\""},
      {"azure-connection-key", "AccountName=a;AccountKey=", alnum(86) + "==", ";E"},
      {"azure-sas", "https://x.example/c?sv=1&sig=", alnum(43) + "%3D", ""},
      {"azure-client-secret", "secret ", "abc8Q~" + alnum(34), " x"},
      {"github-token", "use ",
       "gh"
       "p_" +
           alnum(36),
       " now"},
      {"github-fine-grained-token", "", "github_pat_" + alnum(22) + "_" + alnum(59), ""},
      {"gitlab-token", "",
       "gl"
       "pat-" +
           alnum(20),
       ""},
      {"bitbucket-app-password", "", "ATBB" + alnum(32), ""},
      {"atlassian-token", "", "ATATT3" + alnum(180), ""},
      {"slack-token", "",
       "xox"
       "b-" +
           noise(12, "0123456789") + "-" + alnum(24),
       ""},
      {"slack-webhook", "https://hooks.slack.com/services/",
       "T" + upper(8) + "/B" + upper(8) + "/" + alnum(24), " "},
      {"discord-webhook", "https://discord.com/api/webhooks/" + noise(18, "0123456789") + "/",
       alnum(68), " "},
      {"telegram-bot-token", "bot", "", ""},
      {"anthropic-key", "",
       "sk-"
       "ant-api03-" +
           alnum(90),
       ""},
      {"openrouter-key", "", "sk-or-v1-" + hex(64), ""},
      {"openai-key", "OPENAI ",
       "sk-"
       "proj-" +
           alnum(60),
       ""},
      {"groq-key", "", "gsk_" + alnum(52), ""},
      {"xai-key", "", "xai-" + alnum(80), ""},
      {"perplexity-key", "", "pplx-" + alnum(48), ""},
      {"huggingface-token", "",
       "h"
       "f_" +
           noise(34, kAlnum.substr(0, 52)),
       ""},
      {"replicate-token", "", "r8_" + alnum(37), ""},
      {"langsmith-key", "", "lsv2_pt_" + hex(32) + "_" + hex(10), ""},
      {"pinecone-key", "", "pcsk_" + alnum(60), ""},
      {"stripe-key", "",
       "sk_"
       "live_" +
           alnum(24),
       ""},
      {"stripe-webhook-secret", "", "whsec_" + alnum(32), ""},
      {"twilio-key", "", "SK" + hex(32), ""},
      {"sendgrid-key", "",
       "S"
       "G." +
           alnum(22) + "." + alnum(43),
       ""},
      {"mailgun-key", "", "key-" + hex(32), ""},
      {"mailchimp-key", "", hex(32) + "-us12", ""},
      {"npm-token", "",
       "np"
       "m_" +
           alnum(36),
       ""},
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
      {"cloudflare-token", "", "v1.0-" + hex(24) + "-" + hex(146), ""},
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
      {"private-key-base64", "data: ",
       "LS0tLS1CRUdJTi"
       "BSU0EgUFJ" +
           alnum(80),
       "\n"},
      {"discord-bot-token", "as ", "MT" + alnum(22) + "." + alnum(6) + "." + alnum(27), " x"},
      {"nvidia-key", "", "nvapi-" + alnum(64), ""},
      {"tavily-key", "", "tvly-" + alnum(32), ""},
      {"langfuse-key", "", "sk-lf-" + hex(8) + "-" + uuid_tail(), ""},
      {"e2b-key", "", "e2b_" + hex(40), ""},
      {"together-key", "", "tgp_v1_" + alnum(43), ""},
      {"llamacloud-key", "", "llx-" + alnum(48), ""},
      {"vercel-token", "", "vcp_" + alnum(40), ""},
      {"onepassword-secret-key", "",
       "A3-" + upper(6) + "-" + upper(11) + "-" + upper(5) + "-" + upper(5) + "-" + upper(5), ""},
      {"amazon-mws-token", "", "amzn.mws." + hex(8) + "-" + uuid_tail(), ""},
      {"akamai-token", "", "akab-" + hex(16) + "-" + hex(16), ""},
      {"azure-openai-key", "", alnum(52) + "JQQJ99" + alnum(26), ""},
      {"instagram-token", "", "IGQV" + alnum(120), ""},
      {"twitter-bearer-token", "", std::string(22, 'A') + alnum(10) + "%2B" + alnum(40), ""},
      {"netlify-token", "", "nfp_" + alnum(36), ""},
      {"pulumi-token", "", "pul-" + hex(40), ""},
      {"dynatrace-token", "", "dt0c01." + upper(24) + "." + upper(64), ""},
      {"brevo-key", "", "xkeysib-" + hex(64) + "-" + alnum(16), ""},
      {"nuget-key", "", "oy2" + noise(43, kLower), ""},
      {"clojars-token", "", "CLOJARS_" + hex(60), ""},
      {"artifactory-token", "", "AKCp" + alnum(69), ""},
      {"sonar-token", "", "squ_" + hex(40), ""},
      {"sourcegraph-token", "", "sgp_" + hex(40), ""},
      {"openshift-token", "", "sha256~" + alnum(43), ""},
      {"harness-token", "", "pat." + alnum(22) + "." + hex(24) + "." + alnum(20), ""},
      {"octopus-key", "", "API-" + upper(26), ""},
      {"prefect-key", "", "pnu_" + alnum(36), ""},
      {"infracost-key", "", "ico-" + alnum(32), ""},
      {"scalingo-token", "", "tk-us-" + alnum(48), ""},
      {"alibaba-access-key", "", "LTAI" + alnum(20), ""},
      {"yandex-key", "", "AQVN" + alnum(36), ""},
      {"facebook-token", "", "EAA" + alnum(150), ""},
      {"dropbox-token", "", "sl." + alnum(140), ""},
      {"mapbox-secret-token", "",
       "sk."
       "eyJ" +
           alnum(60) + "." + alnum(22),
       ""},
      {"easypost-key", "", "EZAK" + alnum(54), ""},
      {"shippo-token", "", "shippo_live_" + hex(40), ""},
      {"duffel-token", "", "duffel_live_" + alnum(43), ""},
      {"flutterwave-key", "", "FLWSECK-" + hex(32) + "-X", ""},
      {"plaid-token", "", "access-production-" + hex(8) + "-" + uuid_tail(), ""},
      {"typeform-token", "", "tfp_" + alnum(59), ""},
      {"readme-key", "", "rdme_" + noise(70, kLower), ""},
      {"adafruit-key", "", "aio_" + alnum(28), ""},
      {"adobe-secret", "", "p8e-" + alnum(32), ""},
      {"defined-networking-token", "", "dnkey-" + upper(26) + "-" + upper(52), ""},
      {"frameio-token", "", "fio-u-" + alnum(64), ""},
      {"intra42-secret", "", "s-s4t2ud-" + hex(64), ""},
      {"settlemint-token", "", "sm_pat_" + alnum(16), ""},
      {"maxmind-key", "", alnum(6) + "_" + alnum(29) + "_mmk", ""},
      {"lob-key", "", "live_" + hex(35), ""},
      {"gocardless-token", "", "live_" + alnum(40), ""},
      {"launchdarkly-key", "", "sdk-" + hex(8) + "-" + uuid_tail(), ""},
      {"teams-webhook", "https://x.webhook.office.com/webhookb2/",
       hex(8) + "-" + uuid_tail() + "@" + hex(8) + "-" + uuid_tail() + "/IncomingWebhook/" +
           hex(32) + "/" + hex(8) + "-" + uuid_tail(),
       ""},
      {"twitch-token", "pass oauth:", noise(30, kLower), "\n"},
      {"sentry-dsn", "https://", hex(32), "@o1.ingest.sentry.io/2"},
      {"pgpass-password", "db.example:5432:app:me:", "open5esame", "\n"},
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

}  // namespace tacit::privacy
