// Cases of the vector index.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <random>
#include <unordered_set>

#include "base/text.h"
#include "base/worker.h"
#include "bench/bench_case.h"
#include "bench/scratch_folder.h"
#include "bench/vector_generator.h"
#include "embed/encoder.h"
#include "transcript/reader.h"
#include "vector/index.h"

namespace tacit::bench {
namespace {

constexpr std::size_t kWanted = 10;
constexpr std::size_t kPoolWanted = 1'000;  // what a search asks for
constexpr std::size_t kRealVectors = 20'000;
constexpr std::size_t kQueries = 200;
constexpr std::size_t kMinLineBytes = 30;
constexpr std::size_t kMaxLineBytes = 160;

using Vectors = std::vector<Embedding>;

// What is as near is right.
struct Truth {
  float last = 0;       // the cosine of the kWanted-th
  float pool_last = 0;  // of the kPoolWanted-th
};

// By the plain f32 scan.
Truth truth_of(const Vectors& vectors, const Embedding& query) {
  std::vector<float> all;
  for (const Embedding& vector : vectors) all.push_back(dot(query, vector));
  const auto nth = [&](std::size_t n) {
    if (all.size() < n) return 0.0F;
    const auto place = all.begin() + static_cast<std::ptrdiff_t>(n - 1);
    std::ranges::nth_element(all, place, std::greater<>());
    return *place;
  };
  return {nth(kWanted), nth(kPoolWanted)};
}

// Everything about one set of vectors, made once a run: the index and what it should answer.
struct Bed {
  std::unique_ptr<vector::VectorIndex> index;
  Vectors queries;
  std::vector<Truth> truths;  // of each query
  double build_ms = 0;
  std::size_t count = 0;
};

Result<Bed> fill(const Vectors& vectors, Vectors queries, const vector::IndexOptions& options) {
  Bed bed;
  bed.count = vectors.size();
  bed.index = vector::make_index(vectors.front().size(), options);
  const auto start = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < vectors.size(); ++i) {
    const vector::IndexEntry entry{{i, 0}, vectors[i]};
    TACIT_TRY(bed.index->upsert({&entry, 1}));
  }
  bed.index->settle();
  bed.build_ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  for (const Embedding& query : queries) bed.truths.push_back(truth_of(vectors, query));
  bed.queries = std::move(queries);
  return bed;
}

double megabytes(const vector::VectorIndex& index) {
  return static_cast<double>(index.bytes()) / 1e6;
}

Result<const Bed*> generated(std::size_t count, std::size_t dimension) {
  static std::map<std::pair<std::size_t, std::size_t>, Bed> beds;
  const auto known = beds.find({count, dimension});
  if (known != beds.end()) return &known->second;
  VectorGenerator generator(dimension);
  Vectors vectors;
  Vectors queries;
  for (std::size_t i = 0; i < count; ++i) vectors.push_back(generator.next());
  for (std::size_t i = 0; i < kQueries; ++i) queries.push_back(generator.next());
  Bed bed = TACIT_TRY(fill(vectors, std::move(queries), {}));
  return &beds.emplace(std::pair{count, dimension}, std::move(bed)).first->second;
}

// Questions on `threads` at once: the time of each, all of them a second, recall of the wanted.
Result<Sample> ask(const Bed& bed, std::size_t threads, int rounds, std::size_t wanted = kWanted) {
  const std::size_t count = bed.queries.size() * static_cast<std::size_t>(rounds);
  Sample sample;
  sample.ms.resize(count);
  std::vector<std::size_t> found(count);
  WorkerPool pool(threads);
  const auto start = std::chrono::steady_clock::now();
  pool.parallel_for(count, [&](std::size_t i, std::size_t) {
    const std::size_t query = i % bed.queries.size();
    const auto from = std::chrono::steady_clock::now();
    const auto nearest = bed.index->nearest(bed.queries[query], wanted);
    sample.ms[i] =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - from).count();
    if (!nearest) return;
    const Truth& truth = bed.truths[query];
    const float least = wanted == kWanted ? truth.last : truth.pool_last;
    for (const auto& near : *nearest) found[i] += near.cosine >= least ? 1U : 0U;
  });
  const double ms =
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  double all = 0;
  for (const std::size_t one : found) all += static_cast<double>(one);
  sample.recall = all / static_cast<double>(count * wanted);
  sample.throughput = static_cast<double>(count) * 1000 / ms;
  sample.rss_mb = megabytes(*bed.index);
  return sample;
}

