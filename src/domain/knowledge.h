#pragma once
// Observations and knowledge items. An observation is one atomic claim with the exact place it was
// seen and never changes; a knowledge item is a durable statement that observations support. Plain
// values.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "domain/intent.h"

namespace tacit {

enum class ItemType {
  kCodingPattern,
  kArchitecturalDecision,
  kBugSolution,
  kImplementationStrategy,
  kToolUsage,
  kOptimization,
  kIntegrationPattern,
  kRefactoring,
  kTestingStrategy,
  kDeploymentApproach,
  kConvention,
};
inline constexpr int kItemTypeCount = 11;
std::string_view name_of(ItemType type);  // "coding_pattern", …
std::optional<ItemType> parse_item_type(std::string_view name);

// Where in a stored exchange: bytes [offset, offset + length) of the text of step `step`.
struct Span {
  std::size_t step = 0;
  std::size_t offset = 0;
  std::size_t length = 0;
};

struct Observation {
  ObservationId id;
  ExchangeId exchange;
  ItemType type = ItemType::kBugSolution;
  std::string statement;    // stands alone: names things explicitly
  double confidence = 0.5;  // 0 to 1
  std::vector<Span> spans;  // the evidence, in order; for error → cause → fix one span each
  std::optional<Instant> seen;
};

enum class Freshness { kFresh, kAging, kStale, kDeprecated };
std::string_view name_of(Freshness freshness);

struct KnowledgeItem {
  ItemId id;
  ItemType type = ItemType::kBugSolution;
  std::string title;  // at most 80 characters
  std::string statement;
  double confidence = 0.5;
  std::string project;  // empty: unknown
  SessionId session;    // of the first observation
  std::optional<Instant> first_seen;
  std::optional<Instant> last_seen;  // newest supporting observation
  std::int64_t support = 1;          // observations
  std::int64_t uses = 0;
  std::optional<Instant> last_used;
  std::optional<Intent> intent;  // of its first exchange; empty: not classified
};

// fresh while used or confirmed within 30 days, aging to 90, then stale (product.md's defaults).
inline constexpr std::chrono::days kFreshDays{30};
inline constexpr std::chrono::days kAgingDays{90};
Freshness freshness_of(const KnowledgeItem& item, Instant now);

// True when two statements may be one item: same polarity (negation), same numbers, same
// identifiers (words with capitals inside, underscores, dots, slashes, digits), no three words in
// the opposite order. Wording may differ otherwise.
// See docs/learning.md.
bool may_merge(std::string_view a, std::string_view b);

// Confidence after one more independent observation: 1 − (1 − a)(1 − b/2), at most 0.99.
double reinforced(double confidence, double observation_confidence);

}  // namespace tacit
