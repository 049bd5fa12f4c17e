#pragma once
// The read path: hybrid search over knowledge items and exchanges. BM25 and vectors run over both
// kinds, scores are fused, results of one exchange and its items are not repeated. One shipped
// configuration (fusion.h). Without an embedder, or when it fails, text answers alone and the
// answer says so. The vector indexes are filled from the store at the first search and refreshed
// before each (new sequence numbers only, or from zero when the generation changed), so several
// processes see each other's writes. Safe from any thread.

#include <filesystem>
#include <memory>
#include <optional>

#include "base/result.h"
#include "domain/embedding.h"
#include "domain/query.h"
#include "store/store.h"

namespace tacit::recall {

class Retriever {
 public:
  // `embedder` may be null. References must outlive the retriever.
  // `stays_with`: the process answers many questions, so a large index grows its graph aside and
  // keeps it in this folder; without one the index is always scanned.
  Retriever(const store::Store& store, Embedder* embedder,
            std::optional<std::filesystem::path> stays_with = std::nullopt);
  ~Retriever();

  // Fails with invalid_input on an empty or too long query or a limit outside 1…kMaxHits.
  Result<Answer> search(const Query& query, Instant now) const;
  // Loads the indexes now (start-up), so that the first search is fast.
  Result<void> warm() const;
  std::size_t index_bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tacit::recall
