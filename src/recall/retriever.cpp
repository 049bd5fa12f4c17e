#include "recall/retriever.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <unordered_map>
#include <unordered_set>

#include "base/log.h"
#include "base/text.h"
#include "recall/advice.h"
#include "recall/fusion.h"
#include "recall/hydrate.h"
#include "recall/vector_cache.h"
#include "store/knowledge_queries.h"
#include "store/text_queries.h"

namespace tacit::recall {
namespace {

constexpr std::chrono::milliseconds kEmbedDeadline{2000};
constexpr std::size_t kPartsPerDocument = 2;  // neighbours asked for a document wanted, at first
constexpr std::size_t kWiden = 4;  // and this many times more when a filter leaves too few
// The documents of a project are named to the index up to this number. In a larger one most of a
// question's neighbours are likely to pass, and to ask about these costs less than to name all.
constexpr std::size_t kMaxNamed = 2'000;

std::vector<HitKind> kinds_of(const SearchFilter& filter) {
  std::vector<HitKind> kinds;
  for (const HitKind kind : {HitKind::kItem, HitKind::kExchange}) {
    if (filter.kind && *filter.kind != kind) continue;
    if (filter.type && kind == HitKind::kExchange) continue;  // only items have a type
    kinds.push_back(kind);
  }
  return kinds;
}

Result<void> validate(const Query& query) {
  if (trim(query.text).empty()) {
    return fail(ErrorKind::kInvalidInput, "the query is empty: say what to look for");
  }
  if (query.text.size() > kMaxQueryBytes) {
    return fail(ErrorKind::kInvalidInput,
                fmt::format("the query has {} bytes, at most {} are allowed: shorten it",
                            query.text.size(), kMaxQueryBytes));
  }
  if (query.limit < 1 || query.limit > kMaxHits) {
    return fail(ErrorKind::kInvalidInput,
                fmt::format("the limit must be 1 to {}, not {}", kMaxHits, query.limit));
  }
  return {};
}

// The documents of one kind near the query that pass the filter, each once with its best part.
Result<void> collect_near(store::ReadTxn& txn, const vector::VectorIndex& index, HitKind kind,
                          std::span<const float> query, const SearchFilter& filter,
                          std::vector<Evidence>& near) {
  std::unordered_map<std::uint64_t, bool> passing;
  const auto named = TACIT_TRY(store::all_passing(txn, kind, filter, kMaxNamed));
  const bool is_open = is_filtered(filter) && !named;
  for (std::size_t k = kPool * kPartsPerDocument;; k *= kWiden) {
    std::vector<Evidence> found;
    std::unordered_set<std::uint64_t> seen;
    const auto neighbours =
        TACIT_TRY(named ? index.nearest_among(query, k, *named) : index.nearest(query, k));
    bool is_exhausted = neighbours.size() < k;
    for (const vector::Neighbour& neighbour : neighbours) {
      if (static_cast<double>(neighbour.cosine) < kMinCosine) {
        is_exhausted = true;
        break;
      }
      const std::uint64_t id = neighbour.key.id;
      if (!seen.insert(id).second) continue;
      if (is_open) {
        const auto known = passing.find(id);
        const bool is_passing = known != passing.end()
                                    ? known->second
                                    : TACIT_TRY(store::passes(txn, kind, id, filter));
        passing.emplace(id, is_passing);
        if (!is_passing) continue;
      }
      found.push_back({kind, id, static_cast<double>(neighbour.cosine)});
      if (found.size() >= kPool) break;
    }
    if (is_exhausted || found.size() >= kPool) {
      near.insert(near.end(), found.begin(), found.end());
      return {};
    }
  }
}

}  // namespace

struct Retriever::State {
  const store::Store& store;
  Embedder* embedder;
  std::unique_ptr<VectorCache> vectors;

  struct Lists {
    std::vector<Evidence> texts;
    std::vector<Evidence> near;
    Terms terms;
  };

  // The query's vector, or nothing and a sentence that says what was done instead.
  std::optional<Embedding> embed(const Query& query, std::vector<std::string>& degraded) const {
    if (query.mode == SearchMode::kText) return std::nullopt;
    if (embedder == nullptr) {
      degraded.emplace_back(
          "No embedding model is loaded: answered by words alone. `tacit status` says why.");
      return std::nullopt;
    }
    auto vector = embedder->embed_query(query.text, Deadline::after(kEmbedDeadline));
    if (vector) return std::move(*vector);
    const std::string reason(vector.error().message());
    log::warn("recall", "query_not_embedded", {{"reason", reason}});
    degraded.push_back("The embedding model did not answer (" + reason +
                       "): answered by words alone.");
    return std::nullopt;
  }

  // Fills both lists of evidence; with no vector the text list even in vector mode.
  Result<Lists> gather(store::ReadTxn& txn, const Query& query,
                       const std::optional<Embedding>& vector, const SearchFilter& filter) const {
    Lists lists;
    std::shared_ptr<const VectorPair> pair;
    if (vector) pair = TACIT_TRY(vectors->refresh(txn));
    const bool by_words = query.mode != SearchMode::kVector || !vector;
    for (const HitKind kind : kinds_of(filter)) {
      auto& terms = lists.terms.of(kind);
      terms = TACIT_TRY(store::query_terms(txn, kind, query.text));
      if (by_words) TACIT_TRY(add_texts(txn, kind, terms, filter, lists.texts));
      if (pair) TACIT_TRY(collect_near(txn, pair->of(kind), kind, *vector, filter, lists.near));
    }
    return lists;
  }

