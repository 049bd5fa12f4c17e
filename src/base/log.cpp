#include "base/log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <atomic>

#include "base/clock.h"
#include "base/json_text.h"

namespace tacit::log {
namespace {

std::atomic<Level> lowest{Level::kInfo};

constexpr std::string_view kNames[] = {"trace", "debug", "info", "warn", "error"};

}  // namespace

void set_level(Level level) {
  lowest = level;
}

bool set_level(std::string_view name) {
  for (std::size_t i = 0; i < std::size(kNames); ++i) {
    if (kNames[i] == name) {
      lowest = static_cast<Level>(i);
      return true;
    }
  }
  return false;
}

void write(Level level, std::string_view module, std::string_view event,
           std::initializer_list<Field> fields) {
  if (level < lowest.load()) return;
  static const bool terminal = isatty(STDERR_FILENO) == 1;
  const std::string time = format_time(SystemClock().now());
  const std::string_view name = kNames[static_cast<std::size_t>(level)];
  std::string line;
  if (terminal) {
    line = fmt::format("{} {:<5} {} {}", time, name, module, event);
    for (const Field& field : fields)
      line += fmt::format(" {}={}", field.key, json_quote(field.value));
  } else {
    line = fmt::format(R"({{"time":"{}","level":"{}","module":"{}","event":"{}")", time, name,
                       module, event);
    for (const Field& field : fields)
      line += fmt::format(",{}:{}", json_quote(field.key), json_quote(field.value));
    line += '}';
  }
  line += '\n';
  // One write call per line keeps lines of several threads whole; a lost line is not worth an
  // error.
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

}  // namespace tacit::log
