#include "base/version.h"

namespace tacit {

const char* const kVersion = TACIT_VERSION;

}  // namespace tacit
