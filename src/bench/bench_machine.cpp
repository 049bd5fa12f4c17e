// What this machine can do at most, on one core, in the same run as the rows that are held against
// it: f32 multiply-adds, reading memory, and a durable write.
#include <cstdint>
#include <cstring>
#include <numeric>
#include <optional>
#include <string>
#include <vector>

#include "bench/bench_case.h"
#include "bench/durable_file.h"

namespace tacit::bench {
namespace {

constexpr std::size_t kSums = 12;  // independent ones, to hide the latency of a multiply-add
constexpr std::int64_t kRounds = 20'000'000;
constexpr std::size_t kReadBytes = 256U << 20U;  // above every cache

// Keeps `value` from being optimised away.
void keep(float value) {
  volatile float sink = value;
  static_cast<void>(sink);
}

#if defined(__x86_64__)
using Floats8 = float __attribute__((vector_size(32)));
using Floats16 = float __attribute__((vector_size(64)));

// Operations done. Compiled for the processor of the function that it is inlined into.
template <class Floats>
__attribute__((always_inline)) inline double multiply_adds_of() {
  Floats sums[kSums] = {};
  const Floats factor = Floats{} + 0.999F;
  for (std::int64_t round = 0; round < kRounds; ++round) {
#pragma GCC unroll 12
    for (std::size_t i = 0; i < kSums; ++i) sums[i] = sums[i] * factor + factor;
  }
  float total = 0;
  for (std::size_t i = 0; i < kSums; ++i) total += sums[i][0];
  keep(total);
  return 2.0 * (sizeof(Floats) / sizeof(float)) * kSums * static_cast<double>(kRounds);
}

__attribute__((target("avx2,fma"))) double multiply_adds_avx2() {
  return multiply_adds_of<Floats8>();
}
__attribute__((target("avx512f"))) double multiply_adds_avx512() {
  return multiply_adds_of<Floats16>();
}
#endif

std::optional<double> multiply_adds() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") != 0) return multiply_adds_avx512();
  if (__builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0)
    return multiply_adds_avx2();
#endif
  return std::nullopt;
}

Sample with_rate(Sample sample, double units, std::string unit) {
  const double total = std::accumulate(sample.ms.begin(), sample.ms.end(), 0.0);
  sample.throughput = units * static_cast<double>(sample.ms.size()) * 1000 / total;
  sample.unit = std::move(unit);
  return sample;
}

Result<Sample> arithmetic(const BenchOptions&, int iterations) {
  const auto work = multiply_adds();
  if (!work) return fail(ErrorKind::kNotFound, "this processor has neither AVX2 nor AVX-512");
  const Sample sample = TACIT_TRY(time_each(iterations, [](int) -> Result<void> {
    multiply_adds();
    return {};
  }));
  return with_rate(sample, *work / 1e9, "GFLOP/s");
}

// Vectors of the compiler's own, which need no special processor to be wide enough for memory.
using Wide = std::uint64_t __attribute__((vector_size(32)));

std::uint64_t sum_of(const std::vector<std::uint64_t>& memory) {
  Wide sums[4] = {};
  for (std::size_t i = 0; i < memory.size(); i += 16) {
#pragma GCC unroll 4
    for (std::size_t lane = 0; lane < 4; ++lane) {
      Wide words;
      std::memcpy(&words, memory.data() + i + lane * 4, sizeof words);
      sums[lane] += words;
    }
  }
  const Wide sum = sums[0] + sums[1] + sums[2] + sums[3];
  return sum[0] + sum[1] + sum[2] + sum[3];
}

Result<Sample> reading(const BenchOptions&, int iterations) {
  const std::vector<std::uint64_t> memory(kReadBytes / sizeof(std::uint64_t), 1);
  const Sample sample = TACIT_TRY(time_each(iterations, [&](int) -> Result<void> {
    keep(static_cast<float>(sum_of(memory)));
    return {};
  }));
  return with_rate(sample, static_cast<double>(kReadBytes) / 1e9, "GB/s");
}

Result<Sample> durable_write(const BenchOptions&, int iterations) {
  DurableFile file;
  return time_each(iterations, [&](int) { return file.append(); });
}

}  // namespace

std::vector<Case> machine_cases() {
  return {{"machine", "f32 multiply-adds of one core", 5, std::nullopt, std::nullopt, arithmetic},
          {"machine", "reading memory by one core", 5, std::nullopt, std::nullopt, reading},
          {"machine", "a durable write of 4 kB", 200, std::nullopt, std::nullopt, durable_write}};
}

}  // namespace tacit::bench
