#include "recall/hydrate.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "base/hash.h"
#include "base/text.h"
#include "recall/advice.h"
#include "recall/passage.h"
#include "store/knowledge_queries.h"
#include "store/session_queries.h"
#include "store/text_queries.h"

namespace tacit::recall {
namespace {

// Candidates looked at for a hit wanted: repeats drop out and items change places.
constexpr std::size_t kDepth = 3;
constexpr std::size_t kExtra = 20;

class Hydrator {
 public:
  Hydrator(store::ReadTxn& txn, const Query& query, const Terms& terms, Instant now)
      : txn_(txn), query_(query), terms_(terms), now_(now) {}

  // Reads the items among the candidates and puts the list in its final order.
  Result<void> weigh(std::vector<Candidate>& candidates) {
    const std::size_t depth = std::min(candidates.size(), query_.limit * kDepth + kExtra);
    for (std::size_t i = 0; i < depth; ++i) {
      if (candidates[i].kind != HitKind::kItem) continue;
      auto item = TACIT_TRY(store::find_item(txn_, ItemId{candidates[i].id}));
      if (!item) continue;
      candidates[i].score =
          weigh_item(candidates[i].score, freshness_of(*item, now_), item->confidence);
      items_.emplace(candidates[i].id, std::move(*item));
    }
    const auto end = candidates.begin() + static_cast<std::ptrdiff_t>(depth);
    std::stable_sort(candidates.begin(), end,
                     [](const Candidate& a, const Candidate& b) { return a.score > b.score; });
    return {};
  }

  // The hit, or nothing when it repeats a better one or is gone.
  Result<std::optional<Hit>> hit_of(const Candidate& candidate) {
    std::optional<Hit> hit = candidate.kind == HitKind::kItem ? TACIT_TRY(item_hit(candidate))
                                                              : TACIT_TRY(exchange_hit(candidate));
    if (!hit) return hit;
    hit->kind = candidate.kind;
    hit->id = candidate.id;
    hit->score = std::clamp(candidate.score, 0.0, 1.0);
    if (query_.explain) hit->why = TACIT_TRY(explain(candidate));
    return hit;
  }

 private:
  Result<std::optional<Hit>> item_hit(const Candidate& candidate) {
    auto known = items_.find(candidate.id);
    if (known == items_.end()) {
      auto item = TACIT_TRY(store::find_item(txn_, ItemId{candidate.id}));
      if (!item) return std::optional<Hit>();
      known = items_.emplace(candidate.id, std::move(*item)).first;
    }
    const KnowledgeItem& item = known->second;
    const auto observations = TACIT_TRY(store::observations_of(txn_, item.id));
    for (const Observation& observation : observations) {
      if (shown_exchanges_.contains(observation.exchange.value)) return std::optional<Hit>();
    }
    Hit hit;
    hit.title = item.title;
    hit.statement = item.statement;
    hit.type = item.type;
    hit.freshness = freshness_of(item, now_);
    hit.project = item.project;
    hit.session = item.session;
    hit.time = item.last_seen;
    if (!observations.empty()) hit.exchange = observations.back().exchange;
    for (const Observation& observation : observations) {
      covered_exchanges_.insert(observation.exchange.value);
    }
    return std::optional<Hit>(std::move(hit));
  }

  Result<std::optional<Hit>> exchange_hit(const Candidate& candidate) {
    if (covered_exchanges_.contains(candidate.id)) return std::optional<Hit>();
    const auto exchange = TACIT_TRY(store::find_exchange(txn_, ExchangeId{candidate.id}));
    if (!exchange) return std::optional<Hit>();
    Hit hit;
    hit.title = title_line(exchange->request());
    const std::string reply = exchange->reply();
    hit.statement =
        best_passage(trim(reply).empty() ? exchange->request() : reply, terms_.exchanges);
    hit.session = exchange->session;
    hit.exchange = exchange->id;
    hit.time = exchange->time;
    // Copies of one transcript in several files differ in identity only.
    if (!shown_texts_
             .insert(xxh3(normalise_space(exchange->request()) + '\n' + normalise_space(reply)))
             .second) {
      return std::optional<Hit>();
    }
    if (const auto session = TACIT_TRY(store::find_session(txn_, exchange->session))) {
      hit.project = session->project;
    }
    shown_exchanges_.insert(candidate.id);
    return std::optional<Hit>(std::move(hit));
  }

  Result<Explanation> explain(const Candidate& candidate) {
    Explanation why;
    why.text_rank = candidate.text_rank;
    if (candidate.text_rank) why.text_score = candidate.bm25;
    why.vector_rank = candidate.vector_rank;
    if (candidate.vector_rank) why.cosine = candidate.cosine;
    why.closeness = candidate.closeness;
    const auto stems = TACIT_TRY(
        store::matched_terms(txn_, candidate.kind, candidate.id, terms_.of(candidate.kind)));
    why.matched_terms = store::as_written(query_.text, stems);
    why.summary = summary_of(why);
    return why;
  }

  store::ReadTxn& txn_;
  const Query& query_;
  const Terms& terms_;
  Instant now_;
  std::unordered_map<std::uint64_t, KnowledgeItem> items_;
  std::unordered_set<std::uint64_t> shown_exchanges_;    // hits
  std::unordered_set<std::uint64_t> covered_exchanges_;  // evidence of items that are hits
  std::unordered_set<std::uint64_t> shown_texts_;
};

}  // namespace

Result<std::vector<Hit>> hydrate(store::ReadTxn& txn, const Query& query,
                                 std::vector<Candidate> candidates, const Terms& terms,
                                 Instant now) {
  Hydrator hydrator(txn, query, terms, now);
  TACIT_TRY(hydrator.weigh(candidates));
  std::vector<Hit> hits;
  for (const Candidate& candidate : candidates) {
    if (hits.size() >= query.limit) break;
    if (auto hit = TACIT_TRY(hydrator.hit_of(candidate))) hits.push_back(std::move(*hit));
  }
  return hits;
}

}  // namespace tacit::recall
