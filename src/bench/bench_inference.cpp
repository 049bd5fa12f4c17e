// Cases of token counting and of the budget ledger.
#include <algorithm>
#include <fstream>
#include <iterator>

#include "bench/bench_case.h"
#include "bench/scratch_folder.h"
#include "inference/tokens.h"
#include "store/ledger.h"
#include "transcript/reader.h"

namespace tacit::bench {
namespace {

constexpr std::size_t kTextBytes = 8U << 20U;

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

// One remote call's three durable steps.
Result<Sample> reserve_to_settle(const BenchOptions&, int iterations) {
  const ScratchFolder folder;
  if (folder.path().empty()) return fail(ErrorKind::kUnavailable, "cannot make a temporary folder");
  store::StoreOptions options;
  options.directory = folder.path() / "data";
  auto store = TACIT_TRY(store::Store::open(options));
  const SystemClock clock;
  auto ledger = TACIT_TRY(store::open_ledger(*store, {}, clock));
  HoldRequest request;
  request.developer = "bench";
  request.project = "bench";
  request.amount = Money::pico(270'000'000);
  request.tokens = 2400;
  int number = 0;
  return time_each(iterations, [&](int) -> Result<void> {
    request.request = std::to_string(++number);
    Hold hold = TACIT_TRY(ledger->reserve(request));
    TACIT_TRY(ledger->dispatch(hold));
    return ledger->settle(std::move(hold), request.amount, {2000, 0, 0, 0, 400});
  });
}

}  // namespace

std::vector<Case> inference_cases() {
  return {count_case(inference::Encoding::kO200kBase),
          count_case(inference::Encoding::kCl100kBase),
          {"budget", "reserve, dispatch and settle, each durable", 200, Limit{Measure::kP95Ms, 10},
           std::nullopt, reserve_to_settle}};
}

}  // namespace tacit::bench
