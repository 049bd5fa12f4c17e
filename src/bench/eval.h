#pragma once
// `tacit eval`: measures retrieval quality and similarity on an evaluation set. The set is a
// folder; its layout is recognised by content (corpus, queries, judgements, open or blind half;
// scored sentence pairs; labelled exchanges over sessions), never by name. Retrieval runs through
// the shipped Retriever on a store in a temporary folder.

#include <filesystem>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/embedding.h"

namespace tacit::bench {

struct EvalOptions {
  std::string set;                              // folder name below <corpus>/eval, "labels", or ""
  std::optional<std::filesystem::path> data;    // --data DIR wins
  std::optional<std::filesystem::path> corpus;  // $TACIT_CORPUS
  Embedder* embedder = nullptr;                 // null: text only
  bool progress = true;                         // to standard error
};

// One JSON document a system ("text", "vector", "hybrid"):
// {set, system, metrics:{…}, n, seconds, commit, machine}; the bootstrap intervals stand under
// metrics.
Result<std::vector<std::string>> evaluate(const EvalOptions& options);

}  // namespace tacit::bench
