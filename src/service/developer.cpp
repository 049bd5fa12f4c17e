// Who works on this machine, for the budget: what git signs commits with, else the login.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/text.h"
#include "service/inference_service.h"

namespace tacit::service {
namespace {

std::string environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The name in the [user] section of a git configuration file.
std::string git_name(const std::filesystem::path& file) {
  std::ifstream input(file);
  std::string line;
  bool is_user = false;
  while (std::getline(input, line)) {
    const std::string_view text = trim(line);
    if (text.starts_with('[')) {
      is_user = lower_ascii(text) == "[user]";
      continue;
    }
    const std::size_t equals = text.find('=');
    if (!is_user || equals == std::string_view::npos) continue;
    if (lower_ascii(trim(text.substr(0, equals))) != "name") continue;
    std::string_view name = trim(text.substr(equals + 1));
    if (name.size() > 1 && name.starts_with('"') && name.ends_with('"'))
      name = name.substr(1, name.size() - 2);
    return std::string(name);
  }
  return "";
}

}  // namespace

std::string developer_of_this_machine() {
  const std::string home = environment("HOME");
  const std::string settings = environment("XDG_CONFIG_HOME");
  for (std::string name :
       {environment("GIT_AUTHOR_NAME"), git_name(home + "/.gitconfig"),
        git_name((settings.empty() ? home + "/.config" : settings) + "/git/config"),
        environment("USER"), environment("LOGNAME")}) {
    if (!name.empty()) return name;
  }
  return "local";
}

}  // namespace tacit::service
