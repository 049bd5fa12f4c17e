#pragma once
// From fused candidates to hits: weighs items by age and confidence, drops what repeats a better
// hit (an exchange and an item it supports, equal texts in copied transcripts), and reads titles,
// passages and explanations for those that stay.

#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "domain/query.h"
#include "recall/fusion.h"
#include "store/store.h"

namespace tacit::recall {

// The query's terms as each kind's full text cuts them.
struct Terms {
  std::vector<std::string> items;
  std::vector<std::string> exchanges;
  std::vector<std::string>& of(HitKind kind) { return kind == HitKind::kItem ? items : exchanges; }
  const std::vector<std::string>& of(HitKind kind) const {
    return kind == HitKind::kItem ? items : exchanges;
  }
};

// At most query.limit hits, best first.
Result<std::vector<Hit>> hydrate(store::ReadTxn& txn, const Query& query,
                                 std::vector<Candidate> candidates, const Terms& terms,
                                 Instant now);

}  // namespace tacit::recall
