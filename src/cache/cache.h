#pragma once
// A bounded memory of values: at most so many entries, so many bytes, none older than its time to
// live. Which entry leaves a full cache is a policy chosen at run time (eviction_order.h names the
// sources). Values are shared and never changed, so one that was found stays good after it left.
// No randomness and no clock: the same calls give the same entries. Safe from any thread; one
// mutex, held for well under a microsecond (docs/caches.md has the numbers).

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace tacit::cache {

enum class Policy { kLru, kLfu, kTinyLfu };
std::string_view name_of(Policy policy);  // "lru", "lfu", "tinylfu"
std::optional<Policy> parse_policy(std::string_view name);

// What an entry costs beside its key and its value: slot, place in the order, node of the index.
inline constexpr std::size_t kEntryBytes = 256;

struct CacheOptions {
  Policy policy = Policy::kLru;
  std::size_t most_entries = 0;  // 0: nothing is kept
  std::size_t most_bytes = 0;    // of keys, values and kEntryBytes for each entry
  Duration time_to_live{0};      // an entry of exactly this age is still given
};

struct CacheStats {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t insertions = 0;
  std::uint64_t evictions = 0;    // for want of room, or not admitted
  std::uint64_t expirations = 0;  // found too old
  std::size_t entries = 0;
  std::size_t bytes = 0;
};

// The cache without its values' type. Used through Cache.
class UntypedCache {
 public:
  using Value = std::shared_ptr<const void>;
  struct Used {
    std::string key;
    Value value;
    std::uint64_t hits = 0;
    SteadyTime made;
  };

  explicit UntypedCache(const CacheOptions& options);
  ~UntypedCache();
  UntypedCache(UntypedCache&&) noexcept;
  UntypedCache& operator=(UntypedCache&&) = delete;

  Value find(std::string_view key, SteadyTime now);
  bool put(std::string_view key, Value value, std::size_t bytes, SteadyTime made);
  bool erase(std::string_view key);
  std::size_t clear();
  std::vector<Used> most_used(std::size_t most, SteadyTime now) const;
  CacheStats stats() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

template <class T>
class Cache {
 public:
  struct Used {
    std::string key;
    std::shared_ptr<const T> value;
    std::uint64_t hits = 0;
    SteadyTime made;
  };

  explicit Cache(const CacheOptions& options) : untyped_(options) {}

  // Null when there is none, or it was too old; then it is gone.
  std::shared_ptr<const T> find(std::string_view key, SteadyTime now) {
    return std::static_pointer_cast<const T>(untyped_.find(key, now));
  }
  // Replaces what was there and goes on counting its hits. `bytes` is what the value holds. False:
  // it was too large, or the policy preferred what it has.
  bool put(std::string_view key, std::shared_ptr<const T> value, std::size_t bytes,
           SteadyTime made) {
    return untyped_.put(key, std::move(value), bytes, made);
  }
  bool erase(std::string_view key) { return untyped_.erase(key); }
  std::size_t clear() { return untyped_.clear(); }  // how many there were
  // The entries that were found most often, most first, among equals in the order of their keys.
  std::vector<Used> most_used(std::size_t most, SteadyTime now) const {
    std::vector<Used> result;
    for (auto& used : untyped_.most_used(most, now)) {
      result.push_back({std::move(used.key),
                        std::static_pointer_cast<const T>(std::move(used.value)), used.hits,
                        used.made});
    }
    return result;
  }
  CacheStats stats() const { return untyped_.stats(); }

 private:
  UntypedCache untyped_;
};

}  // namespace tacit::cache
