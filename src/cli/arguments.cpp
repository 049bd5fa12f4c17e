#include "cli/arguments.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/text.h"
#include "base/version.h"
#include "wire/errors.h"

namespace tacit::cli {
namespace {

constexpr std::size_t kSuggestionDistance = 3;

class Parser {
 public:
  explicit Parser(const std::vector<FlagSpec>& flags)
      : app_("Tacit: the memory of a team that works with coding agents", "tacit") {
    app_.require_subcommand(0, 1);
    app_.fallthrough();
    app_.set_version_flag("--version", std::string("tacit ") + kVersion);
    app_.add_flag("--json", arguments_.json, "Print one JSON document; notes go to standard error");
    app_.add_option("--config", arguments_.config_file,
                    "Configuration file (default: $XDG_CONFIG_HOME/tacit/config.toml)");
    for (const FlagSpec& flag : flags) {
      std::string name = flag.key;
      std::replace(name.begin(), name.end(), '_', '-');
      app_.add_option_function<std::string>(
          "--" + name,
          [this, key = flag.key](const std::string& value) { arguments_.overrides[key] = value; },
          flag.help);
    }
    app_.footer(
        "Start with `tacit import --found`, then `tacit search \"…\"`. `tacit VERB --help` shows "
        "an example.");
    add_verbs();
  }

  Parsed run(int argc, const char* const* argv) {
    try {
      app_.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
      return ended(error);
    }
    const auto chosen = app_.get_subcommands();
    if (chosen.empty()) return {std::nullopt, app_.help(), wire::kExitWrongUse};
    arguments_.verb = chosen.front()->get_name();
    return {std::move(arguments_), "", wire::kExitDone};
  }

 private:
  Parsed ended(const CLI::ParseError& error) {
    if (error.get_exit_code() == static_cast<int>(CLI::ExitCodes::Success)) {
      std::string text;
      const auto chosen = app_.get_subcommands();
      if (dynamic_cast<const CLI::CallForVersion*>(&error) != nullptr)
        text = std::string(error.what()) + "\n";
      else
        text = chosen.empty() ? app_.help() : chosen.front()->help();
      return {std::nullopt, text, wire::kExitDone};
    }
    std::string text = fmt::format("tacit: {}", error.what());
    if (const std::string near = suggestion(); !near.empty())
      text += fmt::format("; did you mean `tacit {}`?", near);
    text += "\nSee `tacit --help`.\n";
    return {std::nullopt, text, wire::kExitWrongUse};
  }

  // The verb nearest to an unknown first word.
  std::string suggestion() const {
    const auto words = app_.remaining();
    if (words.empty() || !app_.get_subcommands().empty()) return {};
    std::string best;
    std::size_t distance = kSuggestionDistance;
    for (const CLI::App* verb : app_.get_subcommands([](const CLI::App*) { return true; })) {
      const std::size_t d = edit_distance(words.front(), verb->get_name());
      if (d < distance) {
        distance = d;
        best = verb->get_name();
      }
    }
    return best;
  }

  CLI::App* verb(const std::string& name, const std::string& what, const std::string& example) {
    CLI::App* sub = app_.add_subcommand(name, what);
    sub->footer("Example:\n  " + example);
    return sub;
  }

  void add_verbs() {
    add_filling();
    add_asking();
    add_governing();
    add_spending();
    add_proving();
  }

  void add_filling() {
    CLI::App* import = verb("import", "Learn from transcripts of coding agents",
                            "tacit import ~/.claude/projects --dry-run");
    import->add_option("PATH", arguments_.words, "Files or folders, any known format");
    import->add_flag("--found", arguments_.found, "The usual places of the agents on this machine");
    import->add_flag("--dry-run", arguments_.dry_run, "Count, write nothing");
    import->add_flag("--again", arguments_.again, "Also what was forgotten");
  }

  void add_asking() {
    CLI::App* search = verb("search", "Search what is known",
                            "tacit search \"why do we retry webhooks\" --explain");
    search->add_option("QUERY", arguments_.words, "What to look for")->required();
    search->add_option("-k,--limit", arguments_.limit, "Hits at most (1 to 100)");
    search->add_option("--mode", arguments_.mode, "hybrid, text or vector");
    search->add_flag("--explain", arguments_.explain, "Say why each hit is there");
    search->add_option("--type", arguments_.type,
                       "Items of this type only, for example bug_solution");
    search->add_option("--kind", arguments_.kind, "item or exchange");
    search->add_option("--since", arguments_.since, "Nothing older than this date");
    search->add_option("--as-of", arguments_.as_of, "Only what was known at this date");
    search->add_option("--project", arguments_.project,
                       "One project: its folder or the folder's name");
    CLI::App* show = verb("show", "Show an item, exchange or session with its evidence",
                          "tacit show k4v0k2m9q4x1a");
    show->add_option("ID", arguments_.words, "An id that search printed")->required();
    verb("status", "Say what is known and how things stand", "tacit status");
    verb("mcp", "Serve agents by MCP over standard input and output",
         "claude mcp add tacit -- tacit mcp");
    verb("serve", "Serve HTTP and the web page", "tacit serve --listen 127.0.0.1:7411");
    CLI::App* embed =
        verb("embed", "Turn lines of text into vectors", "echo 'a line' | tacit embed");
    embed->add_option("--space", arguments_.kind, "384 (the only space of this version)");
    CLI::App* tokens = verb("count-tokens", "Count tokens, of lines of text or of whole files",
                            "tacit count-tokens notes.md --model openai/gpt-oss-120b");
    tokens->add_option("FILE", arguments_.words, "Files; - or none: lines of standard input");
    tokens->add_option("--encoding", arguments_.encoding, "o200k_base (default) or cl100k_base");
    tokens->add_option("--model", arguments_.model, "The encoding of this model");
    tokens->add_flag("--ids", arguments_.ids, "Also the ids of the tokens");
  }

