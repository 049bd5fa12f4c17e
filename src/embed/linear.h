#pragma once
// Linear: rows times a weight matrix, in f32 on oneDNN. Weights are packed once into the layout
// that the library's kernel for this processor wants. One thread per product: parallelism is over
// texts, and the library must start no threads of its own (see SingleThread). Safe from any thread;
// each caller brings its own MatrixScratch. The only file that includes oneDNN is linear.cpp.

#include <cstddef>
#include <memory>
#include <span>

#include "base/result.h"

namespace tacit::embed {

// Rows are processed in steps of this; callers pad to it, so that few shapes are compiled.
inline constexpr std::size_t kRowStep = 8;

// Per-thread state of the library: a stream and scratch memory.
class MatrixScratch {
 public:
  MatrixScratch();
  ~MatrixScratch();

 private:
  friend class Linear;
  struct State;
  std::unique_ptr<State> state_;
};

class Linear {
 public:
  // The parts are row-major [outputs_i, inputs] and are stacked: query, key and value in one
  // product.
  static Result<std::unique_ptr<Linear>> pack(std::span<const std::span<const float>> parts,
                                              std::size_t inputs);
  ~Linear();
  std::size_t outputs() const;
  // out[rows, outputs] = in[rows, inputs] * weights. `rows` is a multiple of kRowStep.
  Result<void> apply(const float* in, float* out, std::size_t rows, MatrixScratch& scratch) const;

 private:
  struct State;
  explicit Linear(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// While alive, OpenMP regions entered from this thread stay on this thread.
class SingleThread {
 public:
  SingleThread();
  ~SingleThread();
  SingleThread(const SingleThread&) = delete;
  SingleThread& operator=(const SingleThread&) = delete;

 private:
  int before_ = 0;
};

}  // namespace tacit::embed
