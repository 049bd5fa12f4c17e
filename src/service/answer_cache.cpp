#include "service/answer_cache.h"

#include <fmt/format.h>

#include <utility>

namespace tacit::service {
namespace {

std::string spaced_once(std::string_view text) {
  std::string result;
  bool is_gap = false;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      is_gap = !result.empty();
      continue;
    }
    if (is_gap) result += ' ';
    is_gap = false;
    result += c;
  }
  return result;
}

std::string time_key(const std::optional<Instant>& time) {
  return time ? fmt::format("{}", to_millis(*time)) : "-";
}

// All that decides about an answer, its generation first. Lengths stand before texts, so no two
// queries share a key. White space between words decides nothing: every way of searching cuts words
// first.
std::string key_of(const Query& query, std::int64_t generation) {
  const SearchFilter& filter = query.filter;
  return fmt::format(
      "{} {} {} {} {} {} {} {} {}:{} {}", generation, query.limit, name_of(query.mode),
      query.explain ? 1 : 0, filter.type ? name_of(*filter.type) : "-",
      filter.kind ? name_of(*filter.kind) : "-", time_key(filter.since), time_key(filter.as_of),
      filter.project.size(), filter.project, spaced_once(query.text));
}

std::size_t bytes_of(const Answer& answer) {
  std::size_t bytes = sizeof(Answer) + answer.advice.size();
  for (const std::string& sentence : answer.degraded) bytes += sizeof(sentence) + sentence.size();
  for (const Hit& hit : answer.hits) {
    bytes += sizeof(Hit) + hit.title.size() + hit.statement.size() + hit.project.size();
    if (!hit.why) continue;
    bytes += hit.why->summary.size();
    for (const std::string& term : hit.why->matched_terms) bytes += sizeof(term) + term.size();
  }
  return bytes;
}

}  // namespace

AnswerCache::AnswerCache(const Clock& clock)
    : clock_(clock), cache_({cache::Policy::kLru, kCachedAnswers, kCachedBytes, kCachedFor}) {}

std::shared_ptr<const Answer> AnswerCache::find(const Query& query, std::int64_t generation) {
  advance(generation);
  return cache_.find(key_of(query, generation), clock_.steady());
}

void AnswerCache::keep(const Query& query, std::int64_t generation, const Answer& answer) {
  if (generation != generation_) return;
  const std::string key = key_of(query, generation);
  cache_.put(key, std::make_shared<const Answer>(answer), bytes_of(answer), clock_.steady());
  // Whoever advanced in between may have emptied the cache before this came.
  if (generation != generation_) cache_.erase(key);
}

void AnswerCache::advance(std::int64_t generation) {
  std::int64_t known = generation_;
  while (generation > known) {
    if (!generation_.compare_exchange_weak(known, generation)) continue;
    invalidations_ += cache_.clear();
    return;
  }
}

AnswerCacheStats AnswerCache::stats() const {
  const cache::CacheStats cached = cache_.stats();
  AnswerCacheStats stats;
  stats.hits = cached.hits;
  stats.misses = cached.misses;
  stats.evictions = cached.evictions;
  stats.expirations = cached.expirations;
  stats.invalidations = invalidations_;
  stats.answers = cached.entries;
  stats.bytes = cached.bytes;
  return stats;
}

}  // namespace tacit::service
