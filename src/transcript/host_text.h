#pragma once
// What in a message of role "user" is not the human's: blocks that the agent's host, its hooks or a
// memory tool put there, command echoes, interruption marks, compaction summaries. Pure functions
// on UTF-8 text.

#include <optional>
#include <string>
#include <string_view>

namespace tacit::transcript {

// Removes every block between known host tags and trims. Tags in the middle of a line stay, as
// prose may mention them; <system-reminder> is removed anywhere.
std::string strip_host_blocks(std::string_view text);

// True for text (already stripped) that as a whole comes from the host: interruption marks,
// caveats, continued-session summaries, task notices, or nothing at all.
bool is_host_text(std::string_view stripped);

struct SlashCommand {
  std::string name;       // with its slash
  std::string arguments;  // trimmed; empty: the command does not count as a request
};
// The command that a record echoes in <command-name> and <command-args>.
std::optional<SlashCommand> parse_slash_command(std::string_view text);

// True for a typed command without arguments ("/clear"), which does not count as a request.
bool is_bare_command(std::string_view text);

// True for the echo of a command that the host itself carried out (<local-command-stdout> and the
// like).
bool is_local_command_output(std::string_view text);

}  // namespace tacit::transcript
