#include "inference/chain.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/text.h"
#include "inference/outbound.h"

namespace tacit::inference {
namespace {

namespace fs = std::filesystem;

Protocol protocol_of(const PlaceOptions& place) {
  if (place.provider == "anthropic") return Protocol::kAnthropic;
  if (place.provider == "gemini") return Protocol::kGemini;
  if (place.provider == "local") return place.protocol;
  return Protocol::kOpenAi;
}

// Why this place is not called; "" when it is.
std::string refusal_of(const PlaceOptions& place, const Route& route,
                       const Result<std::string>& key, const Catalogue& catalogue, Instant now) {
  if (place.model.empty()) return fmt::format("no model is named: set {}_model", place.provider);
  if (route.endpoint.is_local) {
    if (!is_loopback_url(place.url))
      return fmt::format("{} is no address of this machine", place.url);
    if (is_cloud_name(place.model)) return "this model runs at its vendor's, not on this machine";
    return "";
  }
  if (!key) return key.error().message();
  if (key->empty())
    return fmt::format("no key: set {} or {}_key_file", key_variable(place.provider),
                       place.provider);
  if (!place.url.starts_with("https://") && !is_loopback_url(place.url))
    return "its address is not https, so key and text would travel open";
  if (!place.is_paid)
    return fmt::format(
        "what is sent on a free plan may train its models: set {}_is_paid = true if "
        "yours is not one",
        place.provider);
  const auto usable = catalogue.usable(place.provider + "/" + place.model, now);
  return usable ? "" : usable.error().message();
}

}  // namespace

std::string key_variable(std::string_view provider) {
  if (provider == "groq") return "GROQ_API_KEY";
  if (provider == "anthropic") return "ANTHROPIC_API_KEY";
  if (provider == "openai") return "OPENAI_API_KEY";
  if (provider == "gemini") return "GEMINI_API_KEY";
  return "";
}

Result<std::string> find_key(const PlaceOptions& place) {
  if (place.key_file.empty()) {
    const std::string variable = key_variable(place.provider);
    const char* const value = variable.empty() ? nullptr : std::getenv(variable.c_str());
    return std::string(value == nullptr ? "" : trim(value));
  }
  std::error_code error;
  const fs::perms open_to_others = fs::status(place.key_file, error).permissions() &
                                   (fs::perms::group_all | fs::perms::others_all);
  if (!error && open_to_others != fs::perms::none)
    return fail(ErrorKind::kInvalidInput,
                fmt::format("the key file {} is open to others: chmod 600", place.key_file));
  std::ifstream file(place.key_file, std::ios::binary);
  std::string text(kMostKeyBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  const std::string key(trim(text));
  if (key.empty() || text.size() > kMostKeyBytes || key.find_first_of("\r\n") != std::string::npos)
    return fail(ErrorKind::kInvalidInput,
                fmt::format("the key file {} does not hold one line with a key", place.key_file));
  return key;
}

Route make_route(const PlaceOptions& place, const Catalogue& catalogue, Instant now) {
  Route route;
  route.endpoint.provider = place.provider;
  route.endpoint.protocol = protocol_of(place);
  route.endpoint.url = place.url;
  while (route.endpoint.url.ends_with('/')) route.endpoint.url.pop_back();
  route.endpoint.is_local = place.provider == "local";
  route.endpoint.local_context = place.local_context;
  route.model = place.model;
  const auto key = find_key(place);
  if (key) route.endpoint.key = *key;
  route.refusal = refusal_of(place, route, key, catalogue, now);
  if (!route.endpoint.is_local) route.facts = catalogue.find(place.provider + "/" + place.model);
  return route;
}

}  // namespace tacit::inference
