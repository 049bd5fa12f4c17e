#pragma once
// read_records: the JSON objects of a JSONL file, with every damage that real files show repaired
// or reported. Two records glued on one line are both read; malformed UTF-8, lone surrogates and
// raw control characters are replaced; a record cut off in the middle is reported and what follows
// it is kept; a line over the cap comes as a stub. Each repair leaves a notice with its line.

#include <cstddef>
#include <filesystem>
#include <string>

#include "base/function_ref.h"
#include "base/result.h"
#include "transcript/json_value.h"
#include "transcript/reader.h"

namespace tacit::transcript {

struct Record {
  JsonValue value;  // an object; valid during the call
  std::size_t line = 0;
};

// What is kept of a line over the cap.
struct Stub {
  std::size_t line = 0;
  std::string head;
  std::string tail;
  std::string sha256;
  std::string text;  // readable: size, hash, head and tail around the word "truncated"
};

Result<void> read_records(const std::filesystem::path& file, FileReport& report,
                          FunctionRef<Result<void>(const Record&)> on_record,
                          FunctionRef<Result<void>(const Stub&)> on_stub,
                          std::size_t max_line = kMaxLineBytes);

}  // namespace tacit::transcript
