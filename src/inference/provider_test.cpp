// Replays the recorded replies of tests/replies, whole and in every cut, and holds the requests to
// their exact JSON.
#include "inference/provider.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <random>

#include "base/text.h"
#include "inference/reply_parts.h"
#include "testing/fixtures.h"

namespace tacit::inference {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::size_t kLeastReplies = 120;
constexpr int kRandomCuts = 20;
constexpr std::size_t kMostPiece = 40;
constexpr std::int64_t kNow = 1'767'225'600'000;  // 2026-01-01

const std::map<std::string, Protocol> kProtocols = {{"openai", Protocol::kOpenAi},
                                                    {"anthropic", Protocol::kAnthropic},
                                                    {"gemini", Protocol::kGemini},
                                                    {"ollama", Protocol::kOllama}};

struct Recorded {
  std::string name;
  const Provider* provider = nullptr;
  Json head;
  std::string body;

  std::string kind() const { return head["kind"].get<std::string>(); }
  const Json& expect() const { return head["expect"]; }
};

std::vector<Recorded> recorded_replies() {
  std::vector<Recorded> replies;
  for (const auto& [protocol, which] : kProtocols) {
    const std::filesystem::path folder = std::filesystem::path(TACIT_REPLIES_FOLDER) / protocol;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      const std::string text = testing::read_file(entry.path());
      const std::size_t end = text.find('\n');
      Recorded reply;
      reply.name = protocol + "/" + entry.path().stem().string();
      reply.provider = &provider_of(which);
      reply.head = Json::parse(text.substr(0, end), nullptr, false);
      reply.body = text.substr(end + 1);
      replies.push_back(std::move(reply));
    }
  }
  return replies;
}

Json usage_of(const std::optional<BilledTokens>& usage) {
  if (!usage) return nullptr;
  return {usage->input, usage->cache_read, usage->cache_write, usage->cache_write_long,
          usage->output};
}

Json fault_of(const Fault& fault) {
  Json json = {{"fault", inference::name_of(fault.kind)},
               {"billed_maybe", fault.billed_maybe},
               {"says", fault.message}};
  if (fault.wait) json["wait_ms"] = fault.wait->count();
  return json;
}

// All that a reader says of a body: the pieces of text in order, then the reply or the fault.
Json read(const Recorded& reply, const std::string& body,
          const std::function<std::size_t()>& piece) {
  const auto reader = reply.provider->reader(reply.kind() == "stream");
  Json pieces = Json::array();
  Attempted<void> fed;
  for (std::string_view rest = body; fed && !rest.empty();) {
    const std::string_view bytes = rest.substr(0, piece());
    rest.remove_prefix(bytes.size());
    fed = reader->feed(bytes, [&](std::string_view text) { pieces.push_back(text); });
  }
  const auto ended = fed ? reader->finish() : Attempted<Reply>(std::unexpected(fed.error()));
  Json result = {{"pieces", pieces}, {"partial", reader->partial().text}};
  if (!ended) {
    result.update(fault_of(ended.error()));
    return result;
  }
  result["text"] = ended->text;
  result["finish"] = name_of(ended->finish);
  result["usage"] = usage_of(ended->usage);
  result["reasoning"] = ended->reasoning_tokens;
  result["model"] = ended->model;
  return result;
}

// What is expected stands in what was read; "says" is a part of the message.
void expect_reading(const Json& expect, const Json& got) {
  for (const auto& [key, value] : expect.items()) {
    if (key == "says")
      EXPECT_THAT(got.value("says", ""), HasSubstr(value.get<std::string>()));
    else
      EXPECT_EQ(got.value(key, Json()), value) << key << " in " << got;
  }
  EXPECT_EQ(expect.contains("fault"), got.contains("fault")) << got;
  if (!expect.contains("fault")) {
    EXPECT_EQ(expect.value("usage", Json()), got.value("usage", Json())) << got;
  } else {
    EXPECT_EQ(expect.value("wait_ms", Json()), got.value("wait_ms", Json())) << got;
  }
  const std::string says = got.value("says", "");
  EXPECT_THAT(says, Not(HasSubstr("PROMPTWORD")));
  EXPECT_THAT(says, Not(HasSubstr("KEYWORD")));
}

std::string with_crlf(const std::string& body) {
  std::string text;
  for (const char c : body) text += c == '\n' ? "\r\n" : std::string(1, c);
  return text;
}

