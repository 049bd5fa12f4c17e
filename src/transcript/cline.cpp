// Cline and its kin (Roo Code, Kilo Code): a folder a task with two views of it, what the model
// saw (api_conversation_history.json) and what the human saw (ui_messages.json). Both name the
// task and the time it was set, which together identify it. Beside the model's view the human's
// adds nothing and is passed over; so are the task's side files.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "base/text.h"
#include "transcript/document.h"
#include "transcript/exchange_builder.h"
#include "transcript/file_bytes.h"
#include "transcript/host_text.h"
#include "transcript/project.h"
#include "transcript/registry.h"
#include "transcript/tool_text.h"

namespace tacit::transcript {
namespace {

using std::string_view_literals::operator""sv;

constexpr const char* kApiFile = "api_conversation_history.json";
// Tags around what the human typed once the task runs. What a tool prints may hold them too, so
// they count behind the host's one sentence about them and in what the human answers to the agent.
constexpr std::array kTypedTags{"feedback"sv, "user_message"sv, "answer"sv};
constexpr std::array kTalkTools{"attempt_completion"sv, "ask_followup_question"sv,
                                "plan_mode_respond"sv};
constexpr std::size_t kMaxPreamble = 1024;
constexpr std::array kFolderLabels{"# Current Working Directory ("sv,
                                   "# Current Workspace Directory ("sv};
constexpr std::string_view kTimeLabel = "# Current Time\n";

enum class View { kNone, kApi, kUi, kSide };

View view_of(std::string_view head) {
  if (head.starts_with("\xEF\xBB\xBF")) head.remove_prefix(3);
  if (trim(head).starts_with("# Focus Chain List for Task ")) return View::kSide;
  const auto keys = keys_in_head(head);
  const auto has = [&](std::string_view key) { return std::ranges::find(keys, key) != keys.end(); };
  if (!trim(head).starts_with('['))
    return has("files_in_context") && has("model_usage") ? View::kSide : View::kNone;
  if (has("ts") && has("type") && (has("say") || has("ask"))) return View::kUi;
  const bool is_wrapped = head.find("<task>") != std::string_view::npos ||
                          head.find("<environment_details>") != std::string_view::npos ||
                          head.find("<user_message>") != std::string_view::npos;
  return has("role") && has("content") && is_wrapped ? View::kApi : View::kNone;
}

bool recognises(std::string_view head) {
  return view_of(head) != View::kNone;
}

// What stands between <tag> and </tag>, or nothing.
std::optional<std::string_view> inner_of(std::string_view text, std::string_view tag,
                                         std::size_t max_preamble) {
  const std::string opening = fmt::format("<{}>", tag);
  const std::size_t at = text.find(opening);
  if (at == std::string_view::npos || at > max_preamble) return std::nullopt;
  text = text.substr(at + opening.size());
  const std::size_t end = text.rfind(fmt::format("</{}>", tag));
  return trim(text.substr(0, end));
}

std::string_view line_behind(std::string_view text, std::string_view label, char end) {
  const std::size_t at = text.find(label);
  if (at == std::string_view::npos) return {};
  text = text.substr(at + label.size());
  return trim(text.substr(0, std::min({text.find(end), text.find('\n'), text.size()})));
}

class Reader {
 public:
  Reader(const std::filesystem::path& file, Sink sink, FileReport& report)
      : file_(file), report_(report), builder_(file, sink, report) {}

  Result<void> run() {
    std::error_code error;
    const std::filesystem::path beside = file_.parent_path() / kApiFile;
    const View view = view_of(TACIT_TRY(head_of_file()));
    const bool is_ui = view == View::kUi;
    if (view == View::kSide || (is_ui && std::filesystem::exists(beside, error))) return {};
    const JsonValue root = TACIT_TRY(document_.load(file_, report_));
    find_task(root, is_ui);
    builder_.session().agent = "cline";
    Result<void> result;
    root.each([&](JsonValue message) {
      if (!result) return;
      if (is_ui)
        result = on_ui(message);
      else
        result = on_api(message);
    });
    TACIT_TRY(result);
    return builder_.finish();
  }

