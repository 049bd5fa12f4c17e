#include "http/api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/api_fixture_test.h"

namespace tacit::http {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(ApiTest, HealthSaysWhoAnswers) {
  EXPECT_EQ(ask_json("/health")["name"], "tacit");
}

TEST_F(ApiTest, ReadyNamesWhatIsDegraded) {
  const json ready = ask_json("/ready");
  EXPECT_EQ(ready["status"], "degraded");
  EXPECT_THAT(ready["reasons"][0].get<std::string>(), HasSubstr("words alone"));
}

TEST_F(ApiTest, MetricsCountRequestsByClassAndTheStore) {
  put_item();
  ask("/nowhere");
  const std::string text = ask("/metrics").body;
  EXPECT_THAT(text, HasSubstr("tacit_http_requests_total{class=\"4xx\"} 1"));
  EXPECT_THAT(text, HasSubstr("tacit_store_items 1"));
  EXPECT_THAT(text, HasSubstr("tacit_http_request_seconds_count 1"));
}

TEST_F(ApiTest, EventsAreStoredOnceAndFound) {
  const json first = json::parse(post(event("e1", "because of frobnication")).body);
  EXPECT_EQ(first["exchanges"], 1);
  EXPECT_EQ(json::parse(post(event("e1", "because of frobnication")).body)["exchanges"], 0);
  const json found =
      ask_json("/v1/search", {{"q", "frobnication"}, {"mode", "text"}, {"explain", "1"}});
  ASSERT_EQ(found["hits"].size(), 1U);
  EXPECT_EQ(found["hits"][0]["kind"], "exchange");
  EXPECT_TRUE(found["hits"][0].contains("why"));
  const json exchange = ask_json("/v1/exchanges/" + found["hits"][0]["id"].get<std::string>());
  EXPECT_EQ(exchange["steps"][1]["text"], "because of frobnication");
}

TEST_F(ApiTest, EachCacheIsTold) {
  ask_json("/v1/search", {{"q", "frobnication"}, {"mode", "text"}});
  std::map<std::string, json> caches;
  const json told = ask_json("/v1/cache");
  for (const json& cache : told["caches"]) caches[cache["name"]] = cache;
  EXPECT_EQ(caches.size(), 4U);
  EXPECT_EQ(caches.count("responses") + caches.count("embeddings"), 2U);
  EXPECT_EQ(caches["answers"]["entries"], 1);
  EXPECT_GE(caches["words"]["entries"], 1);
  EXPECT_GT(caches["words"]["most_bytes"], caches["words"]["bytes"]);
}

TEST_F(ApiTest, AnIdempotencyKeyRepeatsTheAnswerAndRefusesAnotherBody) {
  EXPECT_EQ(json::parse(post(event("e1", "a"), "key").body)["exchanges"], 1);
  EXPECT_EQ(json::parse(post(event("e1", "a"), "key").body)["exchanges"], 1);
  EXPECT_EQ(post(event("e2", "b"), "key").status, 409);
  EXPECT_EQ(post({{"events", 7}}, "other").status, 400);
  EXPECT_EQ(json::parse(post(event("e3", "c"), "other").body)["exchanges"], 1)
      << "a refusal is not remembered";
}

TEST_F(ApiTest, ABodyThatIsNotDeclaredAsJsonIsRefused) {
  EXPECT_EQ(post(event("e1", "a"), "", "text/plain").status, 415);
  EXPECT_EQ(post(event("e1", "a"), "", "application/json; charset=utf-8").status, 200);
}

TEST_F(ApiTest, ReadingAnItemIsNotAUseAndAUseEventIs) {
  const ItemId id = put_item();
  const json item = ask_json("/v1/items/" + id.text());
  EXPECT_EQ(item["kind"], "item");
  EXPECT_EQ(item["evidence"][0]["quotes"][0]["text"], "gateway");
  EXPECT_EQ(ask_json("/v1/items/" + id.text())["uses"], 0);
  EXPECT_EQ(post({{"events", {{{"type", "use"}, {"items", {id.text()}}}}}}).status, 200);
  EXPECT_EQ(ask_json("/v1/items/" + id.text())["uses"], 1);
}

TEST_F(ApiTest, ItemsAndSessionsAreListedInPages) {
  put_item();
  post(event("e1", "a"));
  const json items = ask_json("/v1/items", {{"limit", "1"}});
  EXPECT_EQ(items["items"].size(), 1U);
  const json first = ask_json("/v1/sessions", {{"limit", "1"}});
  ASSERT_EQ(first["sessions"].size(), 1U);
  const json second = ask_json("/v1/sessions", {{"limit", "1"}, {"before", first["next"]}});
  ASSERT_EQ(second["sessions"].size(), 1U);
  EXPECT_NE(first["sessions"][0]["id"], second["sessions"][0]["id"]);
  const json session = ask_json("/v1/sessions/" + first["sessions"][0]["id"].get<std::string>());
  EXPECT_EQ(session["kind"], "session");
  EXPECT_EQ(session["exchanges"].size(), 1U);
}

TEST_F(ApiTest, ItemsAreRankedByConfidenceFreshnessAndIntent) {
  const ItemId base = put_item();  // seen now
  const auto record = workspace_->service().get(base.text());
  const ExchangeId evidence =
      std::get<service::ItemRecord>(*record).evidence.front().observation.exchange;
  const auto add = [&](std::uint64_t number, double confidence, int days, Intent intent) {
    Observation observation;
    observation.id = ObservationId{number};
    observation.exchange = evidence;
    observation.statement = "Statement " + std::to_string(number);
    KnowledgeItem item;
    item.id = ItemId{number};
    item.title = item.statement = observation.statement;
    item.confidence = confidence;
    item.project = "/home/dev/market";
    item.intent = intent;
    item.last_seen = clock_.now() - std::chrono::days(days);
    const auto written = workspace_->store().write([&](store::WriteTxn& txn) -> Result<void> {
      TACIT_TRY(store::add_item(txn, item, observation, clock_.now()));
      return {};
    });
    EXPECT_TRUE(written.has_value()) << written.error().message();
    return item.id.text();
  };
  const std::string weak = add(101, 0.4, 1, Intent::kTesting);
  const std::string strong = add(102, 0.9, 50, Intent::kDebugging);
  const std::string stale = add(103, 0.99, 120, Intent::kDebugging);
  const auto ids = [&](std::map<std::string, std::string> query) {
    const json page = ask_json("/v1/items", std::move(query));
    EXPECT_TRUE(page["next"].is_null()) << "a ranking has no second page";
    std::vector<std::string> found;
    for (const json& item : page["items"]) found.push_back(item["id"]);
    return found;
  };
  using Ids = std::vector<std::string>;
  EXPECT_EQ(ids({{"order", "confidence"}, {"project", "market"}}), (Ids{strong, weak}));
  EXPECT_EQ(ids({{"order", "confidence"}, {"project", "market"}, {"limit", "1"}}), Ids{strong});
  EXPECT_EQ(ids({{"order", "freshness"}, {"project", "market"}}), (Ids{weak, strong}));
  EXPECT_EQ(ids({{"intent", "debugging"}}), Ids{strong});
  EXPECT_EQ(ids({{"intent", "debugging"}, {"project", "shop"}}), Ids{});
  EXPECT_EQ(ids({}), (Ids{base.text(), weak, strong, stale})) << "the newest, stale ones too";
  const net::Response refused = ask("/v1/items", {{"order", "confidence"}});
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("needs a project"));
}

