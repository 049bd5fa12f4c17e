#include "vector/graph_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "base/hash.h"
#include "vector/graph.h"

namespace tacit::vector {
namespace {

constexpr std::array<char, 8> kMagic{'T', 'A', 'C', 'I', 'T', 'G', 'R', '1'};
// A row on every level with all its links, and their counts.
constexpr std::uint64_t kMostBytesARow = 4 * (1 + kBaseLinks + kHighestLevel * (1 + kLinks));

struct Header {
  std::array<char, 8> magic = kMagic;
  std::uint64_t width = 0;
  std::uint64_t rows = 0;
  std::uint64_t row_hash = 0;
  std::uint64_t link_bytes = 0;
  std::uint64_t link_hash = 0;
  std::uint64_t own_hash = 0;  // of all before

  std::uint64_t hash() const {
    return xxh3({reinterpret_cast<const char*>(this), offsetof(Header, own_hash)});
  }
};

Result<void> write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return fail(ErrorKind::kUnavailable, std::strerror(errno));
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

Result<void> write_graph_file(const std::filesystem::path& file, const GraphFile& graph) {
  Header header;
  header.width = graph.width;
  header.rows = graph.rows;
  header.row_hash = graph.row_hash;
  header.link_bytes = graph.links.size();
  header.link_hash = xxh3(graph.links);
  header.own_hash = header.hash();
  const std::filesystem::path aside = file.string() + ".new";
  const int descriptor = ::open(aside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0)
    return fail(ErrorKind::kUnavailable,
                "cannot write " + aside.string() + ": " + std::strerror(errno));
  auto done = write_all(descriptor, {reinterpret_cast<const char*>(&header), sizeof header});
  if (done) done = write_all(descriptor, graph.links);
  if (done && ::fsync(descriptor) != 0) done = fail(ErrorKind::kUnavailable, std::strerror(errno));
  ::close(descriptor);
  if (done && ::rename(aside.c_str(), file.c_str()) != 0)
    done = fail(ErrorKind::kUnavailable, std::strerror(errno));
  if (done) return {};
  ::unlink(aside.c_str());
  return std::unexpected(std::move(done).error().with_context("cannot keep " + file.string()));
}

std::optional<GraphFile> read_graph_file(const std::filesystem::path& file,
                                         std::uint64_t most_rows) {
  std::ifstream in(file, std::ios::binary);
  Header header;
  if (!in || !in.read(reinterpret_cast<char*>(&header), sizeof header)) return std::nullopt;
  if (header.magic != kMagic || header.own_hash != header.hash() || header.rows > most_rows ||
      header.link_bytes > 8 + header.rows * kMostBytesARow) {
    return std::nullopt;
  }
  GraphFile graph{header.width, header.rows, header.row_hash, {}};
  graph.links.resize(header.link_bytes);
  if (!in.read(graph.links.data(), static_cast<std::streamsize>(header.link_bytes)) ||
      in.peek() != std::ifstream::traits_type::eof() || xxh3(graph.links) != header.link_hash) {
    return std::nullopt;
  }
  return graph;
}

}  // namespace tacit::vector
