// Cases of the store: the hot queries at three sizes, with the indexes of schema 1 and of today.
// One database a size is filled through the store's own functions; "before" works on a copy whose
// indexes were taken back.
#include <fmt/format.h>

#include <map>
#include <random>

#include "bench/bench_case.h"
#include "bench/scratch_folder.h"
#include "domain/identity.h"
#include "store/index_worth.h"
#include "store/knowledge_queries.h"
#include "store/session_queries.h"
#include "store/store.h"

namespace tacit::bench {
namespace {

constexpr std::size_t kItemsPerExchange = 4;
constexpr std::size_t kExchangesPerSession = 10;
// Few: within a savepoint SQLite walks the journal of the statements so far at each one.
constexpr std::size_t kExchangesPerCommit = 50;
constexpr int kProjects = 20;
constexpr int kDays = 365;  // over which the items are spread, so a quarter is not stale
constexpr std::size_t kPage = 20;
const Instant kNow = from_millis(1'767'225'600'000);  // 2026-01-01

std::string project_of(std::size_t session) {
  return fmt::format("/home/dev/project-{}", session % kProjects);
}

// What the filler wrote, for queries that start from an id.
struct Filled {
  ScratchFolder folder;
  std::vector<ItemId> items;
};

class Filler {
 public:
  Filler(store::Store& store, std::vector<ItemId>& items) : store_(store), items_(items) {}

  Result<void> run(std::size_t items) {
    statements_ = make_sentences(items, 16, 7);
    const std::size_t exchanges = items / kItemsPerExchange;
    for (std::size_t start = 0; start < exchanges; start += kExchangesPerCommit) {
      TACIT_TRY(store_.write([&](store::WriteTxn& txn) -> Result<void> {
        for (std::size_t n = start; n < std::min(exchanges, start + kExchangesPerCommit); ++n)
          TACIT_TRY(add_exchange(txn, n));
        return store::sweep_stale(txn, kNow);
      }));
    }
    return store_.checkpoint();
  }

 private:
  Result<void> add_exchange(store::WriteTxn& txn, std::size_t n) {
    const std::size_t number = n / kExchangesPerSession;
    const Instant time = kNow - std::chrono::minutes(minutes_(random_));
    Session session;
    session.agent = "bench";
    session.native_id = std::to_string(number);
    session.id = key_.session(session.agent, session.native_id);
    session.project = project_of(number);
    session.started = time;
    TACIT_TRY(store::put_session(txn, session));
    Exchange exchange;
    exchange.id = key_.exchange(session.agent, std::to_string(n));
    exchange.session = session.id;
    exchange.ordinal = static_cast<int>(n % kExchangesPerSession);
    exchange.time = time;
    exchange.steps.push_back({StepKind::kRequest, "", statements_[n], false, time});
    TACIT_TRY(store::put_exchange(txn, exchange, kNow, false));
    for (std::size_t i = 0; i < kItemsPerExchange; ++i)
      TACIT_TRY(add_item(txn, session, exchange, statements_[n * kItemsPerExchange + i]));
    return store::mark_learned(txn, exchange.id);
  }

  Result<void> add_item(store::WriteTxn& txn, const Session& session, const Exchange& exchange,
                        const std::string& statement) {
    Observation observation;
    observation.exchange = exchange.id;
    observation.statement = fmt::format("{} {}", statement, items_.size());
    observation.id = key_.observation(exchange.id, observation.statement);
    observation.spans.push_back({0, 0, 10});
    observation.seen = exchange.time;
    KnowledgeItem item;
    item.id = key_.item(observation.id);
    item.type = static_cast<ItemType>(types_(random_));
    item.intent = static_cast<Intent>(intents_(random_));
    item.title = observation.statement.substr(0, 60);
    item.statement = observation.statement;
    item.confidence = confidences_(random_);
    item.project = session.project;
    item.session = session.id;
    item.first_seen = item.last_seen = exchange.time;
    TACIT_TRY(store::add_item(txn, item, observation, kNow));
    items_.push_back(item.id);
    return {};
  }

