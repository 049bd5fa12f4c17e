#pragma once
// What a bench case is: a function that measures and the limits its numbers are held against. Later
// work adds rows to the tables of bench_*.cpp. Plain values.

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/worker.h"
#include "bench/bench.h"

namespace tacit::bench {

struct Sample {
  std::vector<double> ms;          // one per repetition
  std::vector<double> ms_without;  // the same without what is measured: percentiles are differences
  double throughput = 0;           // units a second; 0: one per repetition
  std::string unit = "calls/s";    // of throughput
  std::optional<double> rss_mb;    // of the process measured; default: this one
  std::optional<double> recall;    // where quality is measured beside speed
  std::optional<double> hit_rate;  // of a cache, from 0 to 1
  // Beside a rival (tests/rivals): how often as fast as it Tacit was in the same rounds, how near
  // the vectors of the two are at least, and the setting that was the fastest.
  std::optional<double> ratio;
  std::optional<double> cosine;
  std::string setting;
};

enum class Measure { kP50Ms, kP95Ms, kP99Ms, kThroughput, kRssMb, kRecall, kRatio };
struct Limit {
  Measure measure = Measure::kP95Ms;
  double value = 0;  // at most for times and memory, at least for the others
};

struct Case {
  std::string component;
  std::string name;
  int iterations = 20;
  std::optional<Limit> target;  // the mission's number
  std::optional<Limit> goal;    // ours
  // not_found: the data or model that it needs is not here; the case is reported as skipped.
  std::function<Result<Sample>(const BenchOptions&, int iterations)> run;
};

std::vector<Case> machine_cases();
std::vector<Case> embedding_cases();
std::vector<Case> vector_cases();
std::vector<Case> pipeline_cases();
std::vector<Case> database_cases();
std::vector<Case> store_cases();
std::vector<Case> inference_cases();
std::vector<Case> serve_cases();
std::vector<Case> cache_cases();
std::vector<Case> call_cases();

// A folder with so many embedded knowledge items, four an exchange, made once a run.
Result<std::filesystem::path> folder_of_items(const BenchOptions& options, std::size_t items);
// Sentences without meaning but with the shape of real ones, from a fixed seed; each word is one
// piece of the model.
// (Each word is one piece of the model.)
std::vector<std::string> make_sentences(std::size_t count, std::size_t words, unsigned seed);
// The same over 8,000 words that are as often as words are, so that text search has common and rare
// ones to look for.
std::vector<std::string> make_statements(std::size_t count, std::size_t words, unsigned seed);
// Runs body `iterations` times after one warm-up and records each.
Result<Sample> time_each(int iterations, const std::function<Result<void>(int)>& body);
// Milliseconds of each of so many calls that start at their times, `rate` a second and the first
// after one period, on the threads of a pool, whatever the ones before do. body gets the number of
// the call.
Result<std::vector<double>> paced(WorkerPool& pool, int rate, std::size_t calls,
                                  const std::function<Result<void>(std::size_t)>& body);

}  // namespace tacit::bench
