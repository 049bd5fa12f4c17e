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

// All that decides about an answer. Lengths stand before texts, so no two queries share a key.
// White space between words decides nothing: every way of searching cuts words first.
std::string key_of(const Query& query) {
  const SearchFilter& filter = query.filter;
  return fmt::format("{} {} {} {} {} {} {} {}:{} {}", query.limit, name_of(query.mode),
                     query.explain ? 1 : 0, filter.type ? name_of(*filter.type) : "-",
                     filter.kind ? name_of(*filter.kind) : "-", time_key(filter.since),
                     time_key(filter.as_of), filter.project.size(), filter.project,
                     spaced_once(query.text));
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

std::shared_ptr<const Answer> AnswerCache::find(const Query& query, std::int64_t generation) {
  const std::string key = key_of(query);
  const Instant now = clock_.now();
  const MutexLock lock(mutex_);
  advance_locked(generation);
  const auto found = by_key_.find(key);
  if (found == by_key_.end() || generation != generation_) {
    ++stats_.misses;
    return nullptr;
  }
  const auto entry = found->second;
  // A clock that was set back tells no age.
  if (now < entry->made || now - entry->made > kCachedFor) {
    drop(entry);
    ++stats_.expirations;
    ++stats_.misses;
    return nullptr;
  }
  entries_.splice(entries_.begin(), entries_, entry);
  ++stats_.hits;
  return entry->answer;
}

void AnswerCache::keep(const Query& query, std::int64_t generation, const Answer& answer) {
  Entry entry{key_of(query), std::make_shared<const Answer>(answer), 0, clock_.now()};
  entry.bytes = bytes_of(answer) + sizeof(Entry) + 2 * entry.key.size();
  if (entry.bytes > kCachedBytes) return;
  const MutexLock lock(mutex_);
  if (generation != generation_) return;
  if (const auto known = by_key_.find(entry.key); known != by_key_.end()) drop(known->second);
  while (!entries_.empty() &&
         (entries_.size() >= kCachedAnswers || stats_.bytes + entry.bytes > kCachedBytes)) {
    drop(std::prev(entries_.end()));
    ++stats_.evictions;
  }
  stats_.bytes += entry.bytes;
  entries_.push_front(std::move(entry));
  by_key_.emplace(entries_.front().key, entries_.begin());
}

void AnswerCache::advance(std::int64_t generation) {
  const MutexLock lock(mutex_);
  advance_locked(generation);
}

void AnswerCache::advance_locked(std::int64_t generation) {
  if (generation <= generation_) return;
  generation_ = generation;
  stats_.invalidations += entries_.size();
  by_key_.clear();
  entries_.clear();
  stats_.bytes = 0;
}

void AnswerCache::drop(Entries::iterator entry) {
  stats_.bytes -= entry->bytes;
  by_key_.erase(entry->key);
  entries_.erase(entry);
}

AnswerCacheStats AnswerCache::stats() const {
  const MutexLock lock(mutex_);
  AnswerCacheStats stats = stats_;
  stats.answers = entries_.size();
  return stats;
}

}  // namespace tacit::service
