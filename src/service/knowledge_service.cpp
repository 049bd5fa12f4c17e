#include "service/knowledge_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/metrics.h"
#include "base/text.h"
#include "base/version.h"
#include "service/answer_cache.h"
#include "store/text_queries.h"

namespace tacit::service {
namespace {

constexpr std::size_t kClippedStepBytes = 4000;  // of requests and replies in a session's overview

Error no_such(const std::string& id) {
  return {ErrorKind::kNotFound,
          fmt::format(
              "nothing has the id \"{}\"; ids come from `tacit search` and start with k (item), x "
              "(exchange) or s (session)",
              clip_utf8(id, 64))};
}

// Text of a span, or nothing when the exchange has changed since.
std::string quote(const Exchange& exchange, const Span& span) {
  if (span.step >= exchange.steps.size()) return {};
  const std::string& text = exchange.steps[span.step].text;
  if (span.offset > text.size() || span.length > text.size() - span.offset) return {};
  return text.substr(span.offset, span.length);
}

Result<ItemRecord> read_item(store::ReadTxn& txn, const KnowledgeItem& item, Instant now) {
  ItemRecord record;
  record.item = item;
  record.freshness = freshness_of(item, now);
  for (Observation& observation : TACIT_TRY(store::observations_of(txn, item.id))) {
    Evidence evidence;
    const auto exchange = TACIT_TRY(store::find_exchange(txn, observation.exchange));
    for (const Span& span : observation.spans) {
      evidence.quotes.push_back(exchange ? quote(*exchange, span) : std::string());
    }
    evidence.observation = std::move(observation);
    record.evidence.push_back(std::move(evidence));
  }
  return record;
}

Result<ExchangeRecord> read_exchange(store::ReadTxn& txn, Exchange exchange) {
  ExchangeRecord record;
  if (auto session = TACIT_TRY(store::find_session(txn, exchange.session)))
    record.session = std::move(*session);
  for (const ItemId id : TACIT_TRY(store::items_of_exchange(txn, exchange.id))) {
    if (auto item = TACIT_TRY(store::find_item(txn, id))) record.items.push_back(std::move(*item));
  }
  record.exchange = std::move(exchange);
  return record;
}

// The request and the last reply, clipped: enough to follow a session.
Exchange overview(Exchange exchange) {
  std::vector<Step> kept;
  kept.push_back(std::move(exchange.steps.front()));
  for (std::size_t i = exchange.steps.size(); i-- > 1;) {
    if (exchange.steps[i].kind != StepKind::kReply) continue;
    kept.push_back(std::move(exchange.steps[i]));
    break;
  }
  for (Step& step : kept) step.text = std::string(clip_utf8(step.text, kClippedStepBytes));
  exchange.steps = std::move(kept);
  return exchange;
}

Result<SessionRecord> read_session(store::ReadTxn& txn, Session session) {
  SessionRecord record;
  for (const ExchangeId id : TACIT_TRY(store::exchanges_of(txn, session.id))) {
    if (auto exchange = TACIT_TRY(store::find_exchange(txn, id)))
      record.exchanges.push_back(overview(std::move(*exchange)));
  }
  record.session = std::move(session);
  return record;
}

std::size_t redact(const privacy::Redactor& redactor, std::string& text) {
  if (!is_valid_utf8(text)) text = clean_utf8(text);
  return redactor.redact_in_place(text);
}

// Redacts and names one incoming exchange. The identity has served once the id is derived from it.
std::size_t prepare(const privacy::Redactor& redactor, const IdentityKey& key, Incoming& incoming) {
  Session& session = incoming.session;
  Exchange& exchange = incoming.exchange;
  session.id = key.session(session.agent, session.native_id);
  exchange.id = key.exchange(session.agent, exchange.identity);
  exchange.session = session.id;
  exchange.identity.clear();
  std::size_t redactions = redact(redactor, session.title);
  for (std::string* text :
       {&session.native_id, &session.project, &session.branch, &exchange.model}) {
    redactions += redact(redactor, *text);
  }
  for (Step& step : exchange.steps) {
    redactions += redact(redactor, step.text);
    redactions += redact(redactor, step.tool);
  }
  return redactions;
}

Result<void> check(const Incoming& incoming) {
  if (incoming.session.agent.empty() || incoming.session.native_id.empty()) {
    return fail(ErrorKind::kInvalidInput, "an exchange needs the agent and id of its session");
  }
  if (incoming.exchange.identity.empty()) {
    return fail(ErrorKind::kInvalidInput,
                "an exchange needs an identity that is equal in every copy of it");
  }
  if (incoming.exchange.steps.empty() ||
      incoming.exchange.steps.front().kind != StepKind::kRequest) {
    return fail(ErrorKind::kInvalidInput, "an exchange starts with a step of kind \"request\"");
  }
  return {};
}

Result<std::int64_t> content_generation(const store::Store& store) {
  std::int64_t generation = 0;
  TACIT_TRY(store.read([&](store::ReadTxn& txn) -> Result<void> {
    generation = TACIT_TRY(store::content_generation(txn));
    return {};
  }));
  return generation;
}

}  // namespace

KnowledgeService::KnowledgeService(ServiceParts parts) : parts_(std::move(parts)) {}

Result<Answer> KnowledgeService::search(const Query& query) const {
  if (parts_.answers == nullptr) return parts_.retriever.search(query, now());
  const auto start = std::chrono::steady_clock::now();
  const std::int64_t generation = TACIT_TRY(content_generation(parts_.store));
  if (const auto kept = parts_.answers->find(query, generation)) {
    Answer answer = *kept;
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    answer.took_ms = took.count();
    return answer;
  }
  auto answer = parts_.retriever.search(query, now());
  // What did not work this time may work the next; only a model that is not there stays away.
  if (answer && (answer->degraded.empty() || parts_.embedder == nullptr)) {
    parts_.answers->keep(query, generation, *answer);
  }
  return answer;
}

Result<Record> KnowledgeService::get(const std::string& id) const {
  std::optional<Record> record;
  auto read = parts_.store.read([&](store::ReadTxn& txn) -> Result<void> {
    if (const auto item_id = ItemId::parse(id)) {
      if (auto item = TACIT_TRY(store::find_item(txn, *item_id)))
        record = TACIT_TRY(read_item(txn, *item, now()));
    } else if (const auto exchange_id = ExchangeId::parse(id)) {
      if (auto exchange = TACIT_TRY(store::find_exchange(txn, *exchange_id))) {
        record = TACIT_TRY(read_exchange(txn, std::move(*exchange)));
      }
    } else if (const auto session_id = SessionId::parse(id)) {
      if (auto session = TACIT_TRY(store::find_session(txn, *session_id))) {
        record = TACIT_TRY(read_session(txn, std::move(*session)));
      }
    }
    return {};
  });
  TACIT_TRY(std::move(read));
  if (!record) return std::unexpected(no_such(id));
  return std::move(*record);
}

Result<std::vector<KnowledgeItem>> KnowledgeService::items(const std::string& project,
                                                           std::optional<ItemType> type,
                                                           std::size_t limit,
                                                           const std::string& before) const {
  std::optional<ItemId> cursor;
  if (!before.empty()) {
    cursor = ItemId::parse(before);
    if (!cursor) return fail(ErrorKind::kInvalidInput, "before: not an item id");
  }
  std::vector<KnowledgeItem> items;
  TACIT_TRY(parts_.store.read([&](store::ReadTxn& txn) -> Result<void> {
    items = TACIT_TRY(
        store::list_items(txn, project, type, std::clamp<std::size_t>(limit, 1, kMaxPage), cursor));
    return {};
  }));
  return items;
}

Result<std::vector<KnowledgeItem>> KnowledgeService::ranked_items(store::ItemRanking ranking,
                                                                  std::size_t limit) const {
  ranking.now = now();
  std::vector<KnowledgeItem> items;
  TACIT_TRY(parts_.store.read([&](store::ReadTxn& txn) -> Result<void> {
    items = TACIT_TRY(store::rank_items(txn, ranking, std::clamp<std::size_t>(limit, 1, kMaxPage)));
    return {};
  }));
  return items;
}

Result<std::vector<store::SessionRow>> KnowledgeService::sessions(const std::string& project,
                                                                  std::size_t limit,
                                                                  const std::string& before) const {
  std::optional<SessionId> cursor;
  if (!before.empty()) {
    cursor = SessionId::parse(before);
    if (!cursor) return fail(ErrorKind::kInvalidInput, "before: not a session id");
  }
  std::vector<store::SessionRow> rows;
  TACIT_TRY(parts_.store.read([&](store::ReadTxn& txn) -> Result<void> {
    rows = TACIT_TRY(
        store::list_sessions(txn, project, std::clamp<std::size_t>(limit, 1, kMaxPage), cursor));
    return {};
  }));
  return rows;
}

Result<Status> KnowledgeService::status() const {
  Status status;
  TACIT_TRY(parts_.store.read([&](store::ReadTxn& txn) -> Result<void> {
    status.counts = TACIT_TRY(store::count_all(txn));
    status.freshness = TACIT_TRY(store::count_by_freshness(txn, now()));
    if (parts_.embedder != nullptr) {
      status.without_vectors =
          TACIT_TRY(store::count_without_vectors(txn, parts_.embedder->space()));
    }
    return {};
  }));
  status.data_dir = parts_.data_dir;
  status.version = kVersion;
  status.has_model = parts_.embedder != nullptr;
  status.model = status.has_model ? parts_.embedder->space().text() : parts_.model_note;
  status.rss_bytes = resident_bytes();
  if (parts_.answers != nullptr) status.cache = parts_.answers->stats();
  status.words = parts_.store.text_memory();
  if (parts_.embedder != nullptr) status.embeddings = parts_.embedder->stats();
  return status;
}

Result<IngestReport> KnowledgeService::ingest(std::vector<Incoming> batch, bool again) {
  if (!parts_.is_writer) {
    return fail(ErrorKind::kUnavailable,
                "this process reads the data folder and cannot write to it");
  }
  IngestReport report;
  for (Incoming& incoming : batch) {
    TACIT_TRY(check(incoming));
    report.redactions += prepare(parts_.redactor, parts_.key, incoming);
  }
  TACIT_TRY(parts_.store.write([&](store::WriteTxn& txn) -> Result<void> {
    TACIT_TRY(store::sweep_stale(txn, now()));
    SessionId last;
    for (const Incoming& incoming : batch) {
      const Exchange& exchange = incoming.exchange;
      // A session is written with its first exchange that counts, so that a session that was
      // forgotten as a whole does not come back empty.
      const bool known =
          TACIT_TRY(store::find_session(store::as_read(txn), incoming.session.id)).has_value();
      if (incoming.session.id != last) TACIT_TRY(store::put_session(txn, incoming.session));
      last = incoming.session.id;
      switch (TACIT_TRY(store::put_exchange(txn, exchange, now(), again))) {
        case store::PutOutcome::kAdded:
          ++report.exchanges;
          if (!known) ++report.sessions;
          break;
        case store::PutOutcome::kGrown:
          ++report.grown;
          break;
        case store::PutOutcome::kUnchanged:
          ++report.duplicates;
          break;
        case store::PutOutcome::kForgotten:
          ++report.forgotten;
          break;
      }
    }
    return {};
  }));
  if (parts_.on_ingest && report.exchanges + report.grown > 0) parts_.on_ingest();
  return report;
}

Result<void> KnowledgeService::record_use(const std::vector<ItemId>& items) {
  if (items.empty()) return {};
  if (!parts_.is_writer) return parts_.forward_use ? parts_.forward_use(items) : Result<void>{};
  return parts_.store.write(
      [&](store::WriteTxn& txn) { return store::record_use(txn, items, now()); });
}

Result<store::ForgetReceipt> KnowledgeService::forget(const store::ForgetTarget& target,
                                                      bool dry_run) {
  store::ForgetReceipt receipt;
  if (dry_run) {
    TACIT_TRY(parts_.store.read([&](store::ReadTxn& txn) -> Result<void> {
      receipt = TACIT_TRY(store::preview_forget(txn, target));
      return {};
    }));
    return receipt;
  }
  if (!parts_.is_writer) {
    return fail(ErrorKind::kUnavailable,
                "this process reads the data folder and cannot write to it");
  }
  TACIT_TRY(parts_.store.write([&](store::WriteTxn& txn) -> Result<void> {
    receipt = TACIT_TRY(store::forget(txn, target, now()));
    return {};
  }));
  if (parts_.answers != nullptr) {
    parts_.answers->advance(TACIT_TRY(content_generation(parts_.store)));
  }
  if (parts_.embedder != nullptr) parts_.embedder->clear();
  TACIT_TRY(parts_.store.checkpoint());
  return receipt;
}

Result<store::ForgetTarget> KnowledgeService::forget_target_of(const std::string& id) {
  store::ForgetTarget target;
  if (const auto item = ItemId::parse(id))
    target.item = *item;
  else if (const auto exchange = ExchangeId::parse(id))
    target.exchange = *exchange;
  else if (const auto session = SessionId::parse(id))
    target.session = *session;
  else
    return std::unexpected(no_such(id));
  return target;
}

}  // namespace tacit::service