TEST_F(ApiTest, MistakesGetTheirStatusAndAReason) {
  const ItemId id = put_item();
  EXPECT_EQ(ask("/v1/items/k000000000001").status, 404);
  EXPECT_EQ(ask("/v1/sessions/" + id.text()).status, 404) << "an item is no session";
  EXPECT_EQ(ask("/v1/items/../../etc/passwd").status, 404);
  EXPECT_EQ(ask("/v1/items/").status, 404);
  EXPECT_EQ(ask("/index.html").status, 404);
  EXPECT_EQ(ask("/v1/search").status, 400);
  EXPECT_EQ(ask("/v1/items", {{"before", "nonsense"}}).status, 400);
  EXPECT_EQ(ask("/v1/sessions", {{"limit", "100000"}}).status, 400);
  const net::Response deleted = ask("/v1/items", {}, "DELETE");
  EXPECT_EQ(deleted.status, 405);
  EXPECT_EQ(deleted.headers.front(),
            (std::pair<std::string, std::string>("Allow", "GET, HEAD, OPTIONS")));
  EXPECT_EQ(ask("/v1/events", {}, "OPTIONS").status, 204);
  for (const char* path : {"/v1/items/k000000000001", "/v1/search", "/nowhere"}) {
    EXPECT_TRUE(json::parse(ask(path).body)["error"]["message"].is_string()) << path;
  }
}

TEST_F(ApiTest, MessagesOfMcpGoToTheirFaceByPostAlone) {
  net::Request message;
  message.method = "POST";
  message.path = "/mcp";
  message.body = "{}";
  EXPECT_EQ(api_->handle(message).body, "to mcp: {}");
  for (const char* method : {"GET", "DELETE"}) {
    const net::Response refused = ask("/mcp", {}, method);
    EXPECT_EQ(refused.status, 405);
    EXPECT_EQ(refused.headers.front().second, "POST, OPTIONS");
  }
}

TEST_F(ApiTest, AMisspeltParameterIsRefused) {
  for (const char* path : {"/v1/search", "/v1/items", "/v1/sessions"}) {
    const net::Response refused = ask(path, {{"q", "x"}, {"projet", "shop"}});
    EXPECT_EQ(refused.status, 400) << path;
    EXPECT_THAT(refused.body, HasSubstr("unknown parameter"));
  }
}

TEST_F(ApiTest, TheStreamTellsTheStatusAndHasLastWords) {
  const net::Response response = ask("/v1/stream");
  ASSERT_NE(response.stream, nullptr);
  EXPECT_EQ(response.content_type, "text/event-stream");
  const auto piece = response.stream->next();
  ASSERT_TRUE(piece.has_value());
  EXPECT_THAT(*piece, HasSubstr("event: status\ndata: {"));
  EXPECT_TRUE(piece->ends_with("\n\n"));
  EXPECT_THAT(response.stream->last_words, HasSubstr("event: shutdown"));
}

TEST_F(ApiTest, ThePageIsServedWithoutInlineScriptOrForeignSource) {
  const net::Response page = ask("/", {{"q", "anything"}});
  EXPECT_EQ(page.content_type, "text/html; charset=utf-8");
  EXPECT_THAT(page.body, HasSubstr("<script type=\"module\" src=\"/app.js\">"));
  EXPECT_THAT(page.body, Not(HasSubstr("style=\"")));
  const std::string script = ask("/app.js").body;
  EXPECT_THAT(script, Not(HasSubstr("innerHTML")));
  EXPECT_THAT(script, Not(HasSubstr("https://")));
  EXPECT_EQ(ask("/style.css").status, 200);
  EXPECT_EQ(ask("/favicon.ico").content_type, "image/svg+xml");
}

}  // namespace
}  // namespace tacit::http
