#include "recall/neighbourhood.h"

#include <unordered_map>
#include <unordered_set>

#include "recall/advice.h"
#include "store/text_queries.h"

namespace tacit::recall {
namespace {

// Neighbours asked for a document wanted, at first: an item has one vector, an exchange some parts.
constexpr std::size_t kPerItem = 1;
constexpr std::size_t kPerExchange = 2;
constexpr std::size_t kWiden = 4;  // and this many times more when a filter leaves too few
// The documents of a project are named to the index up to this number. In a larger one most of a
// question's neighbours are likely to pass, and to ask about these costs less than to name all.
constexpr std::size_t kMaxNamed = 2'000;

}  // namespace

Result<Neighbourhood> Neighbourhood::open(store::ReadTxn& txn, const vector::VectorIndex& index,
                                          HitKind kind, const SearchFilter& filter) {
  Neighbourhood near(index, kind, filter);
  near.named_ = TACIT_TRY(store::all_passing(txn, kind, filter, kMaxNamed));
  return near;
}

Result<void> Neighbourhood::look(std::span<const float> question) {
  const std::size_t first = kPool * (kind_ == HitKind::kItem ? kPerItem : kPerExchange);
  asked_ = asked_ == 0 ? first : asked_ * kWiden;
  neighbours_ = TACIT_TRY(named_ ? index_->nearest_among(question, asked_, *named_)
                                 : index_->nearest(question, asked_));
  return {};
}

Result<std::vector<Evidence>> Neighbourhood::passing(store::ReadTxn& txn,
                                                     std::span<const float> question) {
  std::unordered_map<std::uint64_t, bool> known;
  const bool is_open = is_filtered(*filter_) && !named_;
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
