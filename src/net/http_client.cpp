#include "net/http_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <functional>
#include <map>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/worker.h"
#include "net/http_transfer.h"

namespace tacit::net {
namespace {

constexpr int kPollMs = 60'000;  // the driver is woken for everything that matters

struct MultiDeleter {
  void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
};

}  // namespace

struct HttpClient::State {
  explicit State(const HttpClientOptions& with) : options(with), multi(curl_multi_init()) {
    curl_multi_setopt(multi.get(), CURLMOPT_MAXCONNECTS,
                      static_cast<long>(options.most_connections));
    curl_multi_setopt(multi.get(), CURLMOPT_MAX_TOTAL_CONNECTIONS,
                      static_cast<long>(options.most_connections));
    driver = std::make_unique<Worker>("http-client", [this](std::stop_token stop) { drive(stop); });
  }
  ~State() {
    driver->request_stop();
    curl_multi_wakeup(multi.get());
    driver.reset();
  }

  void drive(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      take_orders();
      int running_now = 0;
      curl_multi_perform(multi.get(), &running_now);
      int left = 0;
      while (const CURLMsg* const message = curl_multi_info_read(multi.get(), &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        Transfer* transfer = nullptr;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        end(*transfer, message->data.result);
      }
      if (!stop.stop_requested()) curl_multi_poll(multi.get(), nullptr, 0, kPollMs, nullptr);
    }
  }

  void take_orders() {
    std::vector<Transfer*> adding;
    std::vector<std::uint64_t> ending;
    {
      const MutexLock lock(mutex);
      adding.swap(to_add);
      ending.swap(to_end);
    }
    for (Transfer* const transfer : adding) {
      active[transfer->id] = transfer;
      curl_multi_add_handle(multi.get(), transfer->easy.get());
    }
    for (const std::uint64_t id : ending) {
      if (const auto found = active.find(id); found != active.end())
        end(*found->second, CURLE_ABORTED_BY_CALLBACK);
    }
  }

  // The caller may destroy the transfer as soon as it is done.
  void end(Transfer& transfer, CURLcode result) {
    long opened = 0;
    curl_easy_getinfo(transfer.easy.get(), CURLINFO_NUM_CONNECTS, &opened);
    connections_opened += static_cast<std::size_t>(std::max(opened, 0L));
    curl_multi_remove_handle(multi.get(), transfer.easy.get());
    active.erase(transfer.id);
    const MutexLock lock(transfer.mutex);
    transfer.result = result;
    transfer.is_done = true;
    transfer.changed.notify_one();
  }

  template <class Order>
  void order(std::vector<Order>& list, Order what) {
    {
      const MutexLock lock(mutex);
      list.push_back(what);
    }
    curl_multi_wakeup(multi.get());
  }

  const HttpClientOptions options;
  std::unique_ptr<CURLM, MultiDeleter> multi;
  std::atomic<std::size_t> calls{0};
  std::atomic<std::size_t> running{0};
  std::atomic<std::size_t> connections_opened{0};
  std::map<std::uint64_t, Transfer*> active;  // of the driver
  Mutex mutex;
  std::vector<Transfer*> to_add TACIT_GUARDED_BY(mutex);
  std::vector<std::uint64_t> to_end TACIT_GUARDED_BY(mutex);
  std::unique_ptr<Worker> driver;
};

namespace {

// "provider.example:443" of a URL, for messages.
std::string host_of(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url = url.substr(scheme + 3);
  return std::string(url.substr(0, url.find_first_of("/?#")));
}

// What the call waits for now, and until when.
struct Wait {
  SteadyTime until;
  std::string_view what;
};

}  // namespace

// The caller's side of one call.
class HttpClient::Caller {
 public:
  Caller(State& state, const HttpCall& call, std::stop_token stop)
      : state_(state),
        transfer_(call, ++state.calls),
        stop_(std::move(stop)),
        start_(clock_.steady()),
        wake_(stop_, [this] {
          const MutexLock lock(transfer_.mutex);
          transfer_.changed.notify_one();
        }) {
    prepare(transfer_, state.options);
    ++state_.running;
    state_.order(state_.to_add, &transfer_);
  }
  ~Caller() { --state_.running; }

