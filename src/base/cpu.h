#pragma once
// Which instructions this process may use: those of the processor, cut by the environment variable
// TACIT_CPU (one of the names below; nothing set means all), so that one machine can measure and
// test what another will do. Read once; the same from any thread.

#include <string_view>

#include "base/result.h"

namespace tacit {

// In the order of their strength; TACIT_CPU=avx2 leaves kPlain and kAvx2.
enum class CpuLevel { kPlain, kAvx2, kAvxVnni, kAvx512, kAvx512Vnni, kAvx512Bf16, kAmx };

std::string_view name_of(CpuLevel level);  // "plain", "avx2", "avx-vnni", "avx512", …, "amx"

// The processor and the system have it and TACIT_CPU does not rule it out. For kAmx the system is
// asked for the tiles once.
bool cpu_has(CpuLevel level);

// invalid_input with the names to choose from, when TACIT_CPU is none of them; nothing is ruled out
// then.
Result<void> check_cpu_choice();

}  // namespace tacit
