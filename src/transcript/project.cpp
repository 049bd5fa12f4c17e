#include "transcript/project.h"

#include <fstream>
#include <optional>

#include "base/text.h"

namespace tacit::transcript {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> first_line(const fs::path& file) {
  std::ifstream stream(file);
  std::string line;
  if (!std::getline(stream, line)) return std::nullopt;
  return std::string(trim(line));
}

fs::path absolute_to(const fs::path& base, const fs::path& path) {
  return (path.is_absolute() ? path : base / path).lexically_normal();
}

// The main worktree's root for a linked worktree, whose .git is a file "gitdir:
// …/.git/worktrees/name". A submodule's .git is such a file too, but has no common directory
// elsewhere: it is its own project.
fs::path root_of_linked(const fs::path& directory, const fs::path& git_file) {
  const auto line = first_line(git_file);
  if (!line || !line->starts_with("gitdir:")) return directory;
  const fs::path git_dir =
      absolute_to(directory, fs::path(trim(std::string_view(*line).substr(7))));
  fs::path common;
  if (const auto recorded = first_line(git_dir / "commondir"))
    common = absolute_to(git_dir, *recorded);
  else if (git_dir.parent_path().filename() == "worktrees")
    common = git_dir.parent_path().parent_path();
  if (common.empty()) return directory;
  if (common.filename().empty()) common = common.parent_path();
  return common.filename() == ".git" ? common.parent_path() : common;
}

}  // namespace

std::string resolve_project(std::string_view recorded_directory) {
  const std::string recorded(recorded_directory);
  const fs::path start(recorded);
  std::error_code error;
  if (!start.is_absolute() || !fs::is_directory(start, error)) return recorded;
  fs::path directory = fs::canonical(start, error);
  if (error) return recorded;
  while (true) {
    const fs::path git = directory / ".git";
    const auto status = fs::status(git, error);
    if (fs::is_directory(status)) return directory.string();
    if (fs::is_regular_file(status)) return root_of_linked(directory, git).string();
    if (directory == directory.root_path()) return recorded;
    directory = directory.parent_path();
  }
}

std::string project_of_history(const fs::path& file) {
  const fs::path folder = fs::absolute(file).lexically_normal().parent_path();
  const fs::path above = folder.parent_path();
  if (folder.filename() != "history" || above.filename() != ".specstory") return {};
  return resolve_project(above.parent_path().string());
}

const std::string& ProjectResolver::resolve(std::string_view recorded_directory) {
  const auto found = known_.find(recorded_directory);
  if (found != known_.end()) return found->second;
  return known_.emplace(std::string(recorded_directory), resolve_project(recorded_directory))
      .first->second;
}

}  // namespace tacit::transcript
