#include "base/clock.h"

#include <fmt/format.h>

#include <condition_variable>
#include <mutex>

namespace tacit {
namespace {

// Reads exactly `digits` decimal digits at the front of `text` and removes them.
std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return value;
}

bool take_char(std::string_view& text, char wanted) {
  if (text.empty() || text.front() != wanted) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<Duration> take_fraction(std::string_view& text) {
  int millis = 0;
  int scale = 100;
  std::size_t digits = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    millis += (text.front() - '0') * scale;
    scale /= 10;
    text.remove_prefix(1);
    ++digits;
  }
  if (digits == 0) return std::nullopt;
  return Duration(millis);
}

std::optional<Duration> take_offset(std::string_view& text) {
  if (text.empty() || text == "Z" || text == "z") {
    text = {};
    return Duration(0);
  }
  const bool east = text.front() == '+';
  if (!east && text.front() != '-') return std::nullopt;
  text.remove_prefix(1);
  const auto hours = take_number(text, 2);
  take_char(text, ':');
  const auto minutes = take_number(text, 2);
  if (!hours || !minutes || *hours > 14 || *minutes > 59) return std::nullopt;
  const Duration offset = std::chrono::hours(*hours) + std::chrono::minutes(*minutes);
  return east ? offset : -offset;
}

}  // namespace

bool Clock::wait(Duration time, const std::stop_token& stop) const {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  return !stopped.wait_for(lock, stop, time, [&] { return stop.stop_requested(); });
}

Instant SystemClock::now() const {
  return std::chrono::floor<Duration>(std::chrono::system_clock::now());
}

std::string format_time(Instant instant) {
  const auto day = std::chrono::floor<std::chrono::days>(instant);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(instant - day);
  std::string text =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  time.hours().count(), time.minutes().count(), time.seconds().count());
  if (time.subseconds().count() != 0) text += fmt::format(".{:03}", time.subseconds().count());
  return text + "Z";
}

std::optional<Instant> parse_time(std::string_view text) {
  const auto year = take_number(text, 4);
  if (!year || !take_char(text, '-')) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take_char(text, '-')) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  Instant instant = std::chrono::sys_days(date);
  if (text.empty()) return instant;
  if (text.front() != 'T' && text.front() != ' ') return std::nullopt;
  text.remove_prefix(1);
  const auto hour = take_number(text, 2);
  if (!hour || *hour > 23 || !take_char(text, ':')) return std::nullopt;
  const auto minute = take_number(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  instant += std::chrono::hours(*hour) + std::chrono::minutes(*minute);
  if (take_char(text, ':')) {
    const auto second = take_number(text, 2);
    if (!second || *second > 60) return std::nullopt;
    instant += std::chrono::seconds(*second);
    if (take_char(text, '.')) {
      const auto fraction = take_fraction(text);
      if (!fraction) return std::nullopt;
      instant += *fraction;
    }
  }
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;
  return instant - *offset;
}

}  // namespace tacit
