#include "testing/fake_provider.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/worker.h"
#include "testing/fake_batch.h"
#include "testing/fake_dialect.h"
#include "testing/fake_socket.h"

namespace tacit::testing {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;

constexpr std::size_t kHugeBytes = 8U << 20U;
constexpr milliseconds kMostWait{30'000};
constexpr milliseconds kLook{20};
constexpr std::string_view kShowPath = "/api/show";

std::string chunk(const std::string& piece) {
  return fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size())
    text.replace(at, what.size(), with);
}

std::string packed(const std::string& bytes) {
  constexpr int kGzipWindow = 15 + 16;
  constexpr int kUsualMemory = 8;
  z_stream stream{};
  deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, kUsualMemory,
               Z_DEFAULT_STRATEGY);
  std::string in = bytes;
  std::string out(deflateBound(&stream, in.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// Statuses after work that may have been done; those that turn a call away are not billed.
bool is_billed(int status) {
  return status == 200 || status == 408 || status == 500 || status == 502 || status == 504;
}

bool fits(const FakeRule& rule, const FakeAttempt& attempt, int number) {
  if (!rule.model.empty() && rule.model != attempt.model) return false;
  if (!rule.path.empty() && attempt.path.find(rule.path) == std::string::npos) return false;
  if (number < rule.from_call || number > rule.to_call) return false;
  return rule.header.empty() || std::ranges::any_of(attempt.headers, [&](const auto& header) {
           return header.first + ": " + header.second == rule.header;
         });
}

class Log {
 public:
  explicit Log(const std::filesystem::path& file) {
    if (!file.empty())
      descriptor_ = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  }
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  ~Log() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  // One write of a whole line, which survives the death of either side.
  void write(const Json& line) const {
    const std::string text = line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    if (descriptor_ >= 0 && ::write(descriptor_, text.data(), text.size()) < 0)
      fmt::print(stderr, "the log of the fake provider cannot be written\n");
  }

 private:
  int descriptor_ = -1;
};

struct Connection {
  std::atomic<bool> is_over = false;
  std::unique_ptr<Worker> worker;
};

}  // namespace

struct FakeProvider::State {
  State(FakeSocket with, unsigned short at, const std::filesystem::path& log_file)
      : listener(std::move(with)), port(at), log(log_file) {}

  void accept_calls(const std::stop_token& stop) {
    std::vector<std::unique_ptr<Connection>> connections;
    while (!stop.stop_requested()) {
      std::erase_if(connections, [](const auto& connection) { return connection->is_over.load(); });
      auto accepted = listener.accept();
      if (!accepted) continue;
      auto socket = std::make_shared<FakeSocket>(std::move(*accepted));
      auto& connection = *connections.emplace_back(std::make_unique<Connection>());
      connection.worker = std::make_unique<Worker>(
          "fake-provider",
          [this, &connection, peer = std::move(socket)](std::stop_token ending) mutable {
            serve(*peer, ending);
            peer.reset();  // closes
            connection.is_over = true;
          });
    }
    for (const auto& connection : connections) connection->worker->request_stop();
  }

  void serve(const FakeSocket& socket, const std::stop_token& stop) {
    std::string buffer;
    while (auto call = read_fake_call(socket, buffer, stop)) {
      FakeAttempt attempt;
      attempt.time = clock.steady();
      attempt.path = call->path;
      attempt.headers = call->headers;
      attempt.body = call->body;
      attempt.model = fake_model(call->path, call->body);
      if (call->path == kShowPath) {
        if (!show(socket, attempt)) return;
        continue;
      }
      std::size_t place = 0;
      const FakeRule rule = arrive(attempt, place);
      const bool goes_on = answer(socket, rule, attempt, stop);
      end(place, attempt);
      if (!goes_on) return;
    }
  }

  // Calls are counted in the order of the log.
  FakeRule arrive(const FakeAttempt& attempt, std::size_t& place) {
    const MutexLock lock(mutex);
    place = attempts.size();
    attempts.push_back(attempt);
    log.write(
        {{"event", "arrived"},
         {"number", attempts.size()},
         {"ms", std::chrono::duration_cast<milliseconds>(attempt.time.time_since_epoch()).count()},
         {"path", attempt.path},
         {"model", attempt.model},
         {"headers", attempt.headers},
         {"body", attempt.body}});
    changed.notify_all();
    const int number = ++calls_of[attempt.model];
    const auto found = std::ranges::find_if(
        script, [&](const FakeRule& rule) { return fits(rule, attempt, number); });
    FakeRule chosen = found == script.end() ? FakeRule() : *found;
    chosen.model = attempt.model;
    return chosen;
  }

  void end(std::size_t place, FakeAttempt& attempt) {
    const MutexLock lock(mutex);
    attempt.is_ended = true;
    log.write({{"event", "ended"},
               {"number", place + 1},
               {"status", attempt.status},
               {"is_complete", attempt.is_complete},
               {"hung_up", attempt.hung_up}});
    attempts[place] = std::move(attempt);
    changed.notify_all();
  }

  // `answers` of a batch, each at half the price; 0: a single call.
  void bill(const FakeRule& rule, int answers = 0) {
    const MutexLock lock(mutex);
    const std::int64_t one = rule.input_tokens * kInputPrice + rule.output_tokens * kOutputPrice;
    const std::int64_t cost = answers == 0 ? one : one / 2 * answers;
    billed += cost;
    log.write({{"event", "billed"}, {"model", rule.model}, {"pico", cost}, {"total", billed}});
  }

  // False: the connection ends.
  bool answer(const FakeSocket& socket, const FakeRule& rule, FakeAttempt& attempt,
              const std::stop_token& stop) {
    const FakeDialect dialect = dialect_of(attempt.path);
    if (dialect == FakeDialect::kNone) return say(socket, attempt, 404, "{\"error\":\"unknown\"}");
    const bool is_batch = FakeBatches::is_batch_path(attempt.path);
    if (rule.fault != Fault::kRedirect && is_billed(rule.status) && !is_batch) bill(rule);
    if (rule.delay.count() > 0 && !clock.wait(rule.delay, stop)) return false;
    switch (rule.fault) {
      case Fault::kResetBeforeHead:
        // The work is begun, whatever becomes of the answer.
        if (is_batch) batches.answer(attempt.path, attempt.body, rule);
        socket.reset_at_close();
        return false;
      case Fault::kHang:
        attempt.hung_up = socket.await_end(stop);
        return false;
      case Fault::kGarbage:
        socket.write("\x01\x02 this is no HTTP\r\n\r\n", 0);
        return false;
      case Fault::kRedirect:
        return say(socket, attempt, 307, "", {{"location", rule.location}});
      default:
        break;
    }
    if (rule.status != 200)
      return say(socket, attempt, rule.status,
                 rule.body.empty() ? fake_error(dialect, rule.status) : rule.body, rule.headers);
    if (is_batch) return answer_batch(socket, rule, attempt, stop);
    return send_reply(socket, fake_reply(rule, attempt.path, attempt.body), rule, attempt, dialect,
                      stop);
  }

  bool answer_batch(const FakeSocket& socket, const FakeRule& rule, FakeAttempt& attempt,
                    const std::stop_token& stop) {
    const FakeBatches::Said said = batches.answer(attempt.path, attempt.body, rule);
    if (said.answered > 0) bill(rule, said.answered);
    if (said.status != 200) return say(socket, attempt, said.status, said.pieces.at(0));
    return send_reply(socket, {said.content_type, said.pieces}, rule, attempt, FakeDialect::kOllama,
                      stop);
  }

  bool send_reply(const FakeSocket& socket, FakeReply reply, const FakeRule& rule,
                  FakeAttempt& attempt, FakeDialect dialect, const std::stop_token& stop) {
    if (rule.fault == Fault::kWrongContentType) reply.content_type = "text/html";
    if (rule.fault == Fault::kGzip) {
      std::string whole;
      for (const std::string& piece : reply.pieces) whole += piece;
      reply.pieces = {packed(whole)};
    }
    attempt.status = 200;
    std::string head = fmt::format(
        "HTTP/1.1 200 OK\r\ncontent-type: {}\r\ntransfer-encoding: chunked\r\n{}",
        reply.content_type, rule.fault == Fault::kGzip ? "content-encoding: gzip\r\n" : "");
    for (const auto& [name, value] : rule.headers) head += fmt::format("{}: {}\r\n", name, value);
    if (!socket.write(head + "\r\n", rule.split_at)) return hung_up(attempt);
    for (int i = 0; i < static_cast<int>(reply.pieces.size()); ++i) {
      std::string piece = std::move(reply.pieces[static_cast<std::size_t>(i)]);
      if (rule.piece_delay.count() > 0 && !clock.wait(rule.piece_delay, stop)) return false;
      if (i == rule.at_piece) {
        if (ends_at(socket, rule, attempt, stop)) return false;
        if (rule.fault == Fault::kErrorInStream) {
          socket.write(chunk(fake_error_piece(dialect)) + "0\r\n\r\n", rule.split_at);
          return false;
        }
        change(piece, rule, dialect);
      }
      if (dialect != FakeDialect::kOllama && reply.pieces.size() > 1) dress(piece, rule);
      if (socket.is_gone() || !socket.write(chunk(piece), rule.split_at)) return hung_up(attempt);
    }
    attempt.is_complete = socket.write("0\r\n\r\n", 0);
    return attempt.is_complete;
  }

  static bool ends_at(const FakeSocket& socket, const FakeRule& rule, FakeAttempt& attempt,
                      const std::stop_token& stop) {
    if (rule.fault == Fault::kResetStream) socket.reset_at_close();
    if (rule.fault == Fault::kStall) attempt.hung_up = socket.await_end(stop);
    return rule.fault == Fault::kResetStream || rule.fault == Fault::kStall ||
           rule.fault == Fault::kCutStream;
  }

  static void change(std::string& piece, const FakeRule& rule, FakeDialect dialect) {
    const std::string before = dialect == FakeDialect::kOllama ? "" : "data: ";
    const std::string after = dialect == FakeDialect::kOllama ? "\n" : "\n\n";
    if (rule.fault == Fault::kMalformedPiece) piece = before + "{\"choices\":[" + after;
    if (rule.fault == Fault::kHugePiece) piece = before + std::string(kHugeBytes, 'x') + after;
  }

  // An event in other clothes.
  static void dress(std::string& piece, const FakeRule& rule) {
    if (rule.has_split_data) replace_all(piece, "\":", "\":\ndata: ");
    if (rule.has_comments) piece.insert(0, ": ping\n\n");
    if (rule.has_crlf) replace_all(piece, "\n", "\r\n");
  }

  static bool hung_up(FakeAttempt& attempt) {
    attempt.hung_up = true;
    return false;
  }

  // What Ollama tells of a model; one with "cloud" in its name runs elsewhere.
  static bool show(const FakeSocket& socket, FakeAttempt& attempt) {
    Json about = {{"details", Json::object()}};
    if (attempt.model.find("cloud") != std::string::npos)
      about["remote_host"] = "https://models.example:443";
    return say(socket, attempt, 200, about.dump());
  }

  static bool say(const FakeSocket& socket, FakeAttempt& attempt, int status,
                  const std::string& body, const std::map<std::string, std::string>& headers = {}) {
    attempt.status = status;
    std::string head =
        fmt::format("HTTP/1.1 {} Said\r\ncontent-type: application/json\r\ncontent-length: {}\r\n",
                    status, body.size());
    for (const auto& [name, value] : headers) head += fmt::format("{}: {}\r\n", name, value);
    attempt.is_complete = socket.write(head + "\r\n" + body, 0);
    attempt.hung_up = !attempt.is_complete;
    return attempt.is_complete;
  }

  // Until `is_met`, at most kMostWait.
  template <class Condition>
  void await(const Condition& is_met) {
    const SteadyTime end = clock.steady() + kMostWait;
    const MutexLock lock(mutex);
    while (!is_met() && clock.steady() < end) changed.wait_for(mutex, kLook);
  }

  const SystemClock clock;
  const FakeSocket listener;
  const unsigned short port;
  const Log log;
  FakeBatches batches;
  Mutex mutex;
  CondVar changed;
  std::vector<FakeRule> script TACIT_GUARDED_BY(mutex);
  std::map<std::string, int> calls_of TACIT_GUARDED_BY(mutex);
  std::vector<FakeAttempt> attempts TACIT_GUARDED_BY(mutex);
  std::int64_t billed TACIT_GUARDED_BY(mutex) = 0;
  std::unique_ptr<Worker> acceptor;
};

FakeProvider::FakeProvider(std::unique_ptr<State> state) : state_(std::move(state)) {}
FakeProvider::~FakeProvider() = default;

Result<std::unique_ptr<FakeProvider>> FakeProvider::start(std::vector<FakeRule> script,
                                                          unsigned short port,
                                                          const std::filesystem::path& log) {
  auto listener = TACIT_TRY(FakeSocket::listen(port));
  auto state = std::make_unique<State>(std::move(listener), port, log);
  state->script = std::move(script);
  state->acceptor = std::make_unique<Worker>(
      "fake-accept", [raw = state.get()](std::stop_token stop) { raw->accept_calls(stop); });
  return std::unique_ptr<FakeProvider>(new FakeProvider(std::move(state)));
}

std::string FakeProvider::url() const {
  return fmt::format("http://127.0.0.1:{}", state_->port);
}
unsigned short FakeProvider::port() const {
  return state_->port;
}

void FakeProvider::set_script(std::vector<FakeRule> script) {
  const MutexLock lock(state_->mutex);
  state_->script = std::move(script);
  state_->calls_of.clear();
}

void FakeProvider::set_batches(FakeBatchScript script) {
  state_->batches.set_script(std::move(script));
}

std::vector<FakeAttempt> FakeProvider::attempts() const {
  const MutexLock lock(state_->mutex);
  return state_->attempts;
}

void FakeProvider::await_arrivals(std::size_t count) const {
  state_->await([&] { return state_->attempts.size() >= count; });
}

void FakeProvider::await_attempts(std::size_t count) const {
  state_->await([&] {
    return static_cast<std::size_t>(std::ranges::count_if(
               state_->attempts, [](const FakeAttempt& each) { return each.is_ended; })) >= count;
  });
}

std::int64_t FakeProvider::billed_pico() const {
  const MutexLock lock(state_->mutex);
  return state_->billed;
}

}  // namespace tacit::testing
