#pragma once
// What one transcript format brings: a name, a test of a file's first bytes and a reader. An
// adapter is one .cpp file with one function that returns this struct, one line in registry.h and
// one folder of fixtures in tests/golden. Adapters keep no state between calls.

#include <filesystem>
#include <string_view>

#include "transcript/reader.h"

namespace tacit::transcript {

// How many bytes of a file recognises() is shown; a longer file's head may end within a line.
inline constexpr std::size_t kHeadBytes = 256U << 10U;

struct Adapter {
  std::string_view name;
  bool (*recognises)(std::string_view head);
  // Reads the whole file; fails with the sink's error or unavailable. Everything else becomes a
  // notice.
  Result<void> (*read)(const std::filesystem::path& file, Sink sink, FileReport& report);
};

}  // namespace tacit::transcript
