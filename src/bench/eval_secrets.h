#pragma once
// `tacit eval` on a set of texts with marked secrets: the shipped redactor reads every text, and
// its masks are held against the marks. Cases: a secret counts as found when a mask touches it (or
// stands anywhere in the text, where the set does not say where it is). Files: by line, and how
// many values are masked whole. Sentences about people: by marked place and kind; the redactor
// aims at secrets, so beside its masks stands how many texts of the kind may not go to a remote
// model (privacy/sensitivity.h, without an embedder).

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace tacit::bench {

// One JSON document, as `evaluate` gives; nothing when no folder holds such a set.
Result<std::optional<std::string>> evaluate_secrets(
    const std::vector<std::filesystem::path>& folders, const std::string& name);

}  // namespace tacit::bench
