#include "bench/eval_run.h"

#include <fmt/format.h>

#include <cstdlib>

#include "bench/eval_cache.h"
#include "bench/eval_metrics.h"
#include "domain/identity.h"
#include "learn/learner.h"
#include "recall/retriever.h"
#include "store/knowledge_queries.h"
#include "store/session_queries.h"

namespace tacit::bench {
namespace {

constexpr std::size_t kCut = 10;    // ranking measures look at the first ten hits
constexpr std::size_t kBatch = 64;  // documents of one transaction
constexpr const char* kAgent = "evaluation";

// Any key serves: nothing of the store outlives the run.
const IdentityKey& eval_key() {
  static const IdentityKey key("evaluation");
  return key;
}

SessionId document_session() {
  return eval_key().session(kAgent, "documents");
}

Exchange exchange_of(const EvalDocument& document, int ordinal, Instant now) {
  Exchange exchange;
  exchange.id = document_exchange(document.id);
  exchange.session = document_session();
  exchange.identity = document.id;
  exchange.ordinal = ordinal;
  exchange.time = now;
  exchange.steps.push_back({StepKind::kRequest, "", document.title, false, now});
  exchange.steps.push_back({StepKind::kReply, "", document.text, false, now});
  return exchange;
}

Result<std::vector<std::vector<Embedding>>> embed_all(Embedder& embedder,
                                                      std::span<const Exchange> exchanges) {
  std::vector<std::string> texts;
  std::vector<std::size_t> counts;
  for (const Exchange& exchange : exchanges) {
    auto parts = learn::embedding_texts(exchange);
    counts.push_back(parts.size());
    std::move(parts.begin(), parts.end(), std::back_inserter(texts));
  }
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  std::vector<Embedding> vectors = TACIT_TRY(embedder.embed(views, Deadline::none()));
  std::vector<std::vector<Embedding>> parts;
  std::size_t next = 0;
  for (const std::size_t count : counts) {
    auto& own = parts.emplace_back();
    for (std::size_t i = 0; i < count; ++i) own.push_back(std::move(vectors[next++]));
  }
  return parts;
}

Result<void> put_batch(store::Store& store, Embedder* embedder, std::span<const Exchange> batch,
                       Instant now) {
  std::vector<std::vector<Embedding>> parts;
  if (embedder != nullptr) parts = TACIT_TRY(embed_all(*embedder, batch));
  return store.write([&](store::WriteTxn& txn) -> Result<void> {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      TACIT_TRY(store::put_exchange(txn, batch[i], now, false));
      TACIT_TRY(store::mark_learned(txn, batch[i].id));
      if (embedder == nullptr) continue;
      TACIT_TRY(store::put_vectors(txn, store::VectorOwner::kExchange, batch[i].id.value,
                                   embedder->space(), parts[i]));
    }
    return {};
  });
}

// Ranks (from 0) at which a document was first found.
std::vector<std::size_t> ranks_of(const RunQuery& query, const std::vector<Hit>& hits) {
  std::vector<std::size_t> ranks;
  std::vector<bool> is_found(query.documents.size(), false);
  for (std::size_t rank = 0; rank < hits.size(); ++rank) {
    for (std::size_t i = 0; i < query.documents.size(); ++i) {
      if (is_found[i] || !query.documents[i].contains(hits[rank].id)) continue;
      is_found[i] = true;
      ranks.push_back(rank);
      break;
    }
  }
  return ranks;
}

}  // namespace

Result<std::unique_ptr<ScratchStore>> ScratchStore::make() {
  std::error_code ignored;
  std::string name = (std::filesystem::temp_directory_path(ignored) / "tacit-eval-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) {
    return fail(ErrorKind::kUnavailable,
                fmt::format("cannot make a temporary folder like {}", name));
  }
  auto scratch = std::unique_ptr<ScratchStore>(new ScratchStore(name));
  store::StoreOptions options;
  options.directory = name;
  scratch->store_ = TACIT_TRY(store::Store::open(options));
  return scratch;
}

ScratchStore::~ScratchStore() {
  store_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

ExchangeId document_exchange(const std::string& document_id) {
  return eval_key().exchange(kAgent, document_id);
}

Result<void> load_documents(store::Store& store, Embedder* embedder,
                            const std::vector<EvalDocument>& documents, bool progress) {
  const Instant now = SystemClock().now();
  Session session;
  session.id = document_session();
  session.agent = kAgent;
  session.native_id = "documents";
  session.started = now;
  TACIT_TRY(store.write([&](store::WriteTxn& txn) { return store::put_session(txn, session); }));
  Progress shown("documents", documents.size(), progress);
  std::vector<Exchange> batch;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    batch.push_back(exchange_of(documents[i], static_cast<int>(i), now));
    if (batch.size() < kBatch && i + 1 < documents.size()) continue;
    TACIT_TRY(put_batch(store, embedder, batch, now));
    batch.clear();
    shown.reach(i + 1);
  }
  return {};
}

Result<Measures> run_queries(store::Store& store, Embedder* embedder, SearchMode mode,
                             const std::vector<RunQuery>& queries, bool progress) {
  const recall::Retriever retriever(store, mode == SearchMode::kText ? nullptr : embedder);
  TACIT_TRY(retriever.warm());
  const auto start = std::chrono::steady_clock::now();
  const Instant now = SystemClock().now();
  Measures measures;
  Progress shown(fmt::format("queries, {}", name_of(mode)), queries.size(), progress);
  for (const RunQuery& run : queries) {
    Query query;
    query.text = run.text.substr(0, kMaxQueryBytes);
    query.limit = kCut;
    query.mode = mode;
    const Answer answer = TACIT_TRY(retriever.search(query, now));
    if (!answer.degraded.empty()) {
      return fail(ErrorKind::kUnavailable, "the measurement stopped: " + answer.degraded.front());
    }
    const std::vector<std::size_t> ranks = ranks_of(run, answer.hits);
    measures.values["ndcg@10"].push_back(ndcg_at(kCut, ranks, run.documents.size()));
    measures.values["recall@10"].push_back(recall_at(kCut, ranks, run.documents.size()));
    measures.values["mrr@10"].push_back(reciprocal_rank_at(kCut, ranks));
    measures.values["hit@1"].push_back(hit_at(1, ranks));
    measures.values["hit@5"].push_back(hit_at(5, ranks));
    measures.took_ms.push_back(answer.took_ms);
    shown.reach(measures.took_ms.size());
  }
  measures.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return measures;
}

}  // namespace tacit::bench
