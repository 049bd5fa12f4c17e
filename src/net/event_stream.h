#pragma once
// Streams cut into messages: server-sent events (WHATWG HTML, 9.2: lines end in LF, CRLF or CR,
// several data lines are joined by LF, a colon begins a comment) and JSON lines. Fed with bytes in
// any cut, the messages are the same. Bounded: a message above kMaxMessageBytes is an error. Plain
// values without I/O.

#include <string>
#include <string_view>

#include "base/function_ref.h"
#include "base/result.h"

namespace tacit::net {

inline constexpr std::size_t kMaxMessageBytes = 4U << 20U;

struct ServerEvent {
  std::string name;  // "" when the event names none
  std::string data;
};

class EventStream {
 public:
  // invalid_input: a message is too long; the stream is of no further use.
  Result<void> feed(std::string_view bytes, FunctionRef<Result<void>(const ServerEvent&)> on_event);
  // What is left when the connection ends: bytes that no empty line ended. Servers that send an
  // error without framing leave it here.
  std::string take_rest();

 private:
  Result<void> end_line(FunctionRef<Result<void>(const ServerEvent&)> on_event);
  std::string line_;
  ServerEvent event_;
  std::string unframed_;  // lines of the current message that are no field of an event
  bool has_data_ = false;
  bool after_cr_ = false;
  bool at_start_ = true;
};

class LineStream {
 public:
  Result<void> feed(std::string_view bytes, FunctionRef<Result<void>(std::string_view)> on_line);
  std::string take_rest();

 private:
  std::string line_;
};

}  // namespace tacit::net
