#pragma once
// One's own topics of what must not leave this machine, from a TOML file (docs/privacy.md):
//
//   without = ["health"]            # known topics that are not looked for
//   [[topic]]
//   name = "merger"                 # a known name adds to that topic
//   label = "confidential"          # or "secret"; a topic cannot open what another closes
//   words = ["project falcon*"]     # any of them decides
//   hints = ["board", "acquisition"]   # two near each other decide
//   paths = ["deals/*"]
//   examples = ["We buy the other company in spring."]
//
// Every mistake is told with its line; a file that is not understood is never half used.

#include <cstdint>
#include <filesystem>

#include "base/result.h"
#include "privacy/sensitivity.h"

namespace tacit::app {

inline constexpr std::uintmax_t kMaxTopicsFileBytes = 1U << 20U;

// invalid_input: what is wrong and where.
Result<privacy::SensitivityOptions> read_topics(const std::filesystem::path& file);

}  // namespace tacit::app