  HttpOutcome run(FunctionRef<bool(const HttpHead&)> on_head,
                  FunctionRef<bool(std::string_view)> on_data) {
    bool is_head_given = false;
    for (bool is_over = false; !is_over;) {
      is_over = wait(is_head_given);
      if (broken_off_) continue;
      bool goes_on = true;
      if (head_ && !std::exchange(is_head_given, true)) goes_on = on_head(*head_);
      for (auto piece = pieces_.begin(); goes_on && piece != pieces_.end(); ++piece)
        goes_on = on_data(*piece);
      if (!goes_on || (!is_over && stop_.stop_requested()))
        break_off(ErrorKind::kCancelled, "the call was cancelled");
      else if (!is_over && late_)
        break_off(
            ErrorKind::kDeadlineExceeded,
            fmt::format("waited in vain for {} of {}", late_->what, host_of(transfer_.call.url)));
    }
    return outcome();
  }

 private:
  // Until something happened or is late; takes what arrived. True when the call is over.
  bool wait(bool is_head_given) {
    pieces_.clear();
    late_.reset();
    const MutexLock lock(transfer_.mutex);
    while (!transfer_.is_done && !late_) {
      if (broken_off_) {
        transfer_.changed.wait(transfer_.mutex);
        continue;
      }
      if (!transfer_.pieces.empty() || (transfer_.head && !is_head_given)) break;
      if (stop_.stop_requested()) break;
      const Wait next = next_wait();
      const auto left = next.until - clock_.steady();
      if (left <= left.zero())
        late_ = next;
      else
        transfer_.changed.wait_for(transfer_.mutex, left);
    }
    pieces_.swap(transfer_.pieces);
    if (!head_) head_ = transfer_.head;
    return transfer_.is_done;
  }

  Wait next_wait() const /* locked */ {
    const HttpCall& call = transfer_.call;
    Wait phase{start_ + state_.options.acquire_timeout, "a connection"};
    if (transfer_.heard)
      phase = {*transfer_.heard + call.idle_timeout, "the next piece of the reply"};
    else if (transfer_.requested)
      phase = {*transfer_.requested + call.first_byte_timeout, "the first byte of the reply"};
    const Wait total{start_ + call.total_timeout, "the end of the reply"};
    return phase.until < total.until ? phase : total;
  }

  void break_off(ErrorKind kind, std::string why) {
    broken_off_.emplace(kind, std::move(why));
    state_.order(state_.to_end, transfer_.id);
  }

  HttpOutcome outcome() {
    HttpOutcome outcome;
    const MutexLock lock(transfer_.mutex);
    outcome.reached = Reached::kNothing;
    if (transfer_.requested) outcome.reached = Reached::kRequest;
    if (transfer_.head) {
      outcome.reached = Reached::kHead;
      outcome.head = *transfer_.head;
    }
    if (broken_off_)
      outcome.error = broken_off_;
    else if (transfer_.is_too_long)
      outcome.error.emplace(
          ErrorKind::kUnavailable,
          fmt::format("the reply is longer than {} bytes", transfer_.call.most_reply_bytes));
    else if (transfer_.result != CURLE_OK)
      outcome.error = error_of(transfer_, transfer_.result, transfer_.requested.has_value());
    else
      outcome.reached = Reached::kEnd;
    return outcome;
  }

  const SystemClock clock_;
  State& state_;
  Transfer transfer_;
  const std::stop_token stop_;
  const SteadyTime start_;
  std::optional<HttpHead> head_;
  std::deque<std::string> pieces_;
  std::optional<Wait> late_;
  std::optional<Error> broken_off_;  // by us
  const std::stop_callback<std::function<void()>> wake_;
};

HttpClient::HttpClient(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpClient::~HttpClient() = default;

Result<std::unique_ptr<HttpClient>> HttpClient::start(const HttpClientOptions& options) {
  static const CURLcode kReady = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (kReady != CURLE_OK)
    return fail(ErrorKind::kInternal, fmt::format("libcurl: {}", curl_easy_strerror(kReady)));
  return std::unique_ptr<HttpClient>(new HttpClient(std::make_unique<State>(options)));
}

HttpOutcome HttpClient::send(const HttpCall& call, FunctionRef<bool(const HttpHead&)> on_head,
                             FunctionRef<bool(std::string_view)> on_data, std::stop_token stop) {
  if (stop.stop_requested())
    return {Reached::kNothing, {}, Error(ErrorKind::kCancelled, "the call was cancelled")};
  for (const auto& [name, value] : call.headers) {
    if ((name + value).find_first_of("\r\n") != std::string::npos)
      return {Reached::kNothing,
              {},
              Error(ErrorKind::kInvalidInput, "a header of the call holds a line break: " + name)};
  }
  return Caller(*state_, call, std::move(stop)).run(on_head, on_data);
}

HttpClient::Statistics HttpClient::statistics() const {
  return {state_->calls, state_->connections_opened, state_->running};
}

}  // namespace tacit::net
