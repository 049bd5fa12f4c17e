#pragma once
// Takes disguises off a text, so that the rules see what a person or a program would read: escapes
// of JSON and URLs, terminal codes and the NULs of UTF-16; base64 of text; lines that a terminal
// or a mailer wrapped. A layer holds only the parts that a disguise changes, and the way back to
// the text they came from. Each function reads the text once.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace tacit::privacy {

class Layer {
 public:
  struct Range {
    std::size_t start = 0;
    std::size_t end = 0;
  };

  const std::string& text() const { return text_; }
  // The bytes of the text below that became [start, end) of this layer; end > start.
  Range below(std::size_t start, std::size_t end) const;
  // A place within (start, end) at which two lines were joined, or npos.
  std::size_t join_within(std::size_t start, std::size_t end) const;

  // Bytes [start, end) of `source` as they stand.
  void copy(std::string_view source, std::size_t start, std::size_t end);
  // Bytes that stand for [start, end) of the text below.
  void put(std::string_view bytes, std::size_t start, std::size_t end);
  void mark_join() { joins_.push_back(text_.size()); }
  // Ends a part: what follows stands elsewhere in the text below, at `place`.
  void end_part(std::size_t place) { put("\n", place, place); }

 private:
  struct Piece {
    std::size_t at = 0;     // in this layer
    std::size_t start = 0;  // in the text below
    std::size_t end = 0;
    bool verbatim = false;
  };
  const Piece& piece_of(std::size_t place) const;

  std::string text_;
  std::vector<Piece> pieces_;  // in order of `at`
  std::vector<std::size_t> joins_;
};

// Lines that hold an escape, decoded once.
Layer unescaped(std::string_view text);
// Runs of base64 that decode to text; a finding in one concerns the whole run.
Layer from_base64(std::string_view text);
// Lines that seem to be one, cut within a token, joined.
Layer unwrapped(std::string_view text);

}  // namespace tacit::privacy
