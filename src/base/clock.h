#pragma once
// Time as the rest of Tacit sees it. Instant is UTC with millisecond precision and is what is
// stored and shown; SteadyTime is what timeouts, retries and breakers count in; Deadline is a
// steady point after which work stops. A Clock is the only way to read the time and to wait for it,
// so tests move it by hand (testing/fixtures.h). Clocks may be called from any thread.

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace tacit {

using SteadyTime = std::chrono::steady_clock::time_point;
using Instant = std::chrono::sys_time<std::chrono::milliseconds>;
using Duration = std::chrono::milliseconds;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
  virtual SteadyTime steady() const { return std::chrono::steady_clock::now(); }
  // False when `stop` was requested before the time was over.
  virtual bool wait(Duration time, const std::stop_token& stop) const;
};

class SystemClock final : public Clock {
 public:
  Instant now() const override;
};

// A point in steady time, or never. Blocking calls take one; `none()` is for tools run by a person.
class Deadline {
 public:
  static Deadline none() { return Deadline(std::nullopt); }
  static Deadline after(std::chrono::milliseconds wait) {
    return Deadline(std::chrono::steady_clock::now() + wait);
  }
  bool has_passed() const { return at_ && std::chrono::steady_clock::now() >= *at_; }

 private:
  explicit Deadline(std::optional<std::chrono::steady_clock::time_point> at) : at_(at) {}
  std::optional<std::chrono::steady_clock::time_point> at_;
};

// Milliseconds since 1970-01-01T00:00:00Z, the stored form.
inline std::int64_t to_millis(Instant instant) {
  return instant.time_since_epoch().count();
}
inline Instant from_millis(std::int64_t millis) {
  return Instant(Duration(millis));
}

// "2026-01-28T13:10:29.123Z"; milliseconds are left out when zero.
std::string format_time(Instant instant);

// Reads ISO 8601 dates and times as agents write them: "2026-01-28", "2026-01-28T13:10:29.123Z",
// "2026-01-28 13:10:29Z", "2026-01-28 13:10", with an optional offset "+02:00". No offset means
// UTC.
std::optional<Instant> parse_time(std::string_view text);

}  // namespace tacit
