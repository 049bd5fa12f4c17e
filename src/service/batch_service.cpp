#include "service/batch_service.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>
#include <utility>

#include "base/hash.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/worker.h"
#include "service/batch_collector.h"
#include "service/batch_draft.h"

namespace tacit::service {
namespace {

using store::BatchLineRow;
using store::BatchRow;
using store::BatchStage;
using store::LineStage;

constexpr std::size_t kIdBytes = 6;
constexpr int kMostDoublings = 20;
constexpr Duration kLeastLook = std::chrono::seconds(1);
constexpr Duration kIdle = std::chrono::minutes(10);  // nothing runs: a submit wakes the thread
constexpr std::string_view kUnknown = "nobody knows whether it was sent: it counts as spent";

// A hold of a batch for the time of a call out.
class Borrowed {
 public:
  explicit Borrowed(Hold hold) : hold_(std::move(hold)) {}
  Borrowed(Borrowed&&) = default;
  Borrowed& operator=(Borrowed&&) = delete;
  ~Borrowed() { Ledger::leave(std::move(hold_)); }
  const Hold& operator*() const { return hold_; }

 private:
  Hold hold_;
};

std::string_view name_of(BatchStage stage) {
  if (stage == BatchStage::kSending) return "sending";
  return stage == BatchStage::kRunning ? "running" : "ended";
}

ErrorKind parse_error_kind(std::string_view name) {
  for (int i = 0; i < kErrorKindCount; ++i) {
    const auto kind = static_cast<ErrorKind>(i);
    if (tacit::name_of(kind) == name) return kind;
  }
  return ErrorKind::kInternal;
}

BatchLineRow failed_line(std::int64_t number, std::int64_t hold, const Error& error) {
  BatchLineRow row;
  row.number = number;
  row.hold = hold;
  row.stage = LineStage::kFailed;
  row.error_kind = tacit::name_of(error.kind());
  row.error = error.message();
  return row;
}

BatchView view_of(const BatchRow& batch, const std::vector<BatchLineRow>& lines, bool has_lines) {
  BatchView view;
  view.id = batch.id;
  view.provider = batch.provider;
  view.model = batch.model;
  view.state = name_of(batch.stage);
  view.outcome = batch.outcome;
  view.is_cancelled = batch.is_cancelled;
  view.created = batch.created;
  view.ended = batch.ended;
  for (const BatchLineRow& line : lines) {
    view.held += line.held;
    view.cost += line.cost;
    if (line.stage == LineStage::kWaits) {
      ++view.waiting;
      continue;
    }
    const bool is_answered = line.stage == LineStage::kAnswered;
    ++(is_answered ? view.answered : view.failed);
    if (!has_lines) continue;
    BatchLine shown{line.number, std::nullopt, line.text, line.finish, line.use, line.cost};
    if (!is_answered) shown.error = Error(parse_error_kind(line.error_kind), line.error);
    view.lines.push_back(std::move(shown));
  }
  return view;
}

}  // namespace

struct BatchService::State {
  explicit State(Parts with)
      : parts(std::move(with)), random(static_cast<unsigned>(first_u64(sha256(random_bytes(8))))) {}

  struct Due {
    SteadyTime at{};
    int looks = 0;
  };

  Result<void> end_what_was_half_sent();
  Result<BatchView> send(BatchRow batch, std::vector<BatchDraft>& drafts,
                         const inference::Route& route, std::stop_token stop);
  Result<void> give_up(BatchRow batch, const std::vector<BatchLineRow>& lines, bool is_unrun,
                       const Error& why);
  Result<void> end_batch(BatchRow batch, const std::string& outcome);

  Result<std::vector<BatchRow>> rows(std::size_t most) const;
  Result<std::pair<BatchRow, std::vector<BatchLineRow>>> read(const std::string& id) const;
  Result<std::optional<Borrowed>> borrow(const std::vector<BatchLineRow>& lines);

