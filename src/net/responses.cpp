#include "net/responses.h"

#include <fmt/format.h>

#include "base/json_text.h"
#include "base/text.h"

namespace tacit::net {
namespace {

constexpr std::size_t kShownBytes = 80;

}  // namespace

Response refusal(int status, std::string_view kind, std::string_view message) {
  Response response;
  response.status = status;
  response.body =
      fmt::format(R"({{"error":{{"kind":"{}","message":{}}}}})", kind, json_quote(message));
  return response;
}

Response bad_request(std::string_view message) {
  return refusal(400, "invalid_input", message);
}

Response strange_host(std::string_view host) {
  return refusal(403, "forbidden",
                 fmt::format("the Host header says \"{}\"; this server answers to 127.0.0.1, "
                             "localhost and [::1] with its own port only",
                             clip_utf8(host, kShownBytes)));
}

Response strange_origin(std::string_view origin) {
  return refusal(403, "forbidden",
                 fmt::format("requests from pages of another origin (\"{}\") are refused",
                             clip_utf8(origin, kShownBytes)));
}

Response header_too_large(std::size_t limit) {
  return refusal(431, "invalid_input",
                 fmt::format("the request line and headers are over {} bytes", limit));
}

Response body_too_large(std::size_t limit) {
  return refusal(413, "invalid_input",
                 fmt::format("the body is over {} bytes; send smaller batches", limit));
}

Response too_busy(std::string_view what) {
  Response response = refusal(503, "unavailable", fmt::format("{}; try again in a second", what));
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

Response handler_failed() {
  return refusal(500, "internal", "answering failed; the server's log has one line about it");
}

}  // namespace tacit::net