  static Result<void> add_texts(store::ReadTxn& txn, HitKind kind,
                                const std::vector<std::string>& terms, const SearchFilter& filter,
                                std::vector<Evidence>& texts) {
    if (terms.empty()) return {};
    for (const store::TextHit& hit :
         TACIT_TRY(store::search_text(txn, kind, terms, filter, kPool))) {
      texts.push_back({hit.kind, hit.id, hit.score});
    }
    return {};
  }

  // The share of the query's terms that the best hit by words holds.
  static Result<double> coverage(store::ReadTxn& txn, const Lists& lists) {
    const auto best = best_of(lists.texts);
    if (!best || lists.near.empty()) return 0.0;
    std::vector<std::string> terms = lists.terms.of(best->kind);
    terms.resize(std::min(terms.size(), kCoverageTerms));
    const auto held = TACIT_TRY(store::matched_terms(txn, best->kind, best->id, terms));
    return static_cast<double>(held.size()) / static_cast<double>(terms.size());
  }

  // One ranking of both lists. The modes of one way stay that way alone; hybrid looks at what else
  // the session has.
  static Result<std::vector<Candidate>> rank(store::ReadTxn& txn, const Lists& lists,
                                             SearchMode mode) {
    std::vector<Candidate> candidates =
        fuse(lists.texts, lists.near, TACIT_TRY(coverage(txn, lists)));
    if (mode != SearchMode::kHybrid) return candidates;
    std::unordered_map<std::uint64_t, Place> places;
    for (std::size_t i = 0; i < std::min(candidates.size(), kNeighbourDepth); ++i) {
      if (candidates[i].kind != HitKind::kExchange) continue;
      const auto place = TACIT_TRY(store::place_of(txn, ExchangeId{candidates[i].id}));
      if (!place) continue;
      places.emplace(candidates[i].id, Place{place->session.value, place->ordinal, place->bytes});
    }
    raise_by_session(candidates, places);
    return candidates;
  }

  Result<std::string> advise(store::ReadTxn& txn, const Query& query,
                             const std::optional<Embedding>& vector, const Terms& terms) const {
    NoHits facts;
    const store::StoreCounts counts = TACIT_TRY(store::count_all(txn));
    facts.exchanges = counts.exchanges;
    facts.items = counts.items;
    facts.searched_meaning = vector.has_value();
    facts.terms = terms.items.empty() ? terms.exchanges : terms.items;
    if (is_filtered(query.filter)) {
      const Lists all = TACIT_TRY(gather(txn, query, vector, SearchFilter{}));
      Query open = query;
      open.filter = {};
      open.explain = false;
      open.limit = kMaxHits;
      const auto hits = TACIT_TRY(
          hydrate(txn, open, TACIT_TRY(rank(txn, all, query.mode)), all.terms, Instant{}));
      facts.without_filter = hits.size();
    }
    return advice_for(query, facts);
  }

  Result<void> note_missing_vectors(store::ReadTxn& txn, std::vector<std::string>& degraded) const {
    const std::int64_t missing = TACIT_TRY(store::count_without_vectors(txn, embedder->space()));
    if (missing == 0) return {};
    degraded.push_back(fmt::format("{} {} not embedded yet and found by words alone.", missing,
                                   missing == 1 ? "text is" : "texts are"));
    return {};
  }
};

Retriever::Retriever(const store::Store& store, Embedder* embedder,
                     std::optional<std::filesystem::path> stays_with)
    : state_(new State{store, embedder, nullptr}) {
  if (embedder != nullptr)
    state_->vectors = std::make_unique<VectorCache>(embedder->space(), std::move(stays_with));
}

Retriever::~Retriever() = default;

Result<Answer> Retriever::search(const Query& query, Instant now) const {
  TACIT_TRY(validate(query));
  const auto start = std::chrono::steady_clock::now();
  Answer answer;
  const std::optional<Embedding> vector = state_->embed(query, answer.degraded);
  TACIT_TRY(state_->store.read([&](store::ReadTxn& txn) -> Result<void> {
    const State::Lists lists = TACIT_TRY(state_->gather(txn, query, vector, query.filter));
    std::vector<Candidate> candidates = TACIT_TRY(State::rank(txn, lists, query.mode));
    answer.hits = TACIT_TRY(hydrate(txn, query, std::move(candidates), lists.terms, now));
    if (vector) TACIT_TRY(state_->note_missing_vectors(txn, answer.degraded));
    if (answer.hits.empty())
      answer.advice = TACIT_TRY(state_->advise(txn, query, vector, lists.terms));
    return {};
  }));
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  answer.took_ms = took.count();
  return answer;
}

Result<void> Retriever::warm() const {
  if (!state_->vectors) return {};
  return state_->store.read([&](store::ReadTxn& txn) -> Result<void> {
    TACIT_TRY(state_->vectors->refresh(txn));
    return {};
  });
}

std::size_t Retriever::index_bytes() const {
  return state_->vectors ? state_->vectors->bytes() : 0;
}

}  // namespace tacit::recall
