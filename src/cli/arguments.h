#pragma once
// The command line as values. parse() knows every verb, its options and its help with an example;
// it checks form (a number is a number), not meaning. CLI11 stays inside arguments.cpp.

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace tacit::cli {

struct Arguments {
  std::string verb;
  bool json = false;
  std::map<std::string, std::string> overrides;  // configuration keys given as flags
  std::optional<std::filesystem::path> config_file;

  std::vector<std::string> words;  // positional: paths, the query, an id, a set
  bool found = false, dry_run = false, again = false, yes = false, origin = false, explain = false;
  std::size_t limit = 10;
  std::string project, type, since, as_of, session, kind;
  std::string mode = "hybrid";
  std::optional<std::filesystem::path> data;  // eval --data
  std::string component = "all";
  std::string only;
  int iterations = 0;
  std::string encoding, model;  // count-tokens
  bool ids = false;
  std::string operation = "infer", privacy = "auto", developer;  // infer, budget
  std::filesystem::path schema;
  std::filesystem::path each;  // infer: a file of requests
  bool stream = false, background = false;
  bool batch = false;                 // infer --each: by a provider's batch endpoint
  bool wait = false, cancel = false;  // batch
  std::int64_t max_output = 1024;
  std::string by = "provider", period;  // usage
  std::optional<std::filesystem::path> baseline;
};

struct FlagSpec {  // one configuration key as a flag: "data_dir" becomes --data-dir
  std::string key;
  std::string help;
};

struct Parsed {
  std::optional<Arguments> arguments;  // nothing: print `text` and end with `exit_status`
  std::string text;
  int exit_status = 0;
};

Parsed parse(int argc, const char* const* argv, const std::vector<FlagSpec>& flags);

}  // namespace tacit::cli
