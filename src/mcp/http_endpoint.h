#pragma once
// The MCP face over streamable HTTP, at one path: a message is a POST, its answer is one JSON body.
// Keeps no session in either era: the era of initialize carries its revision in the header
// MCP-Protocol-Version, so nothing is lost when the server starts anew. GET (a stream) and DELETE
// (the end of a session) are refused, as the protocol allows. Host and Origin are checked before
// (net/http_server.h). Safe from any thread.

#include <memory>
#include <vector>

#include "mcp/tool.h"
#include "net/http_server.h"

namespace tacit::mcp {

class HttpEndpoint {
 public:
  explicit HttpEndpoint(std::vector<Tool> tools);
  ~HttpEndpoint();
  net::Response handle(const net::Request& request) const;

 private:
  struct State;
  std::unique_ptr<const State> state_;
};

}  // namespace tacit::mcp
