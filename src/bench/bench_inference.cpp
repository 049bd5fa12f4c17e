// Cases of token counting and of the budget ledger.
#include <algorithm>
#include <atomic>
#include <fstream>
#include <iterator>

#include "base/worker.h"
#include "bench/bench_case.h"
#include "bench/scratch_folder.h"
#include "inference/tokens.h"
#include "store/ledger.h"
#include "transcript/reader.h"

namespace tacit::bench {
namespace {

constexpr std::size_t kTextBytes = 8U << 20U;
constexpr std::size_t kWriters = 50;
constexpr int kCallsASecond = 500;
constexpr const char* kMemory = "/dev/shm";

// The head of the corpus' sessions, as they lie on disk.
Result<std::string> session_bytes(const BenchOptions& options) {
  if (!options.corpus) return fail(ErrorKind::kNotFound, "TACIT_CORPUS is not set");
  std::string text;
  for (const auto& file : TACIT_TRY(transcript::list_files(*options.corpus / "sessions"))) {
    std::ifstream stream(file, std::ios::binary);
    text.append(std::istreambuf_iterator<char>(stream), {});
    if (text.size() >= kTextBytes) break;
  }
  if (text.empty()) return fail(ErrorKind::kNotFound, "the corpus holds no sessions");
  text.resize(std::min(text.size(), kTextBytes));
  return text;
}

Case count_case(inference::Encoding encoding) {
  return {"inference",
          "count tokens of 8 MiB of sessions, " + std::string(name_of(encoding)),
          5,
          std::nullopt,
          Limit{Measure::kThroughput, 50},
          [encoding](const BenchOptions& options, int iterations) -> Result<Sample> {
            const auto folder = inference::find_token_ranks();
            if (!folder)
              return fail(ErrorKind::kNotFound, "there are no token ranks (tools/assets fetch)");
            auto counter = TACIT_TRY(inference::TokenCounter::open(*folder, encoding));
            const std::string text = TACIT_TRY(session_bytes(options));
            Sample sample = TACIT_TRY(time_each(iterations, [&](int) -> Result<void> {
              return counter->count(text) > 0 ? Result<void>{}
                                              : fail(ErrorKind::kInternal, "nothing was counted");
            }));
            std::vector<double> sorted = sample.ms;
            std::sort(sorted.begin(), sorted.end());
            const double median = sorted[sorted.size() / 2];
            sample.throughput = static_cast<double>(text.size()) / 1000 / median;
            sample.unit = "MB/s";
            return sample;
          }};
}

// A ledger in a folder of its own, and the steps of one remote call.
class LedgerBed {
 public:
  explicit LedgerBed(const char* parent) : folder_(parent) {}
  static Result<std::unique_ptr<LedgerBed>> make(const char* parent) {
    auto bed = std::make_unique<LedgerBed>(parent);
    if (bed->folder_.path().empty())
      return fail(ErrorKind::kNotFound, std::string("cannot make a folder in ") + parent);
    store::StoreOptions options;
    options.directory = bed->folder_.path() / "data";
    bed->store_ = TACIT_TRY(store::Store::open(options));
    bed->ledger_ = TACIT_TRY(store::open_ledger(*bed->store_, {}, bed->clock_));
    return bed;
  }
  // As the engine does it.
  Result<void> call(std::size_t developer) {
    HoldRequest request = of(developer);
    request.is_dispatched = true;
    Hold hold = TACIT_TRY(ledger_->reserve(request));
    return ledger_->settle(std::move(hold), request.amount, {2000, 0, 0, 0, 400});
  }
  Result<void> call_in_three_steps() {
    const HoldRequest request = of(0);
    Hold hold = TACIT_TRY(ledger_->reserve(request));
    TACIT_TRY(ledger_->dispatch(hold));
    return ledger_->settle(std::move(hold), request.amount, {2000, 0, 0, 0, 400});
  }

 private:
  HoldRequest of(std::size_t developer) {
    HoldRequest request;
    request.request = std::to_string(++number_);
    request.developer = "developer " + std::to_string(developer);
    request.project = "bench";
    request.amount = Money::pico(270'000'000);
    request.tokens = 2400;
    return request;
  }

  const ScratchFolder folder_;
  const SystemClock clock_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Ledger> ledger_;
  std::atomic<int> number_{0};
};

// One remote call's three durable steps.
Result<Sample> reserve_to_settle(const BenchOptions&, int iterations) {
  const auto bed = TACIT_TRY(LedgerBed::make(""));
  return time_each(iterations, [&](int) { return bed->call_in_three_steps(); });
}

// Milliseconds of each call of `lanes` callers that never pause, and their rate.
Result<Sample> without_pause(std::size_t lanes, std::size_t calls,
                             const std::function<Result<void>(std::size_t)>& body) {
  const SystemClock clock;
  Sample sample;
  sample.ms.resize(calls);
  std::atomic<bool> has_failed{false};
  WorkerPool pool(lanes);
  const SteadyTime start = clock.steady();
  pool.parallel_for(calls, [&](std::size_t i, std::size_t) {
    const SteadyTime from = clock.steady();
    if (!body(i)) has_failed = true;
    sample.ms[i] = std::chrono::duration<double, std::milli>(clock.steady() - from).count();
  });
  if (has_failed) return fail(ErrorKind::kInternal, "a call failed");
  sample.throughput =
      static_cast<double>(calls) / std::chrono::duration<double>(clock.steady() - start).count();
  return sample;
}

// What the ledger itself costs a caller: the durable path whole, in a folder of memory, where a
// sync returns at once.
Result<Sample> without_the_disk(int rate, int iterations) {
  const auto bed = TACIT_TRY(LedgerBed::make(kMemory));
  for (std::size_t i = 0; i < kWriters; ++i) TACIT_TRY(bed->call(i));
  WorkerPool writers(kWriters);
  Sample sample;
  sample.ms = TACIT_TRY(paced(writers, rate, static_cast<std::size_t>(iterations),
                              [&](std::size_t i) { return bed->call(i % kWriters); }));
  return sample;
}

// The same from callers that never wait: how many calls the ledger can take.
Result<Sample> as_fast_as_they_go(int iterations) {
  const auto bed = TACIT_TRY(LedgerBed::make(kMemory));
  Sample sample = TACIT_TRY(without_pause(kWriters, static_cast<std::size_t>(iterations),
                                          [&](std::size_t i) { return bed->call(i % kWriters); }));
  return sample;
}

}  // namespace

std::vector<Case> inference_cases() {
  return {count_case(inference::Encoding::kO200kBase),
          count_case(inference::Encoding::kCl100kBase),
          {"budget", "reserve, dispatch and settle, each durable", 200, Limit{Measure::kP95Ms, 10},
           std::nullopt, reserve_to_settle},
          {"budget",
           "reserve and settle in a folder of memory, 50 writers with 500 calls/s "
           "together (limit: p99)",
           2000, std::nullopt, Limit{Measure::kP99Ms, 1},
           [](const BenchOptions&, int iterations) {
             return without_the_disk(kCallsASecond, iterations);
           }},
          {"budget",
           "reserve and settle in a folder of memory, 50 writers as fast as they "
           "go",
           5000, std::nullopt, std::nullopt,
           [](const BenchOptions&, int iterations) { return as_fast_as_they_go(iterations); }}};
}

}  // namespace tacit::bench
