#include "domain/embedding.h"

#include <array>

#include "base/assert.h"

namespace tacit {

Result<Embedding> Embedder::embed_query(std::string_view text, Deadline deadline) {
  auto vectors = TACIT_TRY(embed({&text, 1}, deadline));
  if (vectors.size() != 1) return fail(ErrorKind::kInternal, "the embedder gave no vector");
  return std::move(vectors.front());
}

// Sixteen sums side by side, so that the compiler needs no leave to reorder one.
float dot(std::span<const float> a, std::span<const float> b) {
  TACIT_ASSERT(a.size() == b.size());
  constexpr std::size_t kSums = 16;
  std::array<float, kSums> sums{};
  const std::size_t whole = a.size() / kSums * kSums;
  for (std::size_t i = 0; i < whole; i += kSums)
    for (std::size_t k = 0; k < kSums; ++k) sums[k] += a[i + k] * b[i + k];
  for (std::size_t i = whole; i < a.size(); ++i) sums[0] += a[i] * b[i];
  float sum = 0;
  for (const float one : sums) sum += one;
  return sum;
}

}  // namespace tacit
