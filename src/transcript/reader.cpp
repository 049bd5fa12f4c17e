#include "transcript/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>

#include "transcript/file_bytes.h"
#include "transcript/registry.h"

namespace tacit::transcript {
namespace {

namespace fs = std::filesystem;

struct Head {
  std::string text;
  std::string damage;  // of a packed file
};

Result<Head> head_of_file(const fs::path& file) {
  FileBytes bytes = TACIT_TRY(FileBytes::open(file));
  Head head{std::string(kHeadBytes, '\0'), ""};
  std::size_t size = 0;
  while (size < kHeadBytes) {
    const std::size_t got = TACIT_TRY(bytes.read(head.text.data() + size, kHeadBytes - size));
    if (got == 0) break;
    size += got;
  }
  head.text.resize(size);
  head.damage = bytes.damage();
  return head;
}

void add_existing(std::vector<fs::path>& places, const fs::path& place) {
  std::error_code error;
  if (!fs::is_directory(place, error)) return;
  const auto same = [&](const fs::path& known) { return fs::equivalent(known, place, error); };
  if (std::ranges::none_of(places, same)) places.push_back(place);
}

// Where editors of the VS Code family keep what belongs to a user, below the home folder.
constexpr std::array kEditors{".config/Code/User",
                              ".config/Code - Insiders/User",
                              ".config/VSCodium/User",
                              ".config/Cursor/User",
                              ".vscode-server/data/User",
                              ".vscode-server-insiders/data/User",
                              "Library/Application Support/Code/User",
                              "Library/Application Support/Code - Insiders/User",
                              "Library/Application Support/VSCodium/User"};

// Cline and its forks, with a folder a task.
constexpr std::array kClineKin{"saoudrizwan.claude-dev", "rooveterinaryinc.roo-cline",
                               "kilocode.kilo-code"};

// The chats of each workspace. The extension's own transcripts beside them repeat the chats under
// other ids, for hooks, and so are left out.
void add_editor_chats(std::vector<fs::path>& places, const fs::path& home) {
  for (const char* editor : kEditors) {
    std::error_code error;
    std::vector<fs::path> chats;
    for (const auto& workspace :
         fs::directory_iterator(home / editor / "workspaceStorage", error)) {
      chats.push_back(workspace.path() / "chatSessions");
    }
    std::ranges::sort(chats);
    for (const fs::path& place : chats) add_existing(places, place);
    add_existing(places, home / editor / "globalStorage" / "emptyWindowChatSessions");
    for (const char* extension : kClineKin)
      add_existing(places, home / editor / "globalStorage" / extension / "tasks");
  }
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
  const Head head = TACIT_TRY(head_of_file(file));
  const Adapter* adapter = find_adapter(head.text);
  if (adapter == nullptr) {
    if (!head.damage.empty()) report.notices.push_back({file, 0, head.damage});
    return report;
  }
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
  add_existing(places, home / ".copilot" / "session-state");
  add_editor_chats(places, home);
  const std::string gemini = environment("GEMINI_CLI_HOME");
  if (!gemini.empty()) add_existing(places, fs::path(gemini) / ".gemini" / "tmp");
  add_existing(places, home / ".gemini" / "tmp");
  add_existing(places, directory / ".specstory" / "history");
  const std::string cline = environment("CLINE_DATA_DIR");
  if (!cline.empty()) add_existing(places, fs::path(cline) / "tasks");
  add_existing(places, home / ".cline" / "data" / "tasks");
  std::error_code error;
  const fs::path aider = directory / ".aider.chat.history.md";
  if (fs::is_regular_file(aider, error)) places.push_back(aider);
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
  // While a rollout is packed or unpacked both files stand there: the plain one wins.
  const std::set<fs::path> all(files.begin(), files.end());
  std::erase_if(files, [&](const fs::path& packed) {
    return packed.extension() == ".zst" && all.contains(fs::path(packed).replace_extension());
  });
  return files;
}

}  // namespace tacit::transcript
