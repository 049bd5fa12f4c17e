#include "domain/sensitivity.h"

#include <array>
#include <utility>

namespace tacit {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::array kSensitivities = {std::pair{Sensitivity::kPublic, "public"sv},
                                       std::pair{Sensitivity::kInternal, "internal"sv},
                                       std::pair{Sensitivity::kConfidential, "confidential"sv},
                                       std::pair{Sensitivity::kSecret, "secret"sv}};
constexpr std::array kModes = {std::pair{PrivacyMode::kAuto, "auto"sv},
                               std::pair{PrivacyMode::kLocal, "local"sv},
                               std::pair{PrivacyMode::kRemote, "remote"sv}};

template <class Table, class Value>
std::string_view name_in(const Table& table, Value value) {
  for (const auto& [known, name] : table)
    if (known == value) return name;
  return "";
}

template <class Value, class Table>
std::optional<Value> value_in(const Table& table, std::string_view name) {
  for (const auto& [value, known] : table)
    if (known == name) return value;
  return std::nullopt;
}

}  // namespace

std::string_view name_of(Sensitivity sensitivity) {
  return name_in(kSensitivities, sensitivity);
}
std::optional<Sensitivity> parse_sensitivity(std::string_view name) {
  return value_in<Sensitivity>(kSensitivities, name);
}
std::string_view name_of(PrivacyMode mode) {
  return name_in(kModes, mode);
}
std::optional<PrivacyMode> parse_privacy_mode(std::string_view name) {
  return value_in<PrivacyMode>(kModes, name);
}

bool may_leave(Sensitivity sensitivity, PrivacyMode mode) {
  return mode != PrivacyMode::kLocal &&
         (sensitivity == Sensitivity::kPublic || sensitivity == Sensitivity::kInternal);
}

}  // namespace tacit
