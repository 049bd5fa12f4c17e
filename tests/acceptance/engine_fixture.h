#pragma once
// An engine over a real store and ledger, with fake providers at the other end of real sockets:
// "groq" and "openai" as the remote chain, "local" behind them. The prices are the catalogue's; the
// first fake's meter has the same ones. Waits move the clock by hand, the times of the transport
// are real and short.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "inference/catalogue.h"
#include "inference/engine.h"
#include "store/ledger.h"
#include "store/store.h"
#include "testing/fake_provider.h"
#include "testing/fixtures.h"

namespace tacit::inference {

using testing::FakeProvider;
using testing::FakeRule;
using FakeFault = testing::Fault;

inline Instant test_time() {
  return parse_time("2026-11-25T12:00:00Z").value();
}

class EngineTestBase : public ::testing::Test {
 protected:
  EngineTestBase() : manual_clock_(test_time()), catalogue_(Catalogue::built_in().value()) {
    options_.attempt.first_byte_timeout = std::chrono::milliseconds(400);
    options_.attempt.idle_timeout = std::chrono::milliseconds(400);
    budget_.margin_per_mille = 0;
  }

  void SetUp() override {
    first_ = FakeProvider::start({}).value();
    second_ = FakeProvider::start({}).value();
    local_ = FakeProvider::start({}).value();
    open_store();
  }
  void TearDown() override {
    engine_.reset();
    ledger_.reset();
    store_.reset();
  }

  void open_store() {
    store::StoreOptions options;
    options.directory = folder_.path();
    store_ = store::Store::open(options).value();
    ledger_ = store::open_ledger(*store_, budget_, *clock_).value();
  }

  Route route(const std::string& id, const std::string& url) const {
    Route route;
    route.facts = catalogue_.find(id);
    EXPECT_NE(route.facts, nullptr) << id;
    route.endpoint.provider = route.facts->provider;
    route.endpoint.url = url;
    route.endpoint.key = "key-of-" + route.facts->provider;
    if (route.facts->provider == "anthropic") route.endpoint.protocol = Protocol::kAnthropic;
    if (route.facts->provider == "gemini") route.endpoint.protocol = Protocol::kGemini;
    route.model = route.facts->model;
    return route;
  }
  Route first_route() const { return route("groq/openai/gpt-oss-20b", first_->url() + "/v1"); }
  Route second_route() const { return route("openai/gpt-5-nano", second_->url() + "/v1"); }
  Route local_route() const {
    Route route;
    route.endpoint.provider = "local";
    route.endpoint.is_local = true;
    route.endpoint.protocol = Protocol::kOllama;
    route.endpoint.url = local_->url();
    route.model = "gemma3:270m";
    return route;
  }

  Engine& open(std::vector<Route> chain) {
    engine_.reset();
    options_.chain = std::move(chain);
    EngineParts parts{*clock_};
    parts.ledger = ledger_.get();
    engine_ = Engine::open(options_, std::move(parts)).value();
    return *engine_;
  }
  static CompletionRequest question() {
    CompletionRequest request;
    request.developer = "ada";
    request.project = "shop";
    request.operation = "ask";
    request.prompt.messages = {{Role::kUser, "What did we decide about retries?"}};
    request.prompt.max_output = 64;
    request.sensitivity = Sensitivity::kInternal;
    return request;
  }
  Result<Completion> ask(const CompletionRequest& request = question()) {
    return engine_->complete("request-" + std::to_string(++asked_), request);
  }
  // Streamed: what was shown goes to shown_.
  Result<Completion> stream(const CompletionRequest& request = question(),
                            std::stop_token stop = {}) {
    shown_.clear();
    return engine_->complete(
        "request-" + std::to_string(++asked_), request,
        [this](std::string_view text) { shown_ += text; }, std::move(stop));
  }

  AccountState ada() const { return ledger_->developer_state("ada").value(); }
  static FakeRule refusal(int status) {
    FakeRule rule;
    rule.status = status;
    return rule;
  }
  static FakeRule fault(FakeFault fault, int at_piece = 0) {
    FakeRule rule;
    rule.fault = fault;
    rule.at_piece = at_piece;
    return rule;
  }

  testing::TempFolder folder_;
  testing::ManualClock manual_clock_;
  const SystemClock real_clock_;
  const Clock* clock_ = &manual_clock_;
  store::LedgerOptions budget_;
  EngineOptions options_;
  Catalogue catalogue_;
  std::unique_ptr<FakeProvider> first_, second_, local_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<Engine> engine_;
  std::string shown_;
  int asked_ = 0;
};

}  // namespace tacit::inference
