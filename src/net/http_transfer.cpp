#include "net/http_transfer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace tacit::net {
namespace {

constexpr int kFirstFinalStatus = 200;  // those below are only announcements

bool is_loopback(std::string_view address) {
  return address.starts_with("127.") || address == "::1" || address.starts_with("::ffff:127.");
}

bool is_loopback(const sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.sa_family == AF_INET)
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, text.data(),
              text.size());
  else if (address.sa_family == AF_INET6)
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, text.data(),
              text.size());
  return is_loopback(std::string_view(text.data()));
}

// Before anything goes to the address that a name stands for now.
curl_socket_t on_address(void* user, curlsocktype /*purpose*/, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (transfer.call.stays_local && !is_loopback(address->addr)) {
    transfer.is_elsewhere = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// Connected, also by a connection of another call, and the request not yet written. libcurl comes
// here again when a kept connection died and it would send the request a second time.
int on_connected(void* user, char* peer, char* /*own*/, int /*peer_port*/, int /*own_port*/) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (transfer.call.stays_local && !is_loopback(peer)) {
    transfer.is_elsewhere = true;
    return CURL_PREREQFUNC_ABORT;
  }
  const MutexLock lock(transfer.mutex);
  if (transfer.requested) return CURL_PREREQFUNC_ABORT;
  transfer.requested = SystemClock().steady();
  transfer.changed.notify_one();
  return CURL_PREREQFUNC_OK;
}

// libcurl itself bounds a head without end.
std::size_t on_header(char* bytes, std::size_t /*one*/, std::size_t size, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  const std::string_view line = trim(std::string_view(bytes, size));
  if (line.starts_with("HTTP/")) {
    transfer.arriving = {};
    const std::string_view rest = line.substr(std::min(line.find(' '), line.size() - 1) + 1);
    std::from_chars(rest.data(), rest.data() + rest.size(), transfer.arriving.status);
    return size;
  }
  if (line.empty()) {
    if (transfer.arriving.status < kFirstFinalStatus) return size;
    const MutexLock lock(transfer.mutex);
    if (!transfer.head) transfer.head = transfer.arriving;
    transfer.changed.notify_one();
    return size;
  }
  const std::size_t colon = line.find(':');
  if (colon != std::string_view::npos)
    transfer.arriving.headers[lower_ascii(trim(line.substr(0, colon)))] =
        trim(line.substr(colon + 1));
  return size;
}

std::size_t on_body(char* bytes, std::size_t /*one*/, std::size_t size, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  transfer.body_bytes += size;
  const MutexLock lock(transfer.mutex);
  if (transfer.body_bytes > transfer.call.most_reply_bytes) {
    transfer.is_too_long = true;
    return 0;
  }
  transfer.pieces.emplace_back(bytes, size);
  transfer.heard = SystemClock().steady();
  transfer.changed.notify_one();
  return size;
}

template <class Value>
void set(Transfer& transfer, CURLoption option, Value value) {
  curl_easy_setopt(transfer.easy.get(), option, value);
}

}  // namespace

void prepare(Transfer& transfer, const HttpClientOptions& options) {
  const HttpCall& call = transfer.call;
  transfer.easy.reset(curl_easy_init());
  curl_slist* headers = curl_slist_append(nullptr, "Expect:");
  for (const auto& [name, value] : call.headers)
    headers = curl_slist_append(headers, (name + ": " + value).c_str());
  transfer.headers.reset(headers);
  set(transfer, CURLOPT_URL, call.url.c_str());
  set(transfer, CURLOPT_PRIVATE, &transfer);
  set(transfer, CURLOPT_ERRORBUFFER, transfer.reason.data());
  set(transfer, CURLOPT_HTTPHEADER, transfer.headers.get());
  if (call.method == "POST") {
    set(transfer, CURLOPT_POST, 1L);
    set(transfer, CURLOPT_POSTFIELDS, call.body.data());
    set(transfer, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(call.body.size()));
  } else {
    set(transfer, CURLOPT_CUSTOMREQUEST, call.method.c_str());
  }
  set(transfer, CURLOPT_OPENSOCKETFUNCTION, &on_address);
  set(transfer, CURLOPT_OPENSOCKETDATA, &transfer);
  set(transfer, CURLOPT_PREREQFUNCTION, &on_connected);
  set(transfer, CURLOPT_PREREQDATA, &transfer);
  set(transfer, CURLOPT_HEADERFUNCTION, &on_header);
  set(transfer, CURLOPT_HEADERDATA, &transfer);
  set(transfer, CURLOPT_WRITEFUNCTION, &on_body);
  set(transfer, CURLOPT_WRITEDATA, &transfer);
  set(transfer, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options.connect_timeout.count()));
  set(transfer, CURLOPT_MAXAGE_CONN,
      std::max(1L, static_cast<long>(options.idle_timeout.count() / 1000)));
  set(transfer, CURLOPT_NOSIGNAL, 1L);
  set(transfer, CURLOPT_QUICK_EXIT, 1L);  // a call that is broken off does not wait for its lookup
  set(transfer, CURLOPT_TCP_NODELAY, 1L);
  set(transfer, CURLOPT_FOLLOWLOCATION, 0L);
  set(transfer, CURLOPT_PROTOCOLS_STR, "http,https");
  set(transfer, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);  // a proxy's word is not the reply's head
  if (call.url.starts_with("https:")) {
    set(transfer, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_2TLS));
    set(transfer, CURLOPT_PIPEWAIT, 1L);
  } else {
    // With a newer version wanted, calls would wait until the first shows what the host speaks.
    set(transfer, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  }
  if (!options.certificates.empty()) set(transfer, CURLOPT_CAINFO, options.certificates.c_str());
  if (call.stays_local) {
    set(transfer, CURLOPT_PROXY, "");
    set(transfer, CURLOPT_NOPROXY, "*");
  }
}

Error error_of(const Transfer& transfer, CURLcode result, bool is_requested) {
  if (transfer.is_elsewhere)
    return {ErrorKind::kForbidden,
            "the address is not of this machine: nothing was sent, because this call stays local"};
  const std::string reason =
      transfer.reason[0] != '\0' ? transfer.reason.data() : curl_easy_strerror(result);
  if (result == CURLE_OPERATION_TIMEDOUT) return {ErrorKind::kDeadlineExceeded, reason};
  if (result == CURLE_ABORTED_BY_CALLBACK)
    return {ErrorKind::kUnavailable, "the connection ended without an answer"};
  if (!is_requested && (result == CURLE_URL_MALFORMAT || result == CURLE_UNSUPPORTED_PROTOCOL))
    return {ErrorKind::kInvalidInput, reason};
  return {ErrorKind::kUnavailable, reason};
}

}  // namespace tacit::net
