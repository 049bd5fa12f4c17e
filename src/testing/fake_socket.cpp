#include "testing/fake_socket.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include "base/text.h"

namespace tacit::testing {
namespace {

constexpr int kBacklog = 256;
constexpr int kLookMs = 20;  // how often a waiting connection looks whether it should end
constexpr std::string_view kHeadEnd = "\r\n\r\n";

}  // namespace

FakeSocket::FakeSocket(FakeSocket&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

FakeSocket::~FakeSocket() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<FakeSocket> FakeSocket::listen(unsigned short& port) {
  FakeSocket listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(listener.descriptor_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener.descriptor_, any, size) != 0 ||
      ::listen(listener.descriptor_, kBacklog) != 0 ||
      ::getsockname(listener.descriptor_, any, &size) != 0)
    return fail(ErrorKind::kUnavailable, "the fake provider cannot listen on loopback");
  port = ntohs(address.sin_port);
  return listener;
}

std::optional<FakeSocket> FakeSocket::accept() const {
  if (!is_ready()) return std::nullopt;
  FakeSocket peer(::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC));
  if (peer.descriptor_ < 0) return std::nullopt;
  const int on = 1;
  ::setsockopt(peer.descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return peer;
}

bool FakeSocket::is_ready() const {
  pollfd ready{descriptor_, POLLIN, 0};
  return ::poll(&ready, 1, kLookMs) > 0;
}

bool FakeSocket::read_more(std::string& buffer, const std::stop_token& stop) const {
  while (!stop.stop_requested()) {
    if (!is_ready()) continue;
    std::array<char, 65536> bytes;
    const ssize_t size = ::recv(descriptor_, bytes.data(), bytes.size(), 0);
    if (size <= 0) return false;
    buffer.append(bytes.data(), static_cast<std::size_t>(size));
    return true;
  }
  return false;
}

bool FakeSocket::write(std::string_view bytes, std::size_t at_most) const {
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, at_most == 0 ? bytes.size() : at_most);
    const ssize_t size = ::send(descriptor_, part.data(), part.size(), MSG_NOSIGNAL);
    if (size <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

bool FakeSocket::is_gone() const {
  char byte = 0;
  const ssize_t size = ::recv(descriptor_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return size == 0 || (size < 0 && errno != EAGAIN && errno != EWOULDBLOCK);
}

bool FakeSocket::await_end(const std::stop_token& stop) const {
  while (!stop.stop_requested()) {
    if (is_ready() && is_gone()) return true;
  }
  return false;
}

void FakeSocket::reset_at_close() const {
  const linger at_once{1, 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

std::optional<FakeCall> read_fake_call(const FakeSocket& socket, std::string& buffer,
                                       const std::stop_token& stop) {
  std::size_t end = 0;
  while ((end = buffer.find(kHeadEnd)) == std::string::npos)
    if (!socket.read_more(buffer, stop)) return std::nullopt;
  FakeCall call;
  const std::string head = buffer.substr(0, end);
  const std::size_t first = head.find(' ');
  call.path = head.substr(first + 1, head.find(' ', first + 1) - first - 1);
  for (const std::string_view line : split_lines(head)) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    call.headers[lower_ascii(line.substr(0, colon))] = trim(line.substr(colon + 1));
  }
  const std::size_t start = end + kHeadEnd.size();
  const auto length = call.headers.find("content-length");
  const std::size_t size =
      length == call.headers.end() ? 0 : std::strtoul(length->second.c_str(), nullptr, 10);
  while (buffer.size() < start + size)
    if (!socket.read_more(buffer, stop)) return std::nullopt;
  call.body = buffer.substr(start, size);
  buffer.erase(0, start + size);
  return call;
}

FakeServer::FakeServer(std::function<void(const FakeSocket&, const std::stop_token&)> body)
    : listener_(*FakeSocket::listen(port_)) {
  worker_ = std::make_unique<Worker>("fake-server",
                                     [this, what = std::move(body)](const std::stop_token& stop) {
                                       while (!stop.stop_requested()) {
                                         const auto peer = listener_.accept();
                                         if (!peer) continue;
                                         ++connections_;
                                         what(*peer, stop);
                                       }
                                     });
}

std::string FakeServer::url() const {
  return fmt::format("http://127.0.0.1:{}", port_);
}

}  // namespace tacit::testing
