#pragma once
// The terminal as verbs use it: output, colour that is off when piped or NO_COLOR is set, and
// progress on standard error (one line that is rewritten on a terminal, a plain line every few
// seconds elsewhere).

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>

namespace tacit::cli {

void print(std::string_view text);  // to standard output
void print_error(
    std::string_view text);  // to standard error, with "tacit: " in front and a line end

enum class Style { kBold, kDim, kGood, kBad, kAccent };
std::string styled(Style style, std::string_view text);

// How far a piece of work is: "reading transcripts  40 %, 12 MB/s, about 30 s left". Rate and time
// left are said once there is enough to judge by.
struct Work {
  std::string_view what;
  double done = 0;
  double total = 0;
  std::string_view unit;  // of both: "MB", "texts"
};
std::string progress_line(const Work& work, double seconds_spent);

class Progress {
 public:
  explicit Progress(bool wanted);
  ~Progress();  // clears its line
  void show(const Work& work);

 private:
  bool wanted_;
  bool terminal_;
  bool shown_ = false;
  std::string what_;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point last_;
};

// Set when the person pressed Ctrl-C or the system asked to end, after watch_signals().
void watch_signals();
const std::atomic<bool>& stop_requested();

}  // namespace tacit::cli
