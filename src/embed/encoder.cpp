#include "embed/encoder.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <numeric>
#include <optional>
#include <string>

#include "base/mutex.h"
#include "base/worker.h"
#include "embed/kernels.h"
#include "embed/linear.h"
#include "embed/model.h"
#include "embed/word_piece.h"

namespace tacit::embed {
namespace {

using Ids = std::vector<std::int32_t>;

// Everything one text needs while it runs; grows to the longest text seen.
struct Scratch {
  MatrixScratch matrix;
  std::vector<float> state;    // [rows, hidden]
  std::vector<float> product;  // [rows, 3 * hidden], also the output of the narrow products
  std::vector<float> context;  // [rows, hidden]
  std::vector<float> wide;     // [rows, intermediate]
  std::vector<float> attention;

  void reserve(std::size_t rows, const ModelConfig& config, const AttentionShape& shape) {
    grow(state, rows * config.hidden);
    grow(product, rows * 3 * config.hidden);
    grow(context, rows * config.hidden);
    grow(wide, rows * config.intermediate);
    grow(attention, attention_scratch(shape));
  }

 private:
  static void grow(std::vector<float>& values, std::size_t size) {
    if (values.size() < size) values.resize(size);
  }
};

class Encoder final : public Embedder {
 public:
  Encoder(std::unique_ptr<Model> model, std::unique_ptr<WordPiece> pieces, std::size_t threads,
          std::size_t max_pieces)
      : model_(std::move(model)),
        pieces_(std::move(pieces)),
        max_pieces_(max_pieces),
        kernels_(usable_kernels().front()),
        space_{model_->name, model_->config.hidden},
        lanes_(threads),
        pool_(threads) {}

  const EmbeddingSpace& space() const override { return space_; }

  Result<std::vector<Embedding>> embed(std::span<const std::string_view> texts,
                                       Deadline deadline) override {
    std::vector<Embedding> results(texts.size());
    if (texts.size() == 1) {
      TACIT_TRY(embed_alone(texts[0], deadline, results[0]));
    } else if (!texts.empty()) {
      TACIT_TRY(embed_many(texts, deadline, results));
    }
    return results;
  }

 private:
  // A single text is somebody's query: it runs on the caller's thread and does not queue behind a
  // batch.
  Result<void> embed_alone(std::string_view text, Deadline deadline, Embedding& result) {
    const Ids ids = pieces_->encode(text, max_pieces_);
    MutexLock lock(alone_mutex_);
    if (deadline.has_passed()) return too_late();
    return run(ids, alone_, result);
  }

