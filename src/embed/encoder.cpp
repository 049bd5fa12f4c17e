#include "embed/encoder.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <numeric>
#include <optional>
#include <string>

#include "base/cpu.h"
#include "base/mutex.h"
#include "base/worker.h"
#include "embed/kernels.h"
#include "embed/model.h"
#include "embed/network.h"
#include "embed/word_piece.h"

namespace tacit::embed {
namespace {

// Rows of a pack of short texts. Larger ones leave the second-level cache.
constexpr std::size_t kPackRows = 256;

template <class Number>
class Encoder final : public Embedder {
 public:
  Encoder(std::unique_ptr<Model> model, std::unique_ptr<WordPiece> pieces, std::size_t threads,
          std::size_t max_pieces)
      : model_(std::move(model)),
        pieces_(std::move(pieces)),
        max_pieces_(max_pieces),
        network_(*model_, usable_kernels<Number>().front()),
        space_{model_->name, model_->config.hidden},
        lanes_(threads),
        pool_(threads) {}

  const EmbeddingSpace& space() const override { return space_; }

  Result<std::vector<Embedding>> embed(std::span<const std::string_view> texts,
                                       Deadline deadline) override {
    std::vector<Embedding> results(texts.size());
    if (texts.size() == 1) {
      TACIT_TRY(embed_alone(ids_of(model_->card.passage_prefix, texts[0]), deadline, results[0]));
    } else if (!texts.empty()) {
      TACIT_TRY(embed_many(texts, deadline, results));
    }
    return results;
  }

  Result<Embedding> embed_query(std::string_view text, Deadline deadline) override {
    Embedding result;
    TACIT_TRY(embed_alone(ids_of(model_->card.query_prefix, text), deadline, result));
    return result;
  }

 private:
  Ids ids_of(const std::string& prefix, std::string_view text) const {
    if (prefix.empty()) return pieces_->encode(text, max_pieces_);
    return pieces_->encode(prefix + std::string(text), max_pieces_);
  }

  // A single text is somebody's query: it runs on the caller's thread and does not queue behind a
  // batch.
  Result<void> embed_alone(const Ids& ids, Deadline deadline, Embedding& result) {
    const Ids* const texts[] = {&ids};
    Embedding* const results[] = {&result};
    MutexLock lock(alone_mutex_);
    if (deadline.has_passed()) return too_late();
    return network_.run(texts, alone_, results);
  }

  struct Pack {
    std::vector<const Ids*> texts;
    std::vector<Embedding*> results;
    std::size_t rows = 0;
  };

  // Texts of like length together, longest first, so that no lane is left with a long one at the
  // end. No pack is so large that a lane would have none.
  std::vector<Pack> packs_of(const std::vector<Ids>& ids, std::vector<Embedding>& results) const {
    std::vector<std::size_t> order(ids.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return ids[a].size() > ids[b].size(); });
    std::size_t total = 0;
    for (const Ids& text : ids) total += text.size();
    const std::size_t most = std::min(kPackRows, (total + lanes_.size() - 1) / lanes_.size());
    std::vector<Pack> packs;
    for (const std::size_t text : order) {
      if (packs.empty() || packs.back().rows + ids[text].size() > most) packs.emplace_back();
      packs.back().texts.push_back(&ids[text]);
      packs.back().results.push_back(&results[text]);
      packs.back().rows += ids[text].size();
    }
    return packs;
  }

  Result<void> embed_many(std::span<const std::string_view> texts, Deadline deadline,
                          std::vector<Embedding>& results) {
    std::vector<Ids> ids;
    ids.reserve(texts.size());
    for (const std::string_view text : texts)
      ids.push_back(ids_of(model_->card.passage_prefix, text));
    const std::vector<Pack> packs = packs_of(ids, results);
    std::vector<std::optional<Error>> errors(lanes_.size());
    pool_.parallel_for(packs.size(), [&](std::size_t index, std::size_t lane) {
      if (errors[lane]) return;
      const Pack& pack = packs[index];
      auto done =
          deadline.has_passed() ? too_late() : network_.run(pack.texts, lanes_[lane], pack.results);
      if (!done) errors[lane] = std::move(done).error();
    });
    for (auto& error : errors) {
      if (error) return std::unexpected(std::move(*error));
    }
    return {};
  }

  static Result<void> too_late() {
    return fail(ErrorKind::kDeadlineExceeded, "embedding took longer than the time allowed");
  }

  // Constant after construction.
  const std::unique_ptr<Model> model_;
  const std::unique_ptr<WordPiece> pieces_;
  const std::size_t max_pieces_;
  const Network<Number> network_;
  const EmbeddingSpace space_;

