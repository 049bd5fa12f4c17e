// Threads: everything of Asio lives on the one thread that runs State::io; handlers run on
// State::queue and touch nothing here but the Request they are given. So no state needs a lock. A
// connection is a coroutine; what stop() must know of it stands in Connection::phase.
#include "net/http_server.h"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <set>

#include "base/log.h"
#include "base/text.h"
#include "base/worker.h"
#include "net/push.h"
#include "net/request_rules.h"
#include "net/responses.h"
#include "net/work_queue.h"

namespace tacit::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kBufferBytes = 64U << 10U;  // holds a whole header, and a body in pieces
constexpr std::size_t kFirstReadBytes = 4096;
constexpr std::chrono::seconds kLingerTime{2};
constexpr std::size_t kLingerBytes = 64U << 20U;
constexpr std::chrono::milliseconds kAcceptPause{100};
constexpr std::chrono::milliseconds kProbeTime{500};
constexpr unsigned kHttp11 = 11;
constexpr int kNoContent = 204;

using Parser = http::request_parser<http::string_body>;

enum class Phase { kIdle, kBusy, kStreaming };

struct Connection {
  explicit Connection(tcp::socket socket)
      : stream(std::move(socket)), pause(stream.get_executor()) {}
  beast::tcp_stream stream;
  asio::steady_timer pause;  // between the pieces of a stream
  beast::flat_buffer buffer{kBufferBytes};
  Phase phase = Phase::kIdle;
};

// How the answer to one request goes out.
struct Reply {
  Response response;
  bool is_head = false;
  bool keep_alive = false;
  bool read_all = true;  // false: the rest of the request is still on its way
};

template <class Fields>
void set_headers(const Response& response, Fields& fields) {
  for (const auto& [name, value] : kSecurityHeaders) fields.set(name, value);
  fields.set(http::field::content_type, response.content_type);
  for (const auto& [name, value] : response.headers) fields.set(name, value);
}

Request to_request(Parser::value_type& message, Target target) {
  Request request;
  request.method =
      message.method() == http::verb::head ? "GET" : std::string(message.method_string());
  request.path = std::move(target.path);
  request.query = std::move(target.query);
  for (const auto& field : message) {
    std::string& value = request.headers[lower_ascii(field.name_string())];
    if (!value.empty()) value += ", ";
    value += field.value();
  }
  request.body = std::move(message.body());
  return request;
}

std::string address_text(const ServerOptions& options) {
  const bool is_v6 = options.address.find(':') != std::string::npos;
  return fmt::format("{}:{}", is_v6 ? "[" + options.address + "]" : options.address, options.port);
}

Error bind_error(const ServerOptions& options, const error_code& code) {
  const std::string where = address_text(options);
  if (code == asio::error::address_in_use) {
    const auto answer = send_local(options.address, options.port, "GET", "/health", "", kProbeTime);
    const bool is_ours =
        answer && answer->headers.contains("server") && answer->headers.at("server") == kServerName;
    return {ErrorKind::kConflict,
            fmt::format("cannot listen on {}: {}; choose another port, for example --listen "
                        "127.0.0.1:0 for any free one",
                        where,
                        is_ours ? "another Tacit serves there" : "another program uses that port")};
  }
  if (code == asio::error::access_denied) {
    return {ErrorKind::kForbidden,
            fmt::format("cannot listen on {}: the system does not permit it; ports below 1024 need "
                        "privileges, so choose a higher one",
                        where)};
  }
  return {ErrorKind::kUnavailable, fmt::format("cannot listen on {}: {}", where, code.message())};
}

}  // namespace

struct HttpServer::State {
  State(ServerOptions with, Handler handle)
      : options(std::move(with)),
        handler(std::move(handle)),
        queue(std::max<std::size_t>(options.workers, 1), options.limits.queued_requests) {}

  Result<void> listen();
  void run();
  void start_accepting();
  void begin_stop();
  void drop_all();

