#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <memory>

#include "net/http_client.h"
#include "net/tls_fixture_test.h"
#include "testing/fake_socket.h"
#include "testing/fixtures.h"

namespace tacit::net {
namespace {

using testing::FakeServer;
using testing::FakeSocket;

class TlsTest : public ::testing::Test {
 protected:
  TlsTest() : context_(SSL_CTX_new(TLS_server_method())) {
    SSL_CTX_use_certificate(context_.get(), identity_.certificate.get());
    SSL_CTX_use_PrivateKey(context_.get(), identity_.key.get());
    SSL_CTX_set_alpn_select_cb(context_.get(), &TlsTest::choose_protocol, this);
  }

  static int choose_protocol(SSL* /*session*/, const unsigned char** chosen, unsigned char* size,
                             const unsigned char* offered, unsigned int offered_size, void* self) {
    static constexpr std::array<unsigned char, 9> kHttp1{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    const std::string list(offered, offered + offered_size);
    static_cast<TlsTest*>(self)->is_http2_offered_ = list.find("\x02h2") != std::string::npos;
    unsigned char* found = nullptr;
    if (SSL_select_next_proto(&found, size, kHttp1.data(), kHttp1.size(), offered, offered_size) !=
        OPENSSL_NPN_NEGOTIATED)
      return SSL_TLSEXT_ERR_NOACK;
    *chosen = found;
    return SSL_TLSEXT_ERR_OK;
  }

  void serve(const FakeSocket& socket) {
    const std::unique_ptr<SSL, SessionDeleter> session(SSL_new(context_.get()));
    SSL_set_fd(session.get(), socket.descriptor());
    if (SSL_accept(session.get()) != 1) return;
    std::array<char, 4096> bytes{};
    const int size = SSL_read(session.get(), bytes.data(), bytes.size());
    if (size <= 0) return;
    ++requests_;
    const std::string reply = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret";
    SSL_write(session.get(), reply.data(), static_cast<int>(reply.size()));
    SSL_shutdown(session.get());
  }

  HttpOutcome send(const std::string& certificates, std::string& body) {
    const auto client = *HttpClient::start(
        {.connect_timeout = std::chrono::seconds(30), .certificates = certificates});
    HttpCall call;
    call.url = fmt::format("https://127.0.0.1:{}/", server_.port());
    call.body = "{}";
    return client->send(
        call, [](const HttpHead&) { return true; },
        [&](std::string_view piece) {
          body += piece;
          return true;
        });
  }

  const Identity identity_;
  const std::unique_ptr<SSL_CTX, ContextDeleter> context_;
  std::atomic<int> requests_{0};
  std::atomic<bool> is_http2_offered_{false};
  const FakeServer server_{
      [this](const FakeSocket& socket, const std::stop_token& /*stop*/) { serve(socket); }};
};

TEST_F(TlsTest, TrustsTheCertificatesItIsGivenAndOffersHttp2) {
  const testing::TempFolder folder;
  std::string body;
  const HttpOutcome outcome = send(identity_.write(folder.path() / "trusted.pem"), body);
  EXPECT_EQ(outcome.reached, Reached::kEnd)
      << (outcome.error ? outcome.error->message() : std::string());
  EXPECT_EQ(body, "secret");
  EXPECT_TRUE(is_http2_offered_);
}

TEST_F(TlsTest, TellsNothingToAServerThatItDoesNotTrust) {
  const testing::TempFolder folder;
  std::string body;
  EXPECT_EQ(send("", body).reached, Reached::kNothing);
  const Identity other;
  const HttpOutcome outcome = send(other.write(folder.path() / "other.pem"), body);
  EXPECT_EQ(outcome.reached, Reached::kNothing);
  EXPECT_EQ(outcome.error->kind(), ErrorKind::kUnavailable);
  EXPECT_EQ(requests_, 0);
}

}  // namespace
}  // namespace tacit::net
