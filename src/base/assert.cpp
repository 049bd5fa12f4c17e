#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace tacit {

void assertion_failed(const char* what, const char* file, int line) {
  std::fprintf(stderr, "tacit: bug: %s (%s:%d)\n", what, file, line);
  std::abort();
}

}  // namespace tacit
