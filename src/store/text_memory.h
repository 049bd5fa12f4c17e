#pragma once
// Private to store: what the readers of one store remember together of the full text, so that a
// search need not walk through FTS5's lists again: the postings of terms that were asked for, of
// documents their sizes and ids. Whatever was read at one content generation (content_generation())
// stays true at a later one for all documents below the lowest number that changed in between,
// which the writer tells (note()); another process's writes are not told, and then nothing stays
// true. Bounded by the constants below. Safe from any thread.

#include <array>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "cache/cache.h"
#include "domain/query.h"
#include "store/postings.h"
#include "store/store.h"

namespace tacit::store {

inline constexpr std::size_t kMostNotes = 4'096;

// A value for each of the two kinds of documents.
template <class T>
struct OfKinds {
  T items{};
  T exchanges{};
  T& of(HitKind kind) { return kind == HitKind::kItem ? items : exchanges; }
  const T& of(HitKind kind) const { return kind == HitKind::kItem ? items : exchanges; }
};

inline constexpr std::int64_t kNoDocument = std::numeric_limits<std::int64_t>::max();
struct LowestNumber {
  std::int64_t value = kNoDocument;
};

// Of all documents of a kind.
struct TextTotals {
  std::int64_t documents = 0;
  std::int64_t tokens = 0;
};

class TextMemory {
 public:
  struct Term {
    std::int64_t generation = 0;
    std::shared_ptr<const Postings> postings;
  };
  // Tokens of a document by its number; 0: not known.
  using Sizes = std::vector<std::uint16_t>;
  struct Id {
    std::int64_t number = 0;
    std::uint64_t id = 0;  // 0: not known
  };

  TextMemory();

  // All changes after this generation will be told.
  void watch_from(std::int64_t generation);
  // Before the commit that makes `generation`: the lowest numbers of documents whose text changes.
  void note(std::int64_t generation, const OfKinds<LowestNumber>& lowest);
  // The lowest number whose document may differ between two generations; 0: any may.
  std::int64_t lowest_changed(HitKind kind, std::int64_t since, std::int64_t until) const;

  std::shared_ptr<const Term> find(HitKind kind, const std::string& term);
  void keep(HitKind kind, const std::string& term, Term found);

  // What follows is brought to the generation that it is asked for at; going back, all is dropped.
  std::optional<TextTotals> totals(HitKind kind, std::int64_t generation);
  void keep_totals(HitKind kind, std::int64_t generation, const TextTotals& totals);
  std::shared_ptr<const Sizes> sizes(HitKind kind, std::int64_t generation);
  void keep_sizes(HitKind kind, std::int64_t generation, std::shared_ptr<const Sizes> sizes);
  void fill_ids(HitKind kind, std::int64_t generation, std::span<Id> ids);
  void keep_ids(HitKind kind, std::int64_t generation, std::span<const Id> ids);

  void clear();
  cache::CacheStats stats() const;

 private:
  struct Note {
    std::int64_t generation = 0;
    OfKinds<LowestNumber> lowest;
  };
  struct Documents {
    std::int64_t generation = -1;
    std::optional<TextTotals> totals;
    std::shared_ptr<const Sizes> sizes = std::make_shared<const Sizes>();
    std::vector<std::uint64_t> ids;
  };
  std::int64_t lowest_changed_locked(HitKind kind, std::int64_t since, std::int64_t until) const;
  Documents& documents_locked(HitKind kind, std::int64_t generation);

  mutable Mutex mutex_;
  std::int64_t watched_from_ TACIT_GUARDED_BY(mutex_) = kNoDocument;
  std::deque<Note> notes_ TACIT_GUARDED_BY(mutex_);
  OfKinds<Documents> documents_ TACIT_GUARDED_BY(mutex_);
  cache::Cache<Term> terms_;
};

}  // namespace tacit::store
