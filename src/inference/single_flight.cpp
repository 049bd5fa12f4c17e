#include "inference/single_flight.h"

#include <chrono>
#include <optional>
#include <utility>

#include "base/worker.h"

namespace tacit::inference {
namespace {

// Another caller may fare better: it has a budget, a queue and a time of its own.
bool is_personal(ErrorKind kind) {
  return kind == ErrorKind::kBudgetExhausted || kind == ErrorKind::kRateLimited ||
         kind == ErrorKind::kDeadlineExceeded;
}

}  // namespace

// All but key, stop and worker is guarded by the mutex of the SingleFlight.
struct SingleFlight::Flight {
  std::string key;
  std::map<std::uint64_t, Call> waiting;  // by ticket, in the order of coming
  std::uint64_t next_ticket = 0;
  std::uint64_t caller = 0;  // the ticket whose call runs
  bool was_elected = false;
  std::string text;  // shown so far
  std::optional<Result<Completion>> outcome;
  bool is_over = false;  // its thread is about to end
  std::stop_source stop;
  CondVar changed;
  std::unique_ptr<Worker> worker;
};

SingleFlight::SingleFlight() = default;

SingleFlight::~SingleFlight() {
  std::list<std::shared_ptr<Flight>> last;
  {
    const MutexLock lock(mutex_);
    slots_.clear();
    last.swap(running_);
  }
  for (const auto& flight : last) flight->stop.request_stop();
  for (const auto& flight : last) flight->worker.reset();
}

void SingleFlight::bury_landed() {
  std::list<std::shared_ptr<Flight>> landed;
  {
    const MutexLock lock(mutex_);
    for (auto one = running_.begin(); one != running_.end();) {
      const auto next = std::next(one);
      if ((*one)->is_over) landed.splice(landed.end(), running_, one);
      one = next;
    }
  }
  // Joined here: a thread cannot join itself, and a waiting caller may be the last to hold it.
  for (const auto& flight : landed) flight->worker.reset();
}

void SingleFlight::unslot_locked(const Flight& flight) {
  const auto slot = slots_.find(flight.key);
  if (slot != slots_.end() && slot->second.get() == &flight) slots_.erase(slot);
}

// Null: too many are under way.
std::shared_ptr<SingleFlight::Flight> SingleFlight::board_locked(const std::string& key, Call call,
                                                                 std::uint64_t& ticket) {
  if (const auto known = slots_.find(key); known != slots_.end()) {
    ++stats_.joined;
    ticket = known->second->next_ticket++;
    known->second->waiting.emplace(ticket, std::move(call));
    return known->second;
  }
  if (running_.size() >= kMostFlights) return nullptr;
  auto flight = std::make_shared<Flight>();
  flight->key = key;
  ticket = flight->next_ticket++;
  flight->waiting.emplace(ticket, std::move(call));
  slots_.emplace(key, flight);
  running_.push_back(flight);
  ++stats_.flights;
  // Its thread waits for the lock before it looks.
  flight->worker =
      std::make_unique<Worker>("flight", [this, flight](std::stop_token) { run(flight); });
  return flight;
}

bool SingleFlight::elect_locked(Flight& flight, const Result<Completion>& outcome) {
  if (outcome || !is_personal(outcome.error().kind()) || !flight.text.empty()) return false;
  if (flight.was_elected || flight.stop.stop_requested()) return false;
  for (const auto& [ticket, call] : flight.waiting) {
    if (ticket == flight.caller) continue;
    flight.was_elected = true;
    flight.caller = ticket;
    ++stats_.elections;
    return true;
  }
  return false;
}

void SingleFlight::run(const std::shared_ptr<Flight>& flight) {
  const ShowText show = [&](std::string_view text) {
    const MutexLock lock(mutex_);
    flight->text += text;
    flight->changed.notify_all();
  };
  Call call;
  {
    const MutexLock lock(mutex_);
    // None when the first has left already: then whoever joined calls.
    if (!flight->waiting.empty()) {
      flight->caller = flight->waiting.begin()->first;
      call = flight->waiting.begin()->second;
    }
  }
  while (true) {
    Result<Completion> outcome =
        call ? call(show, flight->stop.get_token())
             : Result<Completion>(fail(ErrorKind::kCancelled, "nobody waits for the answer"));
    const MutexLock lock(mutex_);
    if (elect_locked(*flight, outcome)) {
      call = flight->waiting.at(flight->caller);
      continue;
    }
    unslot_locked(*flight);
    flight->outcome = std::move(outcome);
    flight->is_over = true;
    flight->changed.notify_all();
    return;
  }
}

void SingleFlight::leave(const std::shared_ptr<Flight>& flight, std::uint64_t ticket) {
  bool is_abandoned = false;
  {
    const MutexLock lock(mutex_);
    flight->waiting.erase(ticket);
    if (flight->waiting.empty() && !flight->outcome) {
      unslot_locked(*flight);
      ++stats_.abandoned;
      is_abandoned = true;
    }
  }
  if (is_abandoned) flight->stop.request_stop();
}

SingleFlight::Landing SingleFlight::fly(const std::string& key, Call call, const ShowText& on_text,
                                        Duration time, std::stop_token stop) {
  bury_landed();
  std::uint64_t ticket = 0;
  std::shared_ptr<Flight> flight;
  {
    const MutexLock lock(mutex_);
    flight = board_locked(key, std::move(call), ticket);
  }
  if (!flight)
    return {fail(ErrorKind::kUnavailable, "too many calls are under way: try again"), false};
  Landing landing{fail(ErrorKind::kCancelled, "the caller no longer waits for the answer"), false};
  {
    const std::stop_callback wake(stop, [&] {
      const MutexLock lock(mutex_);
      flight->changed.notify_all();
    });
    const auto end = std::chrono::steady_clock::now() + time;
    std::size_t shown = 0;
    while (true) {
      std::string piece;
      {
        const MutexLock lock(mutex_);
        while (!flight->outcome && flight->text.size() == shown && !stop.stop_requested() &&
               std::chrono::steady_clock::now() < end) {
          flight->changed.wait_for(mutex_, end - std::chrono::steady_clock::now());
        }
        if (stop.stop_requested()) break;
        piece = flight->text.substr(shown);
        if (piece.empty()) {
          landing.has_called = flight->caller == ticket;
          landing.outcome = flight->outcome ? *flight->outcome
                                            : fail(ErrorKind::kDeadlineExceeded,
                                                   "the answer did not come in time");
          break;
        }
      }
      shown += piece.size();
      if (on_text) on_text(piece);
    }
  }
  leave(flight, ticket);
  return landing;
}

FlightStats SingleFlight::stats() const {
  const MutexLock lock(mutex_);
  FlightStats stats = stats_;
  stats.running = running_.size();
  return stats;
}

}  // namespace tacit::inference