  void add_governing() {
    CLI::App* forget = verb("forget", "Remove something everywhere, for good",
                            "tacit forget --session s4v0k2m9q4x1a --dry-run");
    forget->add_option("ID", arguments_.words, "An item, exchange or session");
    forget->add_option("--session", arguments_.session, "A whole session");
    forget->add_option("--project", arguments_.project, "Everything of a project");
    forget->add_flag("--dry-run", arguments_.dry_run, "Count, remove nothing");
    forget->add_flag("--yes", arguments_.yes, "Do not ask");
    verb("redact", "Mask the secrets in standard input", "tacit redact < notes.txt");
    CLI::App* config = verb("config", "Show the configuration", "tacit config show --origin");
    config->add_option("ACTION", arguments_.words, "show");
    config->add_flag("--origin", arguments_.origin, "Say where each value came from");
    verb("doctor", "Check this installation and say what to do", "tacit doctor");
  }

  void add_spending() {
    CLI::App* infer = verb("infer", "Ask a model, within privacy and budget",
                           "tacit infer \"Name three causes of flaky tests\" --privacy local");
    infer->add_option("PROMPT", arguments_.words, "What to ask; - or none: standard input");
    infer->add_option("--operation", arguments_.operation, "What for, in the breakdown of costs");
    infer->add_option("--privacy", arguments_.privacy,
                      "auto, local (nothing leaves this machine) or remote");
    infer->add_option("--schema", arguments_.schema, "File with the JSON Schema of the answer");
    infer->add_option("--project", arguments_.project, "Whose ceiling counts besides yours");
    infer->add_option("--max-output", arguments_.max_output, "Tokens of the answer at most");
    infer->add_flag("--stream", arguments_.stream, "Print the answer as it arrives");
    infer->add_option(
        "--each", arguments_.each,
        "File of requests, a JSON line each as POST /v1/infer takes them; ten at once");
    infer->add_flag("--background", arguments_.background, "May wait, or go to a local model");
    infer->add_flag("--batch", arguments_.batch,
                    "With --each: at a provider's batch price, answered within a day");
    CLI::App* batch = verb("batch", "Say how batches stand, and print their answers",
                           "tacit batch b4f0a91c22d7 --wait");
    batch->add_option("ID", arguments_.words, "One batch; none: all of them");
    batch->add_flag("--wait", arguments_.wait, "Until it has ended");
    batch->add_flag("--cancel", arguments_.cancel, "End it at its provider");
    CLI::App* budget =
        verb("budget", "Say what the month allows and has cost", "tacit budget --json");
    budget->add_option("--of", arguments_.developer, "Another developer's");
    CLI::App* usage = verb("usage", "Break down what was spent", "tacit usage --by operation");
    usage->add_option("--by", arguments_.by, "developer, project, provider, model or operation");
    usage->add_option("--period", arguments_.period, "A month of UTC, such as 2026-11");
    verb("providers", "Say which models are asked, in which order, and how each stands",
         "tacit providers");
    verb("cache", "Say what the running server's caches hold and are worth", "tacit cache --json");
  }

  void add_proving() {
    CLI::App* eval = verb("eval", "Measure quality on an evaluation set", "tacit eval labels");
    eval->add_option("SET", arguments_.words, "A folder below $TACIT_CORPUS/eval, or labels");
    eval->add_option("--data", arguments_.data, "The folder of the set");
    CLI::App* bench = verb("bench", "Measure speed and size", "tacit bench --component pipeline");
    bench->add_option("--component", arguments_.component,
                      "machine, embedding, database, store, serve, vector, pipeline, inference, "
                      "budget, cache or all");
    bench->add_option("--case", arguments_.only, "Only cases whose name holds this");
    bench->add_option("--iterations", arguments_.iterations, "Repeat each case so often");
    bench->add_option("--baseline", arguments_.baseline, "Lines of an earlier run to compare with");
  }

  Arguments arguments_;
  CLI::App app_;
};

}  // namespace

Parsed parse(int argc, const char* const* argv, const std::vector<FlagSpec>& flags) {
  return Parser(flags).run(argc, argv);
}

}  // namespace tacit::cli
