#pragma once
// Outbound HTTP over libcurl: one driver thread moves the bytes of all calls, connections are
// pooled by host and kept warm, HTTP/2 is used where it is offered. send() blocks its caller and
// hands the pieces of the reply to it in order, on the calling thread, as they arrive; either
// callback, or the stop token, can end the call, which closes the connection. Only http and https,
// no redirect is followed (keys would follow it), nothing is sent again by itself. A call that must
// stay local goes to a loopback address, checked on the address that is really connected to, and
// through no proxy whatever the environment says. Safe from any thread; must outlive its calls.

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/function_ref.h"
#include "base/result.h"

namespace tacit::net {

inline constexpr std::size_t kMaxReplyBytes = 64U << 20U;

struct HttpClientOptions {
  std::size_t most_connections = 20;                  // all of them stay open when they are unused
  std::chrono::milliseconds acquire_timeout{30'000};  // waiting for one of them
  std::chrono::milliseconds idle_timeout{600'000};    // an older unused connection is not used
  std::chrono::milliseconds connect_timeout{3'000};
  std::string certificates{};  // a file of trusted certificates; "": the system's
};

struct HttpCall {
  std::string method = "POST";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::chrono::milliseconds first_byte_timeout{30'000};  // from the request to the reply's body
  std::chrono::milliseconds idle_timeout{30'000};        // between two pieces of the body
  std::chrono::milliseconds total_timeout{120'000};
  std::size_t most_reply_bytes = kMaxReplyBytes;
  bool stays_local = false;
};

struct HttpHead {
  int status = 0;
  std::map<std::string, std::string> headers;  // lower-case names
};

// How far a call came; what it may have cost follows from it.
enum class Reached {
  kNothing,  // not a byte of the request was written: no connection, TLS refused, no slot
  kRequest,  // the request may have arrived, no status line came back
  kHead,     // a status came, the body did not end
  kEnd,      // the reply ended as HTTP says it should
};

struct HttpOutcome {
  Reached reached = Reached::kNothing;
  HttpHead head;  // from kHead on
  // None at kEnd: unavailable, deadline_exceeded, cancelled, forbidden (a call that must stay local
  // would have left), invalid_input.
  std::optional<Error> error;
};

class HttpClient {
 public:
  static Result<std::unique_ptr<HttpClient>> start(const HttpClientOptions& options);
  ~HttpClient();

  // `on_data` gets the body of every status, also of errors. False from a callback cancels.
  HttpOutcome send(const HttpCall& call, FunctionRef<bool(const HttpHead&)> on_head,
                   FunctionRef<bool(std::string_view)> on_data, std::stop_token stop = {});

  struct Statistics {
    std::size_t calls = 0;
    std::size_t connections_opened = 0;
    std::size_t running = 0;
  };
  Statistics statistics() const;

 private:
  struct State;
  class Caller;
  explicit HttpClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tacit::net