  asio::awaitable<void> accept_all();
  asio::awaitable<void> serve(std::shared_ptr<Connection> connection);
  asio::awaitable<bool> wait_for_request(Connection& connection);
  asio::awaitable<bool> serve_one(Connection& connection);
  asio::awaitable<bool> answer(Connection& connection, Parser& parser, Target target);
  asio::awaitable<bool> send(Connection& connection, Reply reply);
  asio::awaitable<bool> write_piece(Connection& connection, const std::string& piece);
  asio::awaitable<bool> write_stream_head(Connection& connection, const Response& response);
  asio::awaitable<void> run_stream(Connection& connection, Response response);
  std::shared_ptr<Push> start_push(std::function<void(const PieceWriter&, std::stop_token)> work);
  asio::awaitable<void> run_push(Connection& connection, Response response,
                                 std::shared_ptr<Push> push);
  void watch(Connection& connection, const std::shared_ptr<Push>& push) const;
  asio::awaitable<void> linger(Connection& connection);
  template <class T>
  asio::awaitable<std::optional<T>> on_worker(std::function<T()> job);

  Response refusal_of(const error_code& code) const;
  std::optional<Response> check(const Parser::value_type& message) const;
  Response call_handler(const Request& request) const;

  const ServerOptions options;
  const Handler handler;
  asio::io_context io{1};
  tcp::acceptor acceptor{io};
  asio::steady_timer drain{io};
  asio::steady_timer accept_pause{io};
  std::set<Connection*> connections;
  std::size_t streams = 0;
  bool stopping = false;
  unsigned short port = 0;
  std::atomic<bool> stopped{false};
  WorkQueue queue;  // after io: its jobs post to io until they are done
  std::unique_ptr<Worker> thread;
};

Result<void> HttpServer::State::listen() {
  error_code code;
  const auto address = asio::ip::make_address(options.address, code);
  if (code || !address.is_loopback()) {
    return fail(
        ErrorKind::kInvalidInput,
        fmt::format("cannot listen on {}: only loopback addresses are served, 127.0.0.1 or ::1",
                    address_text(options)));
  }
  const tcp::endpoint endpoint(address, options.port);
  acceptor.open(endpoint.protocol(), code);
  if (!code) acceptor.set_option(tcp::acceptor::reuse_address(true), code);
  if (!code) acceptor.bind(endpoint, code);
  if (!code) acceptor.listen(asio::socket_base::max_listen_connections, code);
  if (code) return std::unexpected(bind_error(options, code));
  port = acceptor.local_endpoint(code).port();
  return {};
}

// Out of memory ends one connection, never the accepting.
void HttpServer::State::start_accepting() {
  asio::co_spawn(io, accept_all(), [this](std::exception_ptr failure) {
    if (failure && !stopping) start_accepting();
  });
}

void HttpServer::State::run() {
  start_accepting();
  while (true) {
    try {
      io.run();
      return;
    } catch (const std::exception& error) {
      log::error("net", "connection_failed", {{"reason", error.what()}});
    }
  }
}

void HttpServer::State::begin_stop() {
  stopping = true;
  error_code ignored;
  acceptor.close(ignored);
  accept_pause.cancel();
  for (Connection* connection : connections) {
    if (connection->phase == Phase::kIdle) connection->stream.close();
    connection->pause.cancel();
  }
  if (connections.empty()) return;
  drain.expires_after(options.limits.drain_time);
  drain.async_wait([this](const error_code& code) {
    if (!code) drop_all();
  });
}

void HttpServer::State::drop_all() {
  if (!connections.empty()) {
    log::warn("net", "connections_dropped", {{"connections", connections.size()}});
  }
  for (Connection* connection : connections) connection->stream.close();
}

asio::awaitable<void> HttpServer::State::accept_all() {
  while (!stopping) {
    tcp::socket socket(io);
    const auto [code] = co_await acceptor.async_accept(socket, kAwait);
    if (stopping) break;
    if (code) {  // out of descriptors, or the client is gone already
      accept_pause.expires_after(kAcceptPause);
      co_await accept_pause.async_wait(kAwait);
      continue;
    }
    error_code ignored;
    if (connections.size() >= options.limits.connections) {
      constexpr std::string_view kFull =
          "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n"
          "Connection: close\r\n\r\n";
      socket.non_blocking(true, ignored);
      socket.write_some(asio::buffer(kFull), ignored);
      continue;
    }
    socket.set_option(tcp::no_delay(true), ignored);
    auto connection = std::make_shared<Connection>(std::move(socket));
    connections.insert(connection.get());
    asio::co_spawn(io, serve(connection), [this, connection](std::exception_ptr failure) {
      if (failure) log::error("net", "connection_failed");
      connections.erase(connection.get());
      if (stopping && connections.empty()) drain.cancel();
    });
  }
}

