#pragma once
// Runs the queries of an evaluation set through the shipped Retriever in each mode and measures.
// The store lies in a temporary folder that goes with the object.

#include <map>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "bench/eval_set.h"
#include "bench/scratch_folder.h"
#include "domain/embedding.h"
#include "domain/query.h"
#include "store/store.h"

namespace tacit::bench {

// A store in a folder of its own below the system's temporary folder.
class ScratchStore {
 public:
  static Result<std::unique_ptr<ScratchStore>> make();
  store::Store& store() { return *store_; }

 private:
  ScratchStore() = default;
  ScratchFolder folder_;  // before the store, which is closed first
  std::unique_ptr<store::Store> store_;
};

// One relevant document of a query: ids of exchanges and items that stand for it (copies, items it
// supports).
struct Wanted {
  std::unordered_set<std::uint64_t> ids;
  double grade = 1;
};

struct RunQuery {
  std::string text;
  std::vector<Wanted> wanted;
  std::string kind;
};

// Hits asked for. Ten as a user would; deep where a set judges many documents of a query.
inline constexpr std::size_t kUserDepth = 10;
inline constexpr std::size_t kFullDepth = kMaxHits;

struct Measures {  // per query, in order
  // "ndcg@10", "mrr@10", "recall@5", "recall@10", "hit@1", "hit@5"; of full depth also "recall@20"
  // and "map@100".
  std::map<std::string, std::vector<double>> values;
  std::vector<std::string> kinds;
  std::vector<double> took_ms;
  double seconds = 0;
};

// Searches every query in the mode and adds its measures. Fails when an answer is degraded: a
// number about a model that did not run would be a lie.
Result<void> run_queries(store::Store& store, Embedder* embedder, SearchMode mode,
                         const std::vector<RunQuery>& queries, std::size_t depth, bool progress,
                         Measures& measures);

// Documents as exchanges (title = request, text = reply), each in its own session or in order in
// the one it names, embedded by the learner's rule.
Result<void> load_documents(store::Store& store, Embedder* embedder,
                            const std::vector<EvalDocument>& documents, bool progress);
std::vector<RunQuery> run_queries_of(const EvalCollection& collection);

}  // namespace tacit::bench
