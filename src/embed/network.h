#pragma once
// A model's arithmetic: the word pieces of one or several texts through the layers. Texts are
// packed: their rows lie one after the other, without padding between them, so that the matrix
// products are few and large; attention stays within a text. Number is what is kept between the
// steps; the sums are f32 in either. Immutable, safe from any thread; each caller brings a Lane.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "domain/embedding.h"
#include "embed/kernels.h"
#include "embed/linear.h"
#include "embed/model.h"

namespace tacit::embed {

using Ids = std::vector<std::int32_t>;

// Memory on a boundary of 64 bytes that only grows.
class Buffer {
 public:
  template <class Value>
  Value* of(std::size_t count) {
    return reinterpret_cast<Value*>(room(count * sizeof(Value)));
  }

 private:
  struct alignas(64) Chunk {
    std::byte bytes[64];
  };
  std::byte* room(std::size_t bytes);
  std::vector<Chunk> chunks_;
};

// Everything one run needs; grows to the largest pack seen.
struct Lane {
  MatrixScratch matrix;
  Buffer state;      // [rows, hidden] in f32
  Buffer rounded;    // [rows, hidden]: the state as the products take it
  Buffer product;    // [rows, 3 * hidden], also the output of the narrow products
  Buffer context;    // [rows, hidden]
  Buffer wide;       // [rows, intermediate]
  Buffer attention;  // scratch
};

template <class Number>
class Network {
 public:
  // The model must have been loaded for the precision of Number, and must outlive this.
  Network(const Model& model, const Kernels<Number>& kernels) : model_(model), kernels_(kernels) {}

  // Embeds the texts into results, one each, of length 1. Fails with corrupt where the weights give
  // no finite vector.
  Result<void> run(std::span<const Ids* const> texts, Lane& lane,
                   std::span<Embedding* const> results) const;

 private:
  void look_up(std::span<const Ids* const> texts, Lane& lane, std::size_t rows) const;
  Result<void> run_layer(const Layer& layer, std::span<const Ids* const> texts, std::size_t tokens,
                         std::size_t rows, Lane& lane) const;
  Result<void> pool(const float* state, std::size_t tokens, Embedding& result) const;

  const Model& model_;
  const Kernels<Number>& kernels_;
};

extern template class Network<float>;
extern template class Network<Bf16>;

}  // namespace tacit::embed
