#include "recall/neighbourhood.h"

#include <unordered_map>
#include <unordered_set>

#include "recall/advice.h"

namespace tacit::recall {
namespace {

// Neighbours asked for a document wanted, at first: an item has one vector, an exchange some parts.
constexpr std::size_t kPerItem = 1;
constexpr std::size_t kPerExchange = 2;
constexpr std::size_t kWiden = 4;  // and this many times more when a filter leaves too few

}  // namespace

Result<void> Neighbourhood::look(std::span<const float> question) {
  const std::size_t first = kPool * (kind_ == HitKind::kItem ? kPerItem : kPerExchange);
  asked_ = asked_ == 0 ? first : asked_ * kWiden;
  neighbours_ = TACIT_TRY(*named_ ? index_->nearest_among(question, asked_, (*named_)->ids)
                                  : index_->nearest(question, asked_));
  return {};
}

Result<std::vector<Evidence>> Neighbourhood::passing(store::ReadTxn& txn,
                                                     std::span<const float> question) {
  std::unordered_map<std::uint64_t, bool> known;
  const bool is_open = is_filtered(*filter_) && !*named_;
  const auto is_passing = [&](std::uint64_t id) -> Result<bool> {
    if (!is_open) return true;
    const auto [place, is_new] = known.try_emplace(id, false);
    if (is_new) place->second = TACIT_TRY(store::passes(txn, kind_, id, *filter_));
    return place->second;
  };
  while (true) {
    std::vector<Evidence> found;
    std::unordered_set<std::uint64_t> seen;
    bool is_exhausted = neighbours_.size() < asked_;
    for (const vector::Neighbour& neighbour : neighbours_) {
      if (static_cast<double>(neighbour.cosine) < kMinCosine) {
        is_exhausted = true;
        break;
      }
      const std::uint64_t id = neighbour.key.id;
      if (!seen.insert(id).second || !TACIT_TRY(is_passing(id))) continue;
      found.push_back({kind_, id, static_cast<double>(neighbour.cosine)});
      if (found.size() >= kPool) break;
    }
    if (is_exhausted || found.size() >= kPool) return found;
    TACIT_TRY(look(question));
  }
}

}  // namespace tacit::recall
