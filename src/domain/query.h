#pragma once
// Queries and answers of hybrid search: what faces hand to recall and get back. Plain values.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "domain/knowledge.h"

namespace tacit {

enum class SearchMode { kHybrid, kText, kVector };
std::string_view name_of(SearchMode mode);  // "hybrid", "text", "vector"
std::optional<SearchMode> parse_search_mode(std::string_view name);

enum class HitKind { kItem, kExchange };
std::string_view name_of(HitKind kind);  // "item", "exchange"

struct SearchFilter {
  std::string project;           // empty: all; else a project path or its last component
  std::optional<ItemType> type;  // restricts to items of this type
  std::optional<HitKind> kind;
  std::optional<Instant> since;
  std::optional<Instant> as_of;  // nothing learned after this moment
};

inline constexpr std::size_t kMaxQueryBytes = 4096;
inline constexpr std::size_t kMaxHits = 100;

struct Query {
  std::string text;
  std::size_t limit = 10;  // 1 to kMaxHits
  SearchMode mode = SearchMode::kHybrid;
  SearchFilter filter;
  bool explain = false;
};

// Why a hit stands where it stands, in the parts that made its score.
struct Explanation {
  std::optional<int> text_rank;      // from 1, in the text list
  std::optional<double> text_score;  // BM25, higher is better
  std::optional<int> vector_rank;
  std::optional<double> cosine;
  // How much of the query stands close together in it, 0 to 1; empty where nobody looked.
  std::optional<double> closeness;
  std::vector<std::string> matched_terms;
  std::string summary;  // one sentence for people
};

struct Hit {
  HitKind kind = HitKind::kItem;
  std::uint64_t id = 0;  // of an ItemId or ExchangeId, by kind
  std::string title;
  std::string statement;  // of an exchange: the passage that answers, clipped
  std::optional<ItemType> type;
  double score = 0;  // 0 to 1
  std::optional<Freshness> freshness;
  std::string project;
  SessionId session;
  ExchangeId exchange;  // of an item: its newest evidence
  std::optional<Instant> time;
  std::optional<Explanation> why;

  std::string id_text() const;
};

struct Answer {
  std::vector<Hit> hits;
  double took_ms = 0;
  std::vector<std::string> degraded;  // sentences: what did not work and what was done instead
  std::string advice;                 // when there are no hits: why, and what to try next
};

}  // namespace tacit
