#pragma once
// What the REST face counts about itself, printed as Prometheus text. Lock-free, safe from any
// thread.

#include <array>
#include <string>

#include "base/metrics.h"
#include "service/knowledge_service.h"

namespace tacit::http {

struct ApiMetrics {
  static constexpr int kClasses = 6;  // by the first digit of the status
  std::array<Counter, kClasses> requests;
  Counter streams;
  Counter replays;
  Histogram seconds;

  void count(int status, double took_seconds);
  // With the store's counts when they could be read.
  std::string print(const Result<service::Status>& status) const;
};

}  // namespace tacit::http
