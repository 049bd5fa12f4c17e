#pragma once
// The rules a request must keep before anything else looks at it, as pure functions on text: whose
// name it asks for (Host, against DNS rebinding), which page sent it (Origin, against other sites
// in a browser) and how a request target is decoded. No I/O, safe from any thread.

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace tacit::net {

// "127.0.0.1", "localhost" or "[::1]", with the bound port or none; case does not matter.
bool is_allowed_host(std::string_view host, unsigned short port);
// "http://" before an allowed host with the bound port (none only when it is 80).
bool is_allowed_origin(std::string_view origin, unsigned short port);

struct Target {
  std::string path;
  std::map<std::string, std::string> query;
};
// Reads the origin form "/path?query". Nothing for every other form, for bad percent escapes and
// for text that decodes to control characters or malformed UTF-8.
std::optional<Target> decode_target(std::string_view target);

}  // namespace tacit::net
