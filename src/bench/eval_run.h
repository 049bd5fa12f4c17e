#pragma once
// Runs the queries of an evaluation set through the shipped Retriever in each mode and measures.
// The store lies in a temporary folder that goes with the object.

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "bench/eval_set.h"
#include "domain/embedding.h"
#include "domain/query.h"
#include "store/store.h"

namespace tacit::bench {

// A store in a folder of its own below the system's temporary folder.
class ScratchStore {
 public:
  static Result<std::unique_ptr<ScratchStore>> make();
  ~ScratchStore();
  ScratchStore(const ScratchStore&) = delete;
  ScratchStore& operator=(const ScratchStore&) = delete;
  store::Store& store() { return *store_; }

 private:
  explicit ScratchStore(std::filesystem::path folder) : folder_(std::move(folder)) {}
  std::filesystem::path folder_;
  std::unique_ptr<store::Store> store_;
};

// A query with what counts as found: ids of exchanges and items. Several ids may stand for one
// document (copies, items it supports); `documents` groups them.
struct RunQuery {
  std::string text;
  std::vector<std::unordered_set<std::uint64_t>> documents;
};

struct Measures {  // per query, in order
  std::map<std::string, std::vector<double>>
      values;  // "ndcg@10", "recall@10", "mrr@10", "hit@1", "hit@5"
  std::vector<double> took_ms;
  double seconds = 0;
};

// Searches every query in the mode. Fails when an answer is degraded: a number about a model that
// did not run would be a lie.
Result<Measures> run_queries(store::Store& store, Embedder* embedder, SearchMode mode,
                             const std::vector<RunQuery>& queries, bool progress);

// Documents as exchanges (title = request, text = reply), embedded by the learner's rule.
Result<void> load_documents(store::Store& store, Embedder* embedder,
                            const std::vector<EvalDocument>& documents, bool progress);
ExchangeId document_exchange(const std::string& document_id);

}  // namespace tacit::bench
