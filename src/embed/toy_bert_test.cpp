#include "embed/toy_bert.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "testing/fixtures.h"

namespace tacit::embed {
namespace {

constexpr double kEpsilon = 1e-12;

std::string little_endian(std::uint64_t value) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFF);
  return bytes;
}

double gelu(double x) {
  return 0.5 * x * (1.0 + std::erf(x / std::sqrt(2.0)));
}

}  // namespace

const std::vector<std::string>& toy_words() {
  static const std::vector<std::string> words = {
      "the", "build", "fails", "on", "a", "cold", "cache", "fix", "it", "##s", "##ing", ".", ","};
  return words;
}

ToyBert::ToyBert(ToyShape shape) : shape_(shape) {
  const std::size_t h = shape.hidden;
  add("embeddings.word_embeddings.weight", {toy_words().size() + 5, h}, 1.0, 0);
  add("embeddings.position_embeddings.weight", {shape.positions, h}, 0.5, 0);
  add("embeddings.token_type_embeddings.weight", {2, h}, 0.5, 0);
  const auto norm = [&](const std::string& prefix) {
    add(prefix + ".weight", {h}, 0.3, 1.0);
    add(prefix + ".bias", {h}, 0.3, 0);
  };
  const auto dense = [&](const std::string& prefix, std::size_t outputs, std::size_t inputs) {
    add(prefix + ".weight", {outputs, inputs}, 0.5, 0);
    add(prefix + ".bias", {outputs}, 0.3, 0);
  };
  norm("embeddings.LayerNorm");
  for (std::size_t i = 0; i < shape.layers; ++i) {
    const std::string layer = fmt::format("encoder.layer.{}.", i);
    for (const char* part : {"query", "key", "value"})
      dense(layer + "attention.self." + part, h, h);
    dense(layer + "attention.output.dense", h, h);
    norm(layer + "attention.output.LayerNorm");
    dense(layer + "intermediate.dense", shape.intermediate, h);
    dense(layer + "output.dense", h, shape.intermediate);
    norm(layer + "output.LayerNorm");
  }
}

void ToyBert::add(const std::string& name, std::vector<std::size_t> shape, double spread,
                  double middle) {
  std::size_t count = 1;
  for (const std::size_t size : shape) count *= size;
  Weight weight{std::move(shape), {}};
  for (std::size_t i = 0; i < count; ++i) {
    state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL;
    const double unit = static_cast<double>(state_ >> 40) / static_cast<double>(1 << 24) - 0.5;
    weight.values.push_back(static_cast<float>(middle + spread * unit));
  }
  weights_[name] = std::move(weight);
}

std::string ToyBert::safetensors() const {
  std::string header = R"({"__metadata__":{"format":"pt"})";
  std::string data;
  for (const auto& [name, weight] : weights_) {
    const std::size_t bytes = weight.values.size() * sizeof(float);
    header += fmt::format(R"(,"{}":{{"dtype":"F32","shape":[{}],"data_offsets":[{},{}]}})", name,
                          fmt::join(weight.shape, ","), data.size(), data.size() + bytes);
    data.append(reinterpret_cast<const char*>(weight.values.data()), bytes);
  }
  header += "}";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  return little_endian(header.size()) + header + data;
}

void ToyBert::write(const std::filesystem::path& folder) const {
  testing::write_file(folder / "model.safetensors", safetensors());
  std::string vocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";
  for (const std::string& word : toy_words()) vocabulary += word + "\n";
  testing::write_file(folder / "vocab.txt", vocabulary);
  testing::write_file(
      folder / "config.json",
      fmt::format(
          R"({{"model_type":"bert","hidden_act":"gelu","hidden_size":{},"intermediate_size":{},)"
          R"("num_hidden_layers":{},"num_attention_heads":{},"max_position_embeddings":{},)"
          R"("vocab_size":{},"layer_norm_eps":1e-12}})",
          shape_.hidden, shape_.intermediate, shape_.layers, shape_.heads, shape_.positions,
          toy_words().size() + 5));
}