  Mutex alone_mutex_;
  Lane alone_ TACIT_GUARDED_BY(alone_mutex_);
  std::vector<Lane> lanes_;  // one a lane; the pool runs one batch at a time
  WorkerPool pool_;
};

Precision precision_of(bool f32_only) {
  return f32_only || usable_kernels<Bf16>().empty() ? Precision::kF32 : Precision::kBf16;
}

template <class Number>
Result<double> peak_of(Precision precision) {
  constexpr std::size_t kInputs = 384;
  constexpr std::size_t kRounds = 30;
  constexpr auto kEnough = std::chrono::milliseconds(5);
  const SingleThread single;
  double best = 0;
  for (const std::size_t outputs : {384U, 1152U, 1536U}) {
    const std::vector<float> weights(kInputs * outputs, 0.5F);
    const std::vector<float> bias(outputs, 0.5F);
    const std::span<const float> parts[] = {weights};
    const auto linear = TACIT_TRY(Linear::pack(parts, bias, kInputs, precision, By::kLibrary));
    for (const std::size_t rows : {32U, 64U, 128U, 256U}) {
      MatrixScratch scratch;
      std::vector<Number> in(rows * kInputs);
      std::vector<Number> out(rows * outputs);
      for (std::size_t round = 0; round < kRounds; ++round) {
        const auto start = std::chrono::steady_clock::now();
        auto end = start;
        double flop = 0;
        for (; end - start < kEnough; end = std::chrono::steady_clock::now()) {
          TACIT_TRY(linear->apply(in.data(), out.data(), rows, scratch));
          flop += 2.0 * static_cast<double>(rows * kInputs * outputs);
        }
        best = std::max(best, flop / std::chrono::duration<double, std::nano>(end - start).count());
      }
    }
  }
  return best;
}

constexpr const char* kWeightsFile = "model.safetensors";

}  // namespace

Result<std::unique_ptr<Embedder>> open_encoder(const EncoderOptions& options) {
  TACIT_TRY(check_cpu_choice());
  if (options.max_pieces == 1)
    return fail(ErrorKind::kInvalidInput, "max_pieces must be at least 2");
  std::error_code ignored;
  for (const char* name : {kWeightsFile, "vocab.txt", "config.json"}) {
    if (!std::filesystem::exists(options.model_dir / name, ignored)) {
      return fail(ErrorKind::kNotFound, "no embedding model in " + options.model_dir.string() +
                                            ": " + name +
                                            " is missing; run tools/assets fetch or point "
                                            "TACIT_MODEL_DIR at a folder that has it");
    }
  }
  auto pieces = TACIT_TRY(WordPiece::load(options.model_dir / "vocab.txt"));
  const Precision precision = precision_of(options.f32_only);
  auto model = TACIT_TRY(Model::load(options.model_dir, precision));
  const std::size_t max_pieces =
      options.max_pieces > 0 ? options.max_pieces : model->card.max_pieces;
  if (pieces->size() > model->config.vocabulary) {
    return fail(ErrorKind::kCorrupt,
                "vocab.txt has more entries than the model has word embeddings");
  }
  if (max_pieces > model->config.positions) {
    return fail(
        ErrorKind::kInvalidInput,
        "max_pieces is over the model's " + std::to_string(model->config.positions) + " positions");
  }
  const std::size_t threads = options.threads > 0 ? options.threads : usable_cores();
  if (precision == Precision::kBf16) {
    return std::make_unique<Encoder<Bf16>>(std::move(model), std::move(pieces), threads,
                                           max_pieces);
  }
  return std::make_unique<Encoder<float>>(std::move(model), std::move(pieces), threads, max_pieces);
}

Result<double> library_peak(bool f32_only) {
  const Precision precision = precision_of(f32_only);
  return precision == Precision::kBf16 ? peak_of<Bf16>(precision) : peak_of<float>(precision);
}

std::optional<std::filesystem::path> find_model_dir() {
  const auto variable = [](const char* name) { return std::getenv(name); };
  std::filesystem::path folder;
  if (const char* chosen = variable("TACIT_MODEL_DIR"); chosen != nullptr && *chosen != '\0') {
    folder = chosen;
  } else if (const char* assets = variable("TACIT_ASSETS"); assets != nullptr && *assets != '\0') {
    folder = std::filesystem::path(assets) / "all-minilm-l6-v2";
  } else if (const char* cache = variable("XDG_CACHE_HOME"); cache != nullptr && *cache != '\0') {
    folder = std::filesystem::path(cache) / "tacit/assets/all-minilm-l6-v2";
  } else if (const char* home = variable("HOME"); home != nullptr && *home != '\0') {
    folder = std::filesystem::path(home) / ".cache/tacit/assets/all-minilm-l6-v2";
  } else {
    return std::nullopt;
  }
  std::error_code ignored;
  if (!std::filesystem::exists(folder / kWeightsFile, ignored)) return std::nullopt;
  return folder;
}

}  // namespace tacit::embed
