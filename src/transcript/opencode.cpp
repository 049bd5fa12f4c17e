// opencode: what `opencode export` writes, one session a document: {info, messages: [{info,
// parts}]}. Parts of a user's message that are marked synthetic are files and texts that the agent
// put there; they are no request.

#include <algorithm>
#include <unordered_set>

#include "base/text.h"
#include "transcript/document.h"
#include "transcript/exchange_builder.h"
#include "transcript/host_text.h"
#include "transcript/project.h"
#include "transcript/registry.h"
#include "transcript/tool_text.h"

namespace tacit::transcript {
namespace {

bool recognises(std::string_view head) {
  const auto keys = keys_in_head(head);
  const auto has = [&](std::string_view key) { return std::ranges::find(keys, key) != keys.end(); };
  // A session's info may be longer than the head, then its messages are not seen.
  return has("info") && (has("messages") || keys.size() == 1) &&
         head.find("\"ses_") != std::string_view::npos;
}

class Reader {
 public:
  Reader(const std::filesystem::path& file, Sink sink, FileReport& report)
      : file_(file), report_(report), builder_(file, sink, report) {}

  Result<void> run() {
    const JsonValue root = TACIT_TRY(document_.load(file_, report_));
    const JsonValue info = root["info"];
    // A subagent's session; its parent holds what came of it.
    if (!info.text("parentID").empty()) return {};
    Session& session = builder_.session();
    session.agent = "opencode";
    session.native_id = std::string(info.text("id"));
    session.title = std::string(info.text("title"));
    session.started = info["time"].time("created");
    if (const auto folder = info.text("directory"); !folder.empty())
      session.project = resolve_project(folder);
    Result<void> result;
    root["messages"].each([&](JsonValue message) {
      if (result) result = on_message(message);
    });
    TACIT_TRY(result);
    return builder_.finish();
  }

 private:
  Result<void> on_message(JsonValue message) {
    const JsonValue info = message["info"];
    const std::string id(info.text("id"));
    if (!id.empty() && !seen_.insert(id).second) return {};
    if (builder_.session().native_id.empty())
      builder_.session().native_id = std::string(info.text("sessionID"));
    if (info.text("role") == "user") return on_user(info, message["parts"]);
    if (info.text("role") == "assistant") on_agent(info, message["parts"]);
    return {};
  }

  Result<void> on_user(JsonValue info, JsonValue parts) {
    std::string text;
    bool has_image = false;
    parts.each([&](JsonValue part) {
      has_image = has_image || part.text("mime").starts_with("image/");
      if (part.text("type") != "text" || part.truth("synthetic") || part.truth("ignored")) return;
      if (!text.empty()) text += '\n';
      text += part.text("text");
    });
    std::string request = strip_host_blocks(text);
    if (request.empty() && has_image) request = "[image]";
    if (is_host_text(request)) return {};
    const auto time = info["time"].time("created");
    std::string identity(info.text("id"));
    if (identity.empty()) {
      identity = builder_.session().native_id + ":" + (time ? format_time(*time) : "") + ":" +
                 short_hash(normalise_space(request));
    }
    if (builder_.session().native_id.empty())
      builder_.session().native_id = "chat-" + short_hash(identity);
    return builder_.begin(request, std::move(identity), time, 1);
  }

  void on_agent(JsonValue info, JsonValue parts) {
    const auto time = info["time"].time("created");
    builder_.set_model(info.text("modelID"));
    const JsonValue tokens = info["tokens"];
    const JsonValue cache = tokens["cache"];
    builder_.add_tokens({tokens.count("input") + cache.count("write"), tokens.count("output"),
                         cache.count("read")});
    if (info.truth("summary")) return;  // a compaction repeats what stands above it
    builder_.mark_answered(time);
    parts.each([&](JsonValue part) {
      if (part.text("type") == "tool") on_tool(part, time);
      if (part.text("type") != "text" || part.truth("synthetic")) return;
      if (const auto text = trim(part.text("text")); !text.empty())
        builder_.add({StepKind::kReply, "", std::string(text), false, time});
    });
  }

  void on_tool(JsonValue part, std::optional<Instant> message_time) {
    const JsonValue state = part["state"];
    const std::string tool(part.text("tool"));
    const auto started = state["time"].time("start");
    const auto ended = state["time"].time("end");
    builder_.add({StepKind::kCall, tool, call_text(state["input"]), false,
                  started ? started : message_time});
    const std::string_view status = state.text("status");
    if (status != "completed" && status != "error") return;  // was still at work
    const bool failed = status == "error" || state["metadata"].number("exit") != 0;
    std::string output = content_text(status == "error" ? state["error"] : state["output"]);
    builder_.add(
        {StepKind::kResult, tool, std::move(output), failed, ended ? ended : message_time});
  }

  const std::filesystem::path& file_;
  FileReport& report_;
  ExchangeBuilder builder_;
  JsonDocument document_;
  std::unordered_set<std::string> seen_;  // message ids
};

Result<void> read(const std::filesystem::path& file, Sink sink, FileReport& report) {
  return Reader(file, sink, report).run();
}

}  // namespace

Adapter opencode_adapter() {
  return {"opencode", recognises, read};
}

}  // namespace tacit::transcript
