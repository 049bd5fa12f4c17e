#pragma once
// The protocol without a transport: a parsed message in, its answer out, both eras. A request whose
// params._meta names a protocol version is stateless and is judged by that alone; every other one
// belongs to whatever initialize agreed, which the transport keeps. Immutable after construction,
// so safe from any thread. Heavy (nlohmann/json): included by this module's .cpp files only.

#include <expected>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/revisions.h"
#include "mcp/tool.h"

namespace tacit::mcp {

inline constexpr const char* kVersionKey = "io.modelcontextprotocol/protocolVersion";
inline constexpr const char* kCapabilitiesKey = "io.modelcontextprotocol/clientCapabilities";

struct RpcError {
  int code;
  std::string message;
  Json data = nullptr;
};
using Answered = std::expected<Json, RpcError>;

Json envelope(const Json& id, Answered answered);
// A member of an object; null when there is none.
const Json& member(const Json& object, const char* name);
// Replaces malformed UTF-8, so it cannot fail.
std::string dump(const Json& json);
// The message, or the answer that refuses it: too long, too deep, not JSON.
std::expected<Json, Json> parse_message(std::string_view text);
// True when the message belongs to the era without initialize by its own words.
bool is_stateless(const Json& message);
// Names of the revisions of that era.
Json stateless_versions();

class Protocol {
 public:
  explicit Protocol(std::vector<Tool> tools) : tools_(std::move(tools)) {}

  // The answer to one message or batch; nothing for notifications and for answers to questions we
  // never ask. `agreed` is null before initialize, which sets it.
  std::optional<Json> answer(const Json& message, const Revision*& agreed) const;
  Json tool_list(const Revision& revision) const;

 private:
  std::optional<Json> answer_one(const Json& message, const Revision*& agreed) const;
  Answered dispatch(const std::string& method, const Json& params, const Revision*& agreed) const;
  Answered dispatch_stateless(const std::string& method, const Json& params) const;
  Answered initialize(const Json& params, const Revision*& agreed) const;
  Answered call(const Revision& in, const Json& params, const Json* capabilities) const;

  std::vector<Tool> tools_;
};

}  // namespace tacit::mcp
