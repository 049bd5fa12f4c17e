#pragma once
// The revisions of the protocol and what differs between them, as one table. No other file compares
// revision names.

#include <array>
#include <string_view>

namespace tacit::mcp {

struct Revision {
  std::string_view name;
  bool is_stateless;   // no initialize: version and capabilities travel in each request's _meta
  bool has_batches;    // an array of messages is a message
  bool has_structure;  // title, outputSchema and structuredContent
};

// Oldest first.
inline constexpr std::array<Revision, 5> kRevisions = {{
    {"2024-11-05", false, false, false},
    {"2025-03-26", false, true, false},
    {"2025-06-18", false, false, true},
    {"2025-11-25", false, false, true},
    {"2026-07-28", true, false, true},
}};

// Null for an unknown name.
constexpr const Revision* find_revision(std::string_view name) {
  for (const Revision& revision : kRevisions) {
    if (revision.name == name) return &revision;
  }
  return nullptr;
}

// What is offered to a client that asks for a revision nobody knows by initialize.
constexpr const Revision& newest_with_initialize() {
  const Revision* newest = nullptr;
  for (const Revision& revision : kRevisions) {
    if (!revision.is_stateless) newest = &revision;
  }
  return *newest;
}

}  // namespace tacit::mcp
