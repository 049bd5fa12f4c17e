#pragma once
// The MCP face over stdio: JSON-RPC 2.0, one message a line. Speaks revisions 2024-11-05 to
// 2025-11-25 (initialize) and 2026-07-28 (stateless, _meta). Nothing but messages goes to `out`.
// handle() is transport-free: one message in, the answer (or nothing, for notifications) out. One
// thread.

#include <istream>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/tool.h"

namespace tacit::mcp {

inline constexpr std::size_t kMaxMessageBytes = 4U << 20U;

class Server {
 public:
  explicit Server(std::vector<Tool> tools);
  ~Server();
  std::optional<std::string> handle(std::string_view message);
  // Reads lines until end of input; flushes after each answer.
  void run(std::istream& in, std::ostream& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tacit::mcp