 private:
  Result<std::string> head_of_file() {
    FileBytes bytes = TACIT_TRY(FileBytes::open(file_));
    std::string head(kHeadBytes, '\0');
    std::size_t size = 0;
    while (const std::size_t got = TACIT_TRY(bytes.read(head.data() + size, head.size() - size)))
      size += got;
    head.resize(size);
    return head;
  }

  // ── the task ──

  // Both views hold the first thing that the model was told: with the task, the clock and the
  // folder.
  void find_task(JsonValue root, bool is_ui) {
    std::string told;
    std::optional<Instant> time;
    root.each([&](JsonValue message) {
      if (!time) time = message.time("ts");
      if (!told.empty()) return;
      if (!is_ui && message.text("role") == "user") told = content_text(message["content"]);
      if (!is_ui || message.text("say") != "api_req_started") return;
      if (const auto request = parser_.parse(message.text("text")))
        told = std::string(request->text("request"));
    });
    const std::string task = normalise_space(inner_of(told, "task", kMaxPreamble).value_or(told));
    std::string key(line_behind(told, kTimeLabel, '\n'));
    if (key.empty() && time) key = format_time(*time);
    Session& session = builder_.session();
    session.native_id = "task-" + short_hash(task + "\n" + key);
    session.started = time;
    for (const std::string_view label : kFolderLabels) {
      const std::string_view folder = line_behind(told, label, ')');
      if (session.project.empty() && !folder.empty()) session.project = resolve_project(folder);
    }
  }

  Result<void> begin(std::string_view text, bool has_image, std::optional<Instant> time) {
    std::string request = strip_host_blocks(text);
    if (request.empty() && has_image) request = "[image]";
    if (is_host_text(request)) return {};
    const std::string hash = short_hash(normalise_space(request));
    const std::string identity =
        fmt::format("{}:{}:{}", builder_.session().native_id, hash, occurrences_[hash]++);
    return builder_.begin(request, identity, time, 1);
  }

  // ── what the model saw ──

  Result<void> on_api(JsonValue message) {
    const auto time = message.time("ts");
    const JsonValue content = message["content"];
    if (message.text("role") == "assistant") {
      on_agent(message, time);
      return {};
    }
    if (message.text("role") != "user") return {};
    if (content.is_string()) return on_told(content.text(), "", false, time);
    bool has_image = false;
    content.each([&](JsonValue block) { has_image = has_image || block.text("type") == "image"; });
    Result<void> result;
    pending_.clear();
    content.each([&](JsonValue block) {
      if (!result) return;
      if (block.text("type") == "text") result = on_told(block.text("text"), "", has_image, time);
      if (block.text("type") != "tool_result") return;
      const auto tool = tools_.find(std::string(block.text("tool_use_id")));
      const std::string name = tool == tools_.end() ? "" : tool->second;
      result = on_told(content_text(block["content"]), name, block.truth("is_error"), time, true);
    });
    return result;
  }

  Result<void> on_told(std::string_view text, std::string_view tool, bool flag,
                       std::optional<Instant> time, bool is_result = false) {
    const std::string stripped = strip_host_blocks(text);
    if (stripped.starts_with("<task>"))
      return begin(inner_of(stripped, "task", 0).value_or(""), flag, time);
    std::string name(tool);
    std::string_view shown = stripped;
    bool is_heading = false;
    // "[read_file for 'a.txt'] Result:"
    if (const std::size_t mark = shown.find("] Result:");
        shown.starts_with('[') && mark < kMaxPreamble && shown.find('\n') > mark) {
      name = shown.substr(1, std::min(shown.find(' '), mark) - 1);
      shown = trim(shown.substr(mark + "] Result:"sv.size()));
      is_heading = true;
    }
    // Older versions put a result into the block behind its heading.
    if (!is_heading && !is_result && !pending_.empty() && !shown.empty())
      name = std::exchange(pending_, "");
    if (is_heading) pending_ = shown.empty() ? name : "";
    if (shown.empty() && !is_result) return {};
    is_result = is_result || is_heading || !name.empty();
    const bool may_be_typed = !is_result || shown.starts_with("The user") ||
                              std::ranges::find(kTalkTools, name) != kTalkTools.end();
    for (const std::string_view tag : kTypedTags) {
      if (!may_be_typed) break;
      if (const auto typed = inner_of(shown, tag, kMaxPreamble)) return begin(*typed, false, time);
    }
    if (!is_result) return {};  // reminders of the host
    const bool failed = flag || shown.starts_with("The tool execution failed") ||
                        shown.find("<error>") < kMaxPreamble || tells_of_failure(shown);
    builder_.add({StepKind::kResult, std::move(name), std::string(shown), failed, time});
    return {};
  }

