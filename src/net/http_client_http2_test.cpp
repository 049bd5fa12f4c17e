// Goal: where a server offers HTTP/2 it is used, and calls made at once share one connection.
// Method: a server of a few frames (RFC 9113), which answers nobody before all have asked, over TLS
// with ALPN; it serves one connection at a time, so calls that do not share it would wait for ever.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>

#include "base/worker.h"
#include "net/http_client.h"
#include "net/tls_fixture_test.h"
#include "testing/fake_socket.h"
#include "testing/fixtures.h"

namespace tacit::net {
namespace {

using testing::FakeServer;
using testing::FakeSocket;

constexpr std::size_t kPrefaceBytes = 24;
constexpr std::size_t kHeadBytes = 9;
constexpr std::size_t kCallsAtOnce = 8;

enum FrameType : unsigned char { kData = 0, kHeaders = 1, kSettings = 4, kPing = 6 };
constexpr unsigned char kEndStream = 1;
constexpr unsigned char kAck = 1;
constexpr unsigned char kEndHeaders = 4;

std::string frame(FrameType type, unsigned char flags, unsigned stream, const std::string& body) {
  std::string bytes;
  for (const unsigned shift : {16U, 8U, 0U})
    bytes += static_cast<char>(body.size() >> shift & 0xFFU);
  bytes += static_cast<char>(type);
  bytes += static_cast<char>(flags);
  for (const unsigned shift : {24U, 16U, 8U, 0U})
    bytes += static_cast<char>(stream >> shift & 0xFFU);
  return bytes + body;
}

class Http2Test : public ::testing::Test {
 protected:
  Http2Test() : context_(SSL_CTX_new(TLS_server_method())) {
    SSL_CTX_use_certificate(context_.get(), identity_.certificate.get());
    SSL_CTX_use_PrivateKey(context_.get(), identity_.key.get());
    SSL_CTX_set_alpn_select_cb(context_.get(), &Http2Test::choose_protocol, nullptr);
  }

  static int choose_protocol(SSL* /*session*/, const unsigned char** chosen, unsigned char* size,
                             const unsigned char* offered, unsigned int offered_size,
                             void* /*self*/) {
    static constexpr std::array<unsigned char, 3> kHttp2{2, 'h', '2'};
    unsigned char* found = nullptr;
    if (SSL_select_next_proto(&found, size, kHttp2.data(), kHttp2.size(), offered, offered_size) !=
        OPENSSL_NPN_NEGOTIATED)
      return SSL_TLSEXT_ERR_ALERT_FATAL;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
  }

  void serve(const FakeSocket& socket) {
    const std::unique_ptr<SSL, SessionDeleter> session(SSL_new(context_.get()));
    SSL_set_fd(session.get(), socket.descriptor());
    if (SSL_accept(session.get()) != 1) return;
    const auto write = [&](const std::string& bytes) {
      return SSL_write(session.get(), bytes.data(), static_cast<int>(bytes.size())) > 0;
    };
    const auto read = [&](std::size_t count) {
      std::string bytes(count, '\0');
      for (std::size_t at = 0; at < count;) {
        const int got = SSL_read(session.get(), bytes.data() + at, static_cast<int>(count - at));
        if (got <= 0) return std::string();
        at += static_cast<std::size_t>(got);
      }
      return bytes;
    };
    if (!read(kPrefaceBytes).starts_with("PRI * HTTP/2.0") || !write(frame(kSettings, 0, 0, "")))
      return;
    std::set<unsigned> asked;
    while (true) {
      const std::string head = read(kHeadBytes);
      if (head.empty()) return;
      const auto byte = [&](std::size_t i) -> unsigned {
        return static_cast<unsigned char>(head[i]);
      };
      const std::size_t size =
          std::size_t{byte(0)} << 16U | std::size_t{byte(1)} << 8U | std::size_t{byte(2)};
      const unsigned stream = (byte(5) & 0x7FU) << 24U | byte(6) << 16U | byte(7) << 8U | byte(8);
      const std::string body = size == 0 ? "" : read(size);
      const bool is_asked =
          (byte(3) == kData || byte(3) == kHeaders) && (byte(4) & kEndStream) != 0;
      if (byte(3) == kSettings && byte(4) != kAck) write(frame(kSettings, kAck, 0, ""));
      if (byte(3) == kPing && byte(4) != kAck) write(frame(kPing, kAck, 0, body));
      if (is_asked) asked.insert(stream);
      if (asked.size() < waits_for_ || asked.empty()) continue;
      most_at_once_ = std::max<std::size_t>(most_at_once_, asked.size());
      for (const unsigned one : asked) {
        // 0x88 is ":status: 200" in the table that HPACK begins with.
        write(frame(kHeaders, kEndHeaders, one, "\x88") + frame(kData, kEndStream, one, "hello"));
      }
      asked.clear();
    }
  }

  const Identity identity_;
  const std::unique_ptr<SSL_CTX, ContextDeleter> context_;
  std::atomic<std::size_t> waits_for_{1};
  std::atomic<std::size_t> most_at_once_{0};
  const FakeServer server_{
      [this](const FakeSocket& socket, const std::stop_token& /*stop*/) { serve(socket); }};
};

TEST_F(Http2Test, CallsMadeAtOnceShareOneConnection) {
  const testing::TempFolder folder;
  const auto client =
      *HttpClient::start({.connect_timeout = std::chrono::seconds(30),
                          .certificates = identity_.write(folder.path() / "trusted.pem")});
  const auto send = [&] {
    HttpCall call;
    call.url = fmt::format("https://127.0.0.1:{}/", server_.port());
    call.body = "{}";
    std::string body;
    const HttpOutcome outcome = client->send(
        call, [](const HttpHead&) { return true; },
        [&](std::string_view piece) {
          body += piece;
          return true;
        });
    EXPECT_EQ(outcome.reached, Reached::kEnd)
        << (outcome.error ? outcome.error->message() : std::string());
    EXPECT_EQ(outcome.head.status, 200);
    EXPECT_EQ(body, "hello");
  };
  waits_for_ = kCallsAtOnce;
  WorkerPool pool(kCallsAtOnce);
  for (int round = 0; round < 2; ++round)
    pool.parallel_for(kCallsAtOnce, [&](std::size_t, std::size_t) { send(); });
  EXPECT_EQ(most_at_once_, kCallsAtOnce);
  EXPECT_EQ(server_.connections(), 1);
  EXPECT_EQ(client->statistics().connections_opened, 1U);
}

}  // namespace
}  // namespace tacit::net