// Distinct short lines of the corpus' sessions.
Result<std::vector<std::string>> real_lines(const BenchOptions& options, std::size_t count) {
  if (!options.corpus) return fail(ErrorKind::kNotFound, "TACIT_CORPUS is not set");
  std::unordered_set<std::string> lines;
  for (const auto& file : TACIT_TRY(transcript::list_files(*options.corpus / "sessions"))) {
    TACIT_TRY(transcript::read_file(file, [&](const Session&, Exchange&& exchange) -> Result<void> {
      for (const Step& step : exchange.steps) {
        for (const std::string_view line : split_lines(step.text)) {
          const std::string_view bare = trim(line);
          if (lines.size() < count && bare.size() >= kMinLineBytes && bare.size() <= kMaxLineBytes)
            lines.emplace(bare);
        }
      }
      return {};
    }));
    if (lines.size() >= count) break;
  }
  if (lines.size() < count) return fail(ErrorKind::kNotFound, "the corpus holds too few lines");
  std::vector<std::string> sorted(lines.begin(), lines.end());
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}

// Vectors of the model for lines of the corpus, through the graph as well as by scanning.
Result<Sample> real_vectors(const BenchOptions& options, const vector::IndexOptions& how,
                            int rounds) {
  if (!options.model_dir)
    return fail(ErrorKind::kNotFound, "there are no model weights here (tools/assets fetch)");
  static Vectors vectors;
  static Vectors queries;
  if (vectors.empty()) {
    embed::EncoderOptions encoder;
    encoder.model_dir = *options.model_dir;
    const auto embedder = TACIT_TRY(embed::open_encoder(encoder));
    const auto lines = TACIT_TRY(real_lines(options, kRealVectors + kQueries));
    std::vector<std::string_view> views(lines.begin(), lines.end());
    std::mt19937 random(3);
    std::shuffle(views.begin(), views.end(), random);
    constexpr std::size_t kChunk = 512;
    for (std::size_t start = 0; start < views.size(); start += kChunk) {
      const std::size_t size = std::min(kChunk, views.size() - start);
      for (auto& vector :
           TACIT_TRY(embedder->embed(std::span(views).subspan(start, size), Deadline::none())))
        (vectors.size() < kRealVectors ? vectors : queries).push_back(std::move(vector));
    }
  }
  const Bed bed = TACIT_TRY(fill(vectors, queries, how));
  return ask(bed, 1, rounds);
}

Case build_case(std::size_t count, std::size_t dimension) {
  return {"vector",
          fmt::format("fill and link {} vectors x {}", count, dimension),
          1,
          std::nullopt,
          std::nullopt,
          [=](const BenchOptions&, int) -> Result<Sample> {
            const Bed* const bed = TACIT_TRY(generated(count, dimension));
            Sample sample;
            sample.ms = {bed->build_ms};
            sample.throughput = static_cast<double>(count) * 1000 / bed->build_ms;
            sample.unit = "vectors/s";
            sample.rss_mb = megabytes(*bed->index);
            return sample;
          }};
}

Case ask_case(std::size_t count, std::size_t dimension, std::size_t threads) {
  const bool is_graph = count * dimension >= vector::kExactCodeBytes;
  return {"vector",
          fmt::format("{} of {} vectors x {}, {} at once", is_graph ? "graph" : "exact scan", count,
                      dimension, threads),
          10,
          std::nullopt,
          Limit{Measure::kRecall, is_graph ? 0.99 : 1.0},
          [=](const BenchOptions&, int rounds) -> Result<Sample> {
            return ask(*TACIT_TRY(generated(count, dimension)), threads, rounds);
          }};
}

// As a search asks: so many are always scanned here.
Case pool_case(std::size_t count, std::size_t dimension) {
  return {"vector",
          fmt::format("{} wanted of {} vectors x {}", kPoolWanted, count, dimension),
          5,
          std::nullopt,
          Limit{Measure::kRecall, 0.999},
          [=](const BenchOptions&, int rounds) -> Result<Sample> {
            return ask(*TACIT_TRY(generated(count, dimension)), 1, rounds, kPoolWanted);
          }};
}

constexpr std::size_t kMany = 100'000;
constexpr std::size_t kDimension = 384;

// Questions that scan, so many at a time; each call's time is that of all of them.
template <class Ask>
Case scan_case(std::string name, std::size_t questions, Ask ask_some) {
  return {"vector",
          std::move(name),
          20,
          std::nullopt,
          std::nullopt,
          [=](const BenchOptions&, int iterations) -> Result<Sample> {
            const Bed* const bed = TACIT_TRY(generated(kMany, kDimension));
            Sample sample = TACIT_TRY(time_each(
                iterations, [&](int) -> Result<void> { return ask_some(*bed, questions); }));
            double total = 0;
            for (const double ms : sample.ms) total += ms;
            sample.throughput = static_cast<double>(questions * sample.ms.size()) * 1000 / total;
            sample.rss_mb = megabytes(*bed->index);
            return sample;
          }};
}

