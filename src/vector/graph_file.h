#pragma once
// A graph in a file, as a cache: header with version, shape, number of rows (how far it reaches)
// and the hash of their codes (which rows it was grown over), then the links, both with a checksum.
// Written beside and renamed, so that a crash leaves the old file or the new one. In the byte order
// of the machine: another order reads as damage. Private to the module, without locks.

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/result.h"

namespace tacit::vector {

struct GraphFile {
  std::uint64_t width = 0;     // bytes of a code
  std::uint64_t rows = 0;      // [0, rows) are in the graph
  std::uint64_t row_hash = 0;  // Rows::hash(rows)
  std::string links;           // Graph::packed()
};

// Fails with unavailable when the folder cannot be written to; the file before then stays.
Result<void> write_graph_file(const std::filesystem::path& file, const GraphFile& graph);

// Nothing where there is no file, or one that is not whole; reads no more than a graph over
// `most_rows` rows can take.
std::optional<GraphFile> read_graph_file(const std::filesystem::path& file,
                                         std::uint64_t most_rows);

}  // namespace tacit::vector
