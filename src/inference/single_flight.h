#pragma once
// Equal calls at the same time are one call. It runs on a thread of its own and belongs to none of
// those who wait for it: one that leaves takes nothing from the others, and only when the last has
// left is it told to stop. Who comes late gets the text so far at once and then goes on with the
// rest. Equal means the same key (response_cache.h), so never across projects or labels.
//
// A failure goes to all. Only one that is about the one who called (its budget, its place in the
// queue, its time) is not the others' too: then, if no text was shown, the next who waits calls
// instead, once for a flight. A flight leaves its key before anybody hears how it ended: what is
// asked then is a new call. A caller looks into its cache, joins, and its call looks once more, so
// that an answer that came between is not paid twice.
//
// Safe from any thread. Must outlive its callers; destroying it stops and joins what still runs.

#include <functional>
#include <list>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/result.h"
#include "inference/engine.h"

namespace tacit::inference {

inline constexpr std::size_t kMostFlights = 256;  // one thread each

struct FlightStats {
  std::uint64_t flights = 0;
  std::uint64_t joined = 0;     // callers that found a flight under way
  std::uint64_t elections = 0;  // of another caller after a failure
  std::uint64_t abandoned = 0;  // stopped, because nobody was left
  std::size_t running = 0;      // with those that have landed and are not yet buried
};

class SingleFlight {
 public:
  using ShowText = std::function<void(std::string_view)>;
  // Makes the call; shows its text as it comes; returns soon after `stop`. It may outlive the
  // caller that brought it, so it owns what it uses. Runs on the flight's thread.
  using Call = std::function<Result<Completion>(const ShowText& show, std::stop_token stop)>;

  struct Landing {
    Result<Completion> outcome;
    bool has_called = false;  // the outcome is of this caller's call, so it is the one that pays
  };

  SingleFlight();
  ~SingleFlight();
  SingleFlight(const SingleFlight&) = delete;
  SingleFlight& operator=(const SingleFlight&) = delete;

  // Blocks until the flight lands, `time` is over (deadline_exceeded) or `stop` is requested
  // (cancelled). `on_text` may be empty; it is called on this thread. unavailable when
  // kMostFlights are under way.
  Landing fly(const std::string& key, Call call, const ShowText& on_text, Duration time,
              std::stop_token stop);
  FlightStats stats() const;

 private:
  struct Flight;
  std::shared_ptr<Flight> board_locked(const std::string& key, Call call, std::uint64_t& ticket);
  void run(const std::shared_ptr<Flight>& flight);
  bool elect_locked(Flight& flight, const Result<Completion>& outcome);
  void leave(const std::shared_ptr<Flight>& flight, std::uint64_t ticket);
  void unslot_locked(const Flight& flight);
  void bury_landed();

  mutable Mutex mutex_;
  std::map<std::string, std::shared_ptr<Flight>> slots_ TACIT_GUARDED_BY(mutex_);
  std::list<std::shared_ptr<Flight>> running_ TACIT_GUARDED_BY(mutex_);
  FlightStats stats_ TACIT_GUARDED_BY(mutex_);
};

}  // namespace tacit::inference
