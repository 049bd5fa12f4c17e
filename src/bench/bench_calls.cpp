// What the engine adds to a call of a model: the same requests, sent directly and through it, to a
// server on loopback that answers at once. Open loop: calls start at their times, whatever the ones
// before do. With and without what must be durable (holds and audit).
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>

#include "base/worker.h"
#include "bench/bench_case.h"
#include "bench/scratch_folder.h"
#include "domain/identity.h"
#include "inference/catalogue.h"
#include "inference/engine.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "store/ledger.h"

namespace tacit::bench {
namespace {

using inference::Route;

constexpr std::size_t kLanes = 10;  // callers at once, as many as the engine lets out
constexpr std::size_t kGroupedCalls = 40;
constexpr Duration kThinking{100};  // a short answer of a fast provider
constexpr const char* kModel = "groq/openai/gpt-oss-20b";
constexpr const char* kReply =
    R"({"id":"x","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":)"
    R"("assistant","content":"Because the retry is not idempotent."},"finish_reason":"stop"}],)"
    R"("usage":{"prompt_tokens":100,"completion_tokens":8,"total_tokens":108}})";

enum class Books {
  kNone,    // a local place: no holds, no audit
  kMemory,  // holds and audit in a folder of memory, where no sync waits
  kDurable,
};

struct Setting {
  int rate = 50;  // calls a second
  std::size_t prompt_bytes = 1000;
  Books books = Books::kNone;
  Duration thinking{0};  // of the provider
};

// Everything between a caller and the answer.
class Bed {
 public:
  static Result<std::unique_ptr<Bed>> make(const Setting& setting) {
    auto bed = std::unique_ptr<Bed>(new Bed(setting));
    TACIT_TRY(bed->open());
    return bed;
  }

  Result<void> direct() {
    const net::HttpOutcome outcome = client_->send(
        call_, [](const net::HttpHead&) { return true; }, [](std::string_view) { return true; });
    return outcome.error ? Result<void>(std::unexpected<Error>(*outcome.error)) : Result<void>();
  }
  Result<void> through_engine() {
    const std::string id = fmt::format("bench-{}", ++asked_);
    inference::CompletionRequest request = request_;
    CallAudit audit;
    if (is_remote()) {
      audit.request = id;
      audit.content_hash = key_.content_hash(request.prompt.messages[0].text);
      request.on_attempt = [&](int number, const inference::AttemptRecord& record) {
        audit.attempt = number;
        audit.provider = record.provider;
        audit.outcome = record.outcome;
        audit.hold = record.hold;
        if (auto kept = store::append_call_audit(*store_, audit); !kept) audit_failed_ = true;
      };
    }
    TACIT_TRY(engine_->complete(id, request));
    return audit_failed_ ? fail(ErrorKind::kInternal, "the audit was not written") : Result<void>();
  }

 private:
  explicit Bed(const Setting& setting) : setting_(setting) {}
  bool is_remote() const { return setting_.books != Books::kNone; }

  Result<void> open() {
    if (folder_.path().empty())
      return fail(ErrorKind::kUnavailable, "cannot make a temporary folder");
    net::ServerOptions options;
    options.port = 0;
    options.workers = setting_.thinking > Duration(0) ? kLanes : 2;
    server_ = TACIT_TRY(net::HttpServer::start(options, [this](const net::Request&) {
      if (setting_.thinking > Duration(0)) clock_.wait(setting_.thinking, {});
      net::Response response;
      response.body = kReply;
      return response;
    }));
    store::StoreOptions store_options;
    store_options.directory = folder_.path() / "data";
    store_ = TACIT_TRY(store::Store::open(store_options));
    store::LedgerOptions budget;
    budget.developer_month = Money::cents(1'000'000);
    budget.tokens_per_day = 2'000'000'000;
    ledger_ = TACIT_TRY(store::open_ledger(*store_, budget, clock_));
    catalogue_.emplace(TACIT_TRY(inference::Catalogue::built_in()));
    Route route;
    route.endpoint.provider = is_remote() ? "groq" : "local";
    route.endpoint.url = fmt::format("http://127.0.0.1:{}/v1", server_->port());
    route.endpoint.is_local = !is_remote();
    route.model = "openai/gpt-oss-20b";
    if (is_remote()) route.facts = catalogue_->find(kModel);
    inference::EngineOptions engine_options;
    engine_options.chain = {route};
    engine_options.local_calls = kLanes;
    inference::EngineParts parts{clock_};
    parts.ledger = ledger_.get();
    engine_ = TACIT_TRY(inference::Engine::open(engine_options, std::move(parts)));
    client_ = TACIT_TRY(net::HttpClient::start({}));
    request_.developer = "bench";
    request_.sensitivity = Sensitivity::kInternal;
    request_.prompt.messages = {{inference::Role::kUser, std::string(setting_.prompt_bytes, 'x')}};
    request_.prompt.max_output = 64;
    call_ = inference::provider_of(route.endpoint.protocol)
                .chat(route.endpoint, route.model, request_.prompt, false);
    call_.stays_local = true;
    return {};
  }

