#pragma once
// Answers of searches, kept so that the same question is not worked out twice: at most
// kCachedAnswers, none older than kCachedFor, together at most kCachedBytes, the least recently
// asked first to go. Answers belong to a content generation of the store
// (store/text_queries.h): the first look with a newer one empties the cache, so that a write, and
// forget above all, is never answered around, whichever process wrote. Counting use is no such
// write; what it changes in an answer (freshness) is late by kCachedFor at most. Safe from any
// thread.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "cache/cache.h"
#include "domain/query.h"
#include "service/knowledge_service.h"

namespace tacit::service {

inline constexpr std::size_t kCachedAnswers = 200;
inline constexpr std::chrono::minutes kCachedFor{5};
inline constexpr std::size_t kCachedBytes = 4U << 20U;

class AnswerCache {
 public:
  explicit AnswerCache(const Clock& clock);

  // The answer to this query of this generation, or null.
  std::shared_ptr<const Answer> find(const Query& query, std::int64_t generation);
  // `generation` is that read before the answer was made. One that is out of date is not kept.
  void keep(const Query& query, std::int64_t generation, const Answer& answer);
  // Drops what is older than `generation` now, so that no text outlives its removal in memory.
  void advance(std::int64_t generation);
  AnswerCacheStats stats() const;

 private:
  const Clock& clock_;
  cache::Cache<Answer> cache_;
  std::atomic<std::int64_t> generation_{0};
  std::atomic<std::uint64_t> invalidations_{0};
};

}  // namespace tacit::service
