#include "cache/cache.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "base/hash.h"
#include "base/mutex.h"
#include "cache/eviction_order.h"

namespace tacit::cache {
namespace {

constexpr std::array<std::pair<Policy, std::string_view>, 3> kNames{
    {{Policy::kLru, "lru"}, {Policy::kLfu, "lfu"}, {Policy::kTinyLfu, "tinylfu"}}};

struct KeyHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view key) const { return xxh3(key); }
};

}  // namespace

std::string_view name_of(Policy policy) {
  for (const auto& [known, name] : kNames)
    if (known == policy) return name;
  return "";
}

std::optional<Policy> parse_policy(std::string_view name) {
  for (const auto& [policy, known] : kNames)
    if (known == name) return policy;
  return std::nullopt;
}

struct UntypedCache::State {
  struct Entry {
    const std::string* key = nullptr;  // owned by the index
    Value value;
    std::size_t bytes = 0;
    std::uint64_t hits = 0;
    SteadyTime made;
  };

  explicit State(const CacheOptions& with) : options(with), order(with.policy, with.most_entries) {}

  bool is_old(const Entry& entry, SteadyTime now) const {
    return now - entry.made > options.time_to_live;
  }
  // The value, so that its end comes after the lock's.
  Value drop(Slot slot) {
    Entry& entry = entries[slot];
    order.remove(slot);
    stats.bytes -= entry.bytes;
    index.erase(index.find(*entry.key));
    free_slots.push_back(slot);
    return std::exchange(entry, Entry{}).value;
  }
  Slot take_slot() {
    if (free_slots.empty()) {
      entries.emplace_back();
      return static_cast<Slot>(entries.size() - 1);
    }
    const Slot slot = free_slots.back();
    free_slots.pop_back();
    return slot;
  }

  const CacheOptions options;
  mutable Mutex mutex;
  EvictionOrder order TACIT_GUARDED_BY(mutex);
  std::vector<Entry> entries TACIT_GUARDED_BY(mutex);  // by slot
  std::vector<Slot> free_slots TACIT_GUARDED_BY(mutex);
  std::unordered_map<std::string, Slot, KeyHash, std::equal_to<>> index TACIT_GUARDED_BY(mutex);
  CacheStats stats TACIT_GUARDED_BY(mutex);
};

UntypedCache::UntypedCache(const CacheOptions& options)
    : state_(std::make_unique<State>(options)) {}
UntypedCache::~UntypedCache() = default;
UntypedCache::UntypedCache(UntypedCache&&) noexcept = default;

UntypedCache::Value UntypedCache::find(std::string_view key, SteadyTime now) {
  const std::uint64_t hash = xxh3(key);
  Value expired;
  const MutexLock lock(state_->mutex);
  state_->order.ask(hash);
  const auto found = state_->index.find(key);
  if (found == state_->index.end()) {
    ++state_->stats.misses;
    return nullptr;
  }
  State::Entry& entry = state_->entries[found->second];
  if (state_->is_old(entry, now)) {
    ++state_->stats.expirations;
    ++state_->stats.misses;
    expired = state_->drop(found->second);
    return nullptr;
  }
  ++state_->stats.hits;
  ++entry.hits;
  state_->order.touch(found->second);
  return entry.value;
}

bool UntypedCache::put(std::string_view key, Value value, std::size_t bytes, SteadyTime made) {
  const std::size_t charge = bytes + key.size() + kEntryBytes;
  const std::uint64_t hash = xxh3(key);
  std::vector<Value> gone;
  const MutexLock lock(state_->mutex);
  State& state = *state_;
  std::uint64_t hits = 0;
  if (const auto known = state.index.find(key); known != state.index.end()) {
    hits = state.entries[known->second].hits;
    gone.push_back(state.drop(known->second));
  }
  if (state.options.most_entries == 0 || charge > state.options.most_bytes) return false;
  const Slot slot = state.take_slot();
  const auto at = state.index.emplace(std::string(key), slot).first;
  state.entries[slot] = {&at->first, std::move(value), charge, hits, made};
  state.stats.bytes += charge;
  ++state.stats.insertions;
  state.order.add(slot, hash);
  bool is_kept = true;
  while (state.index.size() > state.options.most_entries ||
         state.stats.bytes > state.options.most_bytes) {
    const Slot victim = state.order.victim();
    is_kept = is_kept && victim != slot;
    gone.push_back(state.drop(victim));
    ++state.stats.evictions;
  }
  return is_kept;
}

bool UntypedCache::erase(std::string_view key) {
  Value gone;
  const MutexLock lock(state_->mutex);
  const auto found = state_->index.find(key);
  if (found == state_->index.end()) return false;
  gone = state_->drop(found->second);
  return true;
}

std::size_t UntypedCache::clear() {
  std::vector<State::Entry> gone;
  const MutexLock lock(state_->mutex);
  const std::size_t count = state_->index.size();
  gone.swap(state_->entries);
  state_->index.clear();
  state_->free_slots.clear();
  state_->order.clear();
  state_->stats.bytes = 0;
  return count;
}

std::vector<UntypedCache::Used> UntypedCache::most_used(std::size_t most, SteadyTime now) const {
  std::vector<Used> used;
  {
    const MutexLock lock(state_->mutex);
    for (const auto& [key, slot] : state_->index) {
      const State::Entry& entry = state_->entries[slot];
      if (!state_->is_old(entry, now)) used.push_back({key, entry.value, entry.hits, entry.made});
    }
  }
  const auto kept = used.begin() + static_cast<std::ptrdiff_t>(std::min(most, used.size()));
  std::partial_sort(used.begin(), kept, used.end(), [](const Used& a, const Used& b) {
    return a.hits != b.hits ? a.hits > b.hits : a.key < b.key;
  });
  used.erase(kept, used.end());
  return used;
}

CacheStats UntypedCache::stats() const {
  const MutexLock lock(state_->mutex);
  CacheStats stats = state_->stats;
  stats.entries = state_->index.size();
  return stats;
}

}  // namespace tacit::cache
