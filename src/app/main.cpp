// tacit: reads the command line and the configuration, then hands over to a verb.
#include <cstdlib>
#include <exception>

#include "app/commands.h"
#include "app/config.h"
#include "app/serve.h"
#include "base/log.h"
#include "cli/arguments.h"
#include "cli/terminal.h"
#include "cli/verbs.h"

namespace tacit::app {
namespace {

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

int run(int argc, char** argv) {
  cli::Parsed parsed = cli::parse(argc, argv, flag_specs());
  if (!parsed.arguments) {
    if (parsed.exit_status == 0)
      cli::print(parsed.text);
    else
      cli::print_error(parsed.text);
    return parsed.exit_status;
  }
  const cli::Arguments& arguments = *parsed.arguments;
  const auto config = load_config(arguments.config_file, environment, arguments.overrides);
  if (!config) return cli::report(config.error(), arguments.json);
  log::set_level(config->log_level);
  const cli::Settings& settings = config->settings;
  const SystemClock clock;
  if (arguments.verb == "import") return cli::run_import(arguments, settings, clock);
  if (arguments.verb == "search") return cli::run_search(arguments, settings, clock);
  if (arguments.verb == "show") return cli::run_show(arguments, settings, clock);
  if (arguments.verb == "status") return cli::run_status(arguments, settings, clock);
  if (arguments.verb == "forget") return cli::run_forget(arguments, settings, clock);
  if (arguments.verb == "doctor") return cli::run_doctor(arguments, settings, clock);
  if (arguments.verb == "redact") return cli::run_redact(arguments, settings);
  if (arguments.verb == "embed") return cli::run_embed(arguments, settings);
  if (arguments.verb == "count-tokens") return cli::run_count_tokens(arguments);
  if (arguments.verb == "batch") return cli::run_batch(arguments, settings, clock);
  if (arguments.verb == "infer") return cli::run_infer(arguments, settings, clock);
  if (arguments.verb == "budget") return cli::run_budget(arguments, settings, clock);
  if (arguments.verb == "usage") return cli::run_usage(arguments, settings, clock);
  if (arguments.verb == "providers") return cli::run_providers(arguments, settings, clock);
  if (arguments.verb == "cache") return cli::run_cache(arguments, settings, clock);
  if (arguments.verb == "serve") return serve(settings, arguments.json, clock);
  if (arguments.verb == "mcp") return run_mcp(arguments, settings, clock);
  if (arguments.verb == "eval") return run_eval(arguments, settings);
  if (arguments.verb == "bench") return run_bench(arguments, settings);
  return show_config(arguments, *config);
}

}  // namespace
}  // namespace tacit::app

int main(int argc, char** argv) {
  try {
    return tacit::app::run(argc, argv);
  } catch (const std::exception& error) {
    tacit::cli::print_error(std::string("bug: an exception got out: ") + error.what());
    return 1;
  }
}
