#pragma once
// Linear: rows times a weight matrix, and a bias, with numbers in f32 or in bf16 (sums are f32 in
// both): on AMX tiles where the processor has them and the widths fill them (tile_product.h), else
// on oneDNN. Weights are packed once into the layout that the kernel for this processor wants. One
// thread per product: parallelism is over texts, and the library must start no threads of its own
// (see SingleThread). Safe from any thread; each caller brings its own MatrixScratch. The only file
// that includes oneDNN is linear.cpp.

#include <cstddef>
#include <memory>
#include <span>

#include "base/result.h"
#include "embed/bf16.h"

namespace tacit::embed {

// Rows are processed in steps of this; callers pad to it, so that few shapes are compiled.
template <class Number>
inline constexpr std::size_t kRowStep = 8;
template <>
inline constexpr std::size_t kRowStep<Bf16> = 16;

enum class Precision { kF32, kBf16 };
enum class Then { kNothing, kGelu };
enum class By { kBest, kLibrary };  // the library, even where our tiles would do: to compare

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
  // product. `bias` has all outputs.
  static Result<std::unique_ptr<Linear>> pack(std::span<const std::span<const float>> parts,
                                              std::span<const float> bias, std::size_t inputs,
                                              Precision precision, By by = By::kBest);
  ~Linear();
  std::size_t outputs() const;
  // out[rows, outputs] = then(in[rows, inputs] * weights + bias). `rows` is a multiple of kRowStep;
  // the numbers are those of the precision it was packed for.
  Result<void> apply(const float* in, float* out, std::size_t rows, MatrixScratch& scratch,
                     Then then = Then::kNothing) const;
  Result<void> apply(const Bf16* in, Bf16* out, std::size_t rows, MatrixScratch& scratch,
                     Then then = Then::kNothing) const;

 private:
  struct State;
  explicit Linear(std::unique_ptr<State> state);
  Result<void> run(const void* in, void* out, std::size_t rows, MatrixScratch& scratch) const;
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
