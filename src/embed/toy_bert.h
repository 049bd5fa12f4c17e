#pragma once
// A tiny BERT for tests: seeded weights of a given shape, written as a model folder that
// open_encoder() reads, and a naive encoder in double precision that shares no code with the real
// one. Tests only.

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace tacit::embed {

struct ToyShape {
  std::size_t hidden = 32;
  std::size_t intermediate = 64;
  std::size_t layers = 2;
  std::size_t heads = 4;
  std::size_t positions = 40;
};

class ToyBert {
 public:
  explicit ToyBert(ToyShape shape = {});
  // Writes model.safetensors, vocab.txt and config.json.
  void write(const std::filesystem::path& folder) const;
  std::string safetensors() const;
  // Mean-pooled, or of the first piece alone, and normalised; the slow and obvious way.
  std::vector<double> embed(const std::vector<std::int32_t>& ids, bool first_only = false) const;

 private:
  using Matrix = std::vector<std::vector<double>>;
  struct Weight {
    std::vector<std::size_t> shape;
    std::vector<float> values;
  };

  void add(const std::string& name, std::vector<std::size_t> shape, double spread, double middle);
  Matrix linear(const Matrix& x, const std::string& prefix) const;
  Matrix normalise(const Matrix& x, const std::string& prefix) const;
  Matrix attend(const Matrix& x, const std::string& prefix) const;

  ToyShape shape_;
  std::uint64_t state_ = 20260101;
  std::map<std::string, Weight> weights_;
};

// Words of the toy vocabulary, after the five marks.
const std::vector<std::string>& toy_words();

}  // namespace tacit::embed
