#include "mcp/http_endpoint.h"

#include <fmt/format.h>

#include "base/text.h"
#include "mcp/header_value.h"
#include "mcp/protocol.h"
#include "wire/errors.h"

namespace tacit::mcp {
namespace {

using net::Request;
using net::Response;

constexpr const char* kVersionHeader = "mcp-protocol-version";
constexpr const char* kMethodHeader = "mcp-method";
constexpr const char* kNameHeader = "mcp-name";
constexpr std::string_view kBeforeTheHeader = "2025-03-26";  // the revision of who sends no header
constexpr std::size_t kShownBytes = 60;

Response json(int status, const Json& body) {
  Response response;
  response.status = status;
  response.body = dump(body);
  return response;
}

Response refuse(int status, int code, std::string message, const Json& id = Json(),
                Json data = nullptr) {
  return json(status,
              envelope(id, std::unexpected(RpcError{code, std::move(message), std::move(data)})));
}

int bad_request() {
  return wire::row_of(ErrorKind::kInvalidInput).http_status;
}

// A client names both JSON and event streams; one that says nothing takes anything.
bool accepts_json(const Request& request) {
  const std::string accept = lower_ascii(request.header("accept"));
  if (trim(accept).empty()) return true;
  for (const char* type : {"application/json", "application/*", "*/*"}) {
    if (accept.find(type) != std::string::npos) return true;
  }
  return false;
}

// Why a header does not say what the body says; nothing when it does.
std::optional<std::string> difference(const Request& request, const char* header,
                                      const Json& expected) {
  if (!expected.is_string()) return std::nullopt;  // the protocol refuses it
  const auto found = request.headers.find(header);
  if (found == request.headers.end()) return fmt::format("the header {} is missing", header);
  const auto value = decode_header_value(found->second);
  if (!value) return fmt::format("the header {} holds characters that it may not", header);
  if (*value == expected.get_ref<const std::string&>()) return std::nullopt;
  return fmt::format("the header {} says \"{}\", the body does not", header,
                     clip_utf8(*value, kShownBytes));
}

// What the stateless era demands of the headers of a request.
std::optional<std::string> header_mismatch(const Request& request, const Json& message) {
  const Json& params = member(message, "params");
  const Json& meta = member(params, "_meta");
  const Json& version = member(meta, kVersionKey);
  if (!version.is_string() || !member(meta, kCapabilitiesKey).is_object()) return std::nullopt;
  if (auto reason = difference(request, kVersionHeader, version)) return reason;
  const Json& method = member(message, "method");
  if (auto reason = difference(request, kMethodHeader, method)) return reason;
  if (method == "tools/call") return difference(request, kNameHeader, member(params, "name"));
  return std::nullopt;
}

Response accepted() {
  Response response;
  response.status = wire::kHttpAccepted;
  return response;
}

int status_of(const Json& answer, bool is_stateless_era) {
  if (!answer.is_object() || !answer.contains("error")) return wire::kHttpOk;
  const int code = answer["error"]["code"].get<int>();
  if (code == wire::kRpcInvalidRequest) return bad_request();
  if (!is_stateless_era) return wire::kHttpOk;
  if (code != wire::kRpcUnknownMethod) return bad_request();
  return wire::row_of(ErrorKind::kNotFound).http_status;
}

}  // namespace

struct HttpEndpoint::State {
  explicit State(std::vector<Tool> tools) : protocol(std::move(tools)) {}

  Response answer_stateless(const Request& request, const Json& message) const;
  Response answer_session(const Request& request, const Json& message) const;

  const Protocol protocol;
};

Response HttpEndpoint::State::answer_stateless(const Request& request, const Json& message) const {
  if (message.is_object() && message.contains("id")) {
    if (auto reason = header_mismatch(request, message)) {
      return refuse(bad_request(), wire::kRpcHeaderMismatch, "Header mismatch: " + *reason,
                    member(message, "id"));
    }
  }
  // Without the version in its own words, a message of this era gets the reason from the protocol.
  const Revision* none = nullptr;
  const auto answer = protocol.answer(message, none);
  return answer ? json(status_of(*answer, true), *answer) : accepted();
}

Response HttpEndpoint::State::answer_session(const Request& request, const Json& message) const {
  const std::string version = request.header(kVersionHeader);
  const Revision* agreed =
      find_revision(version.empty() ? kBeforeTheHeader : std::string_view(version));
  if (agreed == nullptr) {
    Json supported = Json::array();
    for (const Revision& one : kRevisions) supported.push_back(one.name);
    return refuse(bad_request(), wire::kRpcUnsupportedVersion,
                  "the header MCP-Protocol-Version names no revision that is spoken here",
                  member(message, "id"), {{"supported", supported}, {"requested", version}});
  }
  const auto answer = protocol.answer(message, agreed);
  return answer ? json(status_of(*answer, false), *answer) : accepted();
}

HttpEndpoint::HttpEndpoint(std::vector<Tool> tools)
    : state_(std::make_unique<const State>(std::move(tools))) {}
HttpEndpoint::~HttpEndpoint() = default;

Response HttpEndpoint::handle(const Request& request) const {
  if (request.method != "POST") {
    Response response = refuse(wire::kHttpNotAllowed, wire::kRpcInvalidRequest,
                               "messages are sent by POST; there is no stream to GET and no "
                               "session to DELETE");
    response.headers.emplace_back("Allow", "POST");
    return response;
  }
  if (request.media_type() != "application/json") {
    return refuse(wire::kHttpWrongContent, wire::kRpcInvalidRequest,
                  "send Content-Type: application/json");
  }
  if (!accepts_json(request)) {
    return refuse(wire::kHttpNotAcceptable, wire::kRpcInvalidRequest,
                  "send Accept: application/json, text/event-stream");
  }
  const auto message = parse_message(request.body);
  if (!message) return json(bad_request(), message.error());
  const Revision* named = find_revision(request.header(kVersionHeader));
  const bool is_newer = named != nullptr && named->is_stateless;
  if (is_newer || is_stateless(*message)) return state_->answer_stateless(request, *message);
  return state_->answer_session(request, *message);
}

}  // namespace tacit::mcp
