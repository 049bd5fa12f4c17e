#include "recall/retriever.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <unordered_map>

#include "base/log.h"
#include "base/text.h"
#include "base/worker.h"
#include "recall/advice.h"
#include "recall/fusion.h"
#include "recall/hydrate.h"
#include "recall/neighbourhood.h"
#include "recall/vector_cache.h"
#include "store/knowledge_queries.h"
#include "store/text_queries.h"

namespace tacit::recall {
namespace {

constexpr std::chrono::milliseconds kEmbedDeadline{2000};
// The documents of a project are named up to this number. In a larger one most of a question's
// neighbours are likely to pass, and to ask about these costs less than to name all.
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

}  // namespace

struct Retriever::State {
  const store::Store& store;
  Embedder* embedder;
  std::unique_ptr<VectorCache> vectors;
  // Words and meaning are looked for at once, where no other search is doing so.
  WorkerPool pool{std::min<std::size_t>(2, usable_cores())};

  State(const store::Store& from, Embedder* by) : store(from), embedder(by) {}

  struct Lists {
    std::vector<Evidence> texts;
    std::vector<Evidence> near;
    Terms terms;
  };

  // What a query means, once it is known.
  struct Meaning {
    bool is_known = false;
    std::optional<Embedding> vector;    // nothing: answered by words alone,
    std::vector<std::string> degraded;  // and this says why
  };

  void embed(const Query& query, Meaning& meaning) const {
    if (meaning.is_known) return;
    meaning.is_known = true;
    auto vector = embedder->embed_query(query.text, Deadline::after(kEmbedDeadline));
    if (vector) {
      meaning.vector = std::move(*vector);
      return;
    }
    const std::string reason(vector.error().message());
    log::warn("recall", "query_not_embedded", {{"reason", reason}});
    meaning.degraded.push_back("The embedding model did not answer (" + reason +
                               "): answered by words alone.");
  }

  Meaning meaning_before(const Query& query) const {
    Meaning meaning;
    meaning.is_known = query.mode == SearchMode::kText || embedder == nullptr;
    if (meaning.is_known && query.mode != SearchMode::kText) {
      meaning.degraded.emplace_back(
          "No embedding model is loaded: answered by words alone. `tacit status` says why.");
    }
    return meaning;
  }

  // Fills both lists of evidence; with no vector the text list even in vector mode.
  Result<Lists> gather(store::ReadTxn& txn, const Query& query, const SearchFilter& filter,
                       Meaning& meaning) {
    Lists lists;
    const std::vector<HitKind> kinds = kinds_of(filter);
    const bool by_words = query.mode != SearchMode::kVector;
    std::array<std::optional<store::Passing>, 2> named;  // of each of the kinds
    for (std::size_t i = 0; i < kinds.size(); ++i)
      named[i] = TACIT_TRY(store::all_passing(txn, kinds[i], filter, kMaxNamed));
    const auto add_texts_by = [&](bool words) -> Result<void> {
      for (std::size_t i = 0; i < kinds.size(); ++i)
        TACIT_TRY(add_texts(txn, query, kinds[i], filter, named[i], words, lists));
      return {};
    };
    if (meaning.is_known && !meaning.vector) {
      TACIT_TRY(add_texts_by(true));
      return lists;
    }
    const auto pair = TACIT_TRY(vectors->refresh(txn));
    std::vector<Neighbourhood> near;
    for (std::size_t i = 0; i < kinds.size(); ++i)
      near.emplace_back(pair->of(kinds[i]), kinds[i], filter, named[i]);

    // One thread embeds the question and looks at the indexes, the other reads full text and then
    // takes an index that is left. Only the second uses the store.
    Result<void> read;
    std::array<Result<void>, 2> looked;
    std::atomic<bool> is_embedded{false};
    std::atomic<std::size_t> next{0};
    const auto both = [&](std::size_t job, std::size_t) {
      if (job == 0) {
        read = add_texts_by(by_words);
      } else {
        embed(query, meaning);
        is_embedded = meaning.vector.has_value();
      }
      if (is_embedded) looked[job] = look(*meaning.vector, near, next);
    };
    if (!pool.try_parallel_for(2, both)) {
      both(0, 0);
      both(1, 0);
    }
    TACIT_TRY(std::move(read));
    for (Result<void>& done : looked) TACIT_TRY(std::move(done));
    if (!meaning.vector) {
      if (!by_words) TACIT_TRY(add_texts_by(true));
      return lists;
    }
    for (Neighbourhood& kind : near) {
      const auto passing = TACIT_TRY(kind.passing(txn, *meaning.vector));
      lists.near.insert(lists.near.end(), passing.begin(), passing.end());
    }
    return lists;
  }

