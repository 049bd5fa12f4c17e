#pragma once
// Remembers the answers to the latest keyed requests, so that a client that repeats one with the
// same Idempotency-Key gets the same answer. In memory and bounded: after a restart, or after
// kMaxReplays other keys, the request is carried out again, which changes nothing, because ingest
// itself knows every exchange by its identity. Safe from any thread.

#include <deque>
#include <map>
#include <optional>
#include <string>

#include "base/hash.h"
#include "base/mutex.h"
#include "base/result.h"
#include "net/http_server.h"

namespace tacit::http {

inline constexpr std::size_t kMaxReplays = 1000;
inline constexpr std::size_t kMaxKeyBytes = 200;

class Replays {
 public:
  // The answer given before, nothing for a new key; conflict when the key came with another body.
  Result<std::optional<net::Response>> find(const std::string& key, const std::string& body);
  void remember(const std::string& key, const std::string& body, const net::Response& response);

 private:
  struct Entry {
    Digest body;
    net::Response response;
  };
  Mutex mutex_;
  std::map<std::string, Entry> entries_ TACIT_GUARDED_BY(mutex_);
  std::deque<std::string> order_ TACIT_GUARDED_BY(mutex_);
};

}  // namespace tacit::http
