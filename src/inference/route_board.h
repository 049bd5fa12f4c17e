#pragma once
// How each route of the chain stands: its breaker, the time before which its provider does not want
// to be asked, and whether its configuration turned out wrong. Breakers and times belong to an
// endpoint and a model. Safe from any thread.

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "inference/breaker.h"
#include "inference/plan.h"

namespace tacit::inference {

class RouteBoard {
 public:
  RouteBoard(const std::vector<Route>& routes, const Clock& clock, unsigned seed);

  // Without prices.
  std::vector<RouteState> states() const;

  // The right to one call, which ends in exactly one of the three; dropped, it is withdrawn.
  class Admission {
   public:
    Admission(Admission&& other) noexcept
        : board_(std::exchange(other.board_, nullptr)),
          route_(other.route_),
          is_probe_(other.is_probe_) {}
    Admission& operator=(Admission&&) = delete;
    ~Admission();
    void succeed();
    // A fault that says nothing about the place leaves its breaker alone; one that names a wait or
    // a wrong configuration is remembered.
    void fail(const Fault& fault, double chance);

   private:
    friend class RouteBoard;
    Admission(RouteBoard& board, std::size_t route, bool is_probe)
        : board_(&board), route_(route), is_probe_(is_probe) {}
    RouteBoard* board_;
    std::size_t route_;
    bool is_probe_;
  };
  // None while the place rests.
  std::optional<Admission> admit(std::size_t route);
  // How long the place wants to be left alone; none when it may be asked now.
  std::optional<Duration> resting(std::size_t route) const;

  struct View {
    bool is_open = false;
    int failures = 0;
    std::optional<Duration> resting;
    std::string unusable;
  };
  View view(std::size_t route) const;

 private:
  struct Place {
    Breaker breaker;
    std::optional<SteadyTime> not_before;
    std::string unusable;
  };
  std::optional<Duration> rest_of(const Place& place) const /* locked */;

  const Clock& clock_;
  mutable Mutex mutex_;
  std::vector<Place> places_ TACIT_GUARDED_BY(mutex_);
};

}  // namespace tacit::inference
