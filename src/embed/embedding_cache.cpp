#include "embed/embedding_cache.h"

#include "base/hash.h"

namespace tacit::embed {
namespace {

constexpr SteadyTime kAlways{};  // an embedding does not grow old

std::string key_of(char role, std::string_view text) {
  std::string content(1, role);
  content += text;
  const Digest digest = sha256(content);
  return {digest.begin(), digest.end()};
}

cache::CacheOptions options_of(const EmbeddingCacheOptions& options) {
  return {cache::Policy::kTinyLfu, options.most_entries, options.most_bytes, Duration{0}};
}

}  // namespace

EmbeddingCache::EmbeddingCache(std::unique_ptr<Embedder> inner,
                               const EmbeddingCacheOptions& options)
    : inner_(std::move(inner)), cache_(options_of(options)) {}

Result<std::vector<Embedding>> EmbeddingCache::embed(std::span<const std::string_view> texts,
                                                     Deadline deadline) {
  std::vector<Embedding> all(texts.size());
  std::vector<std::string_view> missing;
  std::vector<std::pair<std::size_t, std::string>> places;  // of those, with their keys
  for (std::size_t i = 0; i < texts.size(); ++i) {
    std::string key = key_of('d', texts[i]);
    if (const auto known = cache_.find(key, kAlways)) {
      all[i] = *known;
      continue;
    }
    missing.push_back(texts[i]);
    places.emplace_back(i, std::move(key));
  }
  if (missing.empty()) return all;
  const std::uint64_t clears = clears_;
  std::vector<Embedding> made = TACIT_TRY(inner_->embed(missing, deadline));
  for (std::size_t i = 0; i < places.size(); ++i) {
    keep(places[i].second, made[i], clears);
    all[places[i].first] = std::move(made[i]);
  }
  return all;
}

Result<Embedding> EmbeddingCache::embed_query(std::string_view text, Deadline deadline) {
  const std::string key = key_of('q', text);
  if (const auto known = cache_.find(key, kAlways)) return *known;
  const std::uint64_t clears = clears_;
  Embedding made = TACIT_TRY(inner_->embed_query(text, deadline));
  keep(key, made, clears);
  return made;
}

void EmbeddingCache::keep(std::string_view key, const Embedding& embedding, std::uint64_t clears) {
  cache_.put(key, std::make_shared<const Embedding>(embedding), embedding.size() * sizeof(float),
             kAlways);
  if (clears_ != clears) cache_.erase(key);
}

}  // namespace tacit::embed
