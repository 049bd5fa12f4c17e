#pragma once
// An embedder that remembers on disk, so that measuring again costs seconds: vectors by SHA-256 of
// the text in one append-only file per embedding space below $XDG_CACHE_HOME/tacit/eval-vectors
// (~/.cache without it). For evaluation only: the file holds no text, but vectors of a public set
// or of local sessions. A damaged tail is ignored. Reports progress with the time left. One thread
// at a time.

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "domain/embedding.h"

namespace tacit::bench {

class CachedEmbedder final : public Embedder {
 public:
  CachedEmbedder(Embedder& inner, const std::filesystem::path& folder);
  ~CachedEmbedder() override;

  const EmbeddingSpace& space() const override;
  Result<std::vector<Embedding>> embed(std::span<const std::string_view> texts,
                                       Deadline deadline) override;
  Result<Embedding> embed_query(std::string_view text, Deadline deadline) override;
  std::size_t computed() const;  // vectors that were not in the cache

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::filesystem::path eval_cache_folder();

// "documents embedded: 1200 of 5183, 2 min 10 s left" on standard error, at most once a second.
class Progress {
 public:
  Progress(std::string what, std::size_t total, bool shown);
  ~Progress();
  void reach(std::size_t done);

 private:
  void print(std::size_t done);
  std::string what_;
  std::size_t total_;
  bool shown_;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point last_;
};

}  // namespace tacit::bench
