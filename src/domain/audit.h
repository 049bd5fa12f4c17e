#pragma once
// What is kept of every attempt to call a model: who was asked, how the text was judged, and what
// came of it. Never the text: a keyed hash (IdentityKey::content_hash) tells whether two calls were
// about the same, and nothing to somebody without the data folder's key. Pure values; the store
// keeps them (store/ledger.h).

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "domain/sensitivity.h"

namespace tacit {

struct CallAudit {
  std::int64_t id = 0;  // given when it is written; later ones are higher
  Instant time{};
  std::string request;
  int attempt = 1;
  std::string content_hash;    // 64 hexadecimal digits
  std::int64_t bytes_out = 0;  // of the request's body
  std::int64_t bytes_in = 0;   // of the reply's
  std::string provider;
  std::string model;
  Sensitivity label = Sensitivity::kConfidential;
  std::string layer;      // which layer decided: "path", "pattern", …
  std::string reason;     // a topic, never the text
  std::string outcome;    // "answered", "timeout", "no budget", …
  std::int64_t hold = 0;  // of the ledger; 0: no money was held
};

}  // namespace tacit
