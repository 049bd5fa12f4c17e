#include "bench/provenance.h"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <fstream>

#include "base/text.h"
#include "base/worker.h"

namespace tacit::bench {

std::string current_commit() {
  FILE* pipe = popen("git rev-parse --short HEAD 2>/dev/null", "r");
  if (pipe == nullptr) return "unknown";
  std::array<char, 64> buffer{};
  const bool has_line = std::fgets(buffer.data(), static_cast<int>(buffer.size()), pipe) != nullptr;
  pclose(pipe);
  const std::string commit = has_line ? std::string(trim(buffer.data())) : std::string();
  return commit.empty() ? "unknown" : commit;
}

std::string machine_name() {
  std::ifstream info("/proc/cpuinfo");
  std::string model = "unknown processor";
  for (std::string line; std::getline(info, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos || !line.starts_with("model name")) continue;
    model = std::string(trim(std::string_view(line).substr(colon + 1)));
    break;
  }
  const std::size_t cores = usable_cores();
  return fmt::format("{}, {} {}", model, cores, cores == 1 ? "core" : "cores");
}

}  // namespace tacit::bench
