// Money under fire: many workers, cancels, faults of the provider and kill -9, against a budget
// that does not suffice. What the provider bills must never pass the limit, and after a restart no
// hold may be left behind.
//
// usage: money_fire RUNS [WORKERS [CALLS]]      default workers 50, calls of each 20
//        money_fire control RUNS                without reservation: fails unless the limit is
//        passed
// The caller's side runs in a process of its own ("worker"), which is this program again. What is
// random comes from the number of the run; a kill falls where the scheduler lets it.
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <random>

#include "base/log.h"
#include "base/worker.h"
#include "inference/catalogue.h"
#include "inference/engine.h"
#include "store/ledger.h"
#include "store/store.h"
#include "testing/fake_provider.h"
#include "testing/fixtures.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX leaves it to its users

namespace tacit::inference {
namespace {

using testing::FakeProvider;
using testing::FakeRule;
using FakeFault = testing::Fault;
using std::chrono::milliseconds;

constexpr std::int64_t kMaxOutput = 64;
constexpr std::int64_t kLimitInCalls = 300;  // so many whole holds; a run asks for 1,000
constexpr int kRoundsAtMost = 3;             // the last one is not killed
constexpr const char* kModel = "groq/openai/gpt-oss-20b";

// Lets everything through, as a gateway does that looks at its budget after the call.
class ForgetfulLedger final : public Ledger {
 public:
  explicit ForgetfulLedger(Ledger& real) : real_(real) {}
  Result<Hold> reserve(const HoldRequest& request) override {
    return make_hold(++holds_, request.amount);
  }
  Result<void> dispatch(const Hold& /*hold*/) override { return {}; }
  Result<std::vector<Result<Hold>>> reserve_all(std::span<const HoldRequest>) override {
    return fail(ErrorKind::kUnavailable, "no batches here");
  }
  Result<void> dispatch_all(std::span<const std::int64_t>) override { return {}; }
  Result<void> end_all(std::span<const HoldEnd>) override { return {}; }
  Result<Hold> resume(std::int64_t) override {
    return fail(ErrorKind::kUnavailable, "no batches here");
  }
  void avoid(const AvoidedCost&) override {}
  Result<AccountState> developer_state(const std::string& developer) const override {
    AccountState state = TACIT_TRY(real_.developer_state(developer));
    state.spent = state.held = Money();
    return state;
  }
  Result<std::vector<BudgetAlert>> take_alerts() override { return real_.take_alerts(); }
  Result<std::vector<SpendRow>> breakdown(SpendKey key, const std::string& period) const override {
    return real_.breakdown(key, period);
  }
  Result<std::vector<PromptCount>> prompt_counts(const std::string&, const std::string&,
                                                 std::size_t) const override {
    return std::vector<PromptCount>{};
  }
  Result<std::vector<Money>> daily(const std::string& developer,
                                   const std::string& period) const override {
    return real_.daily(developer, period);
  }

 protected:
  Result<void> end(const HoldEnd&, const CallAudit*) override { return {}; }
  void abandon(std::int64_t) override {}

