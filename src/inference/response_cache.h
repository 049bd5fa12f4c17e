#pragma once
// Answers of models, kept so that the same call is not paid twice. The key is a digest of
// everything that decides about an answer and about who may see it: two calls share an answer only
// if all of it is equal. Kept are only whole answers: ended by the model itself, accepted by their
// schema, and of a call whose answer does not depend on chance (temperature 0, or an operation that
// says so). Errors, refusals and cut answers never are. Answers to sensitive texts live in this
// process alone: most_used() leaves them out. Safe from any thread.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cache/cache.h"
#include "domain/sensitivity.h"
#include "domain/spend.h"
#include "inference/provider.h"

namespace tacit::inference {

inline constexpr std::size_t kCachedReplies = 2000;
inline constexpr std::size_t kCachedReplyBytes = 10U << 20U;
inline constexpr Duration kReplyLife = std::chrono::hours(2);
inline constexpr std::size_t kWarmReplies = 100;
inline constexpr cache::Policy kReplyPolicy = cache::Policy::kLru;  // docs/caches.md has why

// What a call is, whoever pays for it: the developer is no part of it.
struct ResolvedCall {
  std::string tenant;  // "": this data folder's only one
  std::string project;
  std::string operation;
  std::string template_version;  // of the prompt's template; another one is another question
  std::string model_class;       // which chain of models may answer
  Sensitivity sensitivity = Sensitivity::kConfidential;
  PrivacyMode mode = PrivacyMode::kAuto;
  Prompt prompt;
};

// SHA-256 in hexadecimal over a form in which every field has its length in front; the schema in
// sorted keys without spaces, so that neither decides.
std::string key_of(const ResolvedCall& call);

struct CachedReply {
  std::string text;
  std::string provider;
  std::string model;
  BilledTokens usage;
  Money cost;  // what it cost once, and a hit saves
  Sensitivity sensitivity = Sensitivity::kConfidential;
};

// Whether an answer to this call may be kept. `is_deterministic`: the operation says that any of
// its answers is as good, though no temperature is set.
bool may_keep(const ResolvedCall& call, Finish finish, bool is_deterministic);

// An answer on its way through a restart.
struct WarmReply {
  std::string key;
  CachedReply reply;
  Instant made;
};

struct ResponseCacheOptions {
  cache::Policy policy = kReplyPolicy;
  std::size_t most_entries = kCachedReplies;
  std::size_t most_bytes = kCachedReplyBytes;
  Duration life = kReplyLife;
};

class ResponseCache {
 public:
  ResponseCache(const ResponseCacheOptions& options, const Clock& clock);

  std::shared_ptr<const CachedReply> find(const std::string& key);
  // The caller has asked may_keep() and checked the schema.
  void keep(const std::string& key, CachedReply reply);
  // What is forgotten must not be answered from memory.
  std::size_t clear() { return cache_.clear(); }

  // The answers that were asked for most and may lie on disk, kWarmReplies at most.
  std::vector<WarmReply> most_used() const;
  // Takes them in again. One that is too old, sensitive or from the future is left out; how many
  // came.
  std::size_t warm(const std::vector<WarmReply>& replies);

  cache::CacheStats stats() const { return cache_.stats(); }

 private:
  Duration life_;
  const Clock& clock_;
  cache::Cache<CachedReply> cache_;
};

}  // namespace tacit::inference
