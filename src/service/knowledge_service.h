#pragma once
// The use cases that every face shares: search, get, list, status, ingest, use, forget. Holds
// references and no state of its own; rules live below. Safe from any thread. In a process that
// does not own the data folder (Access::kReader) the writing calls fail with unavailable and say
// who owns it, except record_use(), which hands the ids to `forward_use` when given.

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "cache/cache.h"
#include "domain/identity.h"
#include "domain/knowledge.h"
#include "domain/query.h"
#include "domain/session.h"
#include "embed/embedding_cache.h"
#include "privacy/redactor.h"
#include "recall/retriever.h"
#include "store/knowledge_queries.h"
#include "store/session_queries.h"
#include "store/store.h"

namespace tacit::service {

inline constexpr std::size_t kMaxEventsPerBatch = 500;
inline constexpr std::size_t kMaxPage = 200;

struct Evidence {
  Observation observation;
  std::vector<std::string> quotes;  // the text of each span
};
struct ItemRecord {
  KnowledgeItem item;
  Freshness freshness = Freshness::kFresh;
  std::vector<Evidence> evidence;
};
struct ExchangeRecord {
  Exchange exchange;
  Session session;
  std::vector<KnowledgeItem> items;  // that it supports
};
struct SessionRecord {
  Session session;
  std::vector<Exchange> exchanges;  // steps clipped to the request and the last reply
};
using Record = std::variant<ItemRecord, ExchangeRecord, SessionRecord>;

struct Incoming {  // one exchange with the session it belongs to; ids are not set
  Session session;
  Exchange exchange;
};
struct IngestReport {
  std::size_t sessions = 0;   // new ones
  std::size_t exchanges = 0;  // new ones
  std::size_t grown = 0;
  std::size_t duplicates = 0;
  std::size_t forgotten = 0;  // refused: a tombstone stands for them
  std::size_t redactions = 0;
};

struct AnswerCacheStats {
  std::uint64_t hits = 0;
  std::uint64_t misses = 0;
  std::uint64_t evictions = 0;      // for want of room
  std::uint64_t expirations = 0;    // too old when asked for
  std::uint64_t invalidations = 0;  // dropped because something was written
  std::size_t answers = 0;
  std::size_t bytes = 0;
};

struct Status {
  store::StoreCounts counts;
  std::string data_dir;
  std::string version;
  bool has_model = false;
  std::string model;  // name of the embedding space, or why there is none
  std::int64_t without_vectors = 0;
  std::uint64_t rss_bytes = 0;
  store::FreshnessCounts freshness;  // of the items
  AnswerCacheStats cache;            // of this process
  cache::CacheStats embeddings;      // of this process
  cache::CacheStats words;           // of this process: what search remembers of the full text
};

class AnswerCache;  // service/answer_cache.h

struct ServiceParts {
  store::Store& store;
  recall::Retriever& retriever;
  const privacy::Redactor& redactor;
  const IdentityKey& key;
  const Clock& clock;
  embed::EmbeddingCache* embedder = nullptr;
  std::string data_dir;
  std::string model_note;  // why there is no model
  bool is_writer = true;
  std::function<Result<void>(const std::vector<ItemId>&)>
      forward_use;                  // readers only; may be empty
  std::function<void()> on_ingest;  // wakes the learner; may be empty
  AnswerCache* answers = nullptr;   // may be null: every search is worked out
};

class KnowledgeService {
 public:
  explicit KnowledgeService(ServiceParts parts);

  // Answers from the cache when the same was asked lately and nothing was written since.
  Result<Answer> search(const Query& query) const;
  // Any id: item, exchange or session. not_found says what was looked for. Does not count as use.
  Result<Record> get(const std::string& id) const;
  Result<std::vector<KnowledgeItem>> items(const std::string& project, std::optional<ItemType> type,
                                           std::size_t limit, const std::string& before) const;
  // Best first, of what is not stale now; store::rank_items() says which orders need what.
  Result<std::vector<KnowledgeItem>> ranked_items(store::ItemRanking ranking,
                                                  std::size_t limit) const;
  Result<std::vector<store::SessionRow>> sessions(const std::string& project, std::size_t limit,
                                                  const std::string& before) const;
  Result<Status> status() const;
  // Redacts, stores and acknowledges (durable on return); learning follows on its own.
  Result<IngestReport> ingest(std::vector<Incoming> batch, bool again = false);
  Result<void> record_use(const std::vector<ItemId>& items);
  // `dry_run` counts only.
  Result<store::ForgetReceipt> forget(const store::ForgetTarget& target, bool dry_run);
  // Reads "k…", "x…" or "s…".
  static Result<store::ForgetTarget> forget_target_of(const std::string& id);

  Instant now() const { return parts_.clock.now(); }

 private:
  ServiceParts parts_;
};

}  // namespace tacit::service
