// Copilot CLI: ~/.copilot/session-state/<id>/events.jsonl, one event a line. The Copilot extension
// of VS Code writes the same envelope beside its chats, for hooks. Requests are user.message events
// as typed; what hooks and the host add to them stands in another member and is not read.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

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

constexpr std::array kTypes{
    "session.start"sv,        "session.resume"sv,          "user.message"sv,
    "assistant.message"sv,    "assistant.turn_start"sv,    "assistant.turn_end"sv,
    "tool.execution_start"sv, "tool.execution_complete"sv, "session.model_change"sv};

bool is_event(JsonValue value) {
  return value["data"].is_object() && value["id"].is_string() &&
         std::ranges::find(kTypes, value.text("type")) != kTypes.end();
}

bool is_event_text(std::string_view head) {
  return head.starts_with("{\"type\":\"") && head.find("\"data\":{") != std::string_view::npos &&
         std::ranges::any_of(kTypes, [&](std::string_view type) {
           return head.substr(9).starts_with(std::string(type) + "\"");
         });
}

bool recognises(std::string_view head) {
  return any_record_in_head(head, is_event, is_event_text);
}

class Reader {
 public:
  Reader(const std::filesystem::path& file, Sink sink, FileReport& report)
      : file_(file), report_(report), builder_(file, sink, report) {}

  Result<void> run() {
    builder_.session().agent = "copilot-cli";
    TACIT_TRY(read_records(
        file_, report_, [this](const Record& record) { return on_record(record); },
        [this](const Stub& stub) { return on_stub(stub); }));
    return builder_.finish();
  }

 private:
  Result<void> on_record(const Record& record) {
    const JsonValue data = record.value["data"];
    const std::string_view type = record.value.text("type");
    line_ = record.line;
    time_ = parse_time(record.value.text("timestamp"));
    if (data["parentToolCallId"].exists()) return {};  // a subagent's own work
    if (type == "session.start" || type == "session.resume") on_session(data);
    if (type == "session.model_change") model_ = std::string(data.text("newModel"));
    if (type == "user.message") return on_user(record.value.text("id"), data);
    if (is_copy_) return {};
    if (type == "assistant.message") on_assistant(data);
    if (type == "tool.execution_start") on_call(data);
    if (type == "tool.execution_complete") on_result(data);
    return {};
  }

  void on_session(JsonValue data) {
    Session& session = builder_.session();
    if (session.native_id.empty()) session.native_id = std::string(data.text("sessionId"));
    if (!session.started) session.started = parse_time(data.text("startTime"));
    const JsonValue context = data["context"];
    if (const auto root = context.text("gitRoot"); !root.empty())
      session.project = projects_.resolve(root);
    else if (const auto cwd = context.text("cwd"); !cwd.empty())
      session.project = projects_.resolve(cwd);
    if (const auto branch = context.text("branch"); !branch.empty())
      session.branch = std::string(branch);
  }

  Result<void> on_user(std::string_view id, JsonValue data) {
    std::string request = strip_host_blocks(data.text("content"));
    if (request.empty() && has_image(data)) request = "[image]";
    if (is_host_text(request)) return {};
    if (is_bare_command(request)) return builder_.finish();
    return begin(request, fmt::format("event:{}", id));
  }

  static bool has_image(JsonValue data) {
    bool found = false;
    data["attachments"].each([&](JsonValue attachment) {
      const std::string name =
          lower_ascii(attachment.text("path").empty() ? attachment.text("displayName")
                                                      : attachment.text("path"));
      found = found || attachment.text("type") == "image" ||
              attachment.text("mimeType").starts_with("image/") || name.ends_with(".png") ||
              name.ends_with(".jpg") || name.ends_with(".jpeg");
    });
    return found;
  }

  Result<void> begin(std::string_view request, std::string identity) {
    is_copy_ = !known_.insert(identity).second;
    if (is_copy_) return builder_.finish();
    Session& session = builder_.session();
    if (session.native_id.empty()) session.native_id = fmt::format("from-{}", identity);
    TACIT_TRY(builder_.begin(request, std::move(identity), time_, line_));
    builder_.set_model(model_);
    return {};
  }

  void on_assistant(JsonValue data) {
    builder_.mark_answered(time_);
    builder_.set_model(data.text("model"));
    builder_.add_tokens({0, data.count("outputTokens"), 0});
    const std::string_view text = trim(data.text("content"));
    if (!text.empty()) builder_.add({StepKind::kReply, "", std::string(text), false, time_});
  }

  void on_call(JsonValue data) {
    std::string name(data.text("toolName"));
    tools_[std::string(data.text("toolCallId"))] = name;
    const JsonValue arguments = data["arguments"];
    std::string text = call_text(arguments);
    if (arguments.is_string()) {
      if (const auto parsed = arguments_.parse(text)) text = call_text(*parsed);
    }
    builder_.add({StepKind::kCall, std::move(name), std::move(text), false, time_});
  }

  void on_result(JsonValue data) {
    std::string name;
    if (const auto tool = tools_.extract(std::string(data.text("toolCallId"))); !tool.empty())
      name = tool.mapped();
    const JsonValue result = data["result"];
    std::string text;
    for (const std::string_view key :
         {"content"sv, "text_result_for_llm"sv, "textResultForLlm"sv, "detailedContent"sv}) {
      if (text.empty() && result[key].exists()) text = content_text(result[key]);
    }
    if (text.empty() && data["error"].exists()) {
      text = std::string(data["error"].is_string() ? data.text("error")
                                                   : data["error"].text("message"));
    }
    const bool failed = (data["success"].exists() && !data.truth("success")) ||
                        result.text("result_type") == "failure" || tells_of_failure(text);
    if (text.empty() && !failed) return;  // the editor's transcripts leave results out
    builder_.add({StepKind::kResult, std::move(name), std::move(text), failed, time_});
  }

  Result<void> on_stub(const Stub& stub) {
    const auto has = [&](std::string_view mark) {
      return stub.head.find(mark) != std::string::npos;
    };
    line_ = stub.line;
    time_.reset();
    if (has("\"type\":\"user.message\"")) return begin(stub.text, "stub:" + short_hash(stub.text));
    if (is_copy_ || has("\"parentToolCallId\":\"")) return {};
    if (has("\"type\":\"assistant.message\""))
      builder_.add({StepKind::kReply, "", stub.text, false, time_});
    if (has("\"type\":\"tool.execution_complete\""))
      builder_.add({StepKind::kResult, "", stub.text, false, time_});
    return {};
  }

  const std::filesystem::path& file_;
  FileReport& report_;
  ExchangeBuilder builder_;
  ProjectResolver projects_;
  JsonParser arguments_;
  std::unordered_map<std::string, std::string> tools_;  // by call id, until the output comes
  std::unordered_set<std::string> known_;               // identities in this file
  std::string model_;
  std::size_t line_ = 0;
  std::optional<Instant> time_;
  bool is_copy_ = false;
};

Result<void> read(const std::filesystem::path& file, Sink sink, FileReport& report) {
  return Reader(file, sink, report).run();
}

}  // namespace

Adapter copilot_adapter() {
  return {"copilot-cli", recognises, read};
}

}  // namespace tacit::transcript
