// aider: .aider.chat.history.md, one growing file a project with all launches in it. A launch opens
// with a heading that holds its local time; lines of the user begin with "#### ", lines of the tool
// with "> ", and both end in two blanks, which tells them from the same marks in an answer. There
// are no ids and no times but the launch's.

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <optional>

#include "base/text.h"
#include "transcript/exchange_builder.h"
#include "transcript/host_text.h"
#include "transcript/line_reader.h"
#include "transcript/project.h"
#include "transcript/registry.h"
#include "transcript/tool_text.h"

namespace tacit::transcript {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kLaunch = "# aider chat started at ";
constexpr std::string_view kLaunchTime = "0000-00-00 00:00:00";
constexpr std::string_view kHistoryName = ".aider.chat.history.md";
// Commands whose text goes to the model; of all others the model sees at most an output.
constexpr std::array kAsking{"/ask"sv, "/code"sv, "/architect"sv};
constexpr std::array kLeaving{"/exit"sv, "/quit"sv, "/clear"sv, "/reset"sv};
// What aider itself says in the user's place when a linter complains.
constexpr std::string_view kLintRequest = "# Fix any errors below, if possible.";
constexpr std::array kModelLines{"Main model: "sv, "Models: "sv, "Model: "sv};

// The time in a launch's heading, or nothing for any other line.
std::optional<std::string_view> launch_time(std::string_view line) {
  if (!line.starts_with(kLaunch)) return std::nullopt;
  const std::string_view time = trim(line.substr(kLaunch.size()));
  if (time.size() != kLaunchTime.size()) return std::nullopt;
  for (std::size_t i = 0; i < time.size(); ++i) {
    const bool is_digit = time[i] >= '0' && time[i] <= '9';
    if (kLaunchTime[i] == '0' ? !is_digit : time[i] != kLaunchTime[i]) return std::nullopt;
  }
  return time;
}

bool recognises(std::string_view head) {
  while (!head.empty()) {
    if (launch_time(head.substr(0, head.find('\n')))) return true;
    const std::size_t at = head.find("\n# aider chat started at ");
    head = at == std::string_view::npos ? std::string_view() : head.substr(at + 1);
  }
  return false;
}

// aider takes any beginning of a command that fits no other.
template <std::size_t kCount>
bool is_one_of(std::string_view name, const std::array<std::string_view, kCount>& commands) {
  for (const std::string_view command : commands) {
    if (name.size() >= 3 && command.starts_with(name)) return true;
  }
  return false;
}

// "12k", "1.2k" and "27,518" as a number of tokens.
std::int64_t tokens_of(std::string_view word) {
  std::string digits;
  for (const char c : word) {
    if (c != ',') digits += c;
  }
  double number = 0;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (end.ec != std::errc() || number < 0 || number > 1e12) return 0;
  const bool is_thousands = end.ptr != digits.data() + digits.size() && *end.ptr == 'k';
  return static_cast<std::int64_t>(is_thousands ? number * 1000 : number);
}

// "Tokens: 12k sent, 3k cache hit, 1.2k received. Cost: …"
std::optional<TokenUse> usage_of(std::string_view line) {
  constexpr std::string_view kTokens = "Tokens: ";
  if (!line.starts_with(kTokens)) return std::nullopt;
  TokenUse use;
  std::string_view rest = line.substr(kTokens.size());
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(", "), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest = rest.substr(std::min(rest.size(), end + 2));
    const std::size_t blank = std::min(part.find(' '), part.size());
    const std::string_view what = trim(part.substr(blank));
    const std::int64_t count = tokens_of(part.substr(0, blank));
    if (what.starts_with("sent")) use.input += count;
    if (what.starts_with("received")) use.output += count;
    if (what.starts_with("cache hit") || what.starts_with("cached")) use.cached += count;
  }
  use.input = std::max<std::int64_t>(0, use.input - use.cached);
  return use;
}

class Reader {
 public:
  Reader(const std::filesystem::path& file, Sink sink, FileReport& report)
      : file_(file), report_(report), builder_(file, sink, report) {}

  Result<void> run() {
    LineReader lines = TACIT_TRY(LineReader::open(file_));
    enter_launch({});
    Line line;
    while (TACIT_TRY(lines.next(line))) {
      TACIT_TRY(on_line(text_of(line)));
    }
    TACIT_TRY(end_block());
    report_.bytes = lines.bytes_read();
    return builder_.finish();
  }

 private:
  enum class Kind { kNone, kUser, kTool, kAnswer };

  std::string text_of(const Line& line) {
    line_ = line.number;
    const auto note = [&](std::string reason) {
      report_.notices.push_back({file_, line.number, std::move(reason)});
    };
    if (line.is_oversized) {
      note(fmt::format("is {} bytes long, over the limit; its beginning and end were kept",
                       line.size));
      return fmt::format("{}\n[… truncated: {} bytes …]\n{}", clean_utf8(line.head), line.size,
                         clean_utf8(line.tail));
    }
    std::string_view text = line.text;
    if (text.ends_with('\r')) text.remove_suffix(1);
    std::size_t replaced = 0;
    std::string clean = clean_utf8(text, &replaced);
    if (replaced > 0) {
      note(fmt::format("holds {} malformed UTF-8 sequence(s); each was replaced by U+FFFD",
                       replaced));
    }
    return clean;
  }

