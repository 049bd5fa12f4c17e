#pragma once
// Private to store: in how many documents a term stands, remembered by a connection. FTS5 counts
// by walking through a term's whole list, and words that many documents hold come in most queries.
// What is remembered holds for one generation of the content.

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

namespace tacit::store {

inline constexpr std::size_t kMaxTermCounts = 10'000;  // of a kind; then all are dropped

struct TermCounts {
  struct OfKind {
    std::optional<std::int64_t> documents;
    std::unordered_map<std::string, std::int64_t> holding;
  };
  std::int64_t generation = -1;
  OfKind items;
  OfKind exchanges;
};

}  // namespace tacit::store
