#pragma once
// The sockets of the fake provider: plain and blocking, so that every fault of a network can be
// made by hand. Waits look at the stop token often.

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/worker.h"

namespace tacit::testing {

class FakeSocket {
 public:
  explicit FakeSocket(int descriptor) : descriptor_(descriptor) {}
  FakeSocket(FakeSocket&& other) noexcept;
  FakeSocket& operator=(FakeSocket&&) = delete;
  ~FakeSocket();

  // On loopback; `port` 0 becomes the one that was free.
  static Result<FakeSocket> listen(unsigned short& port);
  // Nothing when the wait was in vain.
  std::optional<FakeSocket> accept() const;

  // False: the peer closed, or the server stops.
  bool read_more(std::string& buffer, const std::stop_token& stop) const;
  // In writes of at most `at_most` bytes (0: whole). False: the peer is gone.
  bool write(std::string_view bytes, std::size_t at_most) const;
  // The peer closed. A request that waits to be read is no sign of that.
  bool is_gone() const;
  // Says nothing until the peer closes (true) or the server stops (false).
  bool await_end(const std::stop_token& stop) const;
  // Closing sends a reset instead of an end.
  void reset_at_close() const;
  int descriptor() const { return descriptor_; }

 private:
  bool is_ready() const;
  int descriptor_;
};

struct FakeCall {
  std::string path;
  std::map<std::string, std::string> headers;  // lower-case names
  std::string body;
};

// Reads one request; what belongs to the next stays in the buffer. Nothing when the peer is gone.
std::optional<FakeCall> read_fake_call(const FakeSocket& socket, std::string& buffer,
                                       const std::stop_token& stop);

// A server on loopback that does with each connection what a test wants, one after the other.
class FakeServer {
 public:
  explicit FakeServer(std::function<void(const FakeSocket&, const std::stop_token&)> body);
  std::string url() const;  // "http://127.0.0.1:PORT"
  unsigned short port() const { return port_; }
  int connections() const { return connections_; }

 private:
  unsigned short port_ = 0;
  FakeSocket listener_;
  std::atomic<int> connections_{0};
  std::unique_ptr<Worker> worker_;
};

}  // namespace tacit::testing
