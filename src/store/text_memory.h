#pragma once
// Private to store: what a connection remembers of the full text for as long as the content stays
// as it is (one content generation): in how many documents a term stands, which FTS5 counts by
// walking through the term's whole list, and the size and id of documents that a search looked at,
// each a search in a tree. Plain data; owned by the connection, so of one thread at a time.

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace tacit::store {

inline constexpr std::size_t kMaxTermCounts = 10'000;         // of a kind; then all are dropped
inline constexpr std::size_t kMaxKnownDocuments = 1U << 18U;  // of a kind, by number: 4 MiB

struct KnownDocument {
  std::uint64_t id = 0;    // 0: not looked up
  std::uint32_t size = 0;  // in tokens; 0: not looked up
};

struct TextMemory {
  struct OfKind {
    std::optional<std::int64_t> documents;
    std::unordered_map<std::string, std::int64_t> holding;
    std::vector<KnownDocument> known;  // by number, as far as any was looked up

    // Null for a document that is not remembered, so that a memory has an end.
    KnownDocument* at(std::int64_t number) {
      if (number < 0 || number >= static_cast<std::int64_t>(kMaxKnownDocuments)) return nullptr;
      const auto place = static_cast<std::size_t>(number);
      if (place >= known.size()) known.resize(place + place / 4 + 1);
      return &known[place];
    }
  };
  std::int64_t generation = -1;
  OfKind items;
  OfKind exchanges;
};

}  // namespace tacit::store
