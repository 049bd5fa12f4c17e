#include "embed/network.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <type_traits>

namespace tacit::embed {
namespace {

AttentionShape shape_of(const ModelConfig& config, std::size_t tokens) {
  return {tokens, config.heads, config.hidden / config.heads};
}

}  // namespace

std::byte* Buffer::room(std::size_t bytes) {
  const std::size_t chunks = (bytes + sizeof(Chunk) - 1) / sizeof(Chunk);
  if (chunks_.size() < chunks) chunks_ = std::vector<Chunk>(chunks);
  return chunks_.data()->bytes;
}

template <class Number>
Result<void> Network<Number>::run(std::span<const Ids* const> texts, Lane& lane,
                                  std::span<Embedding* const> results) const {
  const SingleThread single;
  std::size_t tokens = 0;
  for (const Ids* text : texts) tokens += text->size();
  const std::size_t rows = (tokens + kRowStep<Number> - 1) / kRowStep<Number> * kRowStep<Number>;
  look_up(texts, lane, rows);
  for (const Layer& layer : model_.layers) TACIT_TRY(run_layer(layer, texts, tokens, rows, lane));
  const float* state = lane.state.template of<float>(rows * model_.config.hidden);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    TACIT_TRY(pool(state, texts[i]->size(), *results[i]));
    state += texts[i]->size() * model_.config.hidden;
  }
  return {};
}

// state = norm(word + position); rows of padding are zero, so that the products stay finite.
template <class Number>
void Network<Number>::look_up(std::span<const Ids* const> texts, Lane& lane,
                              std::size_t rows) const {
  const std::size_t hidden = model_.config.hidden;
  float* const state = lane.state.template of<float>(rows * hidden);
  Number* const rounded = lane.rounded.template of<Number>(rows * hidden);
  Number* const context = lane.context.template of<Number>(rows * hidden);
  float* row = state;
  for (const Ids* text : texts) {
    for (std::size_t at = 0; at < text->size(); ++at, row += hidden) {
      const float* word = model_.words.data() + static_cast<std::size_t>((*text)[at]) * hidden;
      const float* position = model_.positions.data() + at * hidden;
      for (std::size_t i = 0; i < hidden; ++i) row[i] = word[i] + position[i];
    }
  }
  for (Number* padded : {rounded, context})
    std::fill(padded + (row - state), padded + rows * hidden, Number{});
  std::fill(row, state + rows * hidden, 0.0f);
  kernels_.add_and_norm(state, nullptr, std::is_same_v<Number, float> ? nullptr : rounded,
                        model_.embedding_norm.weights(model_.config.norm_epsilon),
                        static_cast<std::size_t>(row - state) / hidden, hidden);
}

template <class Number>
Result<void> Network<Number>::run_layer(const Layer& layer, std::span<const Ids* const> texts,
                                        std::size_t tokens, std::size_t rows, Lane& lane) const {
  const ModelConfig& config = model_.config;
  const std::size_t hidden = config.hidden;
  float* const state = lane.state.template of<float>(rows * hidden);
  Number* const product = lane.product.template of<Number>((rows + kSpareRows) * 3 * hidden);
  Number* const context = lane.context.template of<Number>(rows * hidden);
  Number* const wide = lane.wide.template of<Number>(rows * config.intermediate);
  Number* rounded = nullptr;
  const Number* input = nullptr;
  if constexpr (std::is_same_v<Number, float>) {
    input = state;
  } else {
    rounded = lane.rounded.template of<Number>(rows * hidden);
    input = rounded;
  }
  TACIT_TRY(layer.attention_in->apply(input, product, rows, lane.matrix));
  std::size_t first = 0;
  for (const Ids* text : texts) {
    const AttentionShape shape = shape_of(config, text->size());
    kernels_.attention(product + first * 3 * hidden, shape, context + first * hidden,
                       lane.attention.template of<std::byte>(attention_scratch(shape)));
    first += text->size();
  }
  TACIT_TRY(layer.attention_out->apply(context, product, rows, lane.matrix));
  kernels_.add_and_norm(state, product, rounded, layer.attention_norm.weights(config.norm_epsilon),
                        tokens, hidden);
  TACIT_TRY(layer.expand->apply(input, wide, rows, lane.matrix, Then::kGelu));
  TACIT_TRY(layer.contract->apply(wide, product, rows, lane.matrix));
  kernels_.add_and_norm(state, product, rounded, layer.output_norm.weights(config.norm_epsilon),
                        tokens, hidden);
  return {};
}

template <class Number>
Result<void> Network<Number>::pool(const float* state, std::size_t tokens,
                                   Embedding& result) const {
  const std::size_t hidden = model_.config.hidden;
  const std::size_t pooled = model_.card.pooling == Pooling::kFirst ? 1 : tokens;
  std::vector<double> sum(hidden, 0.0);
  for (std::size_t row = 0; row < pooled; ++row) {
    for (std::size_t i = 0; i < hidden; ++i) sum[i] += static_cast<double>(state[row * hidden + i]);
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

template class Network<float>;
template class Network<Bf16>;

}  // namespace tacit::embed
