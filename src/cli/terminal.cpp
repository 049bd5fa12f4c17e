#include "cli/terminal.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace tacit::cli {
namespace {

constexpr std::chrono::milliseconds kTerminalRhythm{100};
constexpr std::chrono::seconds kPlainRhythm{5};

std::atomic<bool> stop{false};
static_assert(std::atomic<bool>::is_always_lock_free, "the signal handler writes it");

bool has_colour() {
  static const bool colour = isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  return colour;
}

void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

void print(std::string_view text) {
  write_all(STDOUT_FILENO, text);
}
void print_error(std::string_view text) {
  write_all(STDERR_FILENO, fmt::format("tacit: {}\n", text));
}

std::string styled(Style style, std::string_view text) {
  if (!has_colour()) return std::string(text);
  const char* code = "1";
  switch (style) {
    case Style::kBold:
      code = "1";
      break;
    case Style::kDim:
      code = "2";
      break;
    case Style::kGood:
      code = "32";
      break;
    case Style::kBad:
      code = "31";
      break;
    case Style::kAccent:
      code = "36";
      break;
  }
  return fmt::format("\x1b[{}m{}\x1b[0m", code, text);
}

Progress::Progress(bool wanted)
    : wanted_(wanted),
      terminal_(isatty(STDERR_FILENO) == 1),
      start_(std::chrono::steady_clock::now()),
      last_(start_) {}

Progress::~Progress() {
  if (shown_ && terminal_) write_all(STDERR_FILENO, "\r\x1b[K");
}

std::string progress_line(const Work& work, double seconds_spent) {
  constexpr double kEnoughShare = 0.02;
  constexpr double kEnoughSeconds = 2;
  const double share = work.total > 0 ? std::clamp(work.done / work.total, 0.0, 1.0) : 1.0;
  std::string line = fmt::format("{} {:3.0f} %", work.what, share * 100);
  if (share <= kEnoughShare || seconds_spent <= kEnoughSeconds) return line;
  const double rate = work.done / seconds_spent;
  return line + fmt::format(", {:.{}f} {}/s, about {:.0f} s left", rate, rate < 10 ? 1 : 0,
                            work.unit, seconds_spent / share * (1 - share));
}

void Progress::show(const Work& work) {
  if (!wanted_) return;
  const auto now = std::chrono::steady_clock::now();
  if (work.what != what_) {
    what_ = work.what;
    start_ = now;
  } else if (now - last_ < (terminal_ ? std::chrono::milliseconds(kTerminalRhythm)
                                      : std::chrono::milliseconds(kPlainRhythm))) {
    return;
  }
  last_ = now;
  const std::string line = progress_line(work, std::chrono::duration<double>(now - start_).count());
  if (terminal_)
    write_all(STDERR_FILENO, "\r\x1b[K" + line);
  else if (shown_)
    write_all(STDERR_FILENO, line + "\n");
  shown_ = true;
}

void watch_signals() {
  struct sigaction action {};
  action.sa_handler = [](int) { stop = true; };
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

const std::atomic<bool>& stop_requested() {
  return stop;
}

}  // namespace tacit::cli