  // Longest first, so that no lane is left with a long text at the end.
  Result<void> embed_many(std::span<const std::string_view> texts, Deadline deadline,
                          std::vector<Embedding>& results) {
    std::vector<Ids> ids(texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) ids[i] = pieces_->encode(texts[i], max_pieces_);
    std::vector<std::size_t> order(texts.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return ids[a].size() > ids[b].size(); });
    std::vector<std::optional<Error>> errors(lanes_.size());
    pool_.parallel_for(texts.size(), [&](std::size_t index, std::size_t lane) {
      if (errors[lane]) return;
      const std::size_t text = order[index];
      auto done = deadline.has_passed() ? too_late() : run(ids[text], lanes_[lane], results[text]);
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

  Result<void> run(const Ids& ids, Scratch& scratch, Embedding& result) const {
    const SingleThread single;
    const ModelConfig& config = model_->config;
    const std::size_t rows = (ids.size() + kRowStep - 1) / kRowStep * kRowStep;
    const AttentionShape shape{ids.size(), config.heads, config.hidden / config.heads};
    scratch.reserve(rows, config, shape);
    look_up(ids, rows, scratch);
    for (const Layer& layer : model_->layers) TACIT_TRY(run_layer(layer, shape, rows, scratch));
    return pool(ids.size(), scratch, result);
  }

  // state = norm(word + position); rows of padding are zero, so that the products stay finite.
  void look_up(const Ids& ids, std::size_t rows, Scratch& scratch) const {
    const std::size_t hidden = model_->config.hidden;
    std::fill_n(scratch.state.begin(), rows * hidden, 0.0f);
    std::fill_n(scratch.context.begin(), rows * hidden, 0.0f);
    for (std::size_t row = 0; row < ids.size(); ++row) {
      const float* word = model_->words.data() + static_cast<std::size_t>(ids[row]) * hidden;
      std::copy_n(word, hidden, scratch.state.data() + row * hidden);
    }
    kernels_.add_and_norm(scratch.state.data(), model_->positions.data(), model_->zero.data(),
                          model_->embedding_norm.weights(model_->config.norm_epsilon), ids.size(),
                          hidden);
  }

  Result<void> run_layer(const Layer& layer, const AttentionShape& shape, std::size_t rows,
                         Scratch& scratch) const {
    const ModelConfig& config = model_->config;
    float* state = scratch.state.data();
    float* product = scratch.product.data();
    float* wide = scratch.wide.data();
    TACIT_TRY(layer.attention_in->apply(state, product, rows, scratch.matrix));
    kernels_.attention(product, layer.attention_in_bias.data(), shape, scratch.context.data(),
                       scratch.attention.data());
    TACIT_TRY(layer.attention_out->apply(scratch.context.data(), product, rows, scratch.matrix));
    kernels_.add_and_norm(state, product, layer.attention_out_bias.data(),
                          layer.attention_norm.weights(config.norm_epsilon), shape.tokens,
                          config.hidden);
    TACIT_TRY(layer.expand->apply(state, wide, rows, scratch.matrix));
    kernels_.add_bias_gelu(wide, layer.expand_bias.data(), shape.tokens, config.intermediate);
    TACIT_TRY(layer.contract->apply(wide, product, rows, scratch.matrix));
    kernels_.add_and_norm(state, product, layer.contract_bias.data(),
                          layer.output_norm.weights(config.norm_epsilon), shape.tokens,
                          config.hidden);
    return {};
  }

  Result<void> pool(std::size_t tokens, const Scratch& scratch, Embedding& result) const {
    const std::size_t hidden = model_->config.hidden;
    std::vector<double> sum(hidden, 0.0);
    for (std::size_t row = 0; row < tokens; ++row) {
      for (std::size_t i = 0; i < hidden; ++i)
        sum[i] += static_cast<double>(scratch.state[row * hidden + i]);
    }
    const double norm = std::sqrt(std::inner_product(sum.begin(), sum.end(), sum.begin(), 0.0));
    if (!std::isfinite(norm) || norm == 0.0) {
      return fail(
          ErrorKind::kCorrupt,
          "the embedding model gives no finite vector: its weights are damaged, fetch them again");
    }
    result.resize(hidden);
    for (std::size_t i = 0; i < hidden; ++i) result[i] = static_cast<float>(sum[i] / norm);
    return {};
  }

  // Constant after construction.
  const std::unique_ptr<Model> model_;
  const std::unique_ptr<WordPiece> pieces_;
  const std::size_t max_pieces_;
  const Kernels& kernels_;
  const EmbeddingSpace space_;

  Mutex alone_mutex_;
  Scratch alone_ TACIT_GUARDED_BY(alone_mutex_);
  std::vector<Scratch> lanes_;  // one a lane; the pool runs one batch at a time
  WorkerPool pool_;
};

constexpr const char* kWeightsFile = "model.safetensors";

}  // namespace

Result<std::unique_ptr<Embedder>> open_encoder(const EncoderOptions& options) {
  if (options.max_pieces < 2)
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
  auto model = TACIT_TRY(Model::load(options.model_dir));
  if (pieces->size() > model->config.vocabulary) {
    return fail(ErrorKind::kCorrupt,
                "vocab.txt has more entries than the model has word embeddings");
  }
  if (options.max_pieces > model->config.positions) {
    return fail(
        ErrorKind::kInvalidInput,
        "max_pieces is over the model's " + std::to_string(model->config.positions) + " positions");
  }
  const std::size_t threads = options.threads > 0 ? options.threads : usable_cores();
  return std::make_unique<Encoder>(std::move(model), std::move(pieces), threads,
                                   options.max_pieces);
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
