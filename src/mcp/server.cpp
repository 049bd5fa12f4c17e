#include "mcp/server.h"

#include "mcp/protocol.h"

namespace tacit::mcp {

struct Server::State {
  explicit State(std::vector<Tool> tools) : protocol(std::move(tools)) {}
  const Protocol protocol;
  const Revision* revision = nullptr;  // agreed by initialize
};

Server::Server(std::vector<Tool> tools) : state_(std::make_unique<State>(std::move(tools))) {}
Server::~Server() = default;

std::optional<std::string> Server::handle(std::string_view message) {
  const auto parsed = parse_message(message);
  if (!parsed) return dump(parsed.error());
  const auto answer = state_->protocol.answer(*parsed, state_->revision);
  if (!answer) return std::nullopt;
  return dump(*answer);
}

void Server::run(std::istream& in, std::ostream& out) {
  using Traits = std::istream::traits_type;
  std::string line;
  std::streambuf& source = *in.rdbuf();
  bool goes_on = true;
  while (goes_on && out) {
    const int next = source.sbumpc();
    goes_on = !Traits::eq_int_type(next, Traits::eof());
    const bool is_end = !goes_on || next == '\n';
    // Of a line that is too long one byte too much is kept, so that handle() refuses it.
    if (!is_end && line.size() <= kMaxMessageBytes) line += Traits::to_char_type(next);
    if (!is_end) continue;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.find_first_not_of(" \t") != std::string::npos) {
      if (const auto answer = handle(line)) out << *answer << '\n' << std::flush;
    }
    line.clear();
  }
}

}  // namespace tacit::mcp
