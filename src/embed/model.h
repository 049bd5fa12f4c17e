#pragma once
// A BERT encoder's numbers: configuration (config.json), card (card.json, where there is one) and
// weights (model.safetensors), checked against each other and packed for the matrix products. Word
// embeddings stay in the mapped file, only the rows that texts use are read; the layers' pages are
// given back once packed. Immutable after load.

#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "embed/kernels.h"
#include "embed/linear.h"
#include "embed/model_card.h"
#include "embed/safetensors.h"

namespace tacit::embed {

struct ModelConfig {
  std::size_t hidden = 0;
  std::size_t intermediate = 0;
  std::size_t layers = 0;
  std::size_t heads = 0;
  std::size_t positions = 0;
  std::size_t vocabulary = 0;
  float norm_epsilon = 0;
};

Result<ModelConfig> read_model_config(const std::filesystem::path& file);

struct Norm {
  std::vector<float> scale;
  std::vector<float> shift;
  NormWeights weights(float epsilon) const { return {scale.data(), shift.data(), epsilon}; }
};

struct Layer {
  std::unique_ptr<Linear> attention_in;  // query, key and value side by side
  std::unique_ptr<Linear> attention_out;
  Norm attention_norm;
  std::unique_ptr<Linear> expand;
  std::unique_ptr<Linear> contract;
  Norm output_norm;
};

struct Model {
  static Result<std::unique_ptr<Model>> load(const std::filesystem::path& folder,
                                             Precision precision);

  ModelConfig config;
  ModelCard card;
  // By the weights' fingerprint "all-MiniLM-L6-v2", else "bert-<hex>"; what the card says of
  // pooling and prefixes follows, for it changes the vectors.
  std::string name;
  std::unique_ptr<Safetensors> file;
  std::span<const float> words;  // [vocabulary, hidden], in the mapped file
  std::vector<float> positions;  // [positions, hidden]; the type of the first segment is added in
  Norm embedding_norm;
  std::vector<Layer> layers;
};

}  // namespace tacit::embed
