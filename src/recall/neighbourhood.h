#pragma once
// Private to recall: the documents of one kind nearest in meaning to a question that pass its
// filter. The first look at the index needs no transaction and may run on another thread; what
// passes is then asked of the store, and the index again when too few do.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "domain/query.h"
#include "recall/fusion.h"
#include "store/text_queries.h"
#include "vector/index.h"

namespace tacit::recall {

class Neighbourhood {
 public:
  // What it is given must outlive it. `named` are all that pass, when they are few.
  Neighbourhood(const vector::VectorIndex& index, HitKind kind, const SearchFilter& filter,
                const std::optional<store::Passing>& named)
      : index_(&index), kind_(kind), filter_(&filter), named_(&named) {}

  // The first look.
  Result<void> look(std::span<const float> question);
  // Each document once with its best part, best first, kPool at most. After the first look, with
  // the same question.
  Result<std::vector<Evidence>> passing(store::ReadTxn& txn, std::span<const float> question);

 private:
  const vector::VectorIndex* index_;
  HitKind kind_;
  const SearchFilter* filter_;
  const std::optional<store::Passing>* named_;
  std::size_t asked_ = 0;
  std::vector<vector::Neighbour> neighbours_;
};

}  // namespace tacit::recall
