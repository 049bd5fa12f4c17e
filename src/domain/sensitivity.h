#pragma once
// How far a text may travel. A label is decided once for a request (privacy/sensitivity.h) and goes
// with it through cache, queue, batch, fallback and log. Pure values.

#include <optional>
#include <string_view>

namespace tacit {

enum class Sensitivity { kPublic, kInternal, kConfidential, kSecret };
std::string_view name_of(Sensitivity sensitivity);  // "public", …
std::optional<Sensitivity> parse_sensitivity(std::string_view name);

// What the caller of a request wants: never leave, may leave, or decide by what it says.
enum class PrivacyMode { kAuto, kLocal, kRemote };
std::string_view name_of(PrivacyMode mode);  // "auto", "local", "remote"
std::optional<PrivacyMode> parse_privacy_mode(std::string_view name);

// Confidential and secret texts never leave, whatever the mode says; nothing leaves in mode local.
bool may_leave(Sensitivity sensitivity, PrivacyMode mode);

}  // namespace tacit
