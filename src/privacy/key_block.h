#pragma once
// Private keys in PEM, OpenSSH and PGP armour: from the BEGIN line to the END line, or, when the
// text was cut, as far as key text goes. Line breaks may be real, escaped as in JSON strings, or
// carry a diff's or a quotation's prefix. A header without a key below it is no secret.

#include <cstddef>
#include <string_view>

namespace tacit::privacy {

inline constexpr std::size_t kMaxKeyBlockBytes = 16U << 10U;

class KeyBlocks {
 public:
  struct Block {
    std::size_t start = 0;
    std::size_t end = 0;  // equal to start: no key here
  };

  explicit KeyBlocks(std::string_view text) : text_(text) {}
  // The block whose header's words "PRIVATE KEY" end at `header_end`. Ask in rising order: each
  // byte is searched once for its END line.
  Block at(std::size_t header_end);

 private:
  std::string_view text_;
  std::size_t covered_ = 0;   // end of the last block
  std::size_t next_end_ = 0;  // place of the first END line at or after the last question
  bool end_is_known_ = false;
};

}  // namespace tacit::privacy
