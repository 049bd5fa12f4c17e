// Cases of the encoder and the vector index.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>
#include <unordered_set>

#include "base/text.h"
#include "bench/bench_case.h"
#include "embed/encoder.h"
#include "transcript/reader.h"
#include "vector/index.h"

namespace tacit::bench {
namespace {

constexpr std::size_t kRealVectors = 20'000;
constexpr std::size_t kRealQueries = 200;
constexpr std::size_t kMinLineBytes = 30;
constexpr std::size_t kMaxLineBytes = 160;

Result<std::unique_ptr<Embedder>> open_model(const BenchOptions& options) {
  if (!options.model_dir)
    return fail(ErrorKind::kNotFound, "there are no model weights here (tools/assets fetch)");
  embed::EncoderOptions encoder;
  encoder.model_dir = *options.model_dir;
  return embed::open_encoder(encoder);
}

Case embed_case(std::size_t tokens, std::optional<Limit> target, std::optional<Limit> goal) {
  return {"embedding",
          "embed one text of " + std::to_string(tokens) + " word pieces",
          50,
          target,
          goal,
          [tokens](const BenchOptions& options, int iterations) -> Result<Sample> {
            auto embedder = TACIT_TRY(open_model(options));
            // Every word of the list is one piece; [CLS] and [SEP] are two more.
            const auto texts = make_sentences(static_cast<std::size_t>(iterations), tokens - 2, 1);
            return time_each(iterations, [&](int i) -> Result<void> {
              const std::string_view text = texts[static_cast<std::size_t>(i)];
              TACIT_TRY(embedder->embed({&text, 1}, Deadline::none()));
              return {};
            });
          }};
}

Result<Sample> embed_batch(const BenchOptions& options, int iterations) {
  constexpr std::size_t kBatch = 32;
  auto embedder = TACIT_TRY(open_model(options));
  const auto texts = make_sentences(kBatch, 126, 2);
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  Sample sample = TACIT_TRY(time_each(iterations, [&](int) -> Result<void> {
    TACIT_TRY(embedder->embed(views, Deadline::none()));
    return {};
  }));
  double total = 0;
  for (const double ms : sample.ms) total += ms;
  sample.throughput = static_cast<double>(kBatch * sample.ms.size()) * 1000 / total;
  sample.unit = "texts/s";
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

// Recall of the int8 scan with rescoring against the plain f32 scan, on real vectors of the model.
Result<Sample> recall_on_real_vectors(const BenchOptions& options, int) {
  auto embedder = TACIT_TRY(open_model(options));
  const auto lines = TACIT_TRY(real_lines(options, kRealVectors + kRealQueries));
  std::vector<std::string_view> views(lines.begin(), lines.end());
  std::mt19937 random(3);
  std::shuffle(views.begin(), views.end(), random);
  std::vector<Embedding> vectors;
  constexpr std::size_t kChunk = 512;
  for (std::size_t start = 0; start < views.size(); start += kChunk) {
    const std::size_t size = std::min(kChunk, views.size() - start);
    for (auto& vector :
         TACIT_TRY(embedder->embed(std::span(views).subspan(start, size), Deadline::none())))
      vectors.push_back(std::move(vector));
  }
  auto index = vector::make_exact_index(embedder->space().dimension);
  for (std::size_t i = 0; i < kRealVectors; ++i) {
    const vector::IndexEntry entry{{i, 0}, vectors[i]};
    TACIT_TRY(index->upsert({&entry, 1}));
  }
  Sample sample;
  double found = 0;
  for (std::size_t q = kRealVectors; q < vectors.size(); ++q) {
    std::vector<float> truth;
    for (std::size_t i = 0; i < kRealVectors; ++i) truth.push_back(dot(vectors[q], vectors[i]));
    std::nth_element(truth.begin(), truth.begin() + 9, truth.end(), std::greater<>());
    const float tenth = truth[9];
    const auto start = std::chrono::steady_clock::now();
    const auto nearest = TACIT_TRY(index->nearest(vectors[q], 10));
    sample.ms.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
            .count());
    for (const auto& neighbour : nearest) found += neighbour.cosine >= tenth ? 1 : 0;
  }
  sample.recall = found / (10.0 * static_cast<double>(kRealQueries));
  return sample;
}

Case scan_case(std::size_t count) {
  return {"vector",
          "exact scan of " + std::to_string(count) + " vectors x 384",
          200,
          std::nullopt,
          std::nullopt,
          [count](const BenchOptions&, int iterations) -> Result<Sample> {
            std::mt19937 random(4);
            std::normal_distribution<float> normal;
            auto index = vector::make_exact_index(384);
            std::vector<float> values(384);
            for (std::size_t i = 0; i < count; ++i) {
              float norm = 0;
              for (float& value : values) {
                value = normal(random);
                norm += value * value;
              }
              for (float& value : values) value /= std::sqrt(norm);
              const vector::IndexEntry entry{{i, 0}, values};
              TACIT_TRY(index->upsert({&entry, 1}));
            }
            return time_each(iterations, [&](int) -> Result<void> {
              TACIT_TRY(index->nearest(values, 10));
              return {};
            });
          }};
}

}  // namespace

std::vector<std::string> make_sentences(std::size_t count, std::size_t words, unsigned seed) {
  constexpr std::string_view kWords[] = {
      "server",  "error",  "build",   "test",   "queue",  "retry",   "cache",  "token",
      "file",    "user",   "table",   "index",  "thread", "lock",    "search", "page",
      "request", "answer", "because", "after",  "before", "when",    "the",    "a",
      "we",      "use",    "fix",     "change", "wait",   "start",   "stop",   "write",
      "read",    "open",   "close",   "memory", "disk",   "network", "client", "update",
      "delete",  "result", "value",   "time",   "order",  "report",  "data",   "format"};
  std::mt19937 random(seed);
  std::vector<std::string> sentences;
  for (std::size_t i = 0; i < count; ++i) {
    std::string text;
    for (std::size_t w = 0; w < words; ++w) {
      if (w > 0) text += ' ';
      text += kWords[random() % std::size(kWords)];
    }
    sentences.push_back(std::move(text));
  }
  return sentences;
}

std::vector<Case> embedding_cases() {
  const auto p95 = [](double ms) { return Limit{Measure::kP95Ms, ms}; };
  return {embed_case(16, p95(50), p95(30)),
          embed_case(64, p95(50), p95(30)),
          embed_case(128, p95(50), p95(30)),
          embed_case(256, std::nullopt, std::nullopt),
          {"embedding", "embed a batch of 32 texts of 128 word pieces", 5, std::nullopt,
           std::nullopt, embed_batch}};
}

std::vector<Case> vector_cases() {
  return {scan_case(10'000),
          scan_case(20'000),
          {"vector", "recall@10 against f32 on 20000 real vectors", 1, std::nullopt,
           Limit{Measure::kRecall, 1.0}, recall_on_real_vectors}};
}

}  // namespace tacit::bench
