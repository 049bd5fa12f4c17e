// Claude Code: ~/.claude/projects/<slug>/<session>.jsonl. One JSON record per line; a message of
// the agent is spread over several records; forks and resumes copy records with their uuids into
// other files.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>
#include <unordered_map>
#include <unordered_set>

#include "base/hash.h"
#include "base/text.h"
#include "transcript/exchange_builder.h"
#include "transcript/host_text.h"
#include "transcript/json_head.h"
#include "transcript/project.h"
#include "transcript/record_reader.h"
#include "transcript/registry.h"
#include "transcript/tool_text.h"

namespace tacit::transcript {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::array kMessageTypes{"user"sv, "assistant"sv, "system"sv, "attachment"sv,
                                   "progress"sv};
constexpr std::array kSideTypes{"queue-operation"sv, "last-prompt"sv, "custom-title"sv,
                                "ai-title"sv,        "agent-name"sv,  "mode"sv,
                                "permission-mode"sv, "pr-link"sv,     "frame-link"sv};
constexpr std::size_t kUuidSize = 36;

bool is_claude_record(JsonValue value) {
  const std::string_view type = value.text("type");
  if (type == "summary") return value["leafUuid"].is_string();
  if (type == "file-history-snapshot") return value["messageId"].is_string();
  if (value.text("sessionId").empty() && value.text("session_id").empty() &&
      !value["isSidechain"].exists())
    return false;
  if (std::ranges::find(kMessageTypes, type) != kMessageTypes.end())
    return value["uuid"].is_string();
  return std::ranges::find(kSideTypes, type) != kSideTypes.end();
}

bool is_claude_text(std::string_view head) {
  return head.find("\"sessionId\":") != std::string_view::npos &&
         (head.find("\"parentUuid\":") != std::string_view::npos ||
          head.find("\"isSidechain\":") != std::string_view::npos);
}

bool recognises(std::string_view head) {
  return any_record_in_head(head, is_claude_record, is_claude_text);
}

// What a user record holds, its blocks sorted by kind.
struct UserContent {
  std::string text;
  bool has_result = false;
  bool has_image = false;
};

class Reader {
 public:
  Reader(const std::filesystem::path& file, Sink sink, FileReport& report)
      : file_(file), report_(report), builder_(file, sink, report) {}

  Result<void> run() {
    TACIT_TRY(read_records(
        file_, report_, [this](const Record& record) { return on_record(record); },
        [this](const Stub& stub) { return on_stub(stub); }));
    return builder_.finish();
  }

 private:
  Result<void> on_record(const Record& record) {
    const JsonValue value = record.value;
    if (value.truth("isSidechain")) return {};  // a subagent's own work
    const std::string_view uuid = value.text("uuid");
    if (!uuid.empty() && !seen_.insert(xxh3(uuid)).second) return {};  // a copy of a known record
    line_ = record.line;
    time_ = parse_time(value.text("timestamp"));
    const std::string_view type = value.text("type");
    if (type == "user") return on_user(value);
    if (type == "assistant") return on_assistant(value);
    if (type == "attachment") return on_attachment(value);
    if (type == "queue-operation") return on_queue(value);
    if (type == "custom-title") set_title(value.text("customTitle"));
    if (type == "ai-title") set_title(value.text("aiTitle"));
    if (type == "summary" && seen_.contains(xxh3(value.text("leafUuid"))))
      set_title(value.text("summary"));
    return {};
  }

  void set_title(std::string_view title) {
    if (!title.empty()) builder_.session().title = std::string(title);
  }

  // ── requests ──

  // Takes session, project and branch from the record of a request.
  void enter_session(JsonValue value) {
    Session& session = builder_.session();
    const std::string_view native = value.text("sessionId");
    if (session.native_id.empty() || (!native.empty() && native != session.native_id)) {
      const std::string title = session.native_id.empty() ? session.title : std::string();
      session = Session{};
      session.agent = "claude-code";
      session.title = title;
      session.native_id = native.empty() ? file_.stem().string() : std::string(native);
    }
    if (!session.started) session.started = time_;
    if (const auto cwd = value.text("cwd"); !cwd.empty()) session.project = projects_.resolve(cwd);
    if (const auto branch = value.text("gitBranch"); !branch.empty())
      session.branch = std::string(branch);
  }

