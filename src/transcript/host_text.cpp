#include "transcript/host_text.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace tacit::transcript {
namespace {

using std::string_view_literals::operator""sv;

// Tags whose blocks the host writes. The first is removed anywhere, the others at the start of a
// line.
constexpr std::array kHostTags{
    "system-reminder"sv,
    // Claude Code
    "command-name"sv, "command-message"sv, "command-args"sv, "command-contents"sv,
    "local-command-caveat"sv, "local-command-stdout"sv, "local-command-stderr"sv, "bash-input"sv,
    "bash-stdout"sv, "bash-stderr"sv, "task-notification"sv, "user-prompt-submit-hook"sv,
    "session-start-hook"sv, "post-tool-use-hook"sv, "new-diagnostics"sv, "ide_opened_file"sv,
    "ide_selection"sv, "ide_diagnostics"sv, "persisted-output"sv, "user-memory-input"sv,
    "teammate-message"sv,
    // Codex
    "environment_context"sv, "user_instructions"sv, "permissions instructions"sv, "permissions"sv,
    "turn_aborted"sv, "skill"sv, "INSTRUCTIONS"sv, "collaboration_mode"sv,
    "subagent_notification"sv, "user_shell_command"sv, "apps_instructions"sv,
    "plugins_instructions"sv, "skills_instructions"sv, "personality_spec"sv, "model_switch"sv,
    // Gemini
    "session_context"sv, "hook_context"sv, "state_snapshot"sv,
    // editors
    "environment_details"sv, "attached_files"sv, "editor_context"sv,
    "open_and_recently_viewed_files"sv, "system_reminder"sv, "additional_data"sv,
    // hooks and memory tools
    "hook_additional_context"sv, "hook-additional-context"sv, "additional-context"sv,
    "additional_context"sv, "tacit-context"sv, "claude-mem-context"sv, "memory-context"sv,
    "memory_context"sv, "mem-context"sv, "relevant-memories"sv, "relevant_memories"sv,
    "recalled-memories"sv, "recalled_memories"sv, "supermemory-context"sv, "session-memory"sv,
    "memories"sv};

constexpr std::array kHostOpenings{"[Request interrupted"sv,
                                   "Caveat: The messages below"sv,
                                   "Operation stopped by hook"sv,
                                   "This session is being continued from a previous conversation"sv,
                                   "# AGENTS.md instructions"sv,
                                   "{\"task_id\":"sv,
                                   "Base directory for this skill:"sv,
                                   "Stop hook feedback:"sv,
                                   "UserPromptSubmit hook "sv,
                                   "<command-name>"sv,
                                   "<command-message>"sv,
                                   "<local-command-"sv,
                                   "<bash-input>"sv,
                                   "<bash-stdout>"sv,
                                   "<task-notification>"sv,
                                   "<system-reminder>"sv,
                                   "<environment_context>"sv,
                                   "<user_instructions>"sv,
                                   "<permissions"sv,
                                   "<turn_aborted>"sv};

// The length of an opening tag of `name` at the front of `text`, or 0.
std::size_t opening_length(std::string_view text, std::string_view name) {
  if (text.size() < name.size() + 2 || text[0] != '<' || text.substr(1, name.size()) != name)
    return 0;
  const char next = text[name.size() + 1];
  if (next == '>') return name.size() + 2;
  if (next != ' ') return 0;
  const std::size_t end = text.find('>');
  return end == std::string_view::npos || end > 512 ? 0 : end + 1;
}

// Where the block that opens at the front of `text` ends (one past its closing tag), or npos.
// Blocks of the same tag may nest; if their number does not add up the first closing tag ends it.
std::size_t block_end(std::string_view text, std::string_view name) {
  const std::size_t space = name.find(' ');
  const std::string opening = "<" + std::string(name);
  const std::string closing =
      "</" + std::string(space == std::string_view::npos ? name : name.substr(0, space));
  std::size_t first = std::string_view::npos;
  std::size_t depth = 1;
  std::size_t at = opening.size();
  while (depth > 0) {
    const std::size_t close = text.find(closing, at);
    if (close == std::string_view::npos) return first;
    const std::size_t end = text.find('>', close);
    if (end == std::string_view::npos) return first;
    if (first == std::string_view::npos) first = end + 1;
    for (std::size_t open = text.find(opening, at); open < close;
         open = text.find(opening, open + 1)) {
      if (opening_length(text.substr(open), name) > 0) ++depth;
    }
    --depth;
    at = end + 1;
  }
  return at;
}

bool is_line_start(std::string_view text, std::size_t at) {
  while (at > 0 && (text[at - 1] == ' ' || text[at - 1] == '\t')) --at;
  return at == 0 || text[at - 1] == '\n' || text[at - 1] == '\r' || text[at - 1] == '>';
}

std::string_view inner_of(std::string_view text, std::string_view tag) {
  const std::string opening = "<" + std::string(tag) + ">";
  const std::size_t start = text.find(opening);
  if (start == std::string_view::npos) return {};
  const std::size_t end = text.find("</" + std::string(tag) + ">", start);
  if (end == std::string_view::npos) return {};
  return trim(text.substr(start + opening.size(), end - start - opening.size()));
}

}  // namespace

std::string strip_host_blocks(std::string_view text) {
  // A notice about a background task goes on in prose after its block; all of it is the host's.
  if (trim(text).starts_with("<task-notification>")) return {};
  std::string result;
  std::size_t kept = 0;
  for (std::size_t at = text.find('<'); at != std::string_view::npos;) {
    std::size_t end = std::string_view::npos;
    for (std::size_t tag = 0; tag < kHostTags.size() && end == std::string_view::npos; ++tag) {
      if (opening_length(text.substr(at), kHostTags[tag]) == 0) continue;
      if (tag > 0 && !is_line_start(text, at)) continue;
      end = block_end(text.substr(at), kHostTags[tag]);
    }
    if (end != std::string_view::npos) {
      result += text.substr(kept, at - kept);
      kept = at + end;
    }
    at = text.find('<', std::max(kept, at + 1));
  }
  result += text.substr(kept);
  return std::string(trim(result));
}

bool is_host_text(std::string_view stripped) {
  const std::string_view text = trim(stripped);
  return text.empty() || std::ranges::any_of(kHostOpenings, [&](std::string_view opening) {
           return text.starts_with(opening);
         });
}

std::optional<SlashCommand> parse_slash_command(std::string_view text) {
  const std::string_view front = trim(text);
  if (!front.starts_with("<command-name>") && !front.starts_with("<command-message>"))
    return std::nullopt;
  const std::string_view name = inner_of(front, "command-name");
  if (name.empty()) return std::nullopt;
  SlashCommand command;
  command.name = name.starts_with('/') ? std::string(name) : "/" + std::string(name);
  command.arguments = strip_host_blocks(inner_of(front, "command-args"));
  return command;
}

bool is_bare_command(std::string_view text) {
  const std::string_view name = trim(text);
  return name.size() > 1 && name.front() == '/' &&
         name.find_first_of(" \t\r\n/", 1) == std::string_view::npos;
}

bool is_local_command_output(std::string_view text) {
  return trim(text).starts_with("<local-command-std");
}

}  // namespace tacit::transcript
