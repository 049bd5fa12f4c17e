#pragma once
// Which project a recorded working directory belongs to. Rule: the git common directory's worktree
// root, so that worktrees and subdirectories of one repository are one project; where the directory
// is not on this machine or in no repository, the directory as recorded.

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace tacit::transcript {

std::string resolve_project(std::string_view recorded_directory);

// The project of a log in <project>/.specstory/history, where exports and hourly logs lie; empty
// for other files.
std::string project_of_history(const std::filesystem::path& file);

// resolve_project() that asks the file system once per directory. One thread.
class ProjectResolver {
 public:
  const std::string& resolve(std::string_view recorded_directory);

 private:
  std::map<std::string, std::string, std::less<>> known_;
};

}  // namespace tacit::transcript