  // A uuid names a record wherever it was copied to. Hand-made ids are only unique within their
  // session.
  std::string identity_of(JsonValue value, std::string_view request) {
    const std::string_view uuid = value.text("uuid");
    if (uuid.size() == kUuidSize) return std::string(uuid);
    if (!uuid.empty()) return fmt::format("{}/{}", builder_.session().native_id, uuid);
    const std::string_view prompt = value.text("promptId");
    if (!prompt.empty()) return fmt::format("prompt:{}:{}", prompt, short_hash(request));
    return fmt::format("at:{}:{}", value.text("timestamp"), short_hash(request));
  }

  Result<void> begin(JsonValue value, std::string_view request) {
    enter_session(value);
    is_suspended_ = false;
    pending_.reset();
    return builder_.begin(request, identity_of(value, request), time_, line_);
  }

  Result<void> on_user(JsonValue value) {
    const UserContent content = read_user_content(value["message"]["content"]);
    if (content.has_result) return {};
    // A queued text that comes as a record of its own has left the queue, whether or not a line
    // says so.
    std::erase_if(queue_,
                  [&](const Queued& queued) { return trim(queued.text) == trim(content.text); });
    if (value.truth("isMeta") || value.truth("isCompactSummary") ||
        value.truth("isVisibleInTranscriptOnly"))
      return {};
    if (value["origin"].text("kind") == "task-notification") return {};
    if (is_local_command_output(content.text)) {
      is_suspended_ =
          false;  // the host ran the command itself; the agent goes on with the request before it
      return {};
    }
    if (const auto command = parse_slash_command(content.text)) {
      if (!command->arguments.empty())
        return begin(value, command->name + " " + command->arguments);
      if (command->name == "/clear" || command->name == "/exit" || command->name == "/quit")
        return builder_.finish();
      is_suspended_ = true;  // what follows answers a command that is no request
      return {};
    }
    std::string request = strip_host_blocks(content.text);
    if (is_host_text(request)) {
      if (!request.empty() || !content.has_image) return {};
      request = "[image]";
    }
    return begin(value, request);
  }

  UserContent read_user_content(JsonValue content) {
    UserContent result;
    if (content.is_string()) {
      result.text = std::string(content.text());
      return result;
    }
    content.each([&](JsonValue block) {
      const std::string_view type = block.text("type");
      if (type == "tool_result") {
        result.has_result = true;
        add_result(block);
      } else if (type == "image" || type == "document") {
        result.has_image = true;
      } else if (type == "text") {
        if (!result.text.empty()) result.text += '\n';
        result.text += block.text("text");
      }
    });
    return result;
  }

  // A prompt typed while the agent worked. It waits in the queue until it is sent as a record of
  // its own (dequeue, then a user record), or is shown to the agent in the middle of its work:
  // newer versions then write an attachment, older ones only take it out of the queue.
  Result<void> on_queue(JsonValue value) {
    const std::string_view operation = value.text("operation");
    if (operation == "enqueue") {
      queue_.push_back({std::string(value.text("content")), std::string(value.text("timestamp"))});
    } else if (operation == "popAll") {
      queue_.clear();
    } else if (!queue_.empty()) {
      Queued queued = std::move(queue_.front());
      queue_.pop_front();
      queued.text = strip_host_blocks(queued.text);
      const bool is_shown = normalise_space(builder_.request()) == normalise_space(queued.text);
      if (operation == "remove" && !is_host_text(queued.text) && !is_shown) {
        pending_ = std::move(queued);
        enter_session(value);
        pending_line_ = line_;
      }
    }
    return {};
  }

  Result<void> begin_pending() {
    const Queued queued = std::move(*pending_);
    pending_.reset();
    is_suspended_ = false;
    return builder_.begin(queued.text,
                          fmt::format("queued:{}:{}", queued.time, short_hash(queued.text)),
                          parse_time(queued.time), pending_line_);
  }

  Result<void> on_attachment(JsonValue value) {
    const JsonValue attachment = value["attachment"];
    if (attachment.text("type") != "queued_command") return {};
    const std::string_view mode = attachment.text("commandMode");
    if (!mode.empty() && mode != "prompt") return {};
    const UserContent content = read_user_content(attachment["prompt"]);
    std::string request = strip_host_blocks(content.text);
    if (is_host_text(request)) {
      if (!request.empty() || !content.has_image) return {};
      request = "[image]";
    }
    return begin(value, request);
  }

