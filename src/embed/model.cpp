#include "embed/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/hash.h"

namespace tacit::embed {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxLayers = 64;
constexpr std::size_t kMaxWidth = 16384;
constexpr std::size_t kMaxRows = 4'000'000;

// The XXH3 of a model's last projection names it, wherever its folder lies: two models with one
// name would mix vectors that cannot be compared.
struct KnownModel {
  std::uint64_t fingerprint;
  std::string_view name;
};
constexpr KnownModel kKnownModels[] = {{0x689b460161e62a64, "all-MiniLM-L6-v2"}};

std::unexpected<Error> corrupt(std::string what) {
  return fail(ErrorKind::kCorrupt, std::move(what));
}

Result<std::size_t> read_size(const Json& config, const char* key, std::size_t most) {
  const auto found = config.find(key);
  if (found == config.end() || !found->is_number_unsigned() || found->get<std::uint64_t>() == 0 ||
      found->get<std::uint64_t>() > most) {
    return corrupt(fmt::format("config.json: {} must be a number from 1 to {}", key, most));
  }
  return found->get<std::size_t>();
}

Result<void> check_kind(const Json& config) {
  const auto is = [&](const char* key, std::string_view wanted) {
    const auto found = config.find(key);
    return found == config.end() || (found->is_string() && found->get<std::string>() == wanted);
  };
  if (!is("model_type", "bert")) return corrupt("config.json: only model_type bert is supported");
  if (!is("hidden_act", "gelu")) return corrupt("config.json: only hidden_act gelu is supported");
  if (!is("position_embedding_type", "absolute")) {
    return corrupt("config.json: only absolute position embeddings are supported");
  }
  return {};
}

class WeightReader {
 public:
  WeightReader(const Safetensors& file, const ModelConfig& config, Precision precision)
      : file_(file), config_(config), precision_(precision) {}

  Result<std::vector<float>> vector(const std::string& name, std::size_t size) const {
    const auto values = TACIT_TRY(file_.floats(name, {size}));
    return std::vector<float>(values.begin(), values.end());
  }

  Result<std::span<const float>> matrix(const std::string& name, std::size_t rows,
                                        std::size_t columns) const {
    return file_.floats(name, {rows, columns});
  }

  Result<Norm> norm(const std::string& prefix) const {
    Norm result;
    result.scale = TACIT_TRY(vector(prefix + ".weight", config_.hidden));
    result.shift = TACIT_TRY(vector(prefix + ".bias", config_.hidden));
    return result;
  }

  Result<std::unique_ptr<Linear>> linear(std::span<const std::string> prefixes, std::size_t outputs,
                                         std::size_t inputs) const {
    std::vector<std::span<const float>> parts;
    std::vector<float> biases;
    for (const std::string& prefix : prefixes) {
      parts.push_back(TACIT_TRY(matrix(prefix + ".weight", outputs, inputs)));
      const auto bias = TACIT_TRY(vector(prefix + ".bias", outputs));
      biases.insert(biases.end(), bias.begin(), bias.end());
    }
    return Linear::pack(parts, biases, inputs, precision_);
  }

  Result<Layer> layer(std::size_t index) const {
    const std::size_t hidden = config_.hidden;
    const std::string prefix = fmt::format("encoder.layer.{}.", index);
    const std::string attention = prefix + "attention.self.";
    const std::string in[] = {attention + "query", attention + "key", attention + "value"};
    const std::string out[] = {prefix + "attention.output.dense"};
    const std::string expand[] = {prefix + "intermediate.dense"};
    const std::string contract[] = {prefix + "output.dense"};
    Layer result;
    result.attention_in = TACIT_TRY(linear(in, hidden, hidden));
    result.attention_out = TACIT_TRY(linear(out, hidden, hidden));
    result.attention_norm = TACIT_TRY(norm(prefix + "attention.output.LayerNorm"));
    result.expand = TACIT_TRY(linear(expand, config_.intermediate, hidden));
    result.contract = TACIT_TRY(linear(contract, hidden, config_.intermediate));
    result.output_norm = TACIT_TRY(norm(prefix + "output.LayerNorm"));
    return result;
  }

