#include "base/metrics.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

namespace tacit {
namespace {

void print_head(std::string_view name, std::string_view help, std::string_view type,
                std::string& out) {
  out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
}

}  // namespace

void Histogram::observe(double seconds) {
  std::size_t bucket = 0;
  while (bucket < kBounds.size() && seconds > kBounds[bucket]) ++bucket;
  buckets_[bucket].fetch_add(1, std::memory_order_relaxed);
  micros_.fetch_add(static_cast<std::uint64_t>(seconds * 1e6), std::memory_order_relaxed);
}

void Histogram::print(std::string_view name, std::string& out) const {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < kBounds.size(); ++i) {
    total += buckets_[i].load(std::memory_order_relaxed);
    out += fmt::format("{}_bucket{{le=\"{}\"}} {}\n", name, kBounds[i], total);
  }
  total += buckets_.back().load(std::memory_order_relaxed);
  out += fmt::format("{}_bucket{{le=\"+Inf\"}} {}\n", name, total);
  out +=
      fmt::format("{}_sum {}\n{}_count {}\n", name,
                  static_cast<double>(micros_.load(std::memory_order_relaxed)) / 1e6, name, total);
}

void print_metric(std::string_view name, std::string_view help, const Counter& counter,
                  std::string& out) {
  print_head(name, help, "counter", out);
  out += fmt::format("{} {}\n", name, counter.value());
}

void print_metric(std::string_view name, std::string_view help, const Gauge& gauge,
                  std::string& out) {
  print_head(name, help, "gauge", out);
  out += fmt::format("{} {}\n", name, gauge.value());
}

void print_metric(std::string_view name, std::string_view help, const Histogram& histogram,
                  std::string& out) {
  print_head(name, help, "histogram", out);
  histogram.print(name, out);
}

std::uint64_t resident_bytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "re");
  if (file == nullptr) return 0;
  unsigned long long total = 0;
  unsigned long long resident = 0;
  const int fields = std::fscanf(file, "%llu %llu", &total, &resident);
  std::fclose(file);
  return fields == 2 ? resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

}  // namespace tacit
