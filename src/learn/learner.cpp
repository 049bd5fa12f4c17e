#include "learn/learner.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/text.h"
#include "learn/extract.h"
#include "learn/item_index.h"
#include "store/knowledge_queries.h"
#include "store/session_queries.h"

namespace tacit::learn {
namespace {

constexpr std::size_t kEmbedBatch = 32;

// An exchange whose learning is due, with all that is computed before the write.
struct Due {
  Exchange exchange;
  std::optional<Exchange> previous;
  std::string project;
  std::vector<Observation> observations;
  std::vector<Embedding> embeddings;            // one an observation, or none at all
  std::vector<std::vector<ItemId>> near_items;  // one list an observation
};

// An item this step made: later observations of the batch see it.
struct Made {
  ItemId id;
  std::string statement;
  std::string project;
  Embedding values;  // empty without an embedder
};

std::size_t size_of(const Exchange& exchange) {
  std::size_t bytes = exchange.steps.size();
  for (const Step& step : exchange.steps) bytes += step.text.size();
  return bytes;
}

KnowledgeItem item_of(const Due& due, const Observation& observation, const IdentityKey& key) {
  KnowledgeItem item;
  item.id = key.item(observation.id);
  item.type = observation.type;
  item.title = title_of(observation);
  item.statement = observation.statement;
  item.confidence = observation.confidence;
  item.project = due.project;
  item.session = due.exchange.session;
  item.first_seen = observation.seen;
  item.last_seen = observation.seen;
  return item;
}

bool is_same_text(std::string_view a, std::string_view b) {
  return normalise_space(a) == normalise_space(b);
}

// Texts of one owner of vectors, with what the embedder made of them.
struct Pending {
  store::VectorOwner owner = store::VectorOwner::kItem;
  std::uint64_t id = 0;
  std::vector<std::string> texts;
  std::optional<std::vector<Embedding>> parts;
};

}  // namespace

struct Learner::State {
  store::Store& store;
  Embedder* embedder;
  const IdentityKey& key;
  const Clock& clock;
  std::optional<ItemIndex> index;
  std::set<std::pair<store::VectorOwner, std::uint64_t>>
      refused;                   // by the embedder, in this process
  std::optional<Error> trouble;  // of embedding, reported once the facts are committed

