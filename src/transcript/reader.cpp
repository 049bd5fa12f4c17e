#include "transcript/reader.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "transcript/registry.h"

namespace tacit::transcript {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kZstdMagic = "\x28\xB5\x2F\xFD";

Result<std::string> head_of_file(const fs::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) {
    return fail(ErrorKind::kUnavailable,
                fmt::format("cannot open {}: {}", file.string(), std::strerror(errno)));
  }
  std::string head(kHeadBytes, '\0');
  std::size_t size = 0;
  ssize_t got = 0;
  while (size < head.size()) {
    got = ::read(descriptor, head.data() + size, head.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    size += static_cast<std::size_t>(got);
  }
  const int error = errno;
  ::close(descriptor);
  if (got < 0) {
    return fail(ErrorKind::kUnavailable,
                fmt::format("cannot read {}: {}", file.string(), std::strerror(error)));
  }
  head.resize(size);
  return head;
}

void add_existing(std::vector<fs::path>& places, const fs::path& place) {
  std::error_code error;
  if (!fs::is_directory(place, error)) return;
  const auto same = [&](const fs::path& known) { return fs::equivalent(known, place, error); };
  if (std::ranges::none_of(places, same)) places.push_back(place);
}

std::string environment(const char* name) {
  const char* value =
      std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nothing here sets variables
  return value == nullptr ? std::string() : std::string(value);
}

bool is_hidden(const fs::path& path) {
  return path.filename().string().starts_with('.');
}

}  // namespace

Result<FileReport> read_file(const fs::path& file, Sink sink) {
  FileReport report;
  const std::string head = TACIT_TRY(head_of_file(file));
  if (head.starts_with(kZstdMagic) && file.filename().string().starts_with("rollout-")) {
    report.notices.push_back(
        {file, 0, "is compressed with zstd, which is not read; unpack it and import it again"});
    return report;
  }
  const Adapter* adapter = find_adapter(head);
  if (adapter == nullptr) return report;
  report.format = std::string(adapter->name);
  TACIT_TRY(adapter->read(file, sink, report));
  return report;
}

std::vector<fs::path> usual_places(const fs::path& home, const fs::path& directory) {
  std::vector<fs::path> places;
  std::string claude = environment("CLAUDE_CONFIG_DIR");
  while (!claude.empty()) {  // may name several folders
    const std::size_t comma = claude.find(',');
    add_existing(places, fs::path(claude.substr(0, comma)) / "projects");
    claude = comma == std::string::npos ? std::string() : claude.substr(comma + 1);
  }
  add_existing(places, home / ".claude" / "projects");
  add_existing(places, home / ".config" / "claude" / "projects");
  const std::string codex = environment("CODEX_HOME");
  for (const fs::path& root : {codex.empty() ? fs::path() : fs::path(codex), home / ".codex"}) {
    if (root.empty()) continue;
    add_existing(places, root / "sessions");
    add_existing(places, root / "archived_sessions");
  }
  add_existing(places, directory / ".specstory" / "history");
  return places;
}

Result<std::vector<fs::path>> list_files(const fs::path& path) {
  std::error_code error;
  const auto status = fs::status(path, error);
  if (error || !fs::exists(status)) {
    return fail(ErrorKind::kNotFound, fmt::format("there is no file or folder {}", path.string()));
  }
  if (!fs::is_directory(status)) return std::vector<fs::path>{path};
  std::vector<fs::path> files;
  fs::recursive_directory_iterator walk(path, fs::directory_options::skip_permission_denied, error);
  if (error) {
    return fail(ErrorKind::kUnavailable,
                fmt::format("cannot list {}: {}", path.string(), error.message()));
  }
  for (; walk != fs::recursive_directory_iterator(); walk.increment(error)) {
    if (error) break;
    const auto kind = walk->symlink_status(error);
    if (fs::is_directory(kind) && is_hidden(walk->path()) &&
        walk->path().filename() != ".specstory") {
      walk.disable_recursion_pending();
    }
    if (fs::is_regular_file(kind)) files.push_back(walk->path());
  }
  if (error) {
    return fail(ErrorKind::kUnavailable,
                fmt::format("cannot list all of {}: {}", path.string(), error.message()));
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace tacit::transcript