TEST(Replies, AreRecordedForEveryProtocol) {
  const auto replies = recorded_replies();
  EXPECT_GE(replies.size(), kLeastReplies);
  for (const auto& [protocol, which] : kProtocols)
    for (const char* const kind : {"stream", "whole", "refusal"})
      EXPECT_TRUE(std::ranges::any_of(replies,
                                      [&](const Recorded& reply) {
                                        return reply.name.starts_with(protocol) &&
                                               reply.kind() == kind;
                                      }))
          << protocol << " " << kind;
}

TEST(Replies, AreReadTheSameAtEveryCut) {
  std::mt19937 random(1);
  for (const Recorded& reply : recorded_replies()) {
    if (reply.kind() != "stream" && reply.kind() != "whole") continue;
    SCOPED_TRACE(reply.name);
    const Json whole = read(reply, reply.body, [&] { return reply.body.size(); });
    expect_reading(reply.expect(), whole);
    EXPECT_TRUE(is_valid_utf8(whole["partial"].get<std::string>()));
    EXPECT_EQ(read(reply, reply.body, [] { return 1; }), whole);
    for (int i = 0; i < kRandomCuts; ++i)
      EXPECT_EQ(read(reply, reply.body, [&] { return 1 + random() % kMostPiece; }), whole);
    EXPECT_EQ(read(reply, with_crlf(reply.body), [] { return 7; }), whole);
  }
}

// A prefix of a reply is never taken for the whole of it, but for blanks at its end and what comes
// after Gemini's reason.
TEST(Replies, ThatAreCutOffAreNoAnswers) {
  for (const Recorded& reply : recorded_replies()) {
    if (!reply.name.ends_with("/stream") && !reply.name.ends_with("/whole")) continue;
    SCOPED_TRACE(reply.name);
    const std::string body(trim(reply.body));
    for (std::size_t size = 0; size < body.size(); ++size) {
      const Json got = read(reply, body.substr(0, size), [&] { return body.size(); });
      ASSERT_TRUE(got.contains("fault")) << size;
      ASSERT_EQ(got["fault"], "broken reply") << size;
      ASSERT_EQ(got["billed_maybe"], true) << size;
    }
  }
}

TEST(Refusals, MeanWhatTheirProviderSays) {
  for (const Recorded& reply : recorded_replies()) {
    if (reply.kind() != "refusal") continue;
    SCOPED_TRACE(reply.name);
    net::HttpHead head;
    head.status = reply.head["status"].get<int>();
    for (const auto& [key, value] : reply.head["headers"].items())
      head.headers[key] = value.get<std::string>();
    const Fault fault = reply.provider->read_refusal(head, reply.body, from_millis(kNow));
    expect_reading(reply.expect(), fault_of(fault));
  }
}

TEST(Refusals, WithWaitsThatMakeNoSenseAskForNone) {
  net::HttpHead head;
  head.status = 429;
  for (const char* const wait :
       {"", "soon", "-5", "nan", "Thu, 01 Foo 2026 00:00:00 GMT", "1e999"}) {
    head.headers["retry-after"] = wait;
    for (const auto& [name, protocol] : kProtocols)
      EXPECT_EQ(provider_of(protocol).read_refusal(head, "", from_millis(kNow)).wait, std::nullopt)
          << name << " " << wait;
  }
  head.headers["retry-after"] = "1e12";  // nobody is waited for longer than a month
  const auto wait = provider_of(Protocol::kOpenAi).read_refusal(head, "", from_millis(kNow)).wait;
  ASSERT_TRUE(wait.has_value());
  EXPECT_LE(*wait, std::chrono::hours(24 * 31));
}

TEST(Vectors, ComeInOrderAndOfLengthOne) {
  for (const Recorded& reply : recorded_replies()) {
    if (reply.kind() != "embeddings") continue;
    SCOPED_TRACE(reply.name);
    const auto got =
        reply.provider->read_embeddings(reply.body, reply.head["texts"].get<std::size_t>());
    const Json& expect = reply.expect();
    if (!got) {
      expect_reading(expect, fault_of(got.error()));
      continue;
    }
    ASSERT_TRUE(expect.contains("vectors"));
    EXPECT_EQ(usage_of(got->usage), expect.value("usage", Json()));
    ASSERT_EQ(got->vectors.size(), expect["vectors"].size());
    for (std::size_t i = 0; i < got->vectors.size(); ++i)
      for (std::size_t k = 0; k < got->vectors[i].size(); ++k)
        EXPECT_NEAR(got->vectors[i][k], expect["vectors"][i][k].get<float>(), 1e-6);
  }
}

}  // namespace
}  // namespace tacit::inference
