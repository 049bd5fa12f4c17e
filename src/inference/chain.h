#pragma once
// Makes routes of configured places: where a provider is reached, with which model and key, and why
// it is not called when something is wrong with that: a model that is retired, unpriced or unknown,
// no key, an address that is not safe. Keys come from the environment or a file, never from the
// configuration. Reads files once; call it at start.

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "inference/catalogue.h"
#include "inference/plan.h"

namespace tacit::inference {

inline constexpr std::size_t kMostKeyBytes = 4096;

struct PlaceOptions {
  std::string provider;  // "groq", "anthropic", "openai", "gemini", "local"
  std::string model;
  std::string url;
  std::string key_file;                   // "": the provider's variable of the environment
  Protocol protocol = Protocol::kOpenAi;  // of "local"; the others have their own
  std::int64_t local_context = 8192;      // tokens that a local model is given room for
  bool is_paid = true;  // false: the provider may learn from what it is sent, so nothing is
};

// The variable that holds a provider's key: "GROQ_API_KEY"; "" for a local one.
std::string key_variable(std::string_view provider);
// Empty when there is none. invalid_input: the file is unreadable, empty, too long or open to
// others.
Result<std::string> find_key(const PlaceOptions& place);

Route make_route(const PlaceOptions& place, const Catalogue& catalogue, Instant now);

}  // namespace tacit::inference
