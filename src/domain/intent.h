#pragma once
// What an exchange is for: the ten intents. The numbers are stored; new ones go to the end.

#include <cstdint>
#include <optional>
#include <string_view>

namespace tacit {

enum class Intent : std::uint8_t {
  kLearning,
  kExploration,
  kDebugging,
  kFeature,
  kRefactoring,
  kTesting,
  kOptimization,
  kDocumentation,
  kOperations,
  kOther,
};
inline constexpr int kIntentCount = 10;
std::string_view name_of(Intent intent);  // "learning", …
std::optional<Intent> parse_intent(std::string_view name);

}  // namespace tacit
