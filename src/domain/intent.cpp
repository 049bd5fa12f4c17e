#include "domain/intent.h"

#include <array>

namespace tacit {
namespace {

constexpr std::array<std::string_view, kIntentCount> kNames = {
    "learning", "exploration",  "debugging",     "feature",    "refactoring",
    "testing",  "optimization", "documentation", "operations", "other"};

}  // namespace

std::string_view name_of(Intent intent) {
  return kNames[static_cast<std::size_t>(intent)];
}

std::optional<Intent> parse_intent(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Intent>(i);
  }
  return std::nullopt;
}

}  // namespace tacit
