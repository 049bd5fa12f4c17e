#include <fmt/format.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "base/text.h"
#include "net/http_server.h"

namespace tacit::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::uint64_t kMaxAnswerBytes = 256U << 20U;
constexpr unsigned kHttp11 = 11;

using Message = http::request<http::string_body>;
using Parser = http::response_parser<http::string_body>;

asio::awaitable<error_code> exchange(beast::tcp_stream& stream, tcp::endpoint endpoint,
                                     std::chrono::milliseconds timeout, const Message& message,
                                     Parser& parser) {
  stream.expires_after(timeout);  // one deadline for all that follows
  const auto [unconnected] = co_await stream.async_connect(endpoint, kAwait);
  if (unconnected) co_return unconnected;
  const auto [unsent, sent] = co_await http::async_write(stream, message, kAwait);
  // A server that refuses early may answer while we still write, so an answer is looked for all the
  // same.
  beast::flat_buffer buffer;
  const auto [unread, size] = co_await http::async_read(stream, buffer, parser, kAwait);
  co_return unread&& unsent ? unsent : unread;
}

Error error_of(const error_code& code, const std::string& where,
               std::chrono::milliseconds timeout) {
  if (code == beast::error::timeout) {
    return {ErrorKind::kDeadlineExceeded,
            fmt::format("{} did not answer within {} ms", where, timeout.count())};
  }
  if (code == asio::error::connection_refused) {
    return {ErrorKind::kUnavailable, fmt::format("nobody answers at {}", where)};
  }
  return {ErrorKind::kUnavailable, fmt::format("{} did not answer: {}", where, code.message())};
}

}  // namespace

Result<ClientResponse> send_local(const std::string& host, unsigned short port,
                                  const std::string& method, const std::string& target,
                                  const std::string& body, std::chrono::milliseconds timeout,
                                  const std::map<std::string, std::string>& headers) {
  std::string name = host == "localhost" ? "127.0.0.1" : host;
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  error_code code;
  const auto address = asio::ip::make_address(name, code);
  if (code || !address.is_loopback()) {
    return fail(ErrorKind::kInvalidInput, fmt::format("\"{}\" is no loopback address", host));
  }
  const std::string where = fmt::format("{}:{}", address.is_v6() ? "[" + name + "]" : name, port);
  try {
    Message message;
    message.version(kHttp11);
    message.method_string(method);
    message.target(target);
    message.set(http::field::host, where);
    message.keep_alive(false);
    for (const auto& [field, value] : headers) message.set(field, value);
    message.body() = body;
    message.prepare_payload();
    Parser parser;
    parser.body_limit(kMaxAnswerBytes);
    if (method == "HEAD") parser.skip(true);
    asio::io_context io{1};
    beast::tcp_stream stream(io);
    asio::co_spawn(io, exchange(stream, tcp::endpoint(address, port), timeout, message, parser),
                   [&code](std::exception_ptr, error_code result) { code = result; });
    io.run();
    if (code) return std::unexpected(error_of(code, where, timeout));
    ClientResponse response;
    response.status = static_cast<int>(parser.get().result_int());
    response.body = std::move(parser.get().body());
    for (const auto& field : parser.get()) {
      response.headers.insert_or_assign(lower_ascii(field.name_string()),
                                        std::string(field.value()));
    }
    return response;
  } catch (const std::exception& error) {
    return fail(ErrorKind::kInternal, fmt::format("asking {} failed: {}", where, error.what()));
  }
}

}  // namespace tacit::net
