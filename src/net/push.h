#pragma once
// The way of the pieces of a pushed response: a worker writes, the connection's coroutine sends.
// Inside net only. The queue between them is bounded by kMaxUnsentBytes: a writer that is faster
// than its client waits. write() belongs to the worker; bind(), take() and leave() to the thread of
// Asio.

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "net/http_server.h"

namespace tacit::net {

class Push : public std::enable_shared_from_this<Push> {
 public:
  explicit Push(boost::asio::io_context& io) : io_(io) {}

  bool write(std::string_view piece);
  std::stop_token gone() const { return gone_.get_token(); }
  // The worker writes no more; `whole`: it has written all that it had to.
  void end(bool whole);

  // `bell` is cancelled when something has changed, until leave().
  void bind(boost::asio::steady_timer& bell) { bell_ = &bell; }
  struct Pieces {
    std::string bytes;
    bool is_last = false;
    bool is_whole = false;  // with is_last
  };
  Pieces take();
  // Nobody sends any more: the worker is told.
  void leave();

 private:
  void ring();

  boost::asio::io_context& io_;
  boost::asio::steady_timer* bell_ = nullptr;  // of Asio's thread alone
  std::stop_source gone_;
  Mutex mutex_;
  CondVar taken_;
  std::string unsent_ TACIT_GUARDED_BY(mutex_);
  bool has_ended_ TACIT_GUARDED_BY(mutex_) = false;
  bool is_whole_ TACIT_GUARDED_BY(mutex_) = false;
  bool has_left_ TACIT_GUARDED_BY(mutex_) = false;
};

}  // namespace tacit::net
