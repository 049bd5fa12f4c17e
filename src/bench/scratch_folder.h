#pragma once
// A temporary folder that removes itself with all it holds.

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace tacit::bench {

class ScratchFolder {
 public:
  // `parent` empty: the system's folder for such things.
  explicit ScratchFolder(const std::filesystem::path& parent = {}) {
    const auto folder = parent.empty() ? std::filesystem::temp_directory_path() : parent;
    std::string name = (folder / "tacit-bench-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace tacit::bench