  Result<std::vector<Due>> read_due();
  Result<void> read_one(store::ReadTxn& txn, ExchangeId id, std::vector<Due>& due);
  void embed_observations(std::vector<Due>& due);
  Result<void> find_near(std::vector<Due>& due);
  Result<void> write_due(const std::vector<Due>& due, StepReport& report);
  Result<void> write_exchange(store::WriteTxn& txn, const Due& due, std::vector<Made>& made,
                              StepReport& report);
  Result<std::optional<ItemId>> find_twin(store::WriteTxn& txn, const Due& due, std::size_t number,
                                          const std::vector<Made>& made);
  Result<std::vector<Pending>> read_pending();
  Result<void> read_texts(store::ReadTxn& txn, Pending& pending);
  void embed_pending(std::vector<Pending>& pending);
  Result<void> embed_some(StepReport& report);
};

// The batch with each exchange's predecessor and project, read in one snapshot.
Result<std::vector<Due>> Learner::State::read_due() {
  std::vector<Due> due;
  TACIT_TRY(store.read([&](store::ReadTxn& txn) -> Result<void> {
    const auto ids = TACIT_TRY(store::exchanges_to_learn(txn, kLearnBatch));
    for (const ExchangeId id : ids) TACIT_TRY(read_one(txn, id, due));
    return {};
  }));
  return due;
}

Result<void> Learner::State::read_one(store::ReadTxn& txn, ExchangeId id, std::vector<Due>& due) {
  auto exchange = TACIT_TRY(store::find_exchange(txn, id));
  if (!exchange) return {};
  Due one;
  one.exchange = std::move(*exchange);
  if (const auto session = TACIT_TRY(store::find_session(txn, one.exchange.session))) {
    one.project = session->project;
  }
  if (!due.empty() && due.back().exchange.session == one.exchange.session &&
      due.back().exchange.ordinal + 1 == one.exchange.ordinal) {
    one.previous = due.back().exchange;
  } else if (one.exchange.ordinal > 0) {
    const auto siblings = TACIT_TRY(store::exchanges_of(txn, one.exchange.session));
    const auto self = std::find(siblings.begin(), siblings.end(), id);
    if (self != siblings.begin() && self != siblings.end()) {
      one.previous = TACIT_TRY(store::find_exchange(txn, *std::prev(self)));
    }
  }
  due.push_back(std::move(one));
  return {};
}

// All exchanges at once, which is what the encoder is fast at; when that fails each alone, so that
// one which the embedder refuses does not take the others with it.
void Learner::State::embed_observations(std::vector<Due>& due) {
  if (embedder == nullptr) return;
  const auto embed = [&](std::span<Due> some) -> Result<void> {
    std::vector<std::string_view> texts;
    for (const Due& one : some) {
      for (const Observation& observation : one.observations)
        texts.push_back(observation.statement);
    }
    if (texts.empty()) return {};
    auto embedded = TACIT_TRY(embedder->embed(texts, Deadline::none()));
    auto next = std::make_move_iterator(embedded.begin());
    for (Due& one : some) {
      const auto end = next + static_cast<std::ptrdiff_t>(one.observations.size());
      one.embeddings.assign(next, end);
      next = end;
    }
    return {};
  };
  if (embed(due)) return;
  for (Due& one : due) {
    if (auto done = embed({&one, 1}); !done)
      trouble = std::move(done).error().with_context("cannot embed what was learned");
  }
}

Result<void> Learner::State::find_near(std::vector<Due>& due) {
  std::vector<std::span<const float>> vectors;
  for (const Due& one : due)
    vectors.insert(vectors.end(), one.embeddings.begin(), one.embeddings.end());
  if (vectors.empty()) return {};
  if (!index) index.emplace(embedder->space());
  TACIT_TRY(store.read([&](store::ReadTxn& txn) -> Result<void> { return index->refresh(txn); }));
  auto near = TACIT_TRY(index->near(vectors, kDuplicateCosine));
  auto next = std::make_move_iterator(near.begin());
  for (Due& one : due) {
    const auto end = next + static_cast<std::ptrdiff_t>(one.embeddings.size());
    one.near_items.assign(next, end);
    next = end;
  }
  return {};
}

// The item that says the same in the same project: among those made in this batch, the nearest
// stored ones, or one of equal words.
Result<std::optional<ItemId>> Learner::State::find_twin(store::WriteTxn& txn, const Due& due,
                                                        std::size_t number,
                                                        const std::vector<Made>& made) {
  const std::string& statement = due.observations[number].statement;
  const Embedding* values = due.embeddings.empty() ? nullptr : &due.embeddings[number];
  for (const Made& other : made) {
    if (other.project != due.project) continue;
    const bool near = values != nullptr && !other.values.empty() &&
                      dot(*values, other.values) >= kDuplicateCosine &&
                      may_merge(statement, other.statement);
    if (near || is_same_text(statement, other.statement)) return other.id;
  }
  std::vector<ItemId> candidates;
  if (!due.near_items.empty()) candidates = due.near_items[number];
  if (const auto same = TACIT_TRY(store::find_item_by_statement(store::as_read(txn), statement))) {
    candidates.push_back(*same);
  }
  for (const ItemId id : candidates) {
    const auto item = TACIT_TRY(store::find_item(store::as_read(txn), id));
    if (item && item->project == due.project && may_merge(statement, item->statement)) return id;
  }
  return std::nullopt;
}

Result<void> Learner::State::write_exchange(store::WriteTxn& txn, const Due& due,
                                            std::vector<Made>& made, StepReport& report) {
  store::ReadTxn& read = store::as_read(txn);
  const auto now_stored = TACIT_TRY(store::find_exchange(read, due.exchange.id));
  // Forgotten since it was read, or grown: what was computed no longer holds, and a grown one stays
  // due.
  if (!now_stored || size_of(*now_stored) != size_of(due.exchange)) return {};
  std::vector<KnowledgeItem> before;  // use must survive learning again
  for (const ItemId id : TACIT_TRY(store::items_of_exchange(read, due.exchange.id))) {
    if (auto item = TACIT_TRY(store::find_item(read, id))) before.push_back(std::move(*item));
  }
  TACIT_TRY(store::remove_observations_of(txn, due.exchange.id));
  std::set<ItemId> supported;
  for (std::size_t i = 0; i < due.observations.size(); ++i) {
    const Observation& observation = due.observations[i];
    const auto twin = TACIT_TRY(find_twin(txn, due, i, made));
    if (twin && !supported.insert(*twin).second) continue;  // said twice in one exchange
    if (twin) {
      if (!TACIT_TRY(store::reinforce_item(txn, *twin, observation, clock.now()))) continue;
      ++report.observations;
      ++report.items_reinforced;
      continue;
    }
    KnowledgeItem item = item_of(due, observation, key);
    for (const KnowledgeItem& old : before) {
      if (old.id != item.id) continue;
      item.uses = old.uses;
      item.last_used = old.last_used;
    }
    // False for what a person made Tacit forget: it is not learned again.
    if (!TACIT_TRY(store::add_item(txn, item, observation, clock.now()))) continue;
    supported.insert(item.id);
    ++report.observations;
    ++report.items_added;
    Embedding values = due.embeddings.empty() ? Embedding() : due.embeddings[i];
    if (!values.empty()) {
      TACIT_TRY(store::put_vectors(txn, store::VectorOwner::kItem, item.id.value, embedder->space(),
                                   std::span<const Embedding>(&values, 1)));
      ++report.texts_embedded;
    }
    made.push_back({item.id, item.statement, item.project, std::move(values)});
  }
  TACIT_TRY(store::mark_learned(txn, due.exchange.id));
  ++report.exchanges_learned;
  return {};
}

Result<void> Learner::State::write_due(const std::vector<Due>& due, StepReport& report) {
  return store.write([&](store::WriteTxn& txn) -> Result<void> {
    std::vector<Made> made;
    for (const Due& one : due) TACIT_TRY(write_exchange(txn, one, made, report));
    return {};
  });
}

Result<void> Learner::State::read_texts(store::ReadTxn& txn, Pending& pending) {
  if (pending.owner == store::VectorOwner::kItem) {
    const auto item = TACIT_TRY(store::find_item(txn, ItemId{pending.id}));
    if (item) pending.texts = {item->statement};
  } else if (const auto exchange = TACIT_TRY(store::find_exchange(txn, ExchangeId{pending.id}))) {
    pending.texts = embedding_texts(*exchange);
  }
  std::erase_if(pending.texts, [](const std::string& text) { return trim(text).empty(); });
  return {};
}

// The next owners without vectors, items first, passing over those the embedder refused.
Result<std::vector<Pending>> Learner::State::read_pending() {
  std::vector<Pending> pending;
  TACIT_TRY(store.read([&](store::ReadTxn& txn) -> Result<void> {
    for (const auto owner : {store::VectorOwner::kItem, store::VectorOwner::kExchange}) {
      const auto ids = TACIT_TRY(store::owners_without_vectors(txn, owner, embedder->space(),
                                                               kEmbedBatch + refused.size()));
      for (const std::uint64_t id : ids) {
        if (pending.size() == kEmbedBatch) return {};
        if (refused.contains({owner, id})) continue;
        Pending one;
        one.owner = owner;
        one.id = id;
        TACIT_TRY(read_texts(txn, one));
        pending.push_back(std::move(one));
      }
    }
    return {};
  }));
  return pending;
}

// All texts at once; when that fails each owner alone. An owner that fails while others succeed is
// passed over from then on; when all fail the embedder is down and nothing is held against them.
void Learner::State::embed_pending(std::vector<Pending>& pending) {
  std::vector<std::string_view> texts;
  for (const Pending& one : pending) texts.insert(texts.end(), one.texts.begin(), one.texts.end());
  if (auto all = embedder->embed(texts, Deadline::none())) {
    auto next = all->begin();
    for (Pending& one : pending) {
      const auto end = next + static_cast<std::ptrdiff_t>(one.texts.size());
      one.parts.emplace(std::make_move_iterator(next), std::make_move_iterator(end));
      next = end;
    }
    return;
  }
  bool some = false;
  for (Pending& one : pending) {
    std::vector<std::string_view> own(one.texts.begin(), one.texts.end());
    auto parts = embedder->embed(own, Deadline::none());
    if (parts) {
      one.parts = std::move(*parts);
      some = some || !own.empty();
    } else {
      trouble = std::move(parts).error().with_context("cannot embed a stored text");
    }
  }
  if (!some) return;
  for (const Pending& one : pending) {
    if (!one.parts) refused.insert({one.owner, one.id});
  }
}

Result<void> Learner::State::embed_some(StepReport& report) {
  if (embedder == nullptr) {
    report.idle = true;
    return {};
  }
  auto pending = TACIT_TRY(read_pending());
  if (pending.empty()) {
    report.idle = true;
    return {};
  }
  embed_pending(pending);
  return store.write([&](store::WriteTxn& txn) -> Result<void> {
    for (const Pending& one : pending) {
      if (!one.parts) continue;
      const bool alive =
          one.owner == store::VectorOwner::kItem
              ? TACIT_TRY(store::find_item(store::as_read(txn), ItemId{one.id})).has_value()
              : TACIT_TRY(store::find_exchange(store::as_read(txn), ExchangeId{one.id}))
                    .has_value();
      if (!alive) continue;  // forgotten while it was embedded
      TACIT_TRY(store::put_vectors(txn, one.owner, one.id, embedder->space(), *one.parts));
      report.texts_embedded += one.parts->size();
    }
    return {};
  });
}

Learner::Learner(store::Store& store, Embedder* embedder, const IdentityKey& key,
                 const Clock& clock)
    : state_(new State{store, embedder, key, clock, {}, {}, {}}) {}

Learner::~Learner() = default;

Result<StepReport> Learner::step() {
  State& state = *state_;
  state.trouble.reset();
  StepReport report;
  auto due = TACIT_TRY(state.read_due());
  if (due.empty()) {
    TACIT_TRY(state.embed_some(report));
  } else {
    for (Due& one : due) {
      one.observations = extract(one.exchange, one.previous ? &*one.previous : nullptr, state.key);
    }
    state.embed_observations(due);
    TACIT_TRY(state.find_near(due));
    StepReport written;
    TACIT_TRY(state.write_due(due, written));
    report = written;
  }
  if (state.trouble) return std::unexpected(*std::exchange(state.trouble, std::nullopt));
  return report;
}

Result<std::size_t> Learner::remaining() {
  std::size_t count = 0;
  TACIT_TRY(state_->store.read([&](store::ReadTxn& txn) -> Result<void> {
    count = static_cast<std::size_t>(TACIT_TRY(store::count_to_learn(txn)));
    if (state_->embedder == nullptr) return {};
    const auto waiting = static_cast<std::size_t>(
        TACIT_TRY(store::count_without_vectors(txn, state_->embedder->space())));
    count += waiting - std::min(waiting, state_->refused.size());
    return {};
  }));
  return count;
}

}  // namespace tacit::learn