  // How long until the next look.
  Duration ask(const std::string& id, const std::stop_token& stop);
  Result<std::optional<Duration>> look_after(const std::string& id, const std::stop_token& stop);
  Result<std::optional<Duration>> collect(const BatchRow& batch,
                                          const std::vector<BatchLineRow>& lines,
                                          const inference::Route& route, const Hold& hold,
                                          const inference::BatchStatus& status,
                                          const std::stop_token& stop);
  Duration wait_after(const std::string& id);
  void wake();

  const Parts parts;
  Mutex mutex;
  CondVar changed;
  std::mt19937 random TACIT_GUARDED_BY(mutex);
  std::map<std::string, Due> due TACIT_GUARDED_BY(mutex);
  std::set<std::string> asking TACIT_GUARDED_BY(mutex);
  bool is_woken TACIT_GUARDED_BY(mutex) = false;
  std::unique_ptr<Worker> worker;
};

BatchService::BatchService(std::unique_ptr<State> state) : state_(std::move(state)) {}

BatchService::~BatchService() {
  if (state_->worker == nullptr) return;
  state_->worker->request_stop();
  state_->wake();
  state_->worker.reset();
}

Result<std::unique_ptr<BatchService>> BatchService::open(Parts parts) {
  auto state = std::make_unique<State>(std::move(parts));
  TACIT_TRY(state->end_what_was_half_sent());
  return std::unique_ptr<BatchService>(new BatchService(std::move(state)));
}

// The ledger has ended their holds by then.
Result<void> BatchService::State::end_what_was_half_sent() {
  return parts.store.write([&](store::WriteTxn& txn) -> Result<void> {
    store::ReadTxn& reading = store::as_read(txn);
    for (BatchRow& batch : TACIT_TRY(store::list_batches(reading, kMostBatches))) {
      if (batch.stage != BatchStage::kSending) continue;
      std::vector<BatchLineRow> lines = TACIT_TRY(store::batch_lines(reading, batch.id));
      for (BatchLineRow& line : lines)
        line =
            failed_line(line.number, line.hold, {ErrorKind::kUnavailable, std::string(kUnknown)});
      TACIT_TRY(store::finish_batch_lines(txn, batch.id, lines));
      batch.stage = BatchStage::kEnded;
      batch.outcome = kUnknown;
      batch.ended = parts.clock.now();
      TACIT_TRY(store::update_batch(txn, batch));
      log::warn("service", "batch_half_sent", {{"batch", batch.id}});
    }
    return store::drop_batches(txn, parts.clock.now() - kBatchKept);
  });
}

Result<BatchView> BatchService::submit(const std::vector<BatchItem>& items, std::stop_token stop) {
  if (state_->parts.ledger == nullptr)
    return fail(ErrorKind::kUnavailable, "no money can be held: " + state_->parts.ledger_trouble);
  const inference::Route& route = *TACIT_TRY(state_->parts.desk.place());
  BatchRow batch;
  batch.id = "b" + hex(sha256(random_bytes(kIdBytes)), kIdBytes);
  batch.provider = route.endpoint.provider;
  batch.model = route.model;
  batch.created = state_->parts.clock.now();
  auto drafts = TACIT_TRY(draft_batch(items, batch.id, route, state_->parts));
  const std::string id = batch.id;
  TACIT_TRY(state_->send(std::move(batch), drafts, route, std::move(stop)));
  state_->wake();
  return view(id);
}

Result<BatchView> BatchService::State::send(BatchRow batch, std::vector<BatchDraft>& drafts,
                                            const inference::Route& route, std::stop_token stop) {
  std::vector<HoldRequest> wanted;
  for (const BatchDraft& draft : drafts)
    if (!draft.refused) wanted.push_back(draft.wanted);
  auto reserved = TACIT_TRY(parts.ledger->reserve_all(wanted));
  std::vector<Hold> holds;
  std::vector<std::int64_t> ids;
  std::vector<BatchLineRow> lines;
  std::vector<inference::BatchRequest> requests;
  std::vector<CallAudit> audits;
  std::size_t next = 0;
  for (BatchDraft& draft : drafts) {
    if (!draft.refused) {
      Result<Hold>& hold = reserved[next++];
      if (hold) {
        BatchLineRow line;
        line.number = draft.item->line;
        line.hold = hold->id();
        line.schema = draft.item->request.schema;
        lines.push_back(std::move(line));
        ids.push_back(hold->id());
        holds.push_back(std::move(*hold));
        audits.push_back(draft.judged.audit);
        requests.push_back({name_of_line(draft.item->line), std::move(draft.judged.prompt)});
        continue;
      }
      draft.refused = hold.error();
    }
    lines.push_back(failed_line(draft.item->line, 0, *draft.refused));
  }
  if (holds.empty())
    return std::unexpected(
        Error(*drafts.front().refused)
            .with_context(fmt::format("no line can be sent; line {}", drafts.front().item->line)));
  // From here on a crash finds the batch, and counts as spent what was dispatched.
  TACIT_TRY(
      parts.store.write([&](store::WriteTxn& txn) { return store::put_batch(txn, batch, lines); }));
  TACIT_TRY(parts.ledger->dispatch_all(ids));
  auto sent = parts.desk.send(route, holds.front(), requests, std::move(stop));
  std::size_t n = 0;
  for (CallAudit& audit : audits) {
    audit.time = parts.clock.now();
    audit.provider = batch.provider;
    audit.model = batch.model;
    audit.outcome = sent ? "sent in a batch" : sent.error().is_unrun ? "not taken" : "not sure";
    for (const inference::Message& message : requests[n].prompt.messages)
      audit.bytes_out += static_cast<std::int64_t>(message.text.size());
    audit.hold = ids[n++];
  }
  if (auto kept = store::append_call_audits(parts.store, audits); !kept)
    log::error("service", "audit_not_written", {{"why", kept.error().message()}});
  if (!sent) {
    const Error why(ErrorKind::kUnavailable, fmt::format("{} did not take the batch: {}",
                                                         route.id(), sent.error().fault.message));
    TACIT_TRY(give_up(batch, lines, sent.error().is_unrun, why));
    for (Hold& hold : holds) Ledger::leave(std::move(hold));
    return std::unexpected(why);
  }
  batch.remote = std::move(*sent);
  batch.stage = BatchStage::kRunning;
  TACIT_TRY(
      parts.store.write([&](store::WriteTxn& txn) { return store::update_batch(txn, batch); }));
  for (Hold& hold : holds) Ledger::leave(std::move(hold));
  wait_after(batch.id);
  return view_of(batch, lines, false);
}

// Ends every line that waits, and the batch.
Result<void> BatchService::State::give_up(BatchRow batch, const std::vector<BatchLineRow>& lines,
                                          bool is_unrun, const Error& why) {
  std::vector<HoldEnd> ends;
  std::vector<BatchLineRow> rows;
  for (const BatchLineRow& line : lines) {
    if (line.stage != LineStage::kWaits) continue;
    ends.push_back({line.hold,
                    is_unrun ? HoldEnd::Kind::kRelease : HoldEnd::Kind::kSuspend,
                    Money(),
                    {},
                    "batch: " + why.message()});
    rows.push_back(failed_line(line.number, line.hold, why));
  }
  TACIT_TRY(parts.ledger->end_all(ends));
  TACIT_TRY(parts.store.write(
      [&](store::WriteTxn& txn) { return store::finish_batch_lines(txn, batch.id, rows); }));
  return end_batch(std::move(batch), why.message());
}

Result<void> BatchService::State::end_batch(BatchRow batch, const std::string& outcome) {
  batch.stage = BatchStage::kEnded;
  batch.outcome = outcome;
  batch.ended = parts.clock.now();
  {
    const MutexLock lock(mutex);
    due.erase(batch.id);
  }
  return parts.store.write([&](store::WriteTxn& txn) { return store::update_batch(txn, batch); });
}

Result<std::vector<BatchRow>> BatchService::State::rows(std::size_t most) const {
  std::vector<BatchRow> found;
  TACIT_TRY(parts.store.read([&](store::ReadTxn& txn) -> Result<void> {
    found = TACIT_TRY(store::list_batches(txn, most));
    return {};
  }));
  return found;
}

Result<std::pair<BatchRow, std::vector<BatchLineRow>>> BatchService::State::read(
    const std::string& id) const {
  std::pair<BatchRow, std::vector<BatchLineRow>> found;
  TACIT_TRY(parts.store.read([&](store::ReadTxn& txn) -> Result<void> {
    auto batch = TACIT_TRY(store::find_batch(txn, id));
    if (!batch) return fail(ErrorKind::kNotFound, "there is no such batch");
    found = {std::move(*batch), TACIT_TRY(store::batch_lines(txn, id))};
    return {};
  }));
  return found;
}

Result<std::vector<BatchView>> BatchService::list() const {
  std::vector<BatchView> views;
  for (const BatchRow& row : TACIT_TRY(state_->rows(kMostBatches))) {
    const auto [batch, lines] = TACIT_TRY(state_->read(row.id));
    views.push_back(view_of(batch, lines, false));
  }
  return views;
}

Result<BatchView> BatchService::view(const std::string& id) const {
  const auto [batch, lines] = TACIT_TRY(state_->read(id));
  return view_of(batch, lines, true);
}

// None: no line of it waits.
Result<std::optional<Borrowed>> BatchService::State::borrow(
    const std::vector<BatchLineRow>& lines) {
  if (parts.ledger == nullptr) return fail(ErrorKind::kUnavailable, parts.ledger_trouble);
  for (const BatchLineRow& line : lines) {
    if (line.stage != LineStage::kWaits) continue;
    return Borrowed(TACIT_TRY(parts.ledger->resume(line.hold)));
  }
  return std::nullopt;
}

Result<BatchView> BatchService::cancel(const std::string& id, std::stop_token stop) {
  auto [batch, lines] = TACIT_TRY(state_->read(id));
  if (batch.stage != BatchStage::kRunning)
    return fail(ErrorKind::kConflict, "this batch has ended");
  const inference::Route* const route = state_->parts.desk.find(batch.provider, batch.model);
  if (route == nullptr)
    return fail(ErrorKind::kUnavailable, fmt::format("{} with {} is not in the chain any more",
                                                     batch.provider, batch.model));
  const auto hold = TACIT_TRY(state_->borrow(lines));
  if (hold) {
    const auto done = state_->parts.desk.cancel(*route, **hold, batch.remote, std::move(stop));
    if (!done)
      return fail(ErrorKind::kUnavailable, "it was not cancelled: " + done.error().message);
  }
  batch.is_cancelled = true;
  TACIT_TRY(state_->parts.store.write(
      [&](store::WriteTxn& txn) { return store::cancel_batch(txn, id); }));
  {
    const MutexLock lock(state_->mutex);
    state_->due[id] = {};
  }
  state_->wake();
  return view(id);
}

// Full jitter: anything up to a doubling bound.
Duration BatchService::State::wait_after(const std::string& id) {
  const MutexLock lock(mutex);
  Due& next = due[id];
  const Duration most =
      std::min<Duration>(kMostLook, kFirstLook * (1 << std::min(next.looks, kMostDoublings)));
  const auto drawn =
      std::uniform_int_distribution<std::int64_t>(kLeastLook.count(), most.count())(random);
  ++next.looks;
  next.at = parts.clock.steady() + Duration(drawn);
  return Duration(drawn);
}

Duration BatchService::State::ask(const std::string& id, const std::stop_token& stop) {
  auto asked = look_after(id, stop);
  if (asked && !asked->has_value()) return kIdle;
  if (!asked) log::warn("service", "batch_not_asked", {{"why", asked.error().message()}});
  const Duration wait = wait_after(id);
  const Duration least = asked ? asked->value() : Duration(0);
  if (least <= wait) return wait;
  const MutexLock lock(mutex);
  due[id].at = parts.clock.steady() + least;
  return least;
}

// Nothing: it has ended. Else the least time to wait.
Result<std::optional<Duration>> BatchService::State::look_after(const std::string& id,
                                                                const std::stop_token& stop) {
  auto [batch, lines] = TACIT_TRY(read(id));
  if (batch.stage != BatchStage::kRunning) return std::nullopt;
  const auto age = parts.clock.now() - batch.created;
  const auto give_up_late = [&](const std::string& why) -> Result<std::optional<Duration>> {
    if (age < kBatchGivenUp) {
      log::info("service", "batch_waits", {{"batch", id}, {"why", why}});
      return Duration(0);
    }
    TACIT_TRY(give_up(batch, lines, false, {ErrorKind::kUnavailable, "given up: " + why}));
    return std::nullopt;
  };
  const inference::Route* const route = parts.desk.find(batch.provider, batch.model);
  if (route == nullptr) return give_up_late("its place is not in the chain any more");
  const auto hold = TACIT_TRY(borrow(lines));
  if (!hold) {
    TACIT_TRY(give_up(batch, lines, true, {ErrorKind::kUnavailable, "nothing is left of it"}));
    return std::nullopt;
  }
  auto status = parts.desk.look(*route, **hold, batch.remote, stop);
  if (!status) {
    auto waits = TACIT_TRY(give_up_late(status.error().message));
    if (waits && status.error().wait) waits = std::max(*waits, *status.error().wait);
    return waits;
  }
  if (status->has_ended) return collect(batch, lines, *route, **hold, *status, stop);
  if (age >= kBatchWindow && !batch.is_cancelled) {
    if (parts.desk.cancel(*route, **hold, batch.remote, stop))
      TACIT_TRY(
          parts.store.write([&](store::WriteTxn& txn) { return store::cancel_batch(txn, id); }));
  }
  return give_up_late("it is " + status->outcome);
}

Result<std::optional<Duration>> BatchService::State::collect(
    const BatchRow& batch, const std::vector<BatchLineRow>& lines, const inference::Route& route,
    const Hold& hold, const inference::BatchStatus& status, const std::stop_token& stop) {
  BatchCollector collector({parts.store, *parts.ledger, parts.redactor, parts.clock, parts.desk},
                           route, batch, lines);
  const auto fetched = parts.desk.fetch(
      route, hold, status,
      [&](inference::BatchResult&& result) { return collector.take(std::move(result)); }, stop);
  // What is there is there.
  TACIT_TRY(collector.flush());
  if (!fetched && fetched.error().kind != inference::FaultKind::kTooLong &&
      parts.clock.now() - batch.created < kBatchGivenUp) {
    return fetched.error().wait.value_or(Duration(0));
  }
  const std::string outcome = fetched ? status.outcome : fetched.error().message;
  TACIT_TRY(collector.finish(fetched ? status.answered : std::nullopt, outcome));
  TACIT_TRY(end_batch(batch, outcome));
  return std::nullopt;
}

Duration BatchService::step(std::stop_token stop) {
  Duration next = kIdle;
  const auto rows = state_->rows(kMostBatches);
  if (!rows) return next;
  for (const BatchRow& row : *rows) {
    if (row.stage != BatchStage::kRunning || stop.stop_requested()) continue;
    {
      const MutexLock lock(state_->mutex);
      const auto left = std::chrono::duration_cast<Duration>(state_->due[row.id].at -
                                                             state_->parts.clock.steady());
      if (left > Duration(0)) next = std::min(next, left);
      if (left > Duration(0) || !state_->asking.insert(row.id).second) continue;
    }
    const Duration wait = state_->ask(row.id, stop);
    next = std::min(next, wait);
    const MutexLock lock(state_->mutex);
    state_->asking.erase(row.id);
  }
  return next;
}

void BatchService::State::wake() {
  {
    const MutexLock lock(mutex);
    is_woken = true;
  }
  changed.notify_all();
}

void BatchService::keep_asking() {
  state_->worker = std::make_unique<Worker>("batches", [this](std::stop_token stop) {
    while (!stop.stop_requested()) {
      const auto until = std::chrono::steady_clock::now() + step(stop);
      const MutexLock lock(state_->mutex);
      while (!state_->is_woken && !stop.stop_requested() &&
             std::chrono::steady_clock::now() < until) {
        state_->changed.wait_for(state_->mutex, std::chrono::duration_cast<Duration>(
                                                    until - std::chrono::steady_clock::now()));
      }
      state_->is_woken = false;
    }
  });
}

}  // namespace tacit::service
