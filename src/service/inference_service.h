#pragma once
// The use cases around model calls that every face shares: ask, budget, usage, providers. Decides
// how sensitive a text is, once for a whole request, masks secrets, and lets the engine do the
// rest; every attempt is written to the audit log, without content. A budget belongs to a
// developer: the one a request names, else the configured one, else git's user, else the login.
// Safe from any thread; must outlive its calls and be destroyed before the store.

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/budget.h"
#include "domain/embedding.h"
#include "domain/identity.h"
#include "domain/sensitivity.h"
#include "domain/spend.h"
#include "inference/chain.h"
#include "inference/engine.h"
#include "privacy/redactor.h"
#include "privacy/sensitivity.h"
#include "service/batch_service.h"
#include "service/infer_request.h"
#include "service/knowledge_service.h"
#include "store/ledger.h"
#include "store/store.h"

namespace tacit::service {

struct InferenceSettings {
  std::vector<inference::PlaceOptions> chain;
  std::vector<inference::PlaceOptions> embeddings;
  std::string developer;  // "": found out
  std::size_t remote_calls = inference::kRemoteCallsAtOnce;
  inference::ResponseCacheOptions responses;
  inference::BatchOptions batch;
  store::LedgerOptions budget;
  privacy::SensitivityOptions sensitivity;  // topics of one's own, known ones left out
};

struct InferAnswer {
  inference::Completion completion;
  Sensitivity sensitivity = Sensitivity::kConfidential;
  std::string reason;  // why, never the text: "path: .env", "keyword: salaries"
};

// One cache of this process and its bounds.
struct CacheView {
  std::string name;
  std::string policy;
  cache::CacheStats stats;
  std::size_t most_entries = 0;
  std::size_t most_bytes = 0;
  Duration life{0};
  Money saved;  // what its hits would have cost
};

struct BudgetView {
  std::string developer;
  AccountState state;
  Degradation degradation = Degradation::kNone;
  std::optional<Projection> projection;
  std::vector<BudgetAlert> alerts;  // not shown before
  Money per_call;
  std::string trouble;  // why no money can be held; "" when it can
};

class InferenceService {
 public:
  struct Parts {
    store::Store& store;
    const privacy::Redactor& redactor;
    const IdentityKey& key;
    const Clock& clock;
    Embedder* embedder = nullptr;  // for the decision about sensitivity; may be null
  };
  static Result<std::unique_ptr<InferenceService>> open(const InferenceSettings& settings,
                                                        const Parts& parts);
  ~InferenceService();

  // `on_text` gets the pieces of a stream as they arrive. Errors as Engine::complete.
  Result<InferAnswer> infer(const InferRequest& request,
                            const std::function<void(std::string_view)>& on_text = {},
                            std::stop_token stop = {});
  // Work that may wait a day, for less.
  BatchService& batches();
  Result<BudgetView> budget(const std::string& developer = "");
  Result<std::vector<SpendRow>> usage(SpendKey key, const std::string& period = "") const;
  std::vector<inference::ProviderView> providers() const;
  CacheView responses() const;
  Instant now() const;

 private:
  struct State;
  explicit InferenceService(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The cache of searches' answers (KnowledgeService::status) as a view.
CacheView view_of(const AnswerCacheStats& stats);
// The cache of embeddings, likewise.
CacheView embeddings_view(const cache::CacheStats& stats);
// What search remembers of words, likewise.
CacheView words_view(const cache::CacheStats& stats);

// git's user name, else the login, else "local".
std::string developer_of_this_machine();

}  // namespace tacit::service
