#include "domain/query.h"

#include "base/assert.h"

namespace tacit {

std::string_view name_of(SearchMode mode) {
  switch (mode) {
    case SearchMode::kHybrid:
      return "hybrid";
    case SearchMode::kText:
      return "text";
    case SearchMode::kVector:
      return "vector";
  }
  TACIT_UNREACHABLE();
}

std::optional<SearchMode> parse_search_mode(std::string_view name) {
  for (const SearchMode mode : {SearchMode::kHybrid, SearchMode::kText, SearchMode::kVector}) {
    if (name_of(mode) == name) return mode;
  }
  return std::nullopt;
}

std::string_view name_of(HitKind kind) {
  return kind == HitKind::kItem ? "item" : "exchange";
}

std::string Hit::id_text() const {
  return kind == HitKind::kItem ? ItemId{id}.text() : ExchangeId{id}.text();
}

}  // namespace tacit
