// What the engine adds to a call of a model: the same requests, sent directly and through it by
// turns, to a server on loopback that answers at once. Open loop: calls start at their times,
// whatever the ones before do. With and without what must be durable (holds and audit). A
// percentile of what is added is that of the calls through the engine less that of the direct ones.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <iterator>
#include <utility>

#include "base/mutex.h"
#include "base/worker.h"
#include "bench/bench_case.h"
#include "bench/durable_file.h"
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

constexpr std::size_t kLanes = 10;           // callers at once, as many as the engine lets out
constexpr std::array kRates = {1, 50, 500};  // calls a second
constexpr std::size_t kTouchedPages = 1000;
constexpr int kWarmRate = 500;
constexpr std::size_t kWarmCalls = 400;
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

// How many of each kind a percentile rests on: a hundred or more, of which p99 leaves one out.
int calls_at(int rate) {
  constexpr int kMostSeconds = 100;
  constexpr int kMostCalls = 2000;
  return std::min(rate * kMostSeconds, kMostCalls);
}

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
    if (is_remote()) {
      request.audit_of = [&](int number, const inference::AttemptRecord& record) {
        CallAudit audit;
        audit.request = id;
        audit.content_hash = key_.content_hash(request.prompt.messages[0].text);
        audit.attempt = number;
        audit.provider = record.provider;
        audit.outcome = record.outcome;
        audit.hold = record.hold;
        return audit;
      };
      request.on_attempt = [&](int, const inference::AttemptRecord& record) {
        if (!record.is_audited) audit_failed_ = true;
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

// Both kinds of call come from the same threads, which have made both before, each kind at its rate
// and halfway between two of the other, so that they meet the same machine and neither ever rests.
Result<Sample> added(const Setting& setting, int iterations) {
  auto bed = TACIT_TRY(Bed::make(setting));
  const auto calls = 2 * static_cast<std::size_t>(iterations);
  const auto by_turns = [&](std::size_t i) {
    return i % 2 == 0 ? bed->direct() : bed->through_engine();
  };
  WorkerPool callers(kLanes);
  TACIT_TRY(paced(callers, kWarmRate, kWarmCalls, by_turns));
  const std::vector<double> ms = TACIT_TRY(paced(callers, 2 * setting.rate, calls, by_turns));
  Sample sample;
  for (std::size_t i = 0; i < ms.size(); ++i)
    (i % 2 == 0 ? sample.ms_without : sample.ms).push_back(ms[i]);
  return sample;
}

// A thread that another wakes, and that wakes it again; `ask` blocks for both.
class Echo {
 public:
  Result<void> ask() {
    const MutexLock lock(mutex_);
    is_asked_ = true;
    asked_.notify_one();
    while (is_asked_) answered_.wait(mutex_);
    return {};
  }
  ~Echo() {
    const MutexLock lock(mutex_);
    is_over_ = true;
    asked_.notify_one();
  }

 private:
  void run() {
    const MutexLock lock(mutex_);
    while (!is_over_) {
      if (std::exchange(is_asked_, false)) answered_.notify_one();
      asked_.wait(mutex_);
    }
  }
  Mutex mutex_;
  CondVar asked_;
  CondVar answered_;
  bool is_asked_ TACIT_GUARDED_BY(mutex_) = false;
  bool is_over_ TACIT_GUARDED_BY(mutex_) = false;
  Worker thread_{"echo", [this](std::stop_token) { run(); }};
};

// What the machine itself takes for one thing at a time, asked for by a thread of its own.
template <class Ask>
Result<Sample> alone(int rate, int iterations, Ask ask) {
  WorkerPool caller(1);
  Sample sample;
  sample.ms = TACIT_TRY(paced(caller, rate, static_cast<std::size_t>(iterations),
                              [&](std::size_t) -> Result<void> { return ask(); }));
  return sample;
}

// Two wake-ups.
Result<Sample> woken(int rate, int iterations) {
  Echo echo;
  return alone(rate, iterations, [&] { return echo.ask(); });
}

// One byte of each of many pages of memory that nobody has read since the time before.
Result<Sample> touched(int rate, int iterations) {
  constexpr std::size_t kPageBytes = 4096;
  constexpr std::size_t kLineBytes = 64;
  const std::string memory(kTouchedPages * kPageBytes, 'x');
  return alone(rate, iterations, [&]() -> Result<void> {
    std::size_t seen = 0;
    for (std::size_t i = 0; i < kTouchedPages; ++i)
      seen += memory[i * kPageBytes + i * kLineBytes % kPageBytes] == 'x';
    if (seen == kTouchedPages) return {};
    return fail(ErrorKind::kInternal, "the memory holds something else");
  });
}

// A write to the disk that comes alone.
Result<Sample> written(int rate, int iterations) {
  DurableFile file;
  return alone(rate, iterations, [&] { return file.append(); });
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
  const auto add_control = [&](int rate, const std::string& what,
                               Result<Sample> (*measure)(int rate, int iterations)) {
    cases.push_back({"inference", fmt::format("{}, {}/s", what, rate), calls_at(rate), std::nullopt,
                     std::nullopt, [=](const BenchOptions&, int iterations) {
                       return measure(rate, iterations);
                     }});
  };
  for (const int rate : kRates) {
    add_control(rate, "a thread wakes another and is woken by it", woken);
    add_control(rate, fmt::format("read a byte of each of {} pages", kTouchedPages), touched);
    add_control(rate, "a durable write of 4 kB", written);
  }
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
    for (const int rate : kRates) {
      for (const std::size_t bytes : {std::size_t{1000}, std::size_t{8000}}) {
        const Setting setting{rate, bytes, kind.books};
        cases.push_back({"inference",
                         fmt::format("added to a direct call, {} kB at {}/s, {}", bytes / 1000,
                                     rate, kind.name),
                         calls_at(rate), std::nullopt, kind.goal,
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
