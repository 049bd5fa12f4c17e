// Commands that worked after one like them had failed: a call of a shell, its failed result, and a
// later call of the same program that went through, with no file changed between them. A failed
// command that later went through unchanged teaches nothing: the code was at fault.

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>

#include "base/text.h"
#include "learn/errors.h"
#include "learn/rules.h"

namespace tacit::learn {
namespace {

constexpr std::array<std::string_view, 6> kShells = {"bash",  "shell",    "exec",
                                                     "run_c", "terminal", "execute"};
// Programs that look around; how they are called is no knowledge.
constexpr std::array<std::string_view, 20> kLookingAround = {
    "ls", "cat", "cd",   "grep",  "rg",   "find", "head",  "tail",  "echo", "pwd",
    "wc", "sed", "stat", "which", "test", "mv",   "sleep", "mkdir", "rm",   "awk"};
constexpr std::array<std::string_view, 5> kRunners = {"sudo", "time", "env", "npx", "exec"};

constexpr std::size_t kMaxCommandBytes = 160;
constexpr std::size_t kMaxCallsBetween = 12;
constexpr std::size_t kMaxCommandsRead = 400;  // of one exchange
constexpr double kMinShared = 0.34;            // of the words of both commands

struct Command {
  std::size_t call = 0;
  std::size_t result = 0;
  std::string text;
  std::vector<std::string> words;  // from the program on
  bool failed = false;
};

bool is_shell(const Step& step) {
  const std::string tool = lower_ascii(step.tool);
  return std::any_of(kShells.begin(), kShells.end(),
                     [&](auto name) { return tool.find(name) != std::string::npos; });
}

// The words from the program on: "cd app && CI=1 npx vitest run" gives "vitest run".
std::vector<std::string> words_from_program(std::string_view command) {
  if (const std::size_t last = command.rfind("&& "); last != std::string_view::npos) {
    command = command.substr(last + 3);
  }
  std::vector<std::string> words;
  std::size_t at = 0;
  while (at < command.size()) {
    const std::size_t end = std::min(command.find(' ', at), command.size());
    const std::string_view word = command.substr(at, end - at);
    at = end + 1;
    if (word.empty()) continue;
    const bool before_program = words.empty();
    if (before_program && word.find('=') != std::string_view::npos) continue;
    if (before_program && std::find(kRunners.begin(), kRunners.end(), word) != kRunners.end())
      continue;
    words.emplace_back(word);
  }
  return words;
}

double shared_words(const Command& a, const Command& b) {
  const auto shared = std::count_if(a.words.begin(), a.words.end(), [&](const std::string& word) {
    return std::find(b.words.begin(), b.words.end(), word) != b.words.end();
  });
  const std::size_t most = std::max(a.words.size(), b.words.size());
  return most == 0 ? 0 : static_cast<double>(shared) / static_cast<double>(most);
}

// The shell calls that have a result; the first result of the tool after a call is taken for its.
std::vector<Command> commands_of(const Exchange& exchange) {
  std::vector<Command> commands;
  std::size_t free_from = 0;
  for (std::size_t i = 0; i < exchange.steps.size() && commands.size() < kMaxCommandsRead; ++i) {
    const Step& call = exchange.steps[i];
    if (call.kind != StepKind::kCall || !is_shell(call)) continue;
    std::size_t result = std::max(i + 1, free_from);
    while (result < exchange.steps.size() && (exchange.steps[result].kind != StepKind::kResult ||
                                              exchange.steps[result].tool != call.tool)) {
      ++result;
    }
    if (result == exchange.steps.size()) break;
    free_from = result + 1;
    Command command{i, result, std::string(trim(call.text)), {}, exchange.steps[result].failed};
    command.words = words_from_program(command.text);
    commands.push_back(std::move(command));
  }
  return commands;
}

bool is_worth_telling(const Command& command) {
  const std::string& text = command.text;
  if (command.words.size() < 2 || text.size() > kMaxCommandBytes) return false;
  if (text.find('\n') != std::string::npos || text.find("[redacted:") != std::string::npos)
    return false;
  return std::find(kLookingAround.begin(), kLookingAround.end(), command.words.front()) ==
         kLookingAround.end();
}

bool is_edited_between(const Exchange& exchange, std::size_t first, std::size_t last) {
  for (std::size_t i = first; i < last; ++i) {
    if (is_edit(exchange.steps[i])) return true;
  }
  return false;
}

const Command* cure_of(const Exchange& exchange, const std::vector<Command>& commands,
                       std::size_t failed) {
  const Command& before = commands[failed];
  const Command* cure = nullptr;
  const std::size_t end = std::min(commands.size(), failed + 1 + kMaxCallsBetween);
  for (std::size_t i = failed + 1; i < end; ++i) {
    const Command& after = commands[i];
    if (after.text == before.text) return nullptr;
    if (cure != nullptr || after.failed || !is_worth_telling(after)) continue;
    if (after.words.front() != before.words.front() && shared_words(before, after) < 0.5) continue;
    if (shared_words(before, after) < kMinShared) continue;
    if (is_edited_between(exchange, before.result, after.call)) return nullptr;
    cure = &after;
  }
  return cure;
}

}  // namespace

std::vector<Finding> find_commands(const Context& context) {
  std::vector<Finding> findings;
  const std::vector<Command> commands = commands_of(context.exchange);
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const Command& before = commands[i];
    if (!before.failed || !is_worth_telling(before)) continue;
    const auto error = error_line(context.exchange.steps[before.result], before.result);
    if (!error) continue;
    const Command* cure = cure_of(context.exchange, commands, i);
    if (cure == nullptr) continue;
    Finding finding;
    finding.statement =
        "`" + before.text + "` fails (" + error->text + "); `" + cure->text + "` works.";
    finding.type = type_of(finding.statement, ItemType::kToolUsage);
    finding.confidence = 0.5;
    finding.spans = {{before.call, 0, context.exchange.steps[before.call].text.size()},
                     error->span,
                     {cure->call, 0, context.exchange.steps[cure->call].text.size()}};
    findings.push_back(std::move(finding));
    break;  // one a exchange: later ones are mostly the same hunt
  }
  return findings;
}

}  // namespace tacit::learn
