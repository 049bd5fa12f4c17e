#include "domain/embedding.h"

#include "base/assert.h"

namespace tacit {

float dot(std::span<const float> a, std::span<const float> b) {
  TACIT_ASSERT(a.size() == b.size());
  float sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

}  // namespace tacit