  store::Store& store_;
  std::vector<ItemId>& items_;
  const IdentityKey key_{"bench"};
  std::vector<std::string> statements_;
  std::mt19937 random_{11};
  std::uniform_int_distribution<int> minutes_{0, kDays * 24 * 60};
  std::uniform_int_distribution<int> types_{0, kItemTypeCount - 1};
  std::uniform_int_distribution<int> intents_{0, kIntentCount - 1};
  std::uniform_real_distribution<double> confidences_{0.3, 0.99};
};

Result<std::unique_ptr<store::Store>> open(const std::filesystem::path& folder) {
  store::StoreOptions options;
  options.directory = folder;
  return store::Store::open(options);
}

enum class Indexes { kSchema1, kToday };

// Filled once for all cases of a size.
Result<const Filled*> filled(std::size_t items, Indexes indexes) {
  static std::map<std::pair<std::size_t, Indexes>, std::unique_ptr<Filled>> all;
  auto& slot = all[{items, indexes}];
  if (slot != nullptr) return slot.get();
  auto made = std::make_unique<Filled>();
  if (indexes == Indexes::kToday) {
    auto store = TACIT_TRY(open(made->folder.path()));
    TACIT_TRY(Filler(*store, made->items).run(items));
  } else {
    const Filled* full = TACIT_TRY(filled(items, Indexes::kToday));
    made->items = full->items;
    std::error_code failed;
    std::filesystem::copy_file(full->folder.path() / "tacit.db", made->folder.path() / "tacit.db",
                               failed);
    if (failed) return fail(ErrorKind::kUnavailable, "cannot copy the bench's database");
    auto store = TACIT_TRY(open(made->folder.path()));
    TACIT_TRY(
        store->write([](store::WriteTxn& txn) { return store::use_indexes_of_schema_1(txn); }));
  }
  slot = std::move(made);
  return slot.get();
}

struct HotQuery {
  const char* name;
  std::function<Result<void>(store::ReadTxn&, const Filled&, std::size_t i)> run;
};

std::vector<HotQuery> hot_queries() {
  using store::ItemOrder;
  const auto project = [](std::size_t i) { return project_of(i); };
  return {
      {"newest items",
       [](store::ReadTxn& txn, const Filled&, std::size_t) -> Result<void> {
         TACIT_TRY(store::list_items(txn, "", std::nullopt, kPage, std::nullopt));
         return {};
       }},
      {"newest items, a page from the midst",
       [](store::ReadTxn& txn, const Filled& data, std::size_t i) -> Result<void> {
         TACIT_TRY(store::list_items(txn, "", std::nullopt, kPage,
                                     data.items[i * 7919 % data.items.size()]));
         return {};
       }},
      {"newest items of a type",
       [](store::ReadTxn& txn, const Filled&, std::size_t i) -> Result<void> {
         TACIT_TRY(store::list_items(txn, "", static_cast<ItemType>(i % kItemTypeCount), kPage,
                                     std::nullopt));
         return {};
       }},
      {"newest items of a project",
       [=](store::ReadTxn& txn, const Filled&, std::size_t i) -> Result<void> {
         TACIT_TRY(store::list_items(txn, project(i), std::nullopt, kPage, std::nullopt));
         return {};
       }},
      {"current items of a project by confidence",
       [=](store::ReadTxn& txn, const Filled&, std::size_t i) -> Result<void> {
         TACIT_TRY(store::rank_items(txn, {ItemOrder::kConfidence, project(i), std::nullopt, kNow},
                                     kPage));
         return {};
       }},
      {"items of an intent by confidence",
       [](store::ReadTxn& txn, const Filled&, std::size_t i) -> Result<void> {
         TACIT_TRY(store::rank_items(
             txn, {ItemOrder::kConfidence, "", static_cast<Intent>(i % kIntentCount), kNow},
             kPage));
         return {};
       }},
      {"items of a project by freshness",
       [=](store::ReadTxn& txn, const Filled&, std::size_t i) -> Result<void> {
         TACIT_TRY(store::rank_items(txn, {ItemOrder::kFreshness, project(i), std::nullopt, kNow},
                                     kPage));
         return {};
       }},
      {"items counted by freshness",
       [](store::ReadTxn& txn, const Filled&, std::size_t) -> Result<void> {
         TACIT_TRY(store::count_by_freshness(txn, kNow));
         return {};
       }},
      {"sessions of a project",
       [=](store::ReadTxn& txn, const Filled&, std::size_t i) -> Result<void> {
         TACIT_TRY(store::list_sessions(txn, project(i), kPage, std::nullopt));
         return {};
       }},
      {"an item with its evidence",
       [](store::ReadTxn& txn, const Filled& data, std::size_t i) -> Result<void> {
         const ItemId id = data.items[i * 7919 % data.items.size()];
         TACIT_TRY(store::find_item(txn, id));
         TACIT_TRY(store::observations_of(txn, id));
         return {};
       }},
  };
}

Case store_case(const HotQuery& query, std::size_t items, Indexes indexes) {
  std::optional<Limit> target;
  if (indexes == Indexes::kToday) target = Limit{Measure::kP95Ms, 500};
  return {"store",
          fmt::format("{}, {} items, {}", query.name, items,
                      indexes == Indexes::kToday ? "indexes of today" : "indexes of schema 1"),
          100,
          target,
          std::nullopt,
          [=](const BenchOptions&, int iterations) -> Result<Sample> {
            const Filled* data = TACIT_TRY(filled(items, indexes));
            const auto store = TACIT_TRY(open(data->folder.path()));
            return time_each(iterations, [&](int i) {
              return store->read([&](store::ReadTxn& txn) {
                return query.run(txn, *data, static_cast<std::size_t>(i));
              });
            });
          }};
}

}  // namespace

std::vector<Case> store_cases() {
  std::vector<Case> cases;
  for (const std::size_t items : {1'000U, 10'000U, 100'000U}) {
    for (const Indexes indexes : {Indexes::kToday, Indexes::kSchema1}) {
      for (const HotQuery& query : hot_queries())
        cases.push_back(store_case(query, items, indexes));
    }
  }
  return cases;
}

}  // namespace tacit::bench
