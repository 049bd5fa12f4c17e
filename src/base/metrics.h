#pragma once
// Metrics: counters, gauges and histograms that modules own as members of a struct and print
// themselves as Prometheus text (exposition format 0.0.4). Updating is lock-free and safe from any
// thread. Names are tacit_<module>_<thing>_<unit>.

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

namespace tacit {

class Counter {
 public:
  void add(std::uint64_t amount = 1) { value_.fetch_add(amount, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Gauge {
 public:
  void set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void add(std::int64_t amount) { value_.fetch_add(amount, std::memory_order_relaxed); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

// Latencies in seconds over fixed bounds from 0.5 ms to 10 s.
class Histogram {
 public:
  static constexpr std::array<double, 14> kBounds = {
      0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0};
  void observe(double seconds);
  void print(std::string_view name, std::string& out) const;

 private:
  std::array<std::atomic<std::uint64_t>, kBounds.size() + 1> buckets_{};
  std::atomic<std::uint64_t> micros_{0};
};

// Appends one metric with its HELP and TYPE lines.
void print_metric(std::string_view name, std::string_view help, const Counter& counter,
                  std::string& out);
void print_metric(std::string_view name, std::string_view help, const Gauge& gauge,
                  std::string& out);
void print_metric(std::string_view name, std::string_view help, const Histogram& histogram,
                  std::string& out);

// Resident memory of this process in bytes, 0 where the system does not tell.
std::uint64_t resident_bytes();

}  // namespace tacit
