#include "bench/eval_run.h"

#include <fmt/format.h>

#include "base/text.h"
#include "bench/eval_cache.h"
#include "bench/eval_metrics.h"
#include "domain/identity.h"
#include "learn/learner.h"
#include "recall/retriever.h"
#include "store/knowledge_queries.h"
#include "store/session_queries.h"

namespace tacit::bench {
namespace {

constexpr std::size_t kBatch = 64;  // documents of one transaction
constexpr const char* kAgent = "evaluation";

// Any key serves: nothing of the store outlives the run.
const IdentityKey& eval_key() {
  static const IdentityKey key("evaluation");
  return key;
}

ExchangeId document_exchange(const std::string& document) {
  return eval_key().exchange(kAgent, document);
}

Session session_of(const EvalDocument& document, Instant now) {
  Session session;
  session.agent = kAgent;
  session.native_id = document.session.empty() ? "document " + document.id : document.session;
  session.id = eval_key().session(kAgent, session.native_id);
  session.started = now;
  return session;
}

Exchange exchange_of(const EvalDocument& document, const SessionId& session, int ordinal,
                     Instant now) {
  Exchange exchange;
  exchange.id = document_exchange(document.id);
  exchange.session = session;
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

struct Batch {
  std::vector<Session> sessions;
  std::vector<Exchange> exchanges;
};

Result<void> put_batch(store::Store& store, Embedder* embedder, const Batch& batch, Instant now) {
  std::vector<std::vector<Embedding>> parts;
  if (embedder != nullptr) parts = TACIT_TRY(embed_all(*embedder, batch.exchanges));
  return store.write([&](store::WriteTxn& txn) -> Result<void> {
    for (const Session& session : batch.sessions) TACIT_TRY(store::put_session(txn, session));
    for (std::size_t i = 0; i < batch.exchanges.size(); ++i) {
      const Exchange& exchange = batch.exchanges[i];
      TACIT_TRY(store::put_exchange(txn, exchange, now, false));
      TACIT_TRY(store::mark_learned(txn, exchange.id));
      if (embedder == nullptr) continue;
      TACIT_TRY(store::put_vectors(txn, store::VectorOwner::kExchange, exchange.id.value,
                                   embedder->space(), parts[i]));
    }
    return {};
  });
}

// The wanted documents among the hits, each where it was first found, and their gains there.
struct Found {
  std::vector<std::size_t> ranks;  // from 0
  std::vector<double> gains;
};

Found find_wanted(const RunQuery& query, const std::vector<Hit>& hits) {
  Found found;
  std::vector<bool> is_found(query.wanted.size(), false);
  for (std::size_t rank = 0; rank < hits.size(); ++rank) {
    for (std::size_t i = 0; i < query.wanted.size(); ++i) {
      if (is_found[i] || !query.wanted[i].ids.contains(hits[rank].id)) continue;
      is_found[i] = true;
      found.ranks.push_back(rank);
      found.gains.push_back(query.wanted[i].grade);
      break;
    }
  }
  return found;
}

void add_measures(const RunQuery& query, const std::vector<Hit>& hits, std::size_t depth,
                  Measures& measures) {
  const Found found = find_wanted(query, hits);
  const std::size_t relevant = query.wanted.size();
  std::vector<double> grades;
  for (const Wanted& wanted : query.wanted) grades.push_back(wanted.grade);
  const auto add = [&](const char* name, double value) { measures.values[name].push_back(value); };
  add("ndcg@10", ndcg_at(10, found.ranks, found.gains, grades));
  add("mrr@10", reciprocal_rank_at(10, found.ranks));
  add("recall@5", recall_at(5, found.ranks, relevant));
  add("recall@10", recall_at(10, found.ranks, relevant));
  add("hit@1", hit_at(1, found.ranks));
  add("hit@5", hit_at(5, found.ranks));
  if (depth < kFullDepth) return;
  add("recall@20", recall_at(20, found.ranks, relevant));
  add("map@100", average_precision_at(100, found.ranks, relevant));
}

}  // namespace

Result<std::unique_ptr<ScratchStore>> ScratchStore::make() {
  auto scratch = std::unique_ptr<ScratchStore>(new ScratchStore());
  store::StoreOptions options;
  options.directory = scratch->folder_.path();
  if (options.directory.empty()) {
    return fail(ErrorKind::kUnavailable, "cannot make a temporary folder; TMPDIR names its place");
  }
  scratch->store_ = TACIT_TRY(store::Store::open(options));
  return scratch;
}

Result<void> load_documents(store::Store& store, Embedder* embedder,
                            const std::vector<EvalDocument>& documents, bool progress) {
  const Instant now = SystemClock().now();
  Progress shown("documents", documents.size(), progress);
  Batch batch;
  int ordinal = 0;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const EvalDocument& document = documents[i];
    const bool goes_on =
        i > 0 && !document.session.empty() && document.session == documents[i - 1].session;
    ordinal = goes_on ? ordinal + 1 : 0;
    Session session = session_of(document, now);
    batch.exchanges.push_back(exchange_of(document, session.id, ordinal, now));
    if (!goes_on) batch.sessions.push_back(std::move(session));
    if (batch.exchanges.size() < kBatch && i + 1 < documents.size()) continue;
    TACIT_TRY(put_batch(store, embedder, batch, now));
    batch = {};
    shown.reach(i + 1);
  }
  return {};
}

std::vector<RunQuery> run_queries_of(const EvalCollection& collection) {
  std::vector<RunQuery> queries;
  for (const EvalQuery& query : collection.queries) {
    RunQuery run{query.text, {}, query.kind};
    for (const EvalJudgement& one : query.relevant) {
      run.wanted.push_back({{document_exchange(one.document).value}, one.grade});
    }
    queries.push_back(std::move(run));
  }
  return queries;
}

Result<void> run_queries(store::Store& store, Embedder* embedder, SearchMode mode,
                         const std::vector<RunQuery>& queries, std::size_t depth, bool progress,
                         Measures& measures) {
  const recall::Retriever retriever(store, mode == SearchMode::kText ? nullptr : embedder);
  TACIT_TRY(retriever.warm());
  const auto start = std::chrono::steady_clock::now();
  const Instant now = SystemClock().now();
  Progress shown(fmt::format("queries, {}", name_of(mode)), queries.size(), progress);
  for (std::size_t i = 0; i < queries.size(); ++i) {
    Query query;
    query.text = clip_utf8(queries[i].text, kMaxQueryBytes);
    query.limit = depth;
    query.mode = mode;
    const Answer answer = TACIT_TRY(retriever.search(query, now));
    if (!answer.degraded.empty()) {
      return fail(ErrorKind::kUnavailable, "the measurement stopped: " + answer.degraded.front());
    }
    add_measures(queries[i], answer.hits, depth, measures);
    measures.kinds.push_back(queries[i].kind);
    measures.took_ms.push_back(answer.took_ms);
    shown.reach(i + 1);
  }
  measures.seconds +=
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return {};
}

}  // namespace tacit::bench