ToyBert::Matrix ToyBert::linear(const Matrix& x, const std::string& prefix) const {
  const Weight& weight = weights_.at(prefix + ".weight");
  const Weight& bias = weights_.at(prefix + ".bias");
  Matrix result(x.size(), std::vector<double>(weight.shape[0]));
  for (std::size_t row = 0; row < x.size(); ++row) {
    for (std::size_t out = 0; out < weight.shape[0]; ++out) {
      double sum = static_cast<double>(bias.values[out]);
      for (std::size_t in = 0; in < weight.shape[1]; ++in) {
        sum += x[row][in] * static_cast<double>(weight.values[out * weight.shape[1] + in]);
      }
      result[row][out] = sum;
    }
  }
  return result;
}

ToyBert::Matrix ToyBert::normalise(const Matrix& x, const std::string& prefix) const {
  Matrix result = x;
  for (auto& row : result) {
    double mean = 0;
    for (const double value : row) mean += value / static_cast<double>(row.size());
    double variance = 0;
    for (const double value : row)
      variance += (value - mean) * (value - mean) / static_cast<double>(row.size());
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = (row[i] - mean) / std::sqrt(variance + kEpsilon) *
                   static_cast<double>(weights_.at(prefix + ".weight").values[i]) +
               static_cast<double>(weights_.at(prefix + ".bias").values[i]);
    }
  }
  return result;
}

ToyBert::Matrix ToyBert::attend(const Matrix& x, const std::string& prefix) const {
  const Matrix query = linear(x, prefix + "query");
  const Matrix key = linear(x, prefix + "key");
  const Matrix value = linear(x, prefix + "value");
  const std::size_t width = shape_.hidden / shape_.heads;
  Matrix result(x.size(), std::vector<double>(shape_.hidden, 0.0));
  for (std::size_t head = 0; head < shape_.heads; ++head) {
    for (std::size_t row = 0; row < x.size(); ++row) {
      std::vector<double> weights(x.size());
      double total = 0;
      for (std::size_t other = 0; other < x.size(); ++other) {
        double score = 0;
        for (std::size_t d = head * width; d < (head + 1) * width; ++d)
          score += query[row][d] * key[other][d];
        weights[other] = std::exp(score / std::sqrt(static_cast<double>(width)));
        total += weights[other];
      }
      for (std::size_t other = 0; other < x.size(); ++other) {
        for (std::size_t d = head * width; d < (head + 1) * width; ++d) {
          result[row][d] += weights[other] / total * value[other][d];
        }
      }
    }
  }
  return result;
}

std::vector<double> ToyBert::embed(const std::vector<std::int32_t>& ids, bool first_only) const {
  const auto add_rows = [](Matrix a, const Matrix& b) {
    for (std::size_t row = 0; row < a.size(); ++row) {
      for (std::size_t i = 0; i < a[row].size(); ++i) a[row][i] += b[row][i];
    }
    return a;
  };
  const auto at = [&](const char* name, std::size_t row, std::size_t i) {
    return static_cast<double>(weights_.at(name).values[row * shape_.hidden + i]);
  };
  Matrix x(ids.size(), std::vector<double>(shape_.hidden));
  for (std::size_t row = 0; row < ids.size(); ++row) {
    for (std::size_t i = 0; i < shape_.hidden; ++i) {
      x[row][i] = at("embeddings.word_embeddings.weight", static_cast<std::size_t>(ids[row]), i) +
                  at("embeddings.position_embeddings.weight", row, i) +
                  at("embeddings.token_type_embeddings.weight", 0, i);
    }
  }
  x = normalise(x, "embeddings.LayerNorm");
  for (std::size_t i = 0; i < shape_.layers; ++i) {
    const std::string layer = fmt::format("encoder.layer.{}.", i);
    const Matrix mixed =
        linear(attend(x, layer + "attention.self."), layer + "attention.output.dense");
    x = normalise(add_rows(mixed, x), layer + "attention.output.LayerNorm");
    Matrix wide = linear(x, layer + "intermediate.dense");
    for (auto& row : wide) std::transform(row.begin(), row.end(), row.begin(), gelu);
    x = normalise(add_rows(linear(wide, layer + "output.dense"), x), layer + "output.LayerNorm");
  }
  if (first_only) x.resize(1);
  std::vector<double> sum(shape_.hidden, 0.0);
  double squares = 0;
  for (std::size_t i = 0; i < shape_.hidden; ++i) {
    for (const auto& row : x) sum[i] += row[i];
    squares += sum[i] * sum[i];
  }
  for (double& value : sum) value /= std::sqrt(squares);
  return sum;
}

}  // namespace tacit::embed
