#pragma once
// LineReader: the lines of a file, plain or zstd, one at a time, in constant memory. A line longer
// than the cap is not held: it comes as its size, its SHA-256 and its first and last bytes. The
// text of a line lies in the reader's buffer, followed by JsonParser::kPadding readable bytes, and
// dies with the next call.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "transcript/file_bytes.h"
#include "transcript/reader.h"

namespace tacit::transcript {

struct Line {
  std::size_t number = 0;  // from 1
  std::size_t size = 0;    // in bytes, without the line end
  std::string_view text;   // empty for an oversized line
  bool is_terminated = true;
  bool is_oversized = false;
  std::string head;  // of an oversized line: its first and last bytes, and its hash
  std::string tail;
  std::string sha256;
};

class LineReader {
 public:
  // Fails with unavailable when the file cannot be opened.
  static Result<LineReader> open(const std::filesystem::path& file,
                                 std::size_t max_line = kMaxLineBytes);

  // False at the end of the file. Fails with unavailable when reading fails.
  Result<bool> next(Line& line);
  std::size_t bytes_read() const { return bytes_read_; }  // unpacked
  const std::string& damage() const { return bytes_.damage(); }

 private:
  LineReader(FileBytes bytes, std::size_t max_line);
  Result<std::size_t> fill();
  Result<bool> skip_oversized(Line& line);
  void emit(Line& line, std::size_t size, bool is_terminated);

  FileBytes bytes_;
  std::size_t max_line_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;    // of the unread bytes
  std::size_t scanned_ = 0;  // bytes from begin_ known to hold no newline
  std::size_t end_ = 0;
  std::size_t number_ = 0;
  std::size_t bytes_read_ = 0;
};

}  // namespace tacit::transcript
