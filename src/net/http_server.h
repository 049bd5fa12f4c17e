#pragma once
// An HTTP/1.1 server for loopback: bytes in, Request out to one handler, Response back. Boost.Beast
// stays inside net/*.cpp. Limits are enforced while reading: header, body (chunked or not),
// connections, time per phase. Host and Origin are checked on every request, before its body is
// read and before the handler sees it. One thread does all input and output; the handler runs on
// `workers` threads and may block; when all are busy and the queue is full the answer is 503 with
// Retry-After. HEAD is answered from GET. Every response carries the security headers. stop() ends
// accepting, closes idle connections, lets running requests finish within Limits::drain_time, ends
// streams with their last words and joins the threads (a handler that is running is waited for).

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace tacit::net {

inline constexpr std::size_t kMaxHeaderBytes = 16U << 10U;
inline constexpr std::size_t kMaxBodyBytes = 32U << 20U;
inline constexpr std::size_t kMaxConnections = 512;
inline constexpr std::size_t kMaxStreams = 64;
inline constexpr std::size_t kMaxQueuedRequests = 128;
inline constexpr std::size_t kMaxUnsentBytes = 1U << 20U;  // of a pushed response
inline constexpr std::chrono::seconds kReadTimeout{30};
inline constexpr std::chrono::seconds kIdleTimeout{60};
inline constexpr std::chrono::seconds kWriteTimeout{30};
inline constexpr std::chrono::seconds kDrainTime{5};

struct Request {
  std::string method;                          // "GET" also for HEAD
  std::string path;                            // decoded, valid UTF-8, without query
  std::map<std::string, std::string> query;    // decoded; the last of equal names
  std::map<std::string, std::string> headers;  // lower-case names
  std::string body;

  std::string header(const std::string& lower_case_name) const;  // "" when there is none
  std::string media_type() const;  // of the body, lower case, without its parameters
};

// A response without end: `next` is called on a worker at once and then every `period`, and what it
// returns is sent; nothing ends the stream. No thread is held in between and at most one piece is
// in memory.
struct Stream {
  std::chrono::milliseconds period{1000};
  std::function<std::optional<std::string>()> next;
  std::string last_words;  // sent when the server stops
};

// Sends a piece of a pushed response at once; waits while kMaxUnsentBytes are on their way. False:
// nobody reads any more.
using PieceWriter = std::function<bool(std::string_view piece)>;

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  std::shared_ptr<Stream> stream;  // when set, `body` is not sent
  // When set, `body` is not sent: runs on a worker once the header is out, ends the response by
  // returning, and counts among the streams. `gone` is requested when the client leaves or the
  // server's drain time is over.
  std::function<void(const PieceWriter& write, std::stop_token gone)> push;
};

using Handler = std::function<Response(const Request&)>;

struct Limits {
  std::size_t header_bytes = kMaxHeaderBytes;
  std::size_t body_bytes = kMaxBodyBytes;
  std::size_t connections = kMaxConnections;
  std::size_t streams = kMaxStreams;
  std::size_t queued_requests = kMaxQueuedRequests;
  std::chrono::milliseconds read_timeout = kReadTimeout;    // for one request, header and body
  std::chrono::milliseconds idle_timeout = kIdleTimeout;    // between requests
  std::chrono::milliseconds write_timeout = kWriteTimeout;  // for one response or piece of a stream
  std::chrono::milliseconds drain_time = kDrainTime;
};

struct ServerOptions {
  std::string address = "127.0.0.1";  // a loopback address; others are refused
  unsigned short port = 7411;         // 0: any free port
  std::size_t workers = 4;
  Limits limits;
};

class HttpServer {
 public:
  // Binds and starts. conflict: the port is in use, and by whom if it answers like Tacit.
  static Result<std::unique_ptr<HttpServer>> start(const ServerOptions& options, Handler handler);
  ~HttpServer();
  unsigned short port() const;
  void stop();  // from any thread; again does nothing

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// One blocking request to a server on this machine (CLI to a running `tacit serve`, and tests).
// `host` is a loopback address or localhost. unavailable: nobody answers; deadline_exceeded: not
// within `timeout`.
struct ClientResponse {
  int status = 0;
  std::string body;
  std::map<std::string, std::string> headers;  // lower-case names
};
Result<ClientResponse> send_local(const std::string& host, unsigned short port,
                                  const std::string& method, const std::string& target,
                                  const std::string& body, std::chrono::milliseconds timeout,
                                  const std::map<std::string, std::string>& headers = {});

}  // namespace tacit::net