  // At those that no other thread has taken, from `next` on.
  static Result<void> look(const Embedding& question, std::vector<Neighbourhood>& near,
                           std::atomic<std::size_t>& next) {
    for (std::size_t i = next++; i < near.size(); i = next++) TACIT_TRY(near[i].look(question));
    return {};
  }

  // The query's terms, and by_words the documents of one kind that hold them.
  static Result<void> add_texts(store::ReadTxn& txn, const Query& query, HitKind kind,
                                const SearchFilter& filter,
                                const std::optional<store::Passing>& named, bool by_words,
                                Lists& lists) {
    auto& terms = lists.terms.of(kind);
    terms = TACIT_TRY(store::query_terms(txn, kind, query.text));
    if (terms.empty() || !by_words) return {};
    const auto hits = TACIT_TRY(store::search_text(txn, kind, terms, filter, kPool, named));
    for (const store::TextHit& hit : hits)
      lists.texts.push_back({hit.kind, hit.id, hit.score, hit.closeness});
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

  Result<std::string> advise(store::ReadTxn& txn, const Query& query, Meaning& meaning,
                             const Terms& terms) {
    NoHits facts;
    const store::StoreCounts counts = TACIT_TRY(store::count_all(txn));
    facts.exchanges = counts.exchanges;
    facts.items = counts.items;
    facts.searched_meaning = meaning.vector.has_value();
    facts.terms = terms.items.empty() ? terms.exchanges : terms.items;
    if (is_filtered(query.filter)) {
      const Lists all = TACIT_TRY(gather(txn, query, SearchFilter{}, meaning));
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
    : state_(std::make_unique<State>(store, embedder)) {
  if (embedder != nullptr)
    state_->vectors = std::make_unique<VectorCache>(embedder->space(), std::move(stays_with));
}

Retriever::~Retriever() = default;

Result<Answer> Retriever::search(const Query& query, Instant now) const {
  TACIT_TRY(validate(query));
  const auto start = std::chrono::steady_clock::now();
  Answer answer;
  State::Meaning meaning = state_->meaning_before(query);
  TACIT_TRY(state_->store.read([&](store::ReadTxn& txn) -> Result<void> {
    const State::Lists lists = TACIT_TRY(state_->gather(txn, query, query.filter, meaning));
    answer.degraded = std::move(meaning.degraded);
    std::vector<Candidate> candidates = TACIT_TRY(State::rank(txn, lists, query.mode));
    answer.hits = TACIT_TRY(hydrate(txn, query, std::move(candidates), lists.terms, now));
    if (meaning.vector) TACIT_TRY(state_->note_missing_vectors(txn, answer.degraded));
    if (answer.hits.empty())
      answer.advice = TACIT_TRY(state_->advise(txn, query, meaning, lists.terms));
    return {};
  }));
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  answer.took_ms = took.count();
  return answer;
}

Result<void> Retriever::warm() const {
  return state_->store.read([&](store::ReadTxn& txn) -> Result<void> {
    if (state_->vectors) TACIT_TRY(state_->vectors->refresh(txn));
    return store::warm_text(txn);
  });
}

std::size_t Retriever::index_bytes() const {
  return state_->vectors ? state_->vectors->bytes() : 0;
}

}  // namespace tacit::recall
