#pragma once
// The write path after storage: takes exchanges whose learning is due, extracts observations, makes
// or reinforces knowledge items and embeds what has no vector. Only the process that owns the data
// folder runs one. step() does one bounded batch and commits facts and progress together, so it can
// be interrupted at any time and resumes. One thread at a time. Without an embedder it learns all
// the same: equal normalised statements reinforce, and vectors follow when a model is there.

#include <memory>

#include "base/clock.h"
#include "base/result.h"
#include "domain/embedding.h"
#include "domain/identity.h"
#include "domain/session.h"
#include "store/store.h"

namespace tacit::learn {

inline constexpr float kDuplicateCosine = 0.95F;
inline constexpr std::size_t kLearnBatch = 32;

struct StepReport {
  std::size_t exchanges_learned = 0;
  std::size_t observations = 0;
  std::size_t items_added = 0;
  std::size_t items_reinforced = 0;
  std::size_t texts_embedded = 0;
  bool idle = false;  // nothing was left to do
};

class Learner {
 public:
  // `embedder` may be null. References must outlive the learner.
  Learner(store::Store& store, Embedder* embedder, const IdentityKey& key, const Clock& clock);
  ~Learner();

  Result<StepReport> step();
  // Exchanges to learn plus texts to embed: the length of the way, for progress.
  Result<std::size_t> remaining();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The texts that stand for an exchange in the vector index, at least one; an item's is its
// statement.
std::vector<std::string> embedding_texts(const Exchange& exchange);

}  // namespace tacit::learn
