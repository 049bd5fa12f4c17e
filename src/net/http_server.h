#pragma once
// An HTTP/1.1 server for loopback: bytes in, Request out to one handler, Response back. Boost.Beast stays
// inside net/*.cpp. Limits are enforced while reading: header, body, connections, time per phase. Host and
// Origin are checked on every request before the handler sees it. The handler runs on the server's worker
// threads and may block; when all are busy and the queue is full the answer is 503 with Retry-After.
// Streaming responses use Response::stream. stop() ends accepting, lets running requests finish within
// kDrainTime and joins the threads.

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace tacit::net {

inline constexpr std::size_t kMaxHeaderBytes = 16U << 10U;
inline constexpr std::size_t kMaxBodyBytes = 32U << 20U;
inline constexpr std::size_t kMaxConnections = 512;
inline constexpr std::size_t kMaxQueuedRequests = 128;
inline constexpr std::chrono::seconds kReadTimeout{30};
inline constexpr std::chrono::seconds kIdleTimeout{60};
inline constexpr std::chrono::seconds kWriteTimeout{30};
inline constexpr std::chrono::seconds kDrainTime{5};

struct Request {
  std::string method;
  std::string path;                          // decoded, without query
  std::map<std::string, std::string> query;  // decoded; the last of equal names
  std::map<std::string, std::string> headers;  // lower-case names
  std::string body;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

using Handler = std::function<Response(const Request&)>;

struct ServerOptions {
  std::string address = "127.0.0.1";
  unsigned short port = 7411;  // 0: any free port
  std::size_t workers = 4;
};

class HttpServer {
 public:
  // Binds and starts. conflict: the port is in use, and by whom if it answers like Tacit.
  static Result<std::unique_ptr<HttpServer>> start(const ServerOptions& options, Handler handler);
  ~HttpServer();
  unsigned short port() const;
  void stop();

 private:
  struct State;
  explicit HttpServer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// One blocking request to a server on this machine (CLI to a running `tacit serve`, and tests).
struct ClientResponse {
  int status = 0;
  std::string body;
  std::map<std::string, std::string> headers;
};
Result<ClientResponse> send_local(const std::string& host, unsigned short port, const std::string& method,
                                  const std::string& target, const std::string& body,
                                  std::chrono::milliseconds timeout,
                                  const std::map<std::string, std::string>& headers = {});

}  // namespace tacit::net
