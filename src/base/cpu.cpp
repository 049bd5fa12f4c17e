#include "base/cpu.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>

#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace tacit {
namespace {

constexpr std::array<std::string_view, 7> kNames{"plain",       "avx2",        "avx-vnni", "avx512",
                                                 "avx512-vnni", "avx512-bf16", "amx"};

// The value of TACIT_CPU; nothing when it is not set or not known.
std::optional<CpuLevel> chosen() {
  const char* const value = std::getenv("TACIT_CPU");
  if (value == nullptr) return std::nullopt;
  const auto found = std::ranges::find(kNames, std::string_view(value));
  if (found == kNames.end()) return std::nullopt;
  return static_cast<CpuLevel>(found - kNames.begin());
}

#if defined(__x86_64__) && defined(__linux__)

// Linux gives tiles only to processes that ask (arch_prctl(2), Documentation/arch/x86/xstate.rst).
bool may_use_tiles() {
  constexpr long kRequestPermission = 0x1023;
  constexpr long kTileData = 18;
  return ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

bool processor_has(CpuLevel level) {
  const bool avx512 =
      __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
      __builtin_cpu_supports("avx512vl") != 0 && __builtin_cpu_supports("avx512dq") != 0;
  switch (level) {
    case CpuLevel::kPlain:
      return true;
    case CpuLevel::kAvx2:
      return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
    case CpuLevel::kAvxVnni:
      return __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("avxvnni") != 0;
    case CpuLevel::kAvx512:
      return avx512;
    case CpuLevel::kAvx512Vnni:
      return avx512 && __builtin_cpu_supports("avx512vnni") != 0;
    case CpuLevel::kAvx512Bf16:
      return avx512 && __builtin_cpu_supports("avx512bf16") != 0;
    case CpuLevel::kAmx:
      return avx512 && __builtin_cpu_supports("avx512bf16") != 0 &&
             __builtin_cpu_supports("amx-tile") != 0 && __builtin_cpu_supports("amx-bf16") != 0 &&
             __builtin_cpu_supports("amx-int8") != 0 && may_use_tiles();
  }
  return false;
}

#else

bool processor_has(CpuLevel level) {
  return level == CpuLevel::kPlain;
}

#endif

std::array<bool, kNames.size()> usable() {
  const auto limit = chosen().value_or(CpuLevel::kAmx);
  std::array<bool, kNames.size()> result{};
  for (std::size_t i = 0; i < result.size(); ++i) {
    const auto level = static_cast<CpuLevel>(i);
    result[i] = level <= limit && processor_has(level);
  }
  return result;
}

}  // namespace

std::string_view name_of(CpuLevel level) {
  return kNames[static_cast<std::size_t>(level)];
}

bool cpu_has(CpuLevel level) {
  static const auto kUsable = usable();
  return kUsable[static_cast<std::size_t>(level)];
}

Result<void> check_cpu_choice() {
  const char* const value = std::getenv("TACIT_CPU");
  if (value == nullptr || chosen()) return {};
  return fail(ErrorKind::kInvalidInput,
              fmt::format("TACIT_CPU is \"{}\"; choose one of {}", value, fmt::join(kNames, ", ")));
}

}  // namespace tacit
