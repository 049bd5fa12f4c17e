#include "net/push.h"

#include <boost/asio/post.hpp>

namespace tacit::net {

bool Push::write(std::string_view piece) {
  {
    MutexLock lock(mutex_);
    while (!has_left_ && unsent_.size() >= kMaxUnsentBytes) taken_.wait(mutex_);
    if (has_left_) return false;
    unsent_ += piece;
  }
  ring();
  return true;
}

void Push::end(bool whole) {
  {
    MutexLock lock(mutex_);
    has_ended_ = true;
    is_whole_ = whole;
  }
  ring();
}

void Push::ring() {
  boost::asio::post(io_, [self = shared_from_this()] {
    if (self->bell_ != nullptr) self->bell_->cancel();
  });
}

Push::Pieces Push::take() {
  Pieces pieces;
  {
    MutexLock lock(mutex_);
    pieces.bytes.swap(unsent_);
    pieces.is_last = has_ended_;
    pieces.is_whole = is_whole_;
  }
  taken_.notify_one();
  return pieces;
}

void Push::leave() {
  if (bell_ != nullptr) bell_->cancel();
  bell_ = nullptr;
  {
    MutexLock lock(mutex_);
    has_left_ = true;
  }
  taken_.notify_one();
  gone_.request_stop();
}

}  // namespace tacit::net
