#include "http/replays.h"

#include <fmt/format.h>

namespace tacit::http {

Result<std::optional<net::Response>> Replays::find(const std::string& key,
                                                   const std::string& body) {
  if (key.size() > kMaxKeyBytes) {
    return fail(ErrorKind::kInvalidInput,
                fmt::format("Idempotency-Key: is over {} bytes", kMaxKeyBytes));
  }
  const Digest digest = sha256(body);
  MutexLock lock(mutex_);
  const auto found = entries_.find(key);
  if (found == entries_.end()) return std::optional<net::Response>();
  if (found->second.body != digest) {
    return fail(ErrorKind::kConflict,
                "Idempotency-Key: this key came before with another body; use a new key");
  }
  std::optional<net::Response> response = found->second.response;
  response->headers.emplace_back("Idempotent-Replay", "true");
  return response;
}

void Replays::remember(const std::string& key, const std::string& body,
                       const net::Response& response) {
  const Digest digest = sha256(body);
  MutexLock lock(mutex_);
  if (!entries_.emplace(key, Entry{digest, response}).second) return;
  order_.push_back(key);
  if (order_.size() <= kMaxReplays) return;
  entries_.erase(order_.front());
  order_.pop_front();
}

}  // namespace tacit::http