  void on_agent(JsonValue message, std::optional<Instant> time) {
    builder_.mark_answered(time);
    builder_.set_model(message["modelInfo"].text("modelId"));
    const JsonValue tokens = message["metrics"]["tokens"];
    builder_.add_tokens(
        {tokens.count("prompt"), tokens.count("completion"), tokens.count("cached")});
    const JsonValue content = message["content"];
    if (content.is_string()) add_reply(content.text(), time);
    content.each([&](JsonValue block) {
      if (block.text("type") == "text") add_reply(block.text("text"), time);
      if (block.text("type") != "tool_use") return;
      const std::string name(block.text("name"));
      tools_[std::string(block.text("id"))] = name;
      const JsonValue input = block["input"];
      // Tools by which the agent talks to the human.
      for (const std::string_view key : {"result"sv, "response"sv, "question"sv}) {
        if (input[key].is_string()) return add_reply(input.text(key), time);
      }
      builder_.add({StepKind::kCall, name, call_text(input), false, time});
    });
  }

  void add_reply(std::string_view text, std::optional<Instant> time) {
    if (!trim(text).empty())
      builder_.add({StepKind::kReply, "", std::string(trim(text)), false, time});
  }

  // ── what the human saw ──

  Result<void> on_ui(JsonValue message) {
    const std::string_view kind =
        message["say"].exists() ? message.text("say") : message.text("ask");
    const std::string_view text = message.text("text");
    const auto time = message.time("ts");
    bool has_image = false;
    message["images"].each([&](JsonValue) { has_image = true; });
    const bool is_task = kind == "task" || (kind == "text" && !builder_.is_open());
    if (is_task || kind == "user_feedback") return begin(text, has_image, time);
    builder_.set_model(message["modelInfo"].text("modelId"));
    if (kind == "text" || kind == "completion_result") {
      add_reply(text, time);
    } else if (kind == "plan_mode_respond" || kind == "followup") {
      const auto json = parser_.parse(text);
      const std::string_view key = kind == "followup" ? "question" : "response";
      add_reply(json ? json->text(key) : text, time);
    } else if (kind == "api_req_started") {
      add_usage(text);
    } else if (kind == "tool" || kind == "use_mcp_server") {
      on_tool(text, time);
    } else if (kind == "command") {
      builder_.add({StepKind::kCall, "execute_command", std::string(text), false, time});
    } else if ((kind == "command_output" || kind == "mcp_server_response") && !text.empty()) {
      builder_.add(
          {StepKind::kResult, std::string(kind), std::string(text), tells_of_failure(text), time});
    } else if (kind == "error" || kind == "diff_error") {
      builder_.add({StepKind::kResult, "", std::string(text), true, time});
    }
    return {};
  }

  void add_usage(std::string_view text) {
    const auto usage = parser_.parse(text);
    if (!usage) return;
    builder_.add_tokens({usage->count("tokensIn") + usage->count("cacheWrites"),
                         usage->count("tokensOut"), usage->count("cacheReads")});
  }

  void on_tool(std::string_view text, std::optional<Instant> time) {
    const auto json = parser_.parse(text);
    if (!json) {
      builder_.add({StepKind::kCall, "", std::string(text), false, time});
      return;
    }
    const std::string_view name =
        json->text("tool").empty() ? json->text("toolName") : json->text("tool");
    builder_.add({StepKind::kCall, std::string(name), call_text(*json), false, time});
  }

  const std::filesystem::path& file_;
  FileReport& report_;
  ExchangeBuilder builder_;
  JsonDocument document_;
  JsonParser parser_;
  std::unordered_map<std::string, std::string> tools_;  // by id of the call
  std::string pending_;                               // the tool whose result is in the next block
  std::unordered_map<std::string, int> occurrences_;  // of equal requests
};

Result<void> read(const std::filesystem::path& file, Sink sink, FileReport& report) {
  return Reader(file, sink, report).run();
}

}  // namespace

Adapter cline_adapter() {
  return {"cline", recognises, read};
}

}  // namespace tacit::transcript
