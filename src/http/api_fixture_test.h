#pragma once
// The fixture of this module's tests: the API over the real service. Linked by tests only.

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "http/api.h"
#include "service/workspace.h"
#include "store/knowledge_queries.h"
#include "testing/fixtures.h"

namespace tacit::http {

using nlohmann::json;

// The API over the real service on a temporary data folder, without a model.
class ApiTest : public ::testing::Test {
 protected:
  ApiTest() {
    service::WorkspaceOptions options;
    options.data_dir = folder_.path() / "data";
    options.wants_model = false;
    auto workspace = service::Workspace::open(options, service::Access::kWriter, clock_);
    EXPECT_TRUE(workspace.has_value()) << workspace.error().message();
    workspace_ = std::move(*workspace);
    service::InferenceSettings settings;
    settings.developer = "ada";
    inference_ =
        service::InferenceService::open(
            settings, {workspace_->store(), workspace_->redactor(), workspace_->key(), clock_})
            .value();
    api_ =
        std::make_unique<Api>(workspace_->service(), *inference_, [](const net::Request& message) {
          net::Response response;
          response.body = "to mcp: " + message.body;
          return response;
        });
  }

  net::Response ask(const std::string& path, std::map<std::string, std::string> query = {},
                    const std::string& method = "GET") {
    net::Request request;
    request.method = method;
    request.path = path;
    request.query = std::move(query);
    return api_->handle(request);
  }
  json ask_json(const std::string& path, std::map<std::string, std::string> query = {}) {
    const net::Response response = ask(path, std::move(query));
    EXPECT_EQ(response.status, 200) << path << ": " << response.body;
    return json::parse(response.body);
  }
  net::Response post(const json& body, const std::string& key = "",
                     const std::string& type = "application/json") {
    net::Request request;
    request.method = "POST";
    request.path = "/v1/events";
    request.body = body.dump();
    request.headers["content-type"] = type;
    if (!key.empty()) request.headers["idempotency-key"] = key;
    return api_->handle(request);
  }
  static json event(const std::string& identity, const std::string& reply) {
    return {
        {"events",
         {{{"type", "exchange"},
           {"session", {{"agent", "my-agent"}, {"native_id", "s1"}, {"project", "/home/dev/shop"}}},
           {"exchange",
            {{"identity", identity},
             {"steps",
              {{{"kind", "request"}, {"text", "why does the webhook fail?"}},
               {{"kind", "reply"}, {"text", reply}}}}}}}}}};
  }
  // An item supported by the first exchange of session "native".
  ItemId put_item() {
    service::Incoming incoming;
    incoming.session = testing::make_session("native");
    incoming.exchange = testing::make_exchange(incoming.session, 0, "why?", "the gateway drops it");
    EXPECT_TRUE(workspace_->service().ingest({incoming}).has_value());
    const auto sessions = workspace_->service().sessions("", 1, "");
    const auto record = workspace_->service().get(sessions->front().session.id.text());
    const Exchange& exchange = std::get<service::SessionRecord>(*record).exchanges.front();
    Observation observation;
    observation.id = ObservationId{5};
    observation.exchange = exchange.id;
    observation.statement = "The gateway drops the webhook.";
    observation.spans = {{1, 4, 7}};
    KnowledgeItem item;
    item.id = ItemId{6};
    item.title = "Gateway <b>drops</b> the webhook";
    item.statement = observation.statement;
    item.last_seen = clock_.now();
    const auto written = workspace_->store().write([&](store::WriteTxn& txn) -> Result<void> {
      TACIT_TRY(store::add_item(txn, item, observation, clock_.now()));
      return {};
    });
    EXPECT_TRUE(written.has_value());
    return item.id;
  }

  testing::TempFolder folder_;
  testing::ManualClock clock_;
  std::unique_ptr<service::Workspace> workspace_;
  std::unique_ptr<service::InferenceService> inference_;
  std::unique_ptr<Api> api_;
};

}  // namespace tacit::http
