// Cases of cache: what each policy is worth on requests derived from the corpus' sessions, beside
// the clairvoyant optimum, and what a look costs. docs/caches.md says what a request is here.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "base/hash.h"
#include "bench/bench_case.h"
#include "cache/cache.h"
#include "transcript/reader.h"

namespace tacit::bench {
namespace {

constexpr std::size_t kUnbounded = std::numeric_limits<std::size_t>::max() / 2;
constexpr int kLooks = 200'000;
constexpr Duration kNeverOld = std::chrono::hours(24 * 365 * 200);
constexpr double kGetGoalMs = 0.005;

struct Request {
  std::string key;
  SteadyTime time;  // when the exchange was, for the time to live
};
using Trace = std::vector<Request>;

enum class Source {
  kNewExchanges,  // the store has dropped what it knows
  kEverySnapshot  // each exchange of each file, as a new data folder or another developer asks
};

std::string key_of(std::string_view operation, const std::string& project,
                   std::string_view content) {
  return hex(sha256(
      fmt::format("{}:{}{}:{}{}", operation.size(), operation, project.size(), project, content)));
}

// What the model is asked for one exchange: to classify its request, and to extract from the whole.
void ask_about(const Session& session, const Exchange& exchange, SteadyTime time, Trace& trace) {
  std::string whole;
  for (const Step& step : exchange.steps) {
    if (step.kind == StepKind::kRequest || step.kind == StepKind::kReply)
      whole += fmt::format("{}:{}", step.text.size(), step.text);
  }
  trace.push_back({key_of("classify", session.project, exchange.request()), time});
  trace.push_back({key_of("extract", session.project, whole), time});
}

Result<Trace> make_trace(const BenchOptions& options, Source source) {
  if (!options.corpus) return fail(ErrorKind::kNotFound, "TACIT_CORPUS is not set");
  Trace trace;
  std::unordered_set<std::string> known;
  for (const auto& file : TACIT_TRY(transcript::list_files(*options.corpus / "sessions"))) {
    SteadyTime time{};
    const auto read = transcript::read_file(
        file, [&](const Session& session, Exchange&& exchange) -> Result<void> {
          if (exchange.steps.empty()) return {};
          const auto when = exchange.time ? exchange.time : session.started;
          if (when) time = std::max(time, SteadyTime(Duration(to_millis(*when))));
          if (source == Source::kNewExchanges) {
            std::string content = exchange.identity;
            for (const Step& step : exchange.steps) content += '\0' + step.text;
            if (!known.insert(hex(sha256(content))).second) return {};
          }
          ask_about(session, exchange, time, trace);
          return {};
        });
    if (!read) return std::unexpected(read.error());
  }
  if (trace.empty()) return fail(ErrorKind::kNotFound, "the corpus holds no sessions");
  std::stable_sort(trace.begin(), trace.end(),
                   [](const Request& a, const Request& b) { return a.time < b.time; });
  return trace;
}

double share(std::size_t hits, std::size_t requests) {
  return static_cast<double>(hits) / static_cast<double>(requests);
}

Sample replay(const Trace& trace, const cache::CacheOptions& options) {
  cache::Cache<int> cache(options);
  const auto value = std::make_shared<const int>(0);
  std::vector<double> ms;
  ms.reserve(trace.size());
  for (const Request& request : trace) {
    const auto start = std::chrono::steady_clock::now();
    const auto found = cache.find(request.key, request.time);
    ms.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
                     .count());
    if (!found) cache.put(request.key, value, sizeof(int), request.time);
  }
  Sample sample;
  sample.ms = std::move(ms);
  sample.hit_rate = share(cache.stats().hits, trace.size());
  return sample;
}

// Belady's rule (1966) with the right not to keep: of what is there and what was just asked, the
// one that is asked again last has to go. No policy finds more without knowing the future.
Sample clairvoyant(const Trace& trace, std::size_t entries) {
  constexpr std::size_t kNever = std::numeric_limits<std::size_t>::max();
  std::vector<std::size_t> next(trace.size(), kNever);
  std::unordered_map<std::string_view, std::size_t> seen;
  for (std::size_t i = trace.size(); i-- > 0;) {
    if (const auto later = seen.find(trace[i].key); later != seen.end()) next[i] = later->second;
    seen[trace[i].key] = i;
  }
  std::set<std::size_t> kept;  // when each kept entry is asked again
  std::size_t hits = 0;
  for (std::size_t i = 0; i < trace.size(); ++i) {
    hits += kept.erase(i);
    if (next[i] == kNever) continue;
    kept.insert(next[i]);
    if (kept.size() > entries) kept.erase(std::prev(kept.end()));
  }
  Sample sample;
  sample.hit_rate = share(hits, trace.size());
  return sample;
}

std::string_view name_of(Source source) {
  return source == Source::kNewExchanges ? "new exchanges" : "every snapshot";
}

Case policy_case(cache::Policy policy, std::size_t entries, Source source, Duration life,
                 std::string_view note) {
  return {
      "cache",
      fmt::format("{}, {}, {} entries{}", name_of(source), cache::name_of(policy), entries, note),
      1,
      std::nullopt,
      Limit{Measure::kP95Ms, kGetGoalMs},
      [=](const BenchOptions& options, int) -> Result<Sample> {
        return replay(TACIT_TRY(make_trace(options, source)), {policy, entries, kUnbounded, life});
      }};
}

Case optimum_case(std::size_t entries, Source source) {
  return {"cache",
          fmt::format("{}, clairvoyant, {} entries", name_of(source), entries),
          1,
          std::nullopt,
          std::nullopt,
          [=](const BenchOptions& options, int) -> Result<Sample> {
            return clairvoyant(TACIT_TRY(make_trace(options, source)), entries);
          }};
}

// A look into a full cache that finds, needing no corpus.
Case look_case(cache::Policy policy, std::size_t entries) {
  return {"cache",
          fmt::format("look into {} entries, {}", entries, cache::name_of(policy)),
          kLooks,
          std::nullopt,
          Limit{Measure::kP95Ms, kGetGoalMs},
          [=](const BenchOptions&, int looks) -> Result<Sample> {
            Trace trace;
            for (std::size_t i = 0; i < static_cast<std::size_t>(looks); ++i)
              trace.push_back({key_of("look", "", std::to_string(i * 7919 % entries)), {}});
            Sample sample = replay(trace, {policy, entries, kUnbounded, kNeverOld});
            sample.hit_rate.reset();  // of a made-up trace
            return sample;
          }};
}

}  // namespace

std::vector<Case> cache_cases() {
  using cache::Policy;
  std::vector<Case> cases;
  for (const Policy policy : {Policy::kLru, Policy::kLfu, Policy::kTinyLfu})
    cases.push_back(look_case(policy, 2000));
  for (const Source source : {Source::kNewExchanges, Source::kEverySnapshot}) {
    for (const std::size_t entries : {std::size_t{500}, std::size_t{2000}}) {
      for (const Policy policy : {Policy::kLru, Policy::kLfu, Policy::kTinyLfu})
        cases.push_back(policy_case(policy, entries, source, kNeverOld, ""));
      cases.push_back(optimum_case(entries, source));
    }
    for (const Policy policy : {Policy::kLru, Policy::kTinyLfu})
      cases.push_back(policy_case(policy, 2000, source, std::chrono::hours(2), ", 2 h"));
  }
  return cases;
}

}  // namespace tacit::bench
