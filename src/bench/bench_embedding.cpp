// Cases of the encoder.
#include <fmt/format.h>

#include <chrono>

#include "bench/bench_case.h"
#include "bench/program_environment.h"
#include "embed/encoder.h"

namespace tacit::bench {
namespace {

Result<std::unique_ptr<Embedder>> open_model(const BenchOptions& options, bool f32_only,
                                             std::size_t threads = 0) {
  if (!options.model_dir)
    return fail(ErrorKind::kNotFound, "there are no model weights here (tools/assets fetch)");
  embed::EncoderOptions encoder;
  encoder.model_dir = *options.model_dir;
  encoder.f32_only = f32_only;
  encoder.threads = threads;
  return embed::open_encoder(encoder);
}

// Every word of the list is one piece; [CLS] and [SEP] are two more.
Case embed_case(std::size_t pieces, bool f32_only, std::optional<Limit> target,
                std::optional<Limit> goal) {
  return {"embedding",
          fmt::format("embed one text of {} word pieces{}", pieces, f32_only ? kF32 : ""),
          50,
          target,
          goal,
          [=](const BenchOptions& options, int iterations) -> Result<Sample> {
            auto embedder = TACIT_TRY(open_model(options, f32_only));
            const auto texts = make_sentences(static_cast<std::size_t>(iterations), pieces - 2, 1);
            return time_each(iterations, [&](int i) -> Result<void> {
              const std::string_view text = texts[static_cast<std::size_t>(i)];
              TACIT_TRY(embedder->embed({&text, 1}, Deadline::none()));
              return {};
            });
          }};
}

Case batch_case(std::size_t pieces, std::size_t threads, bool f32_only) {
  return {"embedding",
          fmt::format("embed a batch of 32 texts of {} word pieces, {} thread{}{}", pieces, threads,
                      threads == 1 ? "" : "s", f32_only ? kF32 : ""),
          5,
          std::nullopt,
          std::nullopt,
          [=](const BenchOptions& options, int iterations) -> Result<Sample> {
            constexpr std::size_t kBatch = 32;
            auto embedder = TACIT_TRY(open_model(options, f32_only, threads));
            const auto texts = make_sentences(kBatch, pieces - 2, 2);
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
          }};
}

// Throughput alone: what one call takes says nothing.
Case peak_case(bool f32_only) {
  return {"embedding",
          fmt::format("oneDNN's best product on one core{}", f32_only ? kF32 : ""),
          1,
          std::nullopt,
          std::nullopt,
          [=](const BenchOptions&, int) -> Result<Sample> {
            Sample sample;
            const auto start = std::chrono::steady_clock::now();
            sample.throughput = TACIT_TRY(embed::library_peak(f32_only));
            sample.unit = "GFLOP/s";
            sample.ms.push_back(
                std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
                    .count());
            return sample;
          }};
}

}  // namespace

std::vector<Case> embedding_cases() {
  const auto p95 = [](double ms) { return Limit{Measure::kP95Ms, ms}; };
  std::vector<Case> cases{peak_case(false), peak_case(true)};
  for (const bool f32_only : {false, true}) {
    cases.push_back(embed_case(16, f32_only, p95(50), p95(30)));
    cases.push_back(embed_case(64, f32_only, p95(50), p95(f32_only ? 30 : 5)));
    cases.push_back(embed_case(128, f32_only, p95(50), p95(30)));
    cases.push_back(embed_case(256, f32_only, std::nullopt, std::nullopt));
    for (const std::size_t threads : {1U, 2U})
      for (const std::size_t pieces : {16U, 128U})
        cases.push_back(batch_case(pieces, threads, f32_only));
  }
  return cases;
}

}  // namespace tacit::bench