  Result<void> on_line(std::string_view line) {
    if (const auto time = launch_time(line)) {
      TACIT_TRY(end_block());
      TACIT_TRY(builder_.finish());
      enter_launch(*time);
      return {};
    }
    const bool is_marked = line.ends_with("  ");
    Kind kind = Kind::kAnswer;
    std::string_view text = line;
    if (is_marked || !has_marks_) {  // a copy may have lost its trailing blanks
      if (line.starts_with("#### ")) kind = Kind::kUser;
      if (line.starts_with("> ") || line == ">") kind = Kind::kTool;
    }
    if (kind != Kind::kAnswer) {
      has_marks_ = has_marks_ || is_marked;
      text = line.substr(std::min(line.size(), std::size_t{kind == Kind::kUser ? 5U : 2U}));
      if (is_marked) text.remove_suffix(std::min(text.size(), std::size_t{2}));
    }
    // A blank line parts two prompts, but not the answer around it.
    const bool parts = kind != kind_ && (kind != Kind::kAnswer || !trim(text).empty());
    if (parts || (kind_ == Kind::kUser && kind != Kind::kUser)) TACIT_TRY(end_block());
    if (kind == Kind::kAnswer && kind_ != Kind::kAnswer && trim(text).empty()) return {};
    if (kind_ == Kind::kNone) block_line_ = line_;
    kind_ = kind;
    if (block_.size() > kMaxExchangeBytes) return {};
    block_ += text;
    block_ += '\n';
    return {};
  }

  void enter_launch(std::string_view time) {
    Session& session = builder_.session();
    session = Session();
    session.agent = "aider";
    session.started = parse_time(time);
    launch_ = std::string(time);
    sequence_.clear();
    model_.clear();
    echo_.clear();
    is_suspended_ = false;
    const auto path = std::filesystem::absolute(file_).lexically_normal();
    if (path.filename() == kHistoryName)
      session.project = projects_.resolve(path.parent_path().string());
  }

  Result<void> end_block() {
    const Kind kind = std::exchange(kind_, Kind::kNone);
    const std::string block = std::exchange(block_, std::string());
    const std::string_view text = trim(block);
    if (kind == Kind::kUser) return on_user(text);
    if (kind == Kind::kTool) on_tool(text);
    if (kind == Kind::kAnswer && !is_suspended_)
      builder_.add({StepKind::kReply, "", std::string(text), false, {}});
    return {};
  }

  Result<void> on_user(std::string_view text) {
    is_suspended_ = false;
    const std::string echo = std::exchange(echo_, std::string());
    if (text.empty() || text == "<blank>" || text.starts_with(kLintRequest)) return {};
    if (!echo.empty() && text == echo) return {};  // what /ask asks is written once more
    if (text.starts_with('/')) {
      const std::size_t end = std::min(text.find_first_of(" \n"), text.size());
      const std::string_view name = text.substr(0, end);
      const std::string arguments = strip_host_blocks(text.substr(end));
      if (arguments.empty() || !is_one_of(name, kAsking)) return on_command(name, text);
      echo_ = std::string(trim(text.substr(end)));
      return begin(fmt::format("{} {}", name, arguments));
    }
    const std::string request = strip_host_blocks(text);
    if (is_host_text(request)) return {};
    return begin(request);
  }

  Result<void> begin(const std::string& request) {
    const std::string hash = short_hash(normalise_space(request));
    sequence_ = short_hash(sequence_ + "\n" + hash);
    Session& session = builder_.session();
    // Launches of the same second in two projects are told apart by what is asked first.
    if (session.native_id.empty()) {
      session.native_id = fmt::format("launch-{}", short_hash(launch_ + "\n" + hash));
    }
    TACIT_TRY(builder_.begin(request, fmt::format("{}:{}", session.native_id, sequence_),
                             session.started, block_line_));
    builder_.set_model(model_);
    return {};
  }

  // A command is something that the user does to an answer, such as /undo or /run.
  Result<void> on_command(std::string_view name, std::string_view text) {
    is_suspended_ = true;
    if (is_one_of(name, kLeaving)) return builder_.finish();
    if (builder_.is_answered())
      builder_.add({StepKind::kCall, "command", std::string(text), false, {}});
    return {};
  }

  void on_tool(std::string_view text) {
    std::string output;
    for (const std::string_view line : split_lines(text)) {
      for (const std::string_view mark : kModelLines) {
        if (!line.starts_with(mark)) continue;
        const std::string_view name = line.substr(mark.size());
        model_ = std::string(name.substr(0, name.find(" with ")));
      }
      if (const auto use = usage_of(line))
        builder_.add_tokens(*use);
      else
        output += std::string(line) + "\n";
    }
    // aider's own lines answer nothing: a request with only them failed.
    if (trim(output).empty() || !builder_.is_answered()) return;
    const bool failed = tells_of_failure(output);
    builder_.add({StepKind::kResult, "aider", std::string(trim(output)), failed, {}});
  }

  const std::filesystem::path& file_;
  FileReport& report_;
  ExchangeBuilder builder_;
  ProjectResolver projects_;
  std::string launch_;
  std::string sequence_;  // hash of the launch's requests so far
  std::string model_;
  std::string echo_;
  std::string block_;
  Kind kind_ = Kind::kNone;
  std::size_t block_line_ = 0;
  std::size_t line_ = 0;
  bool has_marks_ = false;
  bool is_suspended_ = false;  // after a command, whose output is not the model's
};

Result<void> read(const std::filesystem::path& file, Sink sink, FileReport& report) {
  return Reader(file, sink, report).run();
}

}  // namespace

Adapter aider_adapter() {
  return {"aider", recognises, read};
}

}  // namespace tacit::transcript