asio::awaitable<void> HttpServer::State::serve(std::shared_ptr<Connection> connection) {
  bool goes_on = true;
  while (goes_on) {
    goes_on = co_await wait_for_request(*connection);
    if (goes_on) goes_on = co_await serve_one(*connection);
  }
  error_code ignored;
  connection->stream.socket().shutdown(tcp::socket::shutdown_both, ignored);
  connection->stream.close();
}

// True when bytes of a request are there.
asio::awaitable<bool> HttpServer::State::wait_for_request(Connection& connection) {
  if (connection.buffer.size() > 0) co_return true;
  if (stopping) co_return false;
  connection.phase = Phase::kIdle;
  connection.stream.expires_after(options.limits.idle_timeout);
  const auto space = connection.buffer.prepare(kFirstReadBytes);
  const auto [code, size] = co_await connection.stream.async_read_some(space, kAwait);
  if (code) co_return false;
  connection.buffer.commit(size);
  co_return true;
}

Response HttpServer::State::refusal_of(const error_code& code) const {
  if (code == http::error::header_limit || code == http::error::buffer_overflow) {
    return header_too_large(options.limits.header_bytes);
  }
  if (code == http::error::body_limit) return body_too_large(options.limits.body_bytes);
  return bad_request(fmt::format("this is not HTTP/1.1: {}", code.message()));
}

std::optional<Response> HttpServer::State::check(const Parser::value_type& message) const {
  const auto hosts = message.count(http::field::host);
  if (hosts != 1) return bad_request("a request has exactly one Host header");
  const std::string_view host = message[http::field::host];
  if (!is_allowed_host(host, port)) return strange_host(host);
  for (const auto& field : message) {
    if (field.name() != http::field::origin) continue;
    if (!is_allowed_origin(field.value(), port)) return strange_origin(field.value());
  }
  return std::nullopt;
}

// True when the connection can carry another request. Errors of the parser that are not the
// client's words (it left, it was too slow) end the connection without an answer.
asio::awaitable<bool> HttpServer::State::serve_one(Connection& connection) {
  connection.phase = Phase::kBusy;
  Parser parser;
  parser.header_limit(static_cast<std::uint32_t>(options.limits.header_bytes));
  parser.body_limit(options.limits.body_bytes);
  connection.stream.expires_after(options.limits.read_timeout);
  Reply refused;
  refused.read_all = false;
  auto [code, size] =
      co_await http::async_read_header(connection.stream, connection.buffer, parser, kAwait);
  if (code && code.category() != http::make_error_code(http::error::bad_method).category()) {
    co_return false;
  }
  if (code == http::error::end_of_stream || code == http::error::partial_message) co_return false;
  std::optional<Response> problem;
  if (code)
    problem = refusal_of(code);
  else
    problem = check(parser.get());
  std::optional<Target> target;
  if (!problem) {
    target = decode_target(parser.get().target());
    if (!target) problem = bad_request("the request target is not a path of this server");
  }
  if (problem) {
    refused.response = std::move(*problem);
    co_return co_await send(connection, std::move(refused));
  }
  if (beast::iequals(parser.get()[http::field::expect], "100-continue") && !parser.is_done()) {
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    const auto go_on = asio::buffer(kContinue);
    const auto [failed, sent] = co_await asio::async_write(connection.stream, go_on, kAwait);
    if (failed) co_return false;
  }
  auto [body_code, body_size] =
      co_await http::async_read(connection.stream, connection.buffer, parser, kAwait);
  if (body_code == http::error::partial_message || body_code == http::error::end_of_stream) {
    co_return false;
  }
  if (body_code) {
    if (body_code.category() != http::make_error_code(http::error::bad_method).category()) {
      co_return false;
    }
    refused.response = refusal_of(body_code);
    co_return co_await send(connection, std::move(refused));
  }
  co_return co_await answer(connection, parser, std::move(*target));
}

Response HttpServer::State::call_handler(const Request& request) const {
  try {
    return handler(request);
  } catch (const std::exception& error) {  // of a library, or out of memory
    log::error("net", "handler_failed", {{"reason", error.what()}});
    return handler_failed();
  }
}