 private:
  Ledger& real_;
  std::atomic<std::int64_t> holds_{0};
};

Money hold_of_one(const Catalogue& catalogue, std::size_t prompt_bytes) {
  return quote(*catalogue.find(kModel), static_cast<std::int64_t>(prompt_bytes) + 107, kMaxOutput,
               SystemClock().now())
      ->amount;
}

constexpr std::size_t kLeastPromptBytes = 100;
constexpr std::size_t kMorePromptBytes = 500;
// What the provider bills is as near to the smallest hold as it may be.
constexpr std::int64_t kBilledInput = 200;
constexpr std::int64_t kBilledOutput = 60;

struct Fire {
  std::filesystem::path folder;
  std::string url;
  unsigned seed = 1;
  std::size_t workers = 50;
  int calls = 20;
  bool is_forgetful = false;
};

store::LedgerOptions limits(const Catalogue& catalogue) {
  store::LedgerOptions options;
  options.developer_month = hold_of_one(catalogue, kLeastPromptBytes) * kLimitInCalls;
  options.margin_per_mille = 0;
  options.tokens_per_day = 2'000'000'000;
  return options;
}

Route route_to(const Catalogue& catalogue, const std::string& url) {
  Route route;
  route.facts = catalogue.find(kModel);
  route.endpoint.provider = route.facts->provider;
  route.endpoint.url = url + "/v1";
  route.endpoint.key = "invented";
  route.model = route.facts->model;
  return route;
}

// One worker's calls: prompts of random length, streamed or not, some cancelled at a random piece.
void call_model(Engine& engine, const Fire& fire, std::size_t worker) {
  std::mt19937 random(fire.seed * 1000 + static_cast<unsigned>(worker));
  for (int i = 0; i < fire.calls; ++i) {
    CompletionRequest request;
    request.developer = "ada";
    request.operation = "fire";
    request.sensitivity = Sensitivity::kInternal;
    request.prompt.max_output = kMaxOutput;
    request.prompt.messages = {
        {Role::kUser, std::string(kLeastPromptBytes + random() % kMorePromptBytes, 'x')}};
    std::stop_source stop;
    int pieces_left = random() % 4 == 0 ? static_cast<int>(random() % 5) : 1 << 20;
    const auto on_text = [&](std::string_view) {
      if (--pieces_left < 0) stop.request_stop();
    };
    const std::string id =
        fmt::format("{}-{}-{}-{}", fire.seed, static_cast<int>(::getpid()), worker, i);
    if (random() % 2 == 0)
      (void)engine.complete(id, request, on_text, stop.get_token());
    else
      (void)engine.complete(id, request);
  }
}

int run_worker(const Fire& fire) {
  log::set_level(log::Level::kError);
  const SystemClock clock;
  const Catalogue catalogue = Catalogue::built_in().value();
  store::StoreOptions options;
  options.directory = fire.folder;
  auto store = store::Store::open(options).value();
  auto ledger = store::open_ledger(*store, limits(catalogue), clock).value();
  ForgetfulLedger forgetful(*ledger);
  EngineOptions engine_options;
  engine_options.chain = {route_to(catalogue, fire.url)};
  engine_options.attempt.first_byte_timeout = milliseconds(150);
  engine_options.attempt.idle_timeout = milliseconds(150);
  EngineParts parts{clock};
  parts.ledger = fire.is_forgetful ? static_cast<Ledger*>(&forgetful) : ledger.get();
  auto engine = Engine::open(engine_options, std::move(parts)).value();
  WorkerPool pool(fire.workers);
  pool.parallel_for(fire.workers,
                    [&](std::size_t worker, std::size_t) { call_model(*engine, fire, worker); });
  return 0;
}

pid_t start_worker(const char* program, const Fire& fire) {
  const std::vector<std::string> words = {program,
                                          "worker",
                                          fire.folder.string(),
                                          fire.url,
                                          std::to_string(fire.seed),
                                          std::to_string(fire.workers),
                                          std::to_string(fire.calls),
                                          fire.is_forgetful ? "forgetful" : "careful"};
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t child = 0;
  return ::posix_spawn(&child, program, nullptr, nullptr, arguments.data(), environ) == 0 ? child
                                                                                          : -1;
}

std::vector<FakeRule> script_of(std::mt19937& random) {
  constexpr FakeFault kFaults[] = {
      FakeFault::kResetBeforeHead, FakeFault::kHang,          FakeFault::kGarbage,
      FakeFault::kCutStream,       FakeFault::kResetStream,   FakeFault::kStall,
      FakeFault::kMalformedPiece,  FakeFault::kErrorInStream, FakeFault::kNoTerminator,
      FakeFault::kNoUsage,         FakeFault::kZeroUsage};
  constexpr int kStatuses[] = {429, 500, 503, 504};
  std::vector<FakeRule> script;
  for (int call = 1; call < 2000; call += 1 + static_cast<int>(random() % 12)) {
    FakeRule rule;
    rule.from_call = rule.to_call = call;
    if (random() % 4 == 0)
      rule.status = kStatuses[random() % std::size(kStatuses)];
    else
      rule.fault = kFaults[random() % std::size(kFaults)];
    rule.headers["retry-after-ms"] = "5";
    rule.at_piece = static_cast<int>(random() % 6);
    script.push_back(rule);
  }
  script.emplace_back();
  for (FakeRule& rule : script) {
    rule.input_tokens = kBilledInput;
    rule.output_tokens = kBilledOutput;
  }
  return script;
}

struct Verdict {
  Money limit, billed, spent, held;
  int kills = 0;
};

Verdict run_once(const char* program, Fire fire) {
  std::mt19937 random(fire.seed);
  const testing::TempFolder folder;
  fire.folder = folder.path();
  auto provider = FakeProvider::start(script_of(random)).value();
  fire.url = provider->url();
  const SystemClock clock;
  Verdict verdict;
  for (int round = 1; round <= kRoundsAtMost; ++round) {
    const pid_t child = start_worker(program, fire);
    int status = 0;
    if (round < kRoundsAtMost && random() % 3 != 0) {
      clock.wait(milliseconds(100 + random() % 500), {});
      if (::waitpid(child, &status, WNOHANG) == 0) {
        ::kill(child, SIGKILL);
        ++verdict.kills;
        ::waitpid(child, &status, 0);
        continue;
      }
      break;
    }
    ::waitpid(child, &status, 0);
    break;
  }
  const Catalogue catalogue = Catalogue::built_in().value();
  verdict.limit = limits(catalogue).developer_month;
  verdict.billed = Money::pico(provider->billed_pico());
  store::StoreOptions options;
  options.directory = fire.folder;
  auto store = store::Store::open(options).value();
  auto ledger = store::open_ledger(*store, limits(catalogue), clock).value();
  const AccountState state = ledger->developer_state("ada").value();
  verdict.spent = state.spent;
  verdict.held = state.held;
  return verdict;
}

int fire(const char* program, int runs, const Fire& how) {
  std::vector<Verdict> verdicts(static_cast<std::size_t>(runs));
  WorkerPool lanes(usable_cores());
  lanes.parallel_for(verdicts.size(), [&](std::size_t run, std::size_t) {
    Fire fire = how;
    fire.seed = static_cast<unsigned>(run + 1);
    verdicts[run] = run_once(program, fire);
  });
  int passed = 0;
  int kills = 0;
  int exceeded = 0;
  for (const Verdict& verdict : verdicts) {
    kills += verdict.kills;
    if (verdict.billed > verdict.limit) ++exceeded;
    const bool is_good = verdict.billed <= verdict.limit && verdict.billed <= verdict.spent &&
                         verdict.spent <= verdict.limit && verdict.held == Money() &&
                         verdict.billed > Money();
    if (is_good) ++passed;
    if (!is_good && !how.is_forgetful)
      fmt::print("limit ${}, billed ${}, spent ${}, held ${}, {} kills\n", verdict.limit.text(),
                 verdict.billed.text(), verdict.spent.text(), verdict.held.text(), verdict.kills);
  }
  if (how.is_forgetful) {
    fmt::print("without reservation the limit was passed in {} of {} runs\n", exceeded, runs);
    return exceeded == runs ? 0 : 1;
  }
  fmt::print("{} of {} runs within the limit and without holds left, {} kills\n", passed, runs,
             kills);
  return passed == runs ? 0 : 1;
}

int main_of(const std::vector<std::string>& words) {
  const auto number = [&](std::size_t at, int usual) {
    return words.size() > at ? std::atoi(words[at].c_str()) : usual;
  };
  Fire how;
  if (words.size() == 8 && words[1] == "worker") {
    how.folder = words[2];
    how.url = words[3];
    how.seed = static_cast<unsigned>(number(4, 1));
    how.workers = static_cast<std::size_t>(number(5, 50));
    how.calls = number(6, 20);
    how.is_forgetful = words[7] == "forgetful";
    return run_worker(how);
  }
  if (words.size() == 3 && words[1] == "control") {
    how.is_forgetful = true;
    return fire(words[0].c_str(), number(2, 1), how);
  }
  if (words.size() < 2) {
    fmt::print("usage: money_fire RUNS [WORKERS [CALLS]] | control RUNS\n");
    return 2;
  }
  how.workers = static_cast<std::size_t>(number(2, 50));
  how.calls = number(3, 20);
  return fire(words[0].c_str(), number(1, 1), how);
}

}  // namespace
}  // namespace tacit::inference

int main(int count, char** arguments) {
  ::setenv("ASAN_OPTIONS", "detect_leaks=0", 0);  // of workers: half of a short run's time
  return tacit::inference::main_of({arguments, arguments + count});
}
