#include "domain/embedding.h"

#include "base/assert.h"

namespace tacit {

Result<Embedding> Embedder::embed_query(std::string_view text, Deadline deadline) {
  auto vectors = TACIT_TRY(embed({&text, 1}, deadline));
  if (vectors.size() != 1) return fail(ErrorKind::kInternal, "the embedder gave no vector");
  return std::move(vectors.front());
}

float dot(std::span<const float> a, std::span<const float> b) {
  TACIT_ASSERT(a.size() == b.size());
  float sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace tacit