asio::awaitable<bool> HttpServer::State::answer(Connection& connection, Parser& parser,
                                                Target target) {
  Reply reply;
  reply.is_head = parser.get().method() == http::verb::head;
  reply.keep_alive = parser.get().keep_alive();
  const bool can_stream = parser.get().version() >= kHttp11 && !reply.is_head;
  auto request = std::make_shared<Request>(to_request(parser.get(), std::move(target)));
  std::function<Response()> job = [this, request] { return call_handler(*request); };
  std::optional<Response> response = co_await on_worker<Response>(std::move(job));
  reply.response = response ? std::move(*response) : too_busy("all workers are busy");
  if (reply.response.stream || reply.response.push) {
    if (streams >= options.limits.streams) {
      reply.response = too_busy("too many streams are open");
    } else if (reply.response.push) {
      if (!can_stream) {
        reply.response = bad_request("an answer in pieces needs HTTP/1.1");
      } else if (auto push = start_push(std::move(reply.response.push))) {
        co_await run_push(connection, std::move(reply.response), std::move(push));
        co_return false;
      } else {
        reply.response = too_busy("all workers are busy");
      }
    } else if (can_stream) {
      co_await run_stream(connection, std::move(reply.response));
      co_return false;
    }
  }
  co_return co_await send(connection, std::move(reply));
}

// Runs `job` on a worker and continues here; nothing when the queue is full.
template <class T>
asio::awaitable<std::optional<T>> HttpServer::State::on_worker(std::function<T()> job) {
  auto initiate = [this, job = std::move(job)](auto handle) mutable {
    auto shared = std::make_shared<decltype(handle)>(std::move(handle));
    auto work = asio::make_work_guard(io);
    const bool is_queued = queue.push([this, shared, work, job = std::move(job)]() mutable {
      auto result = std::make_shared<std::optional<T>>(job());
      job = nullptr;
      asio::post(io, [shared = std::move(shared), work = std::move(work), result]() mutable {
        (*shared)(std::move(*result));
      });
    });
    if (is_queued) return;
    asio::post(io, [shared]() mutable { (*shared)(std::optional<T>()); });
  };
  auto result =
      co_await asio::async_initiate<const asio::use_awaitable_t<>, void(std::optional<T>)>(
          std::move(initiate), asio::use_awaitable);
  co_return result;
}

asio::awaitable<bool> HttpServer::State::send(Connection& connection, Reply reply) {
  const bool keep_alive = reply.keep_alive && reply.read_all && !stopping;
  http::response<http::string_body> message;
  message.version(kHttp11);
  message.result(static_cast<unsigned>(reply.response.status));
  set_headers(reply.response, message);
  message.keep_alive(keep_alive);
  if (reply.response.status != kNoContent) message.content_length(reply.response.body.size());
  if (!reply.is_head) message.body() = std::move(reply.response.body);
  connection.stream.expires_after(options.limits.write_timeout);
  http::response_serializer<http::string_body> serializer(message);
  const auto [code, size] = co_await http::async_write(connection.stream, serializer, kAwait);
  if (code) co_return false;
  if (!reply.read_all) co_await linger(connection);
  co_return keep_alive;
}

// Reads on for a moment after a refusal: closing with unread bytes would take the answer away from
// the client before it has read it.
asio::awaitable<void> HttpServer::State::linger(Connection& connection) {
  error_code code;
  connection.stream.socket().shutdown(tcp::socket::shutdown_send, code);
  connection.stream.expires_after(kLingerTime);
  std::size_t discarded = 0;
  while (!code && discarded < kLingerBytes && !stopping) {
    connection.buffer.clear();
    const auto space = connection.buffer.prepare(kBufferBytes);
    const auto [failed, size] = co_await connection.stream.async_read_some(space, kAwait);
    code = failed;
    discarded += size;
  }
}

asio::awaitable<bool> HttpServer::State::write_piece(Connection& connection,
                                                     const std::string& piece) {
  if (piece.empty()) co_return true;
  connection.stream.expires_after(options.limits.write_timeout);
  const auto chunk = http::make_chunk(asio::buffer(piece));
  const auto [code, size] = co_await asio::async_write(connection.stream, chunk, kAwait);
  co_return !code;
}

struct StreamCount {
  explicit StreamCount(std::size_t& streams) : streams_(streams) { ++streams_; }
  ~StreamCount() { --streams_; }
  StreamCount(const StreamCount&) = delete;
  StreamCount& operator=(const StreamCount&) = delete;
  std::size_t& streams_;
};

