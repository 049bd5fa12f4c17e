// Cases of the encoder.
#include "bench/bench_case.h"
#include "embed/encoder.h"

namespace tacit::bench {
namespace {

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

}  // namespace

std::vector<Case> embedding_cases() {
  const auto p95 = [](double ms) { return Limit{Measure::kP95Ms, ms}; };
  return {embed_case(16, p95(50), p95(30)),
          embed_case(64, p95(50), p95(30)),
          embed_case(128, p95(50), p95(30)),
          embed_case(256, std::nullopt, std::nullopt),
          {"embedding", "embed a batch of 32 texts of 128 word pieces", 5, std::nullopt,
           std::nullopt, embed_batch}};
}

}  // namespace tacit::bench
