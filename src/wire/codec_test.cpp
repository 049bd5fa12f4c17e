#include "wire/codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "testing/fixtures.h"

namespace tacit::wire {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

KnowledgeItem some_item() {
  KnowledgeItem item;
  item.id = ItemId{77};
  item.type = ItemType::kBugSolution;
  item.title = "Retry the webhook";
  item.statement = "The webhook is retried because the gateway drops the first call.";
  item.confidence = 0.81;
  item.last_seen = from_millis(1'769'605'829'123);
  return item;
}

service::Incoming some_incoming() {
  service::Incoming incoming;
  incoming.session = testing::make_session("native");
  incoming.exchange = testing::make_exchange(incoming.session, 3, "why?", "because \"so\"\n");
  incoming.exchange.tokens = {10, 20, 30};
  incoming.exchange.steps.push_back({StepKind::kResult, "Bash", "exit 1", true, std::nullopt});
  return incoming;
}

TEST(Codec, AHitHasEveryFieldOfTheContractAndNullForWhatIsUnknown) {
  Answer answer;
  Hit hit;
  hit.kind = HitKind::kExchange;
  hit.id = 5;
  hit.title = "t";
  hit.score = 0.123456789;
  answer.hits.push_back(hit);
  answer.took_ms = 1.25;
  const json out = json::parse(encode(answer));
  const json& first = out["hits"][0];
  for (const char* field : {"kind", "id", "title", "statement", "type", "score", "freshness",
                            "project", "session", "exchange", "time"}) {
    EXPECT_TRUE(first.contains(field)) << field;
  }
  EXPECT_EQ(first["kind"], "exchange");
  EXPECT_EQ(first["id"], ExchangeId{5}.text());
  EXPECT_TRUE(first["type"].is_null());
  EXPECT_TRUE(first["time"].is_null());
  EXPECT_FALSE(first.contains("why"));
  EXPECT_EQ(first["score"], 0.1235);
  EXPECT_EQ(out["took_ms"], 1.25);
  EXPECT_EQ(out["degraded"], json::array());
}

TEST(Codec, AnExplanationSaysWhichListsFoundTheHit) {
  Answer answer;
  Hit hit;
  hit.why =
      Explanation{1, 7.5, std::nullopt, std::nullopt, 0.25, {"webhook"}, "matched \"webhook\""};
  answer.hits.push_back(hit);
  const json why = json::parse(encode(answer))["hits"][0]["why"];
  EXPECT_EQ(why["text_rank"], 1);
  EXPECT_TRUE(why["cosine"].is_null());
  EXPECT_EQ(why["closeness"], 0.25);
  EXPECT_EQ(why["matched_terms"][0], "webhook");
}

TEST(Codec, AnItemRecordCarriesQuotesWithTheirPlace) {
  service::ItemRecord record;
  record.item = some_item();
  service::Evidence evidence;
  evidence.observation.id = ObservationId{9};
  evidence.observation.exchange = ExchangeId{8};
  evidence.observation.spans = {{1, 2, 3}, {4, 5, 6}};
  evidence.quotes = {"abc"};
  record.evidence.push_back(evidence);
  const json out = json::parse(encode(service::Record(record)));
  EXPECT_EQ(out["kind"], "item");
  EXPECT_EQ(out["id"], ItemId{77}.text());
  EXPECT_EQ(out["last_seen"], "2026-01-28T13:10:29.123Z");
  EXPECT_TRUE(out["last_used"].is_null());
  EXPECT_EQ(out["evidence"][0]["quotes"][0]["text"], "abc");
  EXPECT_EQ(out["evidence"][0]["quotes"][1]["text"], "");
  EXPECT_EQ(out["evidence"][0]["quotes"][1]["offset"], 5);
}

TEST(Codec, ExchangesAndSessionsShowTheirSteps) {
  const auto incoming = some_incoming();
  service::ExchangeRecord record{incoming.exchange, incoming.session, {some_item()}};
  const json exchange = json::parse(encode(service::Record(record)));
  EXPECT_EQ(exchange["kind"], "exchange");
  EXPECT_EQ(exchange["session"]["agent"], incoming.session.agent);
  EXPECT_EQ(exchange["steps"][2]["failed"], true);
  EXPECT_EQ(exchange["items"][0]["title"], "Retry the webhook");
  service::SessionRecord whole{incoming.session, {incoming.exchange}};
  const json session = json::parse(encode(service::Record(whole)));
  EXPECT_EQ(session["kind"], "session");
  EXPECT_EQ(session["exchanges"][0]["steps"][0]["text"], "why?");
}

TEST(Codec, OutputIsOneLineOfValidUtf8WhateverTheBytes) {
  KnowledgeItem item = some_item();
  item.statement = "bad \xFF byte\nand a line\x01";
  const std::string out = encode(item, Freshness::kFresh);
  EXPECT_EQ(out.find('\n'), std::string::npos);
  EXPECT_TRUE(json::accept(out));
  EXPECT_THAT(out, HasSubstr("bad \xEF\xBF\xBD byte"));
}

TEST(Codec, APageNamesTheNextOnlyWhenItIsFull) {
  const std::vector<KnowledgeItem> items = {some_item()};
  const Instant now = from_millis(1'769'605'829'123);
  EXPECT_EQ(json::parse(encode_items(items, now, 1))["next"], ItemId{77}.text());
  EXPECT_TRUE(json::parse(encode_items(items, now, 2))["next"].is_null());
  EXPECT_TRUE(json::parse(encode_items({}, now, 2))["next"].is_null());
  EXPECT_TRUE(json::parse(encode_sessions({}, 2))["next"].is_null());
  store::SessionRow row;
  row.session = testing::make_session("a");
  row.exchanges = 4;
  const json sessions = json::parse(encode_sessions({row}, 1));
  EXPECT_EQ(sessions["next"], row.session.id.text());
  EXPECT_EQ(sessions["sessions"][0]["exchanges"], 4);
}

TEST(Codec, EventsSurviveTheWayThereAndBack) {
  EventBatch batch;
  batch.exchanges.push_back(some_incoming());
  batch.used = {ItemId{1}, ItemId{2}};
  batch.again = true;
  const auto read = decode_events(encode_events(batch));
  ASSERT_TRUE(read.has_value()) << read.error().message();
  ASSERT_EQ(read->exchanges.size(), 1U);
  const auto& [session, exchange] = read->exchanges.front();
  EXPECT_EQ(session.native_id, batch.exchanges[0].session.native_id);
  EXPECT_EQ(session.started, batch.exchanges[0].session.started);
  EXPECT_EQ(exchange.identity, batch.exchanges[0].exchange.identity);
  EXPECT_EQ(exchange.ordinal, 3);
  EXPECT_EQ(exchange.tokens.cached, 30);
  ASSERT_EQ(exchange.steps.size(), 3U);
  EXPECT_EQ(exchange.steps[1].text, "because \"so\"\n");
  EXPECT_TRUE(exchange.steps[2].failed);
  EXPECT_EQ(read->used, batch.used);
  EXPECT_TRUE(read->again);
}

TEST(Codec, RefusalsNameTheField) {
  const std::string session = R"("session":{"agent":"a","native_id":"n"})";
  const std::pair<std::string, std::string> cases[] = {
      {"", "not valid JSON"},
      {"[]", "body: must be an object"},
      {"{}", "body.events: must be an array"},
      {R"({"events":[7]})", "events[0]: must be an object"},
      {R"({"events":[{"type":"dance"}]})", "events[0].type: \"dance\""},
      {R"({"events":[{"type":"use","items":["x1"]}]})", "events[0].items"},
      {R"({"events":[{"type":"exchange"}]})", "events[0].session: is missing"},
      {R"({"events":[{"type":"exchange","session":{"agent":1}}]})", "session.agent: must be a str"},
      {R"({"events":[{"type":"exchange",)" + session + "}]}", "events[0].exchange: is missing"},
      {R"({"events":[{"type":"exchange",)" + session +
           R"(,"exchange":{"identity":"i","steps":[{"kind":"reply"}]}}]})",
       "steps: must start"},
      {R"({"events":[{"type":"exchange",)" + session +
           R"(,"exchange":{"identity":"i","steps":[{"kind":"shout"}]}}]})",
       "steps[0].kind: \"shout\""},
      {R"({"events":[{"type":"exchange",)" + session +
           R"(,"exchange":{"identity":"i","ordinal":-1,"steps":[]}}]})",
       "ordinal: must be a whole number"},
      {R"({"events":[{"type":"exchange",)" + session +
           R"(,"exchange":{"identity":"i","time":"soon","steps":[]}}]})",
       "time: \"soon\" is no time"},
  };
  for (const auto& [text, expected] : cases) {
    const auto read = decode_events(text);
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_EQ(read.error().kind(), ErrorKind::kInvalidInput);
    EXPECT_THAT(read.error().message(), HasSubstr(expected)) << text;
  }
}

TEST(Codec, DeepJsonIsRefusedBeforeItIsBuilt) {
  EXPECT_FALSE(is_deeper_than("[[]]", 2));
  EXPECT_TRUE(is_deeper_than("[[[]]]", 2));
  EXPECT_FALSE(is_deeper_than(R"(["[[[[\"[["])", 1)) << "brackets in strings do not count";
  EXPECT_TRUE(is_deeper_than("]]][[[", 2)) << "closing too often earns no credit";
  const std::string deep = R"({"events":)" + std::string(5'000'000, '[');
  const auto read = decode_events(deep);
  ASSERT_FALSE(read.has_value());
  EXPECT_THAT(read.error().message(), HasSubstr("nests deeper than 64"));
}

TEST(Codec, TooManyEventsAreRefused) {
  json body = {{"events", json::array()}};
  for (std::size_t i = 0; i <= service::kMaxEventsPerBatch; ++i) {
    body["events"].push_back({{"type", "use"}, {"items", json::array()}});
  }
  const auto read = decode_events(body.dump());
  ASSERT_FALSE(read.has_value());
  EXPECT_THAT(read.error().message(), HasSubstr("501 events; at most 500"));
}

TEST(Codec, InvalidUtf8InABodyIsRefused) {
  EXPECT_FALSE(decode_events("{\"events\":[{\"type\":\"\xFF\"}]}").has_value());
}

TEST(Codec, AnErrorSaysKindMessageAndWhetherToRetry) {
  const json out = json::parse(encode(Error(ErrorKind::kUnavailable, "disk is full")));
  EXPECT_EQ(out["error"]["kind"], "unavailable");
  EXPECT_EQ(out["error"]["message"], "disk is full");
  EXPECT_EQ(out["error"]["may_retry"], true);
}

TEST(Codec, ReceiptsReportsAndStatusKeepTheirNames) {
  store::ForgetReceipt receipt;
  receipt.items = 2;
  EXPECT_EQ(encode(receipt, true),
            R"({"dry_run":true,"sessions":0,"exchanges":0,"observations":0,"items":2})");
  service::IngestReport report;
  report.duplicates = 3;
  EXPECT_EQ(
      encode(report),
      R"({"sessions":0,"exchanges":0,"grown":0,"duplicates":3,"forgotten":0,"redactions":0})");
  service::Status status;
  status.counts.to_learn = 4;
  status.freshness.aging = 2;
  status.cache.hits = 3;
  const json out = json::parse(encode(status));
  EXPECT_EQ(out["counts"]["to_learn"], 4);
  EXPECT_EQ(out["freshness"]["aging"], 2);
  EXPECT_EQ(out["query_cache"]["hits"], 3);
}

}  // namespace
}  // namespace tacit::wire
