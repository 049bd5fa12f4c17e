#pragma once
// Full text over items and exchanges (FTS5, BM25). The tokenizer "tacit" (registered by this
// module) lower- cases, splits at non-alphanumerics, splits identifiers (camelCase, snake_case,
// digits) into their words while keeping the whole identifier as a token of its own, and stems
// English lightly. The same tokenizer cuts queries, so callers hand in plain text.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "domain/query.h"

namespace tacit::store {

class ReadTxn;

struct TextHit {
  HitKind kind = HitKind::kItem;
  std::uint64_t id = 0;
  double score = 0;  // BM25, higher is better
  // How close the terms stand to each other: the weight of those within kCloseWords words of one
  // field, at the best place, as a share of the weight of all; rarer terms weigh more, as in BM25.
  // Of the best kCloseRows, 0 for the others.
  double closeness = 0;
};
inline constexpr int kCloseWords = 10;
inline constexpr std::size_t kCloseRows = 100;

// The tokens the query turns into, distinct, in order, those of more than kCommonShare of all
// documents left out unless nothing else remains.
inline constexpr double kCommonShare = 0.5;
Result<std::vector<std::string>> query_terms(ReadTxn& txn, HitKind kind, const std::string& text);

// All documents of one kind that pass a filter.
struct Passing {
  std::vector<std::uint64_t> ids;
  std::vector<std::int64_t> numbers;  // ascending
};
// Those of the filter's project; nothing when the project has more than `most`, which is counted
// first and costs little, or when the filter names none.
Result<std::optional<Passing>> all_passing(ReadTxn& txn, HitKind kind, const SearchFilter& filter,
                                           std::size_t most);

// The `limit` best documents of one kind that hold any of the terms and pass the filter, best
// first. All that pass may be named, which saves asking for each document that holds a term.
Result<std::vector<TextHit>> search_text(ReadTxn& txn, HitKind kind,
                                         const std::vector<std::string>& terms,
                                         const SearchFilter& filter, std::size_t limit,
                                         const std::optional<Passing>& named = std::nullopt);
// Remembers ids and sizes of all documents, which the first searches would look up one by one.
Result<void> warm_text(ReadTxn& txn);
// Which of the terms a document holds, for explanations.
Result<std::vector<std::string>> matched_terms(ReadTxn& txn, HitKind kind, std::uint64_t id,
                                               const std::vector<std::string>& terms);
// Grows with every write that a search can see: what was answered at another generation may be out
// of date. Counting use is not such a write.
Result<std::int64_t> content_generation(ReadTxn& txn);
// The words of a text that the terms stand for, as they are written there, each once, in order.
std::vector<std::string> as_written(const std::string& text, const std::vector<std::string>& terms);

struct ExchangePlace {
  SessionId session;
  int ordinal = 0;
  std::int64_t bytes = 0;  // of all its steps
};
// Nothing when it is gone.
Result<std::optional<ExchangePlace>> place_of(ReadTxn& txn, ExchangeId id);
// True when the document passes the filter (for hits that came by vector).
Result<bool> passes(ReadTxn& txn, HitKind kind, std::uint64_t id, const SearchFilter& filter);

}  // namespace tacit::store
