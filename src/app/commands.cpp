#include "app/commands.h"

#include <fmt/format.h>

#include <cstdlib>
#include <iostream>

#include "base/json_text.h"
#include "bench/bench.h"
#include "bench/eval.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "embed/encoder.h"
#include "mcp/server.h"
#include "wire/errors.h"

namespace tacit::app {
namespace {

std::optional<std::filesystem::path> corpus_folder() {
  const char* folder = std::getenv("TACIT_CORPUS");
  if (folder == nullptr || *folder == '\0') return std::nullopt;
  return std::filesystem::path(folder);
}

}  // namespace

int show_config(const cli::Arguments& arguments, const Config& config) {
  if (!arguments.words.empty() && arguments.words != std::vector<std::string>{"show"}) {
    cli::print_error("config: the only action is `tacit config show`");
    return wire::kExitWrongUse;
  }
  std::string text;
  for (const ConfigValue& value : config.values) {
    if (arguments.json) {
      text += fmt::format("{}{}:{{\"value\":{},\"origin\":{}}}", text.empty() ? "" : ",",
                          json_quote(value.key), json_quote(value.value), json_quote(value.origin));
    } else {
      text += fmt::format("{} = \"{}\"{}\n", value.key, value.value,
                          arguments.origin ? "  # " + value.origin : "");
    }
  }
  cli::print(arguments.json ? "{" + text + "}\n" : text);
  return wire::kExitDone;
}

int run_mcp(const cli::Arguments& arguments, const cli::Settings& settings, const Clock& clock) {
  // An agent may start before anything was learned: an empty memory is a memory.
  if (auto folder = service::open_data_folder(settings.data_dir, true); !folder)
    return cli::report(folder.error(), arguments.json);
  if (!service::owner_of(settings.data_dir)) {
    store::StoreOptions options;
    options.directory = settings.data_dir;
    if (auto lock = service::FolderLock::take(settings.data_dir)) {
      if (auto store = store::Store::open(options); !store)
        return cli::report(store.error(), arguments.json);
    }
  }
  auto workspace = service::Workspace::open(cli::reader_options(settings, clock, true),
                                            service::Access::kReader, clock);
  if (!workspace) return cli::report(workspace.error(), arguments.json);
  mcp::Server server(mcp::memory_tools((*workspace)->service()));
  server.run(std::cin, std::cout);
  return wire::kExitDone;
}

int run_eval(const cli::Arguments& arguments, const cli::Settings& settings) {
  auto embedder = cli::open_embedder(settings);
  if (!embedder) cli::print_error(embedder.error().message() + "; measuring text search alone");
  bench::EvalOptions options;
  if (!arguments.words.empty()) options.set = arguments.words.front();
  options.data = arguments.data;
  options.corpus = corpus_folder();
  options.embedder = embedder ? embedder->get() : nullptr;
  const auto lines = bench::evaluate(options);
  if (!lines) return cli::report(lines.error(), arguments.json);
  for (const std::string& line : *lines) cli::print(line + "\n");
  return wire::kExitDone;
}

int run_bench(const cli::Arguments& arguments, const cli::Settings& settings) {
  bench::BenchOptions options;
  options.component = arguments.component;
  options.only = arguments.only;
  options.iterations = arguments.iterations;
  options.baseline = arguments.baseline;
  options.corpus = corpus_folder();
  options.model_dir =
      settings.model_dir.empty() ? embed::find_model_dir() : std::optional(settings.model_dir);
  std::error_code error;
  options.program = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto summary =
      bench::run_bench(options, [](const std::string& line) { cli::print(line + "\n"); });
  if (!summary) return cli::report(summary.error(), arguments.json);
  if (!summary->targets_met) cli::print_error("a target was missed");
  if (summary->regressed) cli::print_error("a case is more than 10 % worse than the baseline");
  return summary->targets_met && !summary->regressed ? wire::kExitDone : wire::kExitFailed;
}

}  // namespace tacit::app