asio::awaitable<bool> HttpServer::State::write_stream_head(Connection& connection,
                                                           const Response& response) {
  http::response<http::empty_body> head;
  head.version(kHttp11);
  head.result(static_cast<unsigned>(response.status));
  set_headers(response, head);
  head.chunked(true);
  head.keep_alive(false);
  http::response_serializer<http::empty_body> serializer(head);
  connection.stream.expires_after(options.limits.write_timeout);
  const auto [code, size] =
      co_await http::async_write_header(connection.stream, serializer, kAwait);
  co_return !code;
}

asio::awaitable<void> HttpServer::State::run_stream(Connection& connection, Response response) {
  const StreamCount counted(streams);
  const std::shared_ptr<Stream> stream = response.stream;
  connection.phase = Phase::kStreaming;
  bool goes_on = co_await write_stream_head(connection, response);
  while (goes_on && !stopping) {
    std::function<std::optional<std::string>()> job = [stream] { return stream->next(); };
    const std::optional<std::optional<std::string>> piece =
        co_await on_worker<std::optional<std::string>>(std::move(job));
    if (piece && !piece->has_value()) break;  // the end; a busy pool only skips one piece
    if (piece) goes_on = co_await write_piece(connection, **piece);
    if (!goes_on || stopping) break;
    connection.pause.expires_after(stream->period);
    co_await connection.pause.async_wait(kAwait);
  }
  if (!goes_on) co_return;
  if (stopping && !co_await write_piece(connection, stream->last_words)) co_return;
  const auto last = http::make_chunk_last();
  co_await asio::async_write(connection.stream, last, kAwait);
}

// Tells the worker as soon as the client has left: nothing else reads while a response is pushed.
void HttpServer::State::watch(Connection& connection, const std::shared_ptr<Push>& push) const {
  auto byte = std::make_shared<std::array<char, 1>>();
  connection.stream.socket().async_read_some(asio::buffer(*byte),
                                             [push, byte](const error_code& code, std::size_t) {
                                               if (code) push->leave();
                                             });
}

// Gives the work to a worker, which may write before the header is out; null when all are busy.
std::shared_ptr<Push> HttpServer::State::start_push(
    std::function<void(const PieceWriter&, std::stop_token)> work) {
  auto push = std::make_shared<Push>(io);
  const bool is_queued = queue.push([push, work = std::move(work)] {
    bool is_whole = false;
    try {
      work([&push](std::string_view piece) { return push->write(piece); }, push->gone());
      is_whole = true;
    } catch (const std::exception& error) {  // of a library, or out of memory
      log::error("net", "push_failed", {{"reason", error.what()}});
    }
    push->end(is_whole);
  });
  return is_queued ? push : nullptr;
}

// While the server stops, a push is a request that runs: it has the drain time. What did not end
// as a whole has no last chunk.
asio::awaitable<void> HttpServer::State::run_push(Connection& connection, Response response,
                                                  std::shared_ptr<Push> push) {
  const StreamCount counted(streams);
  connection.pause.expires_at(asio::steady_timer::time_point::max());
  push->bind(connection.pause);
  bool goes_on = co_await write_stream_head(connection, response);
  if (goes_on) watch(connection, push);
  bool is_whole = false;
  while (goes_on) {
    const Push::Pieces pieces = push->take();
    goes_on = co_await write_piece(connection, pieces.bytes);
    is_whole = goes_on && pieces.is_last && pieces.is_whole;
    if (!goes_on || pieces.is_last || push->gone().stop_requested()) break;
    if (pieces.bytes.empty()) co_await connection.pause.async_wait(kAwait);
  }
  is_whole = is_whole && !push->gone().stop_requested();
  push->leave();
  if (!is_whole) co_return;
  const auto last = http::make_chunk_last();
  co_await asio::async_write(connection.stream, last, kAwait);
}

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}

Result<std::unique_ptr<HttpServer>> HttpServer::start(const ServerOptions& options,
                                                      Handler handler) {
  auto state = std::make_unique<State>(options, std::move(handler));
  TACIT_TRY(state->listen());
  State* running = state.get();
  state->thread =
      std::make_unique<Worker>("http-io", [running](std::stop_token) { running->run(); });
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

HttpServer::~HttpServer() {
  stop();
}

unsigned short HttpServer::port() const {
  return state_->port;
}

void HttpServer::stop() {
  if (state_->stopped.exchange(true)) return;
  asio::post(state_->io, [state = state_.get()] { state->begin_stop(); });
  state_->thread.reset();
  state_->queue.stop();
}

}  // namespace tacit::net
