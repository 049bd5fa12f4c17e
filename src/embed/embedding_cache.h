#pragma once
// An embedder that remembers: the embeddings of texts that were asked for lately, so that the same
// question with another filter or after a write, the unchanged parts of an exchange that grew and a
// request judged again cost a look instead of a run of the network. Entries are found by the
// SHA-256 of the text and whether it asks; the model is the inner one's. In memory only; what
// outlives a process are the vectors in the store, whose owners' ids are made of content. An import
// asks for most texts once, so the policy turns away what it saw once when the cache is full
// (`tinylfu`). Safe from any thread.

#include <atomic>
#include <cstdint>
#include <memory>

#include "cache/cache.h"
#include "domain/embedding.h"

namespace tacit::embed {

struct EmbeddingCacheOptions {
  std::size_t most_entries = 2'000;
  std::size_t most_bytes = 6U << 20U;  // 2,000 of 384 dimensions take 3.7 MB
};

class EmbeddingCache final : public Embedder {
 public:
  explicit EmbeddingCache(std::unique_ptr<Embedder> inner,
                          const EmbeddingCacheOptions& options = EmbeddingCacheOptions());

  const EmbeddingSpace& space() const override { return inner_->space(); }
  Result<std::vector<Embedding>> embed(std::span<const std::string_view> texts,
                                       Deadline deadline) override;
  Result<Embedding> embed_query(std::string_view text, Deadline deadline) override;

  // What was forgotten must not be remembered here, nor what is being embedded just then.
  void clear() {
    ++clears_;
    cache_.clear();
  }
  cache::CacheStats stats() const { return cache_.stats(); }

 private:
  // Unless the cache was cleared since `clears` was read.
  void keep(std::string_view key, const Embedding& embedding, std::uint64_t clears);

  std::unique_ptr<Embedder> inner_;
  std::atomic<std::uint64_t> clears_{0};
  cache::Cache<Embedding> cache_;
};

}  // namespace tacit::embed