Result<void> ask_batch(const Bed& bed, std::size_t questions) {
  const std::vector<std::span<const float>> views(
      bed.queries.begin(), bed.queries.begin() + static_cast<std::ptrdiff_t>(questions));
  TACIT_TRY(bed.index->nearest_batch(views, kWanted));
  return {};
}

Result<void> ask_among(const Bed& bed, std::size_t) {
  static const std::vector<std::uint64_t> kNamed = [] {
    std::vector<std::uint64_t> ids;
    for (std::uint64_t id = 0; id < kMany; id += 10) ids.push_back(id);
    return ids;
  }();
  TACIT_TRY(bed.index->nearest_among(bed.queries.front(), kWanted, kNamed));
  return {};
}

// What a server does at its start instead of linking: read the graph and see that it fits.
Result<Sample> take_up(const BenchOptions&, int) {
  const ScratchFolder folder;
  vector::IndexOptions options;
  options.file = folder.path() / "graph";
  VectorGenerator generator(kDimension);
  Vectors vectors;
  for (std::size_t i = 0; i < kMany; ++i) vectors.push_back(generator.next());
  TACIT_TRY(fill(vectors, {}, options));
  const auto index = vector::make_index(kDimension, options);
  for (std::size_t i = 0; i < kMany; ++i) {
    const vector::IndexEntry entry{{i, 0}, vectors[i]};
    TACIT_TRY(index->upsert({&entry, 1}));
  }
  Sample sample;
  const auto start = std::chrono::steady_clock::now();
  if (!index->take_up()) return fail(ErrorKind::kInternal, "the graph was not taken up");
  sample.ms.push_back(
      std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  sample.rss_mb = megabytes(*index);
  return sample;
}

// Three rows in ten replaced, which leaves dead ones until the rows are made anew.
Result<Sample> churn(const BenchOptions&, int rounds) {
  VectorGenerator generator(kDimension);
  Vectors vectors;
  for (std::size_t i = 0; i < kMany; ++i) vectors.push_back(generator.next());
  Bed bed = TACIT_TRY(fill(vectors, {}, {}));
  for (std::size_t i = 0; i < kMany * 3 / 10; ++i) {
    vectors[i] = generator.next();
    const vector::IndexEntry entry{{i, 0}, vectors[i]};
    TACIT_TRY(bed.index->upsert({&entry, 1}));
  }
  bed.index->settle();
  for (std::size_t i = 0; i < kQueries; ++i) {
    bed.queries.push_back(generator.next());
    bed.truths.push_back(truth_of(vectors, bed.queries.back()));
  }
  return ask(bed, 1, rounds);
}

Case real_case(const char* name, const vector::IndexOptions& how, double recall) {
  return {"vector",
          name,
          10,
          std::nullopt,
          Limit{Measure::kRecall, recall},
          [how](const BenchOptions& options, int rounds) {
            return real_vectors(options, how, rounds);
          }};
}

}  // namespace

std::vector<Case> vector_cases() {
  std::vector<Case> cases;
  for (const std::size_t count : {10'000U, 20'000U}) cases.push_back(ask_case(count, 384, 1));
  for (const std::size_t count : {10'000U, 100'000U}) cases.push_back(pool_case(count, kDimension));
  for (const std::size_t dimension : {384U, 1536U}) {
    cases.push_back(build_case(100'000, dimension));
    cases.push_back(ask_case(100'000, dimension, 1));
    cases.push_back(ask_case(100'000, dimension, 2));
  }
  cases.push_back({"vector", "graph of 100000 vectors x 384 after 30 % were replaced", 10,
                   std::nullopt, Limit{Measure::kRecall, 0.99}, churn});
  cases.push_back({"vector", "take up the graph of 100000 vectors x 384 from its file", 1,
                   std::nullopt, std::nullopt, take_up});
  cases.push_back(scan_case("batch scan of 100000 vectors x 384, 32 questions", 32, ask_batch));
  cases.push_back(scan_case("10000 named documents of 100000 vectors x 384", 1, ask_among));
  cases.push_back(real_case("exact scan of 20000 real vectors x 384", {}, 1.0));
  cases.push_back(real_case("graph of 20000 real vectors x 384",
                            {0, vector::kRowsPerCandidate, false, {}}, 0.99));
  return cases;
}

}  // namespace tacit::bench
