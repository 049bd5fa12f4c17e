#pragma once
// Configuration: one table of keys (config_keys.inc), read in the order defaults, file,
// environment, flags. All mistakes are reported at once with key, value and what is allowed; an
// unknown key is refused with the nearest known name. Values are fixed after load.

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/arguments.h"
#include "cli/settings.h"

namespace tacit::app {

struct ConfigValue {
  std::string key;
  std::string value;
  std::string origin;  // "default", the file's path, "environment TACIT_…" or "flag --…"
  std::string help;
};

struct Config {
  std::vector<ConfigValue> values;  // in the order of the table
  cli::Settings settings;
  std::string log_level;
};

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

std::vector<cli::FlagSpec> flag_specs();

// `file`: the one named by --config (must exist), else $XDG_CONFIG_HOME/tacit/config.toml if it is
// there.
Result<Config> load_config(const std::optional<std::filesystem::path>& file,
                           const Environment& environment,
                           const std::map<std::string, std::string>& flags);

// docs/configuration.md, generated; a test compares.
std::string configuration_page();

}  // namespace tacit::app