  const Setting setting_;
  const SystemClock clock_;
  const ScratchFolder folder_{setting_.books == Books::kMemory ? "/dev/shm" : ""};
  const IdentityKey key_{"key of the bench"};
  std::optional<inference::Catalogue> catalogue_;
  std::unique_ptr<net::HttpServer> server_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<inference::Engine> engine_;
  std::unique_ptr<net::HttpClient> client_;
  inference::CompletionRequest request_;
  net::HttpCall call_;
  std::atomic<int> asked_{0};
  std::atomic<bool> audit_failed_{false};
};

Result<Sample> added(const Setting& setting, int iterations) {
  auto bed = TACIT_TRY(Bed::make(setting));
  const auto calls = static_cast<std::size_t>(iterations);
  for (int i = 0; i < 20; ++i) {
    TACIT_TRY(bed->direct());
    TACIT_TRY(bed->through_engine());
  }
  std::vector<double> plain =
      TACIT_TRY(paced(setting.rate, kLanes, calls, [&](std::size_t) { return bed->direct(); }));
  Sample sample;
  sample.ms = TACIT_TRY(
      paced(setting.rate, kLanes, calls, [&](std::size_t) { return bed->through_engine(); }));
  std::ranges::sort(plain);
  const double usual = plain[plain.size() / 2];
  for (double& ms : sample.ms) ms = std::max(0.0, ms - usual);
  return sample;
}

// Background calls, `group` of them side by side.
Result<Sample> grouped(std::size_t group, int iterations) {
  Setting setting;
  setting.books = Books::kDurable;
  setting.thinking = kThinking;
  auto bed = TACIT_TRY(Bed::make(setting));
  TACIT_TRY(bed->through_engine());
  WorkerPool lanes(group);
  std::atomic<bool> has_failed{false};
  Sample sample = TACIT_TRY(time_each(iterations, [&](int) -> Result<void> {
    lanes.parallel_for(kGroupedCalls, [&](std::size_t, std::size_t) {
      if (!bed->through_engine()) has_failed = true;
    });
    return has_failed ? fail(ErrorKind::kInternal, "a call failed") : Result<void>();
  }));
  double total = 0;
  for (const double ms : sample.ms) total += ms;
  sample.throughput = static_cast<double>(kGroupedCalls * sample.ms.size()) * 1000 / total;
  return sample;
}

}  // namespace

std::vector<Case> call_cases() {
  std::vector<Case> cases;
  struct Kind {
    Books books;
    const char* name;
    Limit goal;
  };
  const std::array kKinds = {
      Kind{Books::kNone, "local (limit: p50)", {Measure::kP50Ms, 0.3}},
      Kind{Books::kMemory, "ledger and audit in memory (limit: p99)", {Measure::kP99Ms, 1.0}},
      Kind{Books::kDurable, "ledger and audit durable (limit: p99)", {Measure::kP99Ms, 10.0}}};
  for (const Kind& kind : kKinds) {
    for (const int rate : {1, 50, 500}) {
      for (const std::size_t bytes : {std::size_t{1000}, std::size_t{8000}}) {
        const Setting setting{rate, bytes, kind.books};
        cases.push_back({"inference",
                         fmt::format("added to a direct call, {} kB at {}/s, {}", bytes / 1000,
                                     rate, kind.name),
                         rate == 1 ? 10 : rate * 4, std::nullopt, kind.goal,
                         [setting](const BenchOptions&, int iterations) {
                           return added(setting, iterations);
                         }});
      }
    }
  }
  for (const std::size_t group : {std::size_t{1}, std::size_t{2}, std::size_t{10}}) {
    cases.push_back({"inference",
                     fmt::format("{} background calls of {} ms each, {} at once", kGroupedCalls,
                                 kThinking.count(), group),
                     3, std::nullopt, std::nullopt, [group](const BenchOptions&, int iterations) {
                       return grouped(group, iterations);
                     }});
  }
  return cases;
}

}  // namespace tacit::bench
