#pragma once
// A circuit breaker for one endpoint and model: pure rules, time is an argument. Five failures in a
// row open it for 60 s, give or take a tenth; then one call may probe, under a lease, so that a
// probe that hangs or is cancelled cannot keep it shut. A probe that fails doubles the time, up to
// a cap. Only what says something about the endpoint is told: neither cancelled calls nor refusals
// of our request are. Not safe from several threads; its owner locks.

#include <chrono>
#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace tacit::inference {

inline constexpr int kFailuresToOpen = 5;
inline constexpr Duration kOpenTime = std::chrono::seconds(60);
inline constexpr Duration kMostOpenTime = std::chrono::minutes(16);
inline constexpr Duration kProbeLease = std::chrono::seconds(30);

class Breaker {
 public:
  // `spread` in [-1, 1) shifts the open time by up to a tenth, so that many do not probe at once.
  explicit Breaker(double spread = 0) : spread_(spread) {}

  enum class Admission { kYes, kProbe, kNo };
  // kProbe: this call is the one probe; it must end in succeed(), fail() or withdraw().
  Admission admit(SteadyTime now);
  void succeed();
  void fail(SteadyTime now);
  // The probe ended without saying anything about the endpoint.
  void withdraw();

  bool is_open() const { return until_.has_value(); }
  // When the next probe may go out; none while it is closed.
  std::optional<SteadyTime> opens_until() const { return until_; }
  int failures() const { return failures_; }

 private:
  double spread_;
  int failures_ = 0;  // in a row
  int openings_ = 0;  // in a row
  std::optional<SteadyTime> until_;
  std::optional<SteadyTime> probe_lease_;
};

}  // namespace tacit::inference