  Result<std::string> name() const {
    const std::string last =
        fmt::format("encoder.layer.{}.output.dense.weight", config_.layers - 1);
    const auto weights = TACIT_TRY(matrix(last, config_.hidden, config_.intermediate));
    const auto fingerprint =
        xxh3({reinterpret_cast<const char*>(weights.data()), weights.size_bytes()});
    for (const KnownModel& known : kKnownModels) {
      if (known.fingerprint == fingerprint) return std::string(known.name);
    }
    return fmt::format("bert-{:016x}", fingerprint);
  }

 private:
  const Safetensors& file_;
  const ModelConfig& config_;
  const Precision precision_;
};

}  // namespace

Result<ModelConfig> read_model_config(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return fail(ErrorKind::kNotFound, "cannot read " + file.string());
  const std::string text(std::istreambuf_iterator<char>(stream), {});
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return corrupt("config.json is not a JSON object");
  TACIT_TRY(check_kind(json));
  ModelConfig config;
  config.hidden = TACIT_TRY(read_size(json, "hidden_size", kMaxWidth));
  config.intermediate = TACIT_TRY(read_size(json, "intermediate_size", kMaxWidth));
  config.layers = TACIT_TRY(read_size(json, "num_hidden_layers", kMaxLayers));
  config.heads = TACIT_TRY(read_size(json, "num_attention_heads", kMaxWidth));
  config.positions = TACIT_TRY(read_size(json, "max_position_embeddings", kMaxWidth));
  config.vocabulary = TACIT_TRY(read_size(json, "vocab_size", kMaxRows));
  const auto epsilon = json.find("layer_norm_eps");
  if (epsilon == json.end() || !epsilon->is_number() || epsilon->get<double>() < 0 ||
      epsilon->get<double>() > 1) {
    return corrupt("config.json: layer_norm_eps must be a number from 0 to 1");
  }
  config.norm_epsilon = epsilon->get<float>();
  if (config.hidden % config.heads != 0 || config.hidden % kColumnStep != 0 ||
      config.intermediate % kColumnStep != 0) {
    return corrupt(
        fmt::format("config.json: widths must be multiples of {} and of the heads", kColumnStep));
  }
  return config;
}

Result<std::unique_ptr<Model>> Model::load(const std::filesystem::path& folder,
                                           Precision precision) {
  auto model = std::make_unique<Model>();
  model->card = TACIT_TRY(read_model_card(folder / kModelCardFile));
  model->config = TACIT_TRY(read_model_config(folder / "config.json"));
  model->file = TACIT_TRY(Safetensors::open(folder / "model.safetensors"));
  const ModelConfig& config = model->config;
  const WeightReader reader(*model->file, config, precision);
  model->words = TACIT_TRY(
      reader.matrix("embeddings.word_embeddings.weight", config.vocabulary, config.hidden));
  const auto positions = TACIT_TRY(
      reader.matrix("embeddings.position_embeddings.weight", config.positions, config.hidden));
  const auto found = model->file->tensors().find("embeddings.token_type_embeddings.weight");
  const bool typed = found != model->file->tensors().end() && !found->second.shape.empty();
  const auto types = TACIT_TRY(reader.matrix("embeddings.token_type_embeddings.weight",
                                             typed ? found->second.shape[0] : 2, config.hidden));
  if (types.size() < config.hidden) return corrupt("the model has no token type embeddings");
  model->positions.assign(positions.begin(), positions.end());
  for (std::size_t i = 0; i < model->positions.size(); ++i)
    model->positions[i] += types[i % config.hidden];
  model->embedding_norm = TACIT_TRY(reader.norm("embeddings.LayerNorm"));
  for (std::size_t i = 0; i < config.layers; ++i)
    model->layers.push_back(TACIT_TRY(reader.layer(i)));
  model->name = TACIT_TRY(reader.name()) + model->card.suffix();
  model->file->release_pages();
  return model;
}

}  // namespace tacit::embed
