#pragma once
// Transcripts in, sessions and exchanges out. A format is recognised by content, never by name.
// Parsed exchanges are handed to a sink as they are complete, so memory holds one exchange and one
// line at a time (document formats: one file). Bad, glued or unfinished lines and invalid UTF-8 are
// reported with file and line, and what follows is kept; a line over kMaxLineBytes is kept as a
// marked stub. Nothing is redacted here: the caller redacts before anything is stored or logged.
// One thread per call; no state is kept.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/function_ref.h"
#include "base/result.h"
#include "domain/session.h"

namespace tacit::transcript {

inline constexpr std::size_t kMaxLineBytes = 16U << 20U;
inline constexpr std::size_t kMaxDocumentBytes = 8U << 20U;  // Markdown files are read whole
inline constexpr std::size_t kMaxStepBytes =
    64U << 10U;  // longer texts keep head and tail around a mark
inline constexpr std::size_t kMaxStepsPerExchange =
    2000;  // later steps are dropped, and a notice says so
inline constexpr std::size_t kMaxExchangeBytes =
    16U << 20U;  // beyond it steps keep only a mark of their size

struct Notice {
  std::filesystem::path file;
  std::size_t line = 0;  // from 1; 0 where it is about the whole file
  std::string reason;
};

// What a file turned out to hold, beside its exchanges.
struct FileReport {
  std::string format;         // as docs/adapters.md names it; empty: no known format
  std::size_t sessions = 0;   // sessions with at least one exchange here; subagent files hold none
  std::size_t exchanges = 0;  // handed to the sink
  std::size_t bytes = 0;
  std::vector<Notice> notices;
};

// Receives each complete exchange with its session as known so far. Session.id, Exchange.id and
// Exchange.session are not set by adapters; native_id, agent and identity are. Return an error to
// stop.
using Sink = FunctionRef<Result<void>(const Session&, Exchange&&)>;

// Reads one file. An unknown format is no error: report.format is empty. Fails with unavailable
// when the file cannot be read, or with the sink's error.
Result<FileReport> read_file(const std::filesystem::path& file, Sink sink);

// Where agents keep transcripts on this machine, as far as it exists: the folders that
// CLAUDE_CONFIG_DIR, CODEX_HOME and GEMINI_CLI_HOME name and the defaults under `home`, and what
// lies in `directory`.
std::vector<std::filesystem::path> usual_places(const std::filesystem::path& home,
                                                const std::filesystem::path& directory);

// The regular files below a path (or the path itself), sorted, links not followed; hidden folders
// other than .specstory and .claude/.codex roots given by name are skipped.
Result<std::vector<std::filesystem::path>> list_files(const std::filesystem::path& path);

}  // namespace tacit::transcript
