// SpecStory: .specstory/history/*.md, one rendered chat a file. Files are rendered anew on every
// change and the same chat often lies there twice under other names, so identity comes from what is
// said, not from where it lies.

#include <fmt/format.h>

#include <map>

#include "base/text.h"
#include "transcript/document.h"
#include "transcript/exchange_builder.h"
#include "transcript/host_text.h"
#include "transcript/project.h"
#include "transcript/registry.h"
#include "transcript/spec_story_document.h"
#include "transcript/tool_text.h"

namespace tacit::transcript {
namespace {

bool recognises(std::string_view head) {
  if (head.starts_with("\xEF\xBB\xBF")) head.remove_prefix(3);
  const std::string_view front = trim(head);
  if (!front.starts_with('#') && !front.starts_with("<!--")) return false;
  return head_of(split_lines(head)).is_spec_story;
}

// Letters and digits only, lower case: re-exports differ in escapes, list marks and blank lines.
std::string normalised_request(std::string_view request) {
  std::string result;
  for (const char c : lower_ascii(request)) {
    const bool is_kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                         (static_cast<unsigned char>(c) & 0x80U) != 0;
    if (is_kept) result += c;
  }
  return result.empty() ? normalise_space(request) : result;
}

class Reader {
 public:
  Reader(const std::filesystem::path& file, Sink sink, FileReport& report)
      : file_(file), report_(report), builder_(file, sink, report) {}

  Result<void> run() {
    const std::string text = TACIT_TRY(load_text(file_, report_));
    std::vector<std::string_view> lines = split_lines(text);
    for (std::string_view& line : lines) {
      if (line.ends_with('\r')) line.remove_suffix(1);
    }
    const DocumentHead head = head_of(lines);
    const std::vector<Turn> turns = turns_of(lines);
    enter_session(head, turns);
    for (const Turn& turn : turns) {
      if (turn.role.is_sidechain) continue;  // a subagent's own work
      if (turn.role.is_user)
        TACIT_TRY(on_user(turn));
      else
        on_agent(turn);
    }
    return builder_.finish();
  }

 private:
  void enter_session(const DocumentHead& head, const std::vector<Turn>& turns) {
    Session& session = builder_.session();
    session.agent = "specstory";
    session.title = head.title;
    session.started = head.started;
    for (const Turn& turn : turns) {
      if (!session.started) session.started = turn.role.time;
    }
    session.native_id = head.session;
    if (session.native_id.empty()) {
      // Title and start time tell chats apart. Both may be missing; then the first request has to.
      const std::string start =
          session.started ? format_time(std::chrono::floor<std::chrono::minutes>(*session.started))
                          : "";
      std::string key = normalise_space(head.title) + "\n" + start;
      for (const Turn& turn : turns) {
        if (!start.empty() || !turn.role.is_user) continue;
        key += "\n" + normalised_request(text_of(turn.body));
        break;
      }
      session.native_id = "chat-" + short_hash(key);
    }
    has_uuid_ = !head.session.empty();
    session.project = project_of_history(file_);
  }

  // With the agent's own session id a request and its count name an exchange. Without, the whole
  // sequence of requests so far does, so that only exports of the same chat meet.
  std::string identity_of(std::string_view request) {
    const std::string normal = normalised_request(request);
    const std::string hash = short_hash(normal);
    const std::string& native = builder_.session().native_id;
    if (has_uuid_) return fmt::format("{}:{}:{}", native, hash, occurrences_[hash]++);
    sequence_ = short_hash(sequence_ + "\n" + hash);
    return fmt::format("{}:{}", native, sequence_);
  }

  Result<void> on_user(const Turn& turn) {
    const std::string text = text_of(turn.body);
    is_suspended_ = false;
    // An export leaves nothing of a prompt that was an image alone.
    std::string request = text.empty() ? "[no text]" : strip_host_blocks(text);
    if (is_local_command_output(text)) return {};
    if (const auto command = parse_slash_command(text)) {
      is_suspended_ = command->arguments.empty();
      if (is_suspended_) return builder_.finish();
      request = command->name + " " + command->arguments;
    }
    if (is_host_text(request)) return {};
    return builder_.begin(request, identity_of(request), turn.role.time, turn.line);
  }

  void on_agent(const Turn& turn) {
    if (is_suspended_) return;
    builder_.mark_answered(turn.role.time);
    builder_.set_model(turn.role.model);
    for (Part& part : parts_of(turn.body)) {
      if (!part.is_tool) {
        builder_.add({StepKind::kReply, "", std::move(part.text), false, turn.role.time});
        continue;
      }
      const bool failed = tells_of_failure(part.output) ||
                          part.output.find("Status: **error**") != std::string::npos;
      builder_.add({StepKind::kCall, part.tool, std::move(part.text), false, turn.role.time});
      if (part.output.empty()) continue;
      builder_.add({StepKind::kResult, part.tool, std::move(part.output), failed, turn.role.time});
    }
  }

  const std::filesystem::path& file_;
  FileReport& report_;
  ExchangeBuilder builder_;
  std::map<std::string, int> occurrences_;
  std::string sequence_;
  bool has_uuid_ = false;
  bool is_suspended_ = false;
};

Result<void> read(const std::filesystem::path& file, Sink sink, FileReport& report) {
  return Reader(file, sink, report).run();
}

}  // namespace

Adapter spec_story_adapter() {
  return {"specstory", recognises, read};
}

}  // namespace tacit::transcript
