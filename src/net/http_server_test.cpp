#include "net/http_server.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <latch>

#include "base/worker.h"

namespace tacit::net {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::chrono::seconds kPatience{30};

// A socket that says exactly what it is told.
class Raw {
 public:
  explicit Raw(unsigned short port) : descriptor_(::socket(AF_INET, SOCK_STREAM, 0)) {
    const timeval limit{kPatience.count(), 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    is_connected_ =
        ::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  ~Raw() { ::close(descriptor_); }
  Raw(const Raw&) = delete;
  Raw& operator=(const Raw&) = delete;

  bool is_connected() const { return is_connected_; }
  int descriptor() const { return descriptor_; }
  void say(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t sent = ::send(descriptor_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;  // the server has closed: what it answered is still to be read
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  // Reads until `needle` was seen, or to the end.
  std::string hear(std::string_view needle = {}) const {
    std::string text;
    char byte = 0;
    while (needle.empty() || text.find(needle) == std::string::npos) {
      if (::recv(descriptor_, &byte, 1, 0) != 1) break;
      text += byte;
    }
    return text;
  }

 private:
  int descriptor_;
  bool is_connected_ = false;
};

class HttpServerTest : public ::testing::Test {
 protected:
  void start(Handler handler) {
    options_.port = 0;
    auto started = HttpServer::start(options_, std::move(handler));
    ASSERT_TRUE(started.has_value()) << started.error().message();
    server_ = std::move(*started);
  }
  void start_counting() {
    start([this](const Request& request) {
      ++handled_;
      Response response;
      response.body = request.method + " " + request.path + " " + request.body;
      return response;
    });
  }
  std::string request(const std::string& rest, const std::string& line = "GET / HTTP/1.1") const {
    return line + "\r\nHost: 127.0.0.1:" + std::to_string(server_->port()) + "\r\n" + rest + "\r\n";
  }
  // One connection: says `text`, hears all until the server closes.
  std::string ask(const std::string& text) const {
    const Raw raw(server_->port());
    raw.say(text);
    return raw.hear();
  }
  Result<ClientResponse> get(const std::string& target) const {
    return send_local("127.0.0.1", server_->port(), "GET", target, "", kPatience);
  }

  ServerOptions options_;
  std::unique_ptr<HttpServer> server_;
  std::atomic<int> handled_{0};
};

TEST_F(HttpServerTest, HandsOverADecodedRequestAndSendsTheResponse) {
  Request seen;
  start([&seen](const Request& request) {
    seen = request;
    Response response;
    response.status = 201;
    response.content_type = "text/plain";
    response.body = "made";
    response.headers.emplace_back("X-Thing", "yes");
    return response;
  });
  const auto response = send_local("127.0.0.1", server_->port(), "POST", "/v1/a%20b?q=x%26y+z",
                                   "body", kPatience, {{"Content-Type", "application/json"}});
  ASSERT_TRUE(response.has_value()) << response.error().message();
  EXPECT_EQ(response->status, 201);
  EXPECT_EQ(response->body, "made");
  EXPECT_EQ(response->headers.at("content-type"), "text/plain");
  EXPECT_EQ(response->headers.at("x-thing"), "yes");
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.path, "/v1/a b");
  EXPECT_EQ(seen.query.at("q"), "x&y z");
  EXPECT_EQ(seen.headers.at("content-type"), "application/json");
  EXPECT_EQ(seen.body, "body");
}

TEST_F(HttpServerTest, EveryAnswerCarriesTheSecurityHeaders) {
  start_counting();
  for (const std::string& answer :
       {ask(request("Connection: close\r\n")), ask(request("Origin: https://evil.example\r\n")),
        ask("nonsense\r\n\r\n")}) {
    EXPECT_THAT(answer, HasSubstr("Content-Security-Policy: default-src 'self'"));
    EXPECT_THAT(answer, HasSubstr("frame-ancestors 'none'"));
    EXPECT_THAT(answer, HasSubstr("X-Content-Type-Options: nosniff"));
    EXPECT_THAT(answer, HasSubstr("Cache-Control: no-store"));
    EXPECT_THAT(answer, Not(HasSubstr("Access-Control")));
  }
}

TEST_F(HttpServerTest, OneConnectionCarriesManyRequestsAlsoPipelined) {
  start_counting();
  const std::string answers =
      ask(request("", "GET /one HTTP/1.1") + request("", "GET /two HTTP/1.1") +
          request("Connection: close\r\n", "GET /three HTTP/1.1"));
  const auto one = answers.find("GET /one");
  const auto two = answers.find("GET /two");
  const auto three = answers.find("GET /three");
  EXPECT_TRUE(one < two && two < three && three != std::string::npos) << answers;
}

TEST_F(HttpServerTest, StrangeHostsAndOriginsNeverReachTheHandler) {
  start_counting();
  const std::string port = std::to_string(server_->port());
  EXPECT_THAT(ask("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n"), StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(ask("GET / HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n"), StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(ask(request("Origin: null\r\n")), StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(ask(request("Origin: http://127.0.0.1:1\r\n")), StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(
      ask(request("Origin: http://127.0.0.1:" + port + "\r\nOrigin: http://evil.example\r\n")),
      StartsWith("HTTP/1.1 403"));
  EXPECT_THAT(ask("GET / HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(ask("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\n\r\n"),
              StartsWith("HTTP/1.1 400"));
  EXPECT_EQ(handled_.load(), 0);
  EXPECT_THAT(ask(request("Origin: http://localhost:" + port + "\r\nConnection: close\r\n")),
              StartsWith("HTTP/1.1 200"));
  EXPECT_EQ(handled_.load(), 1);
}

TEST_F(HttpServerTest, AStrangeOriginIsRefusedBeforeItsBodyIsRead) {
  start_counting();
  const Raw raw(server_->port());
  raw.say(
      request("Origin: https://evil.example\r\nContent-Length: 1000000\r\n", "POST / HTTP/1.1"));
  EXPECT_THAT(raw.hear("\r\n"), StartsWith("HTTP/1.1 403")) << "not a byte of the body was sent";
}

TEST_F(HttpServerTest, HeadersOverTheLimitAreRefusedWhileReading) {
  start_counting();
  EXPECT_THAT(ask(request("X-Big: " + std::string(kMaxHeaderBytes, 'a') + "\r\n")),
              StartsWith("HTTP/1.1 431"));
  // No end of the header is ever sent.
  EXPECT_THAT(ask("GET / HTTP/1.1\r\nX: " + std::string(10 * kMaxHeaderBytes, 'a')),
              StartsWith("HTTP/1.1 431"));
  EXPECT_EQ(handled_.load(), 0);
}

TEST_F(HttpServerTest, BodiesOverTheLimitAreRefusedWhileReading) {
  options_.limits.body_bytes = 1000;
  start_counting();
  const std::string declared =
      ask(request("Content-Length: 1001\r\n", "POST / HTTP/1.1"));  // no byte of it follows
  EXPECT_THAT(declared, StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(declared, HasSubstr("the body is over 1000 bytes"));
  std::string chunked = request("Transfer-Encoding: chunked\r\n", "POST / HTTP/1.1");
  for (int i = 0; i < 11; ++i) chunked += "64\r\n" + std::string(100, 'a') + "\r\n";
  EXPECT_THAT(ask(chunked), StartsWith("HTTP/1.1 413")) << "no last chunk is ever sent";
  EXPECT_EQ(handled_.load(), 0);
  const std::string fits =
      request("Connection: close\r\nContent-Length: 1000\r\n", "POST / HTTP/1.1");
  EXPECT_THAT(ask(fits + std::string(1000, 'b')), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, MalformedAndAmbiguousRequestsAreRefused) {
  start_counting();
  for (const std::string& text :
       {std::string("\x16\x03\x01 hello\r\n\r\n"), std::string("GET\r\n\r\n"),
        request("", "GET http://evil.example/ HTTP/1.1"), request("", "GET /%00 HTTP/1.1"),
        request("", "GET / HTTP/9.9"), request("Bad Name: x\r\n"),
        request("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "POST / HTTP/1.1") +
            "0\r\n\r\n",
        request("Content-Length: 5\r\nContent-Length: 6\r\n", "POST / HTTP/1.1") + "123456",
        request("Content-Length: -1\r\n", "POST / HTTP/1.1"),
        request("Transfer-Encoding: chunked\r\n", "POST / HTTP/1.1") + "zz\r\n"}) {
    EXPECT_THAT(ask(text), StartsWith("HTTP/1.1 400")) << text;
  }
  EXPECT_EQ(handled_.load(), 0);
}

TEST_F(HttpServerTest, SlowRequestsAndIdleConnectionsAreClosed) {
  options_.limits.read_timeout = std::chrono::milliseconds(50);
  options_.limits.idle_timeout = std::chrono::milliseconds(50);
  start_counting();
  EXPECT_EQ(ask("GET / HT"), "") << "a header that never ends";
  EXPECT_EQ(ask(request("Content-Length: 10\r\n", "POST / HTTP/1.1") + "12345"), "");
  EXPECT_EQ(ask(""), "") << "a connection that says nothing";
  EXPECT_EQ(handled_.load(), 0);
}

TEST_F(HttpServerTest, ABodyCutShortNeverReachesTheHandler) {
  start_counting();
  const Raw raw(server_->port());
  raw.say(request("Content-Length: 10\r\n", "POST / HTTP/1.1") + "12345");
  ::shutdown(raw.descriptor(), SHUT_WR);
  EXPECT_EQ(raw.hear(), "");
  EXPECT_EQ(handled_.load(), 0);
}

TEST_F(HttpServerTest, ConnectionsOverTheLimitAreTurnedAway) {
  options_.limits.connections = 1;
  start_counting();
  const Raw first(server_->port());
  first.say(request(""));
  EXPECT_THAT(first.hear("GET / "), StartsWith("HTTP/1.1 200"));
  const std::string turned_away = Raw(server_->port()).hear();
  EXPECT_THAT(turned_away, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(turned_away, HasSubstr("Retry-After: 1"));
  first.say(request("Connection: close\r\n"));
  EXPECT_THAT(first.hear(), HasSubstr("HTTP/1.1 200")) << "the first is not disturbed";
}

TEST_F(HttpServerTest, AFullQueueAnswersTryLater) {
  // Goal: with one worker busy and one place in the queue, of two more requests exactly one is
  // refused.
  options_.workers = 1;
  options_.limits.queued_requests = 1;
  std::latch entered(1);
  std::latch leave(1);
  std::atomic<bool> is_first{true};
  start([&](const Request&) {
    if (is_first.exchange(false)) {
      entered.count_down();
      leave.wait();
    }
    return Response();
  });
  const Raw busy(server_->port());
  busy.say(request("Connection: close\r\n"));
  entered.wait();
  const Raw one(server_->port());
  const Raw two(server_->port());
  one.say(request("Connection: close\r\n"));
  two.say(request("Connection: close\r\n"));
  pollfd ready[2] = {{one.descriptor(), POLLIN, 0}, {two.descriptor(), POLLIN, 0}};
  ASSERT_GT(::poll(ready, 2, static_cast<int>(kPatience.count()) * 1000), 0);
  const bool is_one = ready[0].revents != 0;
  const std::string refused = (is_one ? one : two).hear();
  EXPECT_THAT(refused, StartsWith("HTTP/1.1 503"));
  EXPECT_THAT(refused, HasSubstr("Retry-After: 1"));
  leave.count_down();
  EXPECT_THAT(busy.hear(), StartsWith("HTTP/1.1 200"));
  EXPECT_THAT((is_one ? two : one).hear(), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, HeadSaysTheLengthAndSendsNoBody) {
  start_counting();
  const std::string answer = ask(request("Connection: close\r\n", "HEAD /x HTTP/1.1"));
  EXPECT_THAT(answer, HasSubstr("Content-Length: 7"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n")) << answer;
  EXPECT_EQ(handled_.load(), 1);
}

TEST_F(HttpServerTest, SaysContinueToAClientThatWaitsForIt) {
  start_counting();
  const Raw raw(server_->port());
  raw.say(request("Expect: 100-continue\r\nContent-Length: 4\r\nConnection: close\r\n",
                  "POST / HTTP/1.1"));
  EXPECT_THAT(raw.hear("\r\n\r\n"), StartsWith("HTTP/1.1 100"));
  raw.say("data");
  EXPECT_THAT(raw.hear(), HasSubstr("POST / data"));
}

TEST_F(HttpServerTest, AFailingHandlerIsAnInternalErrorAndNotTheEnd) {
  start([](const Request& request) {
    Response response;
    response.status = std::vector<int>{200}.at(request.path == "/bad" ? 1 : 0);
    return response;
  });
  EXPECT_EQ(get("/bad")->status, 500);
  EXPECT_EQ(get("/good")->status, 200);
}

Response stream_of(std::function<std::optional<std::string>()> next) {
  Response response;
  response.content_type = "text/event-stream";
  response.stream = std::make_shared<Stream>();
  response.stream->period = std::chrono::milliseconds(1);
  response.stream->next = std::move(next);
  response.stream->last_words = "event: shutdown\n\n";
  return response;
}

TEST_F(HttpServerTest, AStreamEndsWithItsLastWordsWhenTheServerStops) {
  start([](const Request&) { return stream_of([] { return "data: tick\n\n"; }); });
  const Raw raw(server_->port());
  raw.say(request(""));
  EXPECT_THAT(raw.hear("tick"), HasSubstr("Transfer-Encoding: chunked"));
  server_->stop();
  const std::string rest = raw.hear();
  EXPECT_THAT(rest, HasSubstr("event: shutdown"));
  EXPECT_TRUE(rest.ends_with("0\r\n\r\n")) << rest;
}

TEST_F(HttpServerTest, AStreamEndsWhenItsSourceDoes) {
  auto left = std::make_shared<std::atomic<int>>(3);
  start([left](const Request&) {
    return stream_of([left]() -> std::optional<std::string> {
      if (left->fetch_sub(1) == 0) return std::nullopt;
      return "piece";
    });
  });
  const auto response = get("/");
  ASSERT_TRUE(response.has_value()) << response.error().message();
  EXPECT_EQ(response->body, "piecepiecepiece");
}

TEST_F(HttpServerTest, AStreamWhoseClientLeavesIsEnded) {
  options_.limits.streams = 1;
  std::atomic<int> pieces{0};
  start([&pieces](const Request&) {
    return stream_of([&pieces] {
      ++pieces;
      return "piece";
    });
  });
  {
    const Raw raw(server_->port());
    raw.say(request(""));
    raw.hear("piece");
  }
  // The one place is free again as soon as a write has failed.
  std::string answer;
  for (int i = 0; i < 10'000 && !answer.starts_with("HTTP/1.1 200"); ++i) {
    const Raw raw(server_->port());
    raw.say(request(""));
    answer = raw.hear("\r\n");
  }
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
}

Response push_of(decltype(Response::push) push) {
  Response response;
  response.content_type = "text/event-stream";
  response.push = std::move(push);
  return response;
}

TEST_F(HttpServerTest, APushedPieceLeavesBeforeTheNextIsWritten) {
  std::latch heard(1);
  start([&heard](const Request&) {
    return push_of([&heard](const PieceWriter& write, std::stop_token) {
      EXPECT_TRUE(write("first"));
      heard.wait();
      EXPECT_TRUE(write("second"));
    });
  });
  const Raw raw(server_->port());
  raw.say(request(""));
  EXPECT_THAT(raw.hear("first"), HasSubstr("Transfer-Encoding: chunked"));
  heard.count_down();
  const std::string rest = raw.hear();
  EXPECT_THAT(rest, HasSubstr("second"));
  EXPECT_TRUE(rest.ends_with("0\r\n\r\n")) << rest;
}

TEST_F(HttpServerTest, AWorkerThatPushesHearsThatItsClientHasLeft) {
  std::latch told(1);
  start([&told](const Request&) {
    return push_of([&told](const PieceWriter& write, std::stop_token stop) {
      write("first");
      std::latch gone(1);
      const std::stop_callback wait(stop, [&gone] { gone.count_down(); });
      gone.wait();
      EXPECT_FALSE(write("for nobody"));
      told.count_down();
    });
  });
  {
    const Raw raw(server_->port());
    raw.say(request(""));
    raw.hear("first");
  }
  told.wait();
}

TEST_F(HttpServerTest, AWorkerThatPushesOnIsToldWhenTheDrainTimeIsOver) {
  options_.limits.drain_time = std::chrono::milliseconds(1);
  start([](const Request&) {
    return push_of([](const PieceWriter& write, std::stop_token stop) {
      write("first");
      std::latch gone(1);
      const std::stop_callback wait(stop, [&gone] { gone.count_down(); });
      gone.wait();
    });
  });
  const Raw raw(server_->port());
  raw.say(request(""));
  raw.hear("first");
  server_->stop();
  EXPECT_FALSE(raw.hear().ends_with("0\r\n\r\n")) << "half an answer looks like a whole one";
}

TEST_F(HttpServerTest, AFailingPushEndsItsResponseAlone) {
  start([](const Request& request) {
    return push_of([bad = request.path == "/bad"](const PieceWriter& write, std::stop_token) {
      write("first");
      write(std::vector<std::string>{"second"}.at(bad ? 1 : 0));
    });
  });
  EXPECT_FALSE(get("/bad").has_value()) << "half an answer looks like a whole one";
  EXPECT_EQ(get("/good")->body, "firstsecond");
}

TEST_F(HttpServerTest, APushIsRefusedToWhoCannotReadPieces) {
  start([](const Request&) {
    return push_of([](const PieceWriter& write, std::stop_token) { write("first"); });
  });
  const Raw raw(server_->port());
  raw.say("GET / HTTP/1.0\r\nHost: 127.0.0.1:" + std::to_string(server_->port()) + "\r\n\r\n");
  const std::string answer = raw.hear();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(answer, HasSubstr("needs HTTP/1.1"));
}

TEST_F(HttpServerTest, StreamsOverTheLimitAreRefused) {
  options_.limits.streams = 1;
  start([](const Request&) { return stream_of([] { return "piece"; }); });
  const Raw raw(server_->port());
  raw.say(request(""));
  raw.hear("piece");
  EXPECT_THAT(ask(request("Connection: close\r\n")), StartsWith("HTTP/1.1 503"));
}

TEST_F(HttpServerTest, StoppingLetsARunningRequestFinishAndClosesIdleConnections) {
  std::latch entered(1);
  std::latch leave(1);
  start([&](const Request& request) {
    if (request.path == "/slow") {
      entered.count_down();
      leave.wait();
    }
    Response response;
    response.body = "finished";
    return response;
  });
  const Raw idle(server_->port());
  idle.say(request(""));
  idle.hear("finished");
  const Raw slow(server_->port());
  slow.say(request("", "GET /slow HTTP/1.1"));
  entered.wait();
  {
    Worker stopper("stopper", [this](std::stop_token) { server_->stop(); });
    EXPECT_EQ(idle.hear(), "") << "closed at once, while the other still runs";
    leave.count_down();
  }
  const std::string answer = slow.hear();
  EXPECT_THAT(answer, HasSubstr("finished"));
  EXPECT_THAT(answer, HasSubstr("Connection: close"));
  EXPECT_FALSE(Raw(server_->port()).is_connected());
}

TEST_F(HttpServerTest, StoppingDropsARequestThatDoesNotComeToItsEnd) {
  options_.limits.drain_time = std::chrono::milliseconds(20);
  start_counting();
  const Raw raw(server_->port());
  raw.say(request("Content-Length: 10\r\n", "POST / HTTP/1.1") + "12");
  // Its header was read when a later connection was answered on the same thread.
  ASSERT_EQ(get("/")->status, 200);
  server_->stop();
  EXPECT_EQ(raw.hear(), "");
}

TEST_F(HttpServerTest, StopsAtAnyMomentOfALoad) {
  for (int round = 0; round < 20; ++round) {
    start_counting();
    const unsigned short port = server_->port();
    std::atomic<int> answered{0};
    std::atomic<bool> is_over{false};
    {
      std::vector<std::unique_ptr<Worker>> clients;
      for (int i = 0; i < 3; ++i) {
        clients.push_back(std::make_unique<Worker>("client", [&](std::stop_token) {
          while (!is_over) {
            const auto response = send_local("127.0.0.1", port, "GET", "/", "", kPatience);
            if (!response) return;
            EXPECT_EQ(response->status, 200);
            ++answered;
          }
        }));
      }
      while (answered.load() < round) {
      }
      server_->stop();
      is_over = true;
    }
    EXPECT_GE(handled_.load(), answered.load());
    handled_ = 0;
  }
}

TEST_F(HttpServerTest, ABusyPortSaysWhoIsThereAndWhatToDo) {
  start_counting();
  ServerOptions second;
  second.port = server_->port();
  const auto ours = HttpServer::start(second, [](const Request&) { return Response(); });
  ASSERT_FALSE(ours.has_value());
  EXPECT_EQ(ours.error().kind(), ErrorKind::kConflict);
  EXPECT_THAT(ours.error().message(), HasSubstr("127.0.0.1:" + std::to_string(second.port)));
  EXPECT_THAT(ours.error().message(), HasSubstr("another Tacit"));
  EXPECT_THAT(ours.error().message(), HasSubstr("--listen 127.0.0.1:0"));
}

TEST_F(HttpServerTest, ABusyPortOfAStrangerIsCalledThat) {
  const int stranger = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  ASSERT_EQ(::bind(stranger, reinterpret_cast<const sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(stranger, 1), 0);
  ASSERT_EQ(::getsockname(stranger, reinterpret_cast<sockaddr*>(&address), &size), 0);
  options_.port = ntohs(address.sin_port);
  const auto started = HttpServer::start(options_, [](const Request&) { return Response(); });
  ASSERT_FALSE(started.has_value());
  EXPECT_THAT(started.error().message(), HasSubstr("another program"));
  ::close(stranger);
}

TEST_F(HttpServerTest, OnlyLoopbackAddressesAreServed) {
  for (const char* address : {"0.0.0.0", "192.168.1.1", "::", "example.com", ""}) {
    options_.address = address;
    options_.port = 0;
    const auto started = HttpServer::start(options_, [](const Request&) { return Response(); });
    ASSERT_FALSE(started.has_value()) << address;
    EXPECT_EQ(started.error().kind(), ErrorKind::kInvalidInput);
  }
}

TEST_F(HttpServerTest, TheClientSaysWhenNobodyAnswersOrTooLate) {
  start([](const Request&) { return stream_of([] { return ""; }); });
  const auto late =
      send_local("localhost", server_->port(), "GET", "/", "", std::chrono::milliseconds(50));
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().kind(), ErrorKind::kDeadlineExceeded);
  const unsigned short port = server_->port();
  server_->stop();
  const auto nobody = send_local("[::1]", port, "GET", "/", "", kPatience);
  ASSERT_FALSE(nobody.has_value());
  EXPECT_EQ(nobody.error().kind(), ErrorKind::kUnavailable);
  EXPECT_EQ(send_local("example.com", 80, "GET", "/", "", kPatience).error().kind(),
            ErrorKind::kInvalidInput);
}

}  // namespace
}  // namespace tacit::net
