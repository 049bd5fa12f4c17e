#pragma once
// Labelled exchanges as a retrieval set: every session of the folder is imported (read, redacted,
// learned), and each gold query must find its exchange, a copy of it in another file, or an item it
// supports.

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "bench/eval_run.h"
#include "bench/eval_set.h"
#include "domain/embedding.h"

namespace tacit::bench {

struct LabelRun {
  std::vector<RunQuery> queries;
  std::size_t rows = 0;            // gold rows of the formats read
  std::size_t rows_of_others = 0;  // gold rows of files that no adapter reads
  std::size_t unmapped = 0;        // of `rows`: no exchange with this hash in its file
  std::size_t exchanges = 0;       // stored: the haystack
  std::size_t items = 0;
};

// `sessions` may hold a MANIFEST.tsv with columns `id` and `file`; without it a hash alone finds
// its row.
Result<LabelRun> load_labelled_sessions(store::Store& store, Embedder* embedder,
                                        const std::vector<GoldRow>& gold,
                                        const std::filesystem::path& sessions, bool progress);

}  // namespace tacit::bench
