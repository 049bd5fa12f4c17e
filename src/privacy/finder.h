#pragma once
// Finds the spans of secrets. Vectorscan reports, in one pass, where a rule might match; RE2 then
// looks only at the merged windows around those places, so no rule reads a byte twice for its
// windows and the whole stays linear for hostile input. What disguises hide (disguise.h) is looked
// through in the same way, three layers deep and at most four times the text. Immutable after
// make(); find() may be called from any thread at once.

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tacit::privacy {

struct Span {
  std::size_t rule = 0;   // index into rules()
  std::size_t start = 0;  // byte offsets in the text
  std::size_t end = 0;
};

// What find() spent, for the tests that hold it to linear work.
struct Work {
  std::size_t scanned_bytes = 0;  // that Vectorscan read: the text and the layers below disguises
  std::size_t joins = 0;          // of wrapped lines that were looked at
  std::size_t candidates = 0;
  std::size_t confirmations = 0;    // calls of RE2
  std::size_t confirmed_bytes = 0;  // bytes that RE2 was given
};

class Finder {
 public:
  static Result<std::unique_ptr<Finder>> make();
  ~Finder();
  Finder(const Finder&) = delete;
  Finder& operator=(const Finder&) = delete;

  // In order, without overlaps: where rules overlap the union is one span, named by the rule that
  // stands first in the table. Adds what it spent to `work` when given.
  std::vector<Span> find(std::string_view text, Work* work = nullptr) const;
  // What Vectorscan alone reports; texts of at most a gigabyte.
  std::size_t count_candidates(std::string_view text) const;

 private:
  struct Engines;
  explicit Finder(std::unique_ptr<Engines> engines);
  std::unique_ptr<Engines> engines_;
};

// Overlapping spans become their union, under the name of the rule that stands first; in order.
std::vector<Span> united(std::vector<Span> spans);

// Marks look like "[redacted:TYPE:xxxxxxxx]".
inline constexpr std::string_view kMarkStart = "[redacted:";
inline constexpr std::size_t kMaxMarkBytes = 80;

}  // namespace tacit::privacy