  // ── answers ──

  void add(StepKind kind, std::string tool, std::string text, bool failed) {
    if (is_suspended_) return;
    builder_.add({kind, std::move(tool), std::move(text), failed, time_});
  }

  void add_result(JsonValue block) {
    const auto tool = tools_.find(std::string(block.text("tool_use_id")));
    std::string name = tool == tools_.end() ? std::string() : tool->second;
    if (tool != tools_.end()) tools_.erase(tool);
    add(StepKind::kResult, std::move(name), content_text(block["content"]),
        block.truth("is_error"));
  }

  Result<void> on_assistant(JsonValue value) {
    if (pending_) TACIT_TRY(begin_pending());
    if (is_suspended_) return {};
    const JsonValue message = value["message"];
    if (is_placeholder(message)) return {};
    builder_.mark_answered(time_);
    builder_.set_model(message.text("model"));
    add_usage(message, value.text("uuid"));
    const JsonValue content = message["content"];
    if (content.is_string()) add_reply(content.text());
    content.each([&](JsonValue block) {
      const std::string_view type = block.text("type");
      if (type == "text") {
        add_reply(block.text("text"));
      } else if (type == "tool_use" || type == "server_tool_use") {
        tools_[std::string(block.text("id"))] = std::string(block.text("name"));
        add(StepKind::kCall, std::string(block.text("name")), call_text(block["input"]), false);
      } else if (type.ends_with("_tool_result")) {
        add_result(block);
      }
    });
    return {};
  }

  // The host answers for the agent where the API wants an answer and nobody is asked.
  static bool is_placeholder(JsonValue message) {
    return message.text("model") == "<synthetic>" &&
           content_text(message["content"]) == "No response requested.";
  }

  void add_reply(std::string_view text) {
    if (!trim(text).empty()) add(StepKind::kReply, "", std::string(trim(text)), false);
  }

  // Each record of a message repeats the usage so far: the largest counts, once.
  void add_usage(JsonValue message, std::string_view uuid) {
    const JsonValue usage = message["usage"];
    if (!usage.exists()) return;
    const std::string_view id = message.text("id");
    TokenUse& known = usage_[xxh3(id.empty() ? uuid : id)];
    const TokenUse now{std::max(known.input, usage.count("input_tokens") +
                                                 usage.count("cache_creation_input_tokens")),
                       std::max(known.output, usage.count("output_tokens")),
                       std::max(known.cached, usage.count("cache_read_input_tokens"))};
    builder_.add_tokens(
        {now.input - known.input, now.output - known.output, now.cached - known.cached});
    known = now;
  }

  // A line over the cap: what it was shows in its first bytes, its record's uuid often in its last.
  Result<void> on_stub(const Stub& stub) {
    if (stub.head.find("\"isSidechain\":true") != std::string::npos) return {};
    line_ = stub.line;
    const bool is_result = stub.head.find("\"tool_result\"") != std::string::npos;
    const bool is_user = stub.head.find("\"type\":\"user\"") != std::string::npos;
    if (is_user && !is_result)
      return builder_.begin(stub.text, "line:" + stub.sha256, std::nullopt, stub.line);
    if (!is_result && pending_) TACIT_TRY(begin_pending());
    add(is_result ? StepKind::kResult : StepKind::kReply, "", stub.text, false);
    return {};
  }

  struct Queued {
    std::string text;
    std::string time;
  };

  const std::filesystem::path& file_;
  FileReport& report_;
  ExchangeBuilder builder_;
  ProjectResolver projects_;
  std::unordered_set<std::uint64_t> seen_;
  std::unordered_map<std::string, std::string> tools_;  // by tool use id, until the result comes
  std::unordered_map<std::uint64_t, TokenUse> usage_;   // by message id
  std::deque<Queued> queue_;
  std::optional<Queued> pending_;  // shown to the agent, begins with its next record
  std::size_t pending_line_ = 0;
  std::size_t line_ = 0;
  std::optional<Instant> time_;
  bool is_suspended_ = false;
};

Result<void> read(const std::filesystem::path& file, Sink sink, FileReport& report) {
  return Reader(file, sink, report).run();
}

}  // namespace

Adapter claude_code_adapter() {
  return {"claude-code", recognises, read};
}

}  // namespace tacit::transcript
