#include "net/http_client.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>

#include "base/clock.h"
#include "base/worker.h"
#include "testing/fake_provider.h"
#include "testing/fake_socket.h"

namespace tacit::net {
namespace {

using std::chrono::milliseconds;
using testing::FakeProvider;
using testing::FakeRule;
using testing::FakeServer;
using testing::FakeSocket;
using testing::Fault;
using ::testing::HasSubstr;

constexpr milliseconds kShort{150};
constexpr milliseconds kSoon{5'000};  // far above what is seen when the machine is busy
const std::string kAsk = R"({"model": "m", "stream": true})";

struct Sent {
  HttpOutcome outcome;
  std::string body;
  std::size_t pieces = 0;
  milliseconds took{0};
};

std::optional<ErrorKind> kind_of(const HttpOutcome& outcome) {
  return outcome.error ? std::optional(outcome.error->kind()) : std::nullopt;
}
std::string message_of(const HttpOutcome& outcome) {
  return outcome.error ? outcome.error->message() : "";
}

Sent send(HttpClient& client, const HttpCall& call, const std::stop_token& stop = {}) {
  Sent sent;
  const SystemClock clock;
  const SteadyTime start = clock.steady();
  sent.outcome = client.send(
      call, [](const HttpHead&) { return true; },
      [&](std::string_view piece) {
        sent.body += piece;
        ++sent.pieces;
        return true;
      },
      stop);
  sent.took = std::chrono::duration_cast<milliseconds>(clock.steady() - start);
  return sent;
}

class HttpClientTest : public ::testing::Test {
 protected:
  void start(const HttpClientOptions& options = {}) { client_ = *HttpClient::start(options); }
  void script(FakeRule rule) { provider_->set_script({std::move(rule)}); }
  HttpCall call() const {
    HttpCall call;
    call.url = provider_->url() + "/v1/chat/completions";
    call.headers = {{"Content-Type", "application/json"}, {"X-Key", "abc"}};
    call.body = kAsk;
    return call;
  }

  std::unique_ptr<FakeProvider> provider_ = *FakeProvider::start({});
  std::unique_ptr<HttpClient> client_ = *HttpClient::start({});
};

TEST_F(HttpClientTest, SendsWhatItIsGivenAndHandsOnTheReply) {
  const Sent sent = send(*client_, call());
  EXPECT_EQ(sent.outcome.reached, Reached::kEnd);
  EXPECT_FALSE(sent.outcome.error.has_value());
  EXPECT_EQ(sent.outcome.head.status, 200);
  EXPECT_EQ(sent.outcome.head.headers.at("content-type"), "text/event-stream");
  EXPECT_THAT(sent.body, HasSubstr("w7 "));
  EXPECT_TRUE(sent.body.ends_with("data: [DONE]\n\n"));
  const auto attempts = provider_->attempts();
  ASSERT_EQ(attempts.size(), 1U);
  EXPECT_EQ(attempts[0].body, kAsk);
  EXPECT_EQ(attempts[0].headers.at("x-key"), "abc");
  EXPECT_FALSE(attempts[0].headers.contains("expect"));
  EXPECT_FALSE(attempts[0].headers.contains("accept-encoding"));
}

TEST_F(HttpClientTest, HandsOnTheBodyOfARefusalToo) {
  script({.status = 429, .headers = {{"Retry-After", "2"}}});
  const Sent sent = send(*client_, call());
  EXPECT_EQ(sent.outcome.reached, Reached::kEnd);
  EXPECT_EQ(sent.outcome.head.status, 429);
  EXPECT_EQ(sent.outcome.head.headers.at("retry-after"), "2");
  EXPECT_THAT(sent.body, HasSubstr("the fake provider says 429"));
}

TEST_F(HttpClientTest, ReadsTheSameFromSplitWrites) {
  const std::string whole = send(*client_, call()).body;
  script({.split_at = 3});
  EXPECT_EQ(send(*client_, call()).body, whole);
}

TEST_F(HttpClientTest, ForwardsAPieceWithinMilliseconds) {
  constexpr int kPieces = 40;
  const SystemClock clock;
  const FakeServer server([&](const FakeSocket& socket, const std::stop_token& stop) {
    std::string buffer;
    if (!read_fake_call(socket, buffer, stop)) return;
    socket.write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", 0);
    for (int i = 0; i < kPieces; ++i) {
      clock.wait(milliseconds(2), stop);
      const std::string now = fmt::format("{}\n", clock.steady().time_since_epoch().count());
      socket.write(fmt::format("{:x}\r\n{}\r\n", now.size(), now), 0);
    }
    socket.write("0\r\n\r\n", 0);
  });
  HttpCall asked = call();
  asked.url = server.url();
  std::vector<double> delays;
  client_->send(
      asked, [](const HttpHead&) { return true; },
      [&](std::string_view piece) {
        const auto written = std::strtoll(std::string(piece).c_str(), nullptr, 10);
        const auto now = clock.steady().time_since_epoch().count();
        delays.push_back(static_cast<double>(now - written) / 1e6);
        return true;
      });
  ASSERT_GT(delays.size(), kPieces / 2U);
  std::ranges::sort(delays);
  fmt::print("a piece is forwarded within {:.3f} ms (median), {:.3f} ms (most)\n",
             delays[delays.size() / 2], delays.back());
  EXPECT_LT(delays[delays.size() / 2], 5.0);
}

TEST_F(HttpClientTest, NothingIsReachedWhereNobodyListens) {
  unsigned short port = 0;
  { const FakeSocket closed = *FakeSocket::listen(port); }
  HttpCall asked = call();
  asked.url = fmt::format("http://127.0.0.1:{}/", port);
  const Sent sent = send(*client_, asked);
  EXPECT_EQ(sent.outcome.reached, Reached::kNothing);
  EXPECT_EQ(kind_of(sent.outcome), ErrorKind::kUnavailable);
}

TEST_F(HttpClientTest, NothingIsReachedWhenTlsFails) {
  start({.connect_timeout = kShort});  // a handshake with a server that speaks no TLS
  HttpCall asked = call();
  asked.url = fmt::format("https://127.0.0.1:{}/", provider_->port());
  EXPECT_EQ(send(*client_, asked).outcome.reached, Reached::kNothing);
}

TEST_F(HttpClientTest, OtherProtocolsAndBrokenHeadersAreRefused) {
  HttpCall asked = call();
  asked.url = "file:///etc/hostname";
  Sent sent = send(*client_, asked);
  EXPECT_EQ(sent.outcome.reached, Reached::kNothing);
  EXPECT_EQ(kind_of(sent.outcome), ErrorKind::kInvalidInput);
  EXPECT_EQ(sent.body, "");
  asked = call();
  asked.headers.emplace_back("X-Key", "a\r\nX-Other: b");
  sent = send(*client_, asked);
  EXPECT_EQ(kind_of(sent.outcome), ErrorKind::kInvalidInput);
  EXPECT_TRUE(provider_->attempts().empty());
}

TEST_F(HttpClientTest, TellsHowFarACallCame) {
  struct Case {
    Fault fault;
    Reached reached;
  };
  for (const Case& each :
       {Case{Fault::kResetBeforeHead, Reached::kRequest}, Case{Fault::kGarbage, Reached::kRequest},
        Case{Fault::kCutStream, Reached::kHead}, Case{Fault::kResetStream, Reached::kHead}}) {
    script({.fault = each.fault, .at_piece = 3});
    const Sent sent = send(*client_, call());
    EXPECT_EQ(sent.outcome.reached, each.reached) << static_cast<int>(each.fault);
    EXPECT_EQ(kind_of(sent.outcome), ErrorKind::kUnavailable);
  }
  EXPECT_EQ(provider_->attempts().size(), 4U);
}

TEST_F(HttpClientTest, SendsNothingASecondTimeOnAKeptConnectionThatDies) {
  std::atomic<int> requests = 0;
  const FakeServer server([&](const FakeSocket& socket, const std::stop_token& stop) {
    std::string buffer;
    if (!read_fake_call(socket, buffer, stop)) return;
    ++requests;
    socket.write("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", 0);
    if (read_fake_call(socket, buffer, stop)) ++requests;  // and closes without a word
  });
  HttpCall asked = call();
  asked.url = server.url();
  EXPECT_EQ(send(*client_, asked).outcome.reached, Reached::kEnd);
  const Sent sent = send(*client_, asked);
  EXPECT_EQ(sent.outcome.reached, Reached::kRequest);
  EXPECT_EQ(kind_of(sent.outcome), ErrorKind::kUnavailable);
  EXPECT_EQ(requests, 2);
}

TEST_F(HttpClientTest, EachPhaseHasItsOwnTimeout) {
  script({.fault = Fault::kHang});
  HttpCall asked = call();
  asked.first_byte_timeout = kShort;
  Sent sent = send(*client_, asked);
  EXPECT_EQ(sent.outcome.reached, Reached::kRequest);
  EXPECT_EQ(kind_of(sent.outcome), ErrorKind::kDeadlineExceeded);
  EXPECT_THAT(message_of(sent.outcome), HasSubstr("first byte"));
  EXPECT_LT(sent.took, kSoon);

  script({.fault = Fault::kStall, .at_piece = 3});
  asked = call();
  asked.idle_timeout = kShort;
  sent = send(*client_, asked);
  EXPECT_EQ(sent.outcome.reached, Reached::kHead);
  EXPECT_EQ(kind_of(sent.outcome), ErrorKind::kDeadlineExceeded);
  EXPECT_THAT(message_of(sent.outcome), HasSubstr("next piece"));
  EXPECT_LT(sent.took, kSoon);

  script({.piece_delay = milliseconds(20), .words = 2'000});
  asked = call();
  asked.total_timeout = kShort;
  sent = send(*client_, asked);
  EXPECT_EQ(kind_of(sent.outcome), ErrorKind::kDeadlineExceeded);
  EXPECT_THAT(message_of(sent.outcome), HasSubstr("the end of the reply"));
  EXPECT_LT(sent.took, kSoon);
}

TEST_F(HttpClientTest, ALongStreamIsNotLate) {
  script({.piece_delay = milliseconds(20), .words = 20});
  HttpCall asked = call();
  asked.first_byte_timeout = milliseconds(300);
  asked.idle_timeout = milliseconds(300);
  EXPECT_EQ(send(*client_, asked).outcome.reached, Reached::kEnd);
}

TEST_F(HttpClientTest, AStopClosesTheConnection) {
  script({.fault = Fault::kHang});
  std::stop_source source;
  const Worker stopper("stopper", [&](const std::stop_token&) {
    provider_->await_arrivals(1);
    source.request_stop();
  });
  const Sent sent = send(*client_, call(), source.get_token());
  EXPECT_EQ(kind_of(sent.outcome), ErrorKind::kCancelled);
  EXPECT_EQ(sent.outcome.reached, Reached::kRequest);
  provider_->await_attempts(1);
  EXPECT_TRUE(provider_->attempts().at(0).hung_up);
  EXPECT_EQ(send(*client_, call(), source.get_token()).outcome.reached, Reached::kNothing);
  EXPECT_EQ(provider_->attempts().size(), 1U);
}

TEST_F(HttpClientTest, ACallbackCanEndTheCall) {
  script({.fault = Fault::kStall, .at_piece = 5});
  int pieces = 0;
  HttpOutcome outcome = client_->send(
      call(), [](const HttpHead&) { return true; }, [&](std::string_view) { return ++pieces < 2; });
  EXPECT_EQ(kind_of(outcome), ErrorKind::kCancelled);
  EXPECT_EQ(outcome.reached, Reached::kHead);
  EXPECT_EQ(pieces, 2);
  outcome = client_->send(
      call(), [](const HttpHead&) { return false; },
      [&](std::string_view) {
        ADD_FAILURE() << "the head ended the call";
        return true;
      });
  EXPECT_EQ(kind_of(outcome), ErrorKind::kCancelled);
  provider_->await_attempts(2);
  EXPECT_TRUE(provider_->attempts().at(0).hung_up);
}

TEST_F(HttpClientTest, FollowsNoRedirect) {
  const auto other = *FakeProvider::start({});
  script({.fault = Fault::kRedirect, .location = other->url() + "/v1/chat/completions"});
  const Sent sent = send(*client_, call());
  EXPECT_EQ(sent.outcome.reached, Reached::kEnd);
  EXPECT_EQ(sent.outcome.head.status, 307);
  EXPECT_TRUE(other->attempts().empty());
}

TEST_F(HttpClientTest, AReplyAboveItsLimitEnds) {
  script({.words = 2'000});
  HttpCall asked = call();
  asked.most_reply_bytes = 10'000;
  const Sent sent = send(*client_, asked);
  EXPECT_EQ(sent.outcome.reached, Reached::kHead);
  EXPECT_EQ(kind_of(sent.outcome), ErrorKind::kUnavailable);
  EXPECT_LE(sent.body.size(), 10'000U);
}

TEST_F(HttpClientTest, AHeadWithoutEndEnds) {
  const FakeServer server([&](const FakeSocket& socket, const std::stop_token& stop) {
    std::string buffer;
    if (!read_fake_call(socket, buffer, stop)) return;
    socket.write("HTTP/1.1 200 OK\r\n", 0);
    while (socket.write("x-more: " + std::string(1'000, 'x') + "\r\n", 0)) {
    }
  });
  HttpCall asked = call();
  asked.url = server.url();
  const Sent sent = send(*client_, asked);
  EXPECT_EQ(sent.outcome.reached, Reached::kRequest);
  EXPECT_EQ(kind_of(sent.outcome), ErrorKind::kUnavailable);
}

TEST_F(HttpClientTest, KeepsItsConnections) {
  for (int i = 0; i < 20; ++i) EXPECT_EQ(send(*client_, call()).outcome.reached, Reached::kEnd);
  EXPECT_EQ(client_->statistics().calls, 20U);
  EXPECT_EQ(client_->statistics().connections_opened, 1U);
  EXPECT_EQ(client_->statistics().running, 0U);
}

TEST_F(HttpClientTest, ManyThreadsGetTheirOwnReplies) {
  WorkerPool pool(16);
  std::atomic<int> wrong = 0;
  pool.parallel_for(200, [&](std::size_t i, std::size_t) {
    HttpCall asked = call();
    asked.body = fmt::format(R"({{"model": "m{}", "stream": true}})", i);
    const Sent sent = send(*client_, asked);
    if (sent.outcome.reached != Reached::kEnd ||
        sent.body.find(fmt::format("\"m{}\"", i)) == std::string::npos)
      ++wrong;
  });
  EXPECT_EQ(wrong, 0);
  EXPECT_LE(client_->statistics().connections_opened, 2 * pool.size());
}

TEST_F(HttpClientTest, ACallThatGetsNoConnectionEndsWithoutARequest) {
  start({.most_connections = 2, .acquire_timeout = kShort});
  script({.fault = Fault::kHang});
  std::stop_source source;
  std::vector<std::unique_ptr<Worker>> hanging;
  for (int i = 0; i < 2; ++i)
    hanging.push_back(std::make_unique<Worker>(
        "hanging", [&](const std::stop_token&) { send(*client_, call(), source.get_token()); }));
  provider_->await_arrivals(2);
  const Sent sent = send(*client_, call());
  EXPECT_EQ(sent.outcome.reached, Reached::kNothing);
  EXPECT_EQ(kind_of(sent.outcome), ErrorKind::kDeadlineExceeded);
  EXPECT_THAT(message_of(sent.outcome), HasSubstr("a connection"));
  source.request_stop();
  hanging.clear();
  EXPECT_EQ(provider_->attempts().size(), 2U);
}

TEST_F(HttpClientTest, AHangingCallHoldsUpNoOther) {
  provider_->set_script({{.to_call = 1, .fault = Fault::kHang}});
  std::stop_source source;
  const Worker hanging("hanging",
                       [&](const std::stop_token&) { send(*client_, call(), source.get_token()); });
  provider_->await_arrivals(1);
  const Sent sent = send(*client_, call());
  source.request_stop();
  EXPECT_EQ(sent.outcome.reached, Reached::kEnd);
  EXPECT_LT(sent.took, kSoon);
}

// Sets a proxy in the environment as long as it lives.
class ProxyInTheEnvironment {
 public:
  explicit ProxyInTheEnvironment(const std::string& url) {
    for (const char* const name : kNames) ::setenv(name, url.c_str(), 1);
  }
  ~ProxyInTheEnvironment() {
    for (const char* const name : kNames) ::unsetenv(name);
  }
  ProxyInTheEnvironment(const ProxyInTheEnvironment&) = delete;
  ProxyInTheEnvironment& operator=(const ProxyInTheEnvironment&) = delete;

 private:
  static constexpr std::array kNames{"http_proxy", "https_proxy", "all_proxy", "ALL_PROXY"};
};

TEST_F(HttpClientTest, ALocalCallGoesThroughNoProxyAndARemoteOneDoes) {
  const auto proxy = *FakeProvider::start({});
  const ProxyInTheEnvironment environment(proxy->url());
  HttpCall asked = call();
  asked.stays_local = true;
  EXPECT_EQ(send(*client_, asked).outcome.reached, Reached::kEnd);
  EXPECT_TRUE(proxy->attempts().empty());
  asked.stays_local = false;
  asked.url = "http://models.example/v1/chat/completions";
  EXPECT_EQ(send(*client_, asked).outcome.reached, Reached::kEnd);
  ASSERT_EQ(proxy->attempts().size(), 1U);
  EXPECT_EQ(proxy->attempts()[0].path, asked.url);
}

TEST_F(HttpClientTest, ALocalCallNeverGoesToAnAddressElsewhere) {
  HttpCall asked = call();
  asked.stays_local = true;
  asked.url = "http://192.0.2.1:8080/api/chat";  // an address for documents, nobody's
  const Sent sent = send(*client_, asked);
  EXPECT_EQ(sent.outcome.reached, Reached::kNothing);
  EXPECT_EQ(kind_of(sent.outcome), ErrorKind::kForbidden);
  EXPECT_LT(sent.took, milliseconds(2'000)) << "no connection was tried";
  for (const std::string host : {"localhost", "127.0.0.1"}) {
    asked.url = fmt::format("http://{}:{}/api/chat", host, provider_->port());
    EXPECT_EQ(send(*client_, asked).outcome.reached, Reached::kEnd) << host;
  }
}

TEST_F(HttpClientTest, WhatAProxySaysIsNotTheReply) {
  const FakeServer proxy([](const FakeSocket& socket, const std::stop_token& stop) {
    std::string buffer;
    if (read_fake_call(socket, buffer, stop))
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n", 0);
  });
  const ProxyInTheEnvironment environment(proxy.url());
  HttpCall asked = call();
  asked.url = "https://models.example/v1/messages";
  const Sent sent = send(*client_, asked);
  EXPECT_EQ(sent.outcome.reached, Reached::kNothing);
  EXPECT_EQ(sent.outcome.head.status, 0);
  EXPECT_EQ(proxy.connections(), 1);
}

}  // namespace
}  // namespace tacit::net
