#include "inference/breaker.h"

#include <algorithm>

namespace tacit::inference {
namespace {

constexpr double kSpreadShare = 0.1;

}  // namespace

Breaker::Admission Breaker::admit(SteadyTime now) {
  if (!until_) return Admission::kYes;
  if (now < *until_) return Admission::kNo;
  if (probe_lease_ && now < *probe_lease_) return Admission::kNo;
  probe_lease_ = now + kProbeLease;
  return Admission::kProbe;
}

void Breaker::succeed() {
  failures_ = 0;
  openings_ = 0;
  until_.reset();
  probe_lease_.reset();
}

void Breaker::fail(SteadyTime now) {
  ++failures_;
  const bool was_probe = probe_lease_.has_value();
  probe_lease_.reset();
  if (until_ && !was_probe) return;  // a call from before it opened
  if (!was_probe && failures_ < kFailuresToOpen) return;
  Duration time = kOpenTime;
  for (int i = 0; i < openings_ && time < kMostOpenTime; ++i) time *= 2;
  time = std::min(time, kMostOpenTime);
  ++openings_;
  const auto shift = static_cast<double>(time.count()) * kSpreadShare * spread_;
  until_ = now + time + Duration(static_cast<std::int64_t>(shift));
}

void Breaker::withdraw() {
  probe_lease_.reset();
}

}  // namespace tacit::inference
