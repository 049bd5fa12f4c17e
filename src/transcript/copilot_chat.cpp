// Copilot Chat of VS Code: chatSessions/<id>.json, an exported chat.json (the same object) or,
// since 2026, chatSessions/<id>.jsonl, a log of changes that is replayed into that object. What
// tools were asked and said stands in the result's metadata; where that is missing, in the parts
// shown.

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <unordered_set>

#include "base/text.h"
#include "transcript/chat_log.h"
#include "transcript/document.h"
#include "transcript/exchange_builder.h"
#include "transcript/host_text.h"
#include "transcript/project.h"
#include "transcript/record_reader.h"
#include "transcript/registry.h"
#include "transcript/tool_text.h"

namespace tacit::transcript {
namespace {

constexpr std::size_t kPeekBytes = 4096;
constexpr std::size_t kWorkspaceBytes = 64U << 10U;

bool has_key(const std::vector<std::string_view>& keys, std::string_view key) {
  return std::ranges::find(keys, key) != keys.end();
}

bool is_log(std::string_view head) {
  const auto keys = keys_in_head(head);
  return !keys.empty() && keys.front() == "kind" && (has_key(keys, "v") || has_key(keys, "k"));
}

bool recognises(std::string_view head) {
  if (is_log(head)) {
    return head.find("\"requests\"") != std::string_view::npos ||
           head.find("\"responderUsername\"") != std::string_view::npos;
  }
  const auto keys = keys_in_head(head);
  return has_key(keys, "responderUsername") || has_key(keys, "requesterUsername") ||
         (has_key(keys, "requests") && has_key(keys, "initialLocation"));
}

// "file:///home/a%20b" as a path; empty for folders on another machine.
std::string path_of_uri(std::string_view uri) {
  constexpr std::string_view kFile = "file://";
  if (!uri.starts_with(kFile)) return {};
  const std::string_view escaped = uri.substr(kFile.size());
  std::string path;
  for (std::size_t i = 0; i < escaped.size(); ++i) {
    const auto digit = [&](std::size_t at) {
      return std::string_view("0123456789abcdef").find(lower_ascii(escaped.substr(at, 1)));
    };
    if (escaped[i] == '%' && i + 2 < escaped.size() && digit(i + 1) < 16 && digit(i + 2) < 16) {
      path += static_cast<char>(digit(i + 1) * 16 + digit(i + 2));
      i += 2;
    } else {
      path += escaped[i];
    }
  }
  return path;
}

// The folder that the workspace of this chat shows, where the chat lies in the editor's own store.
std::string project_of(const std::filesystem::path& file) {
  const auto folder = std::filesystem::absolute(file).lexically_normal().parent_path();
  if (folder.filename() != "chatSessions") return {};
  JsonParser parser;
  const auto value =
      parser.parse(start_of(folder.parent_path() / "workspace.json", kWorkspaceBytes));
  if (!value) return {};
  const std::string path = path_of_uri(value->text("folder"));
  return path.empty() ? path : resolve_project(path);
}

// A string, or an object that holds one as its value.
std::string_view shown_text(JsonValue value) {
  return value.is_string() ? value.text() : value.text("value");
}

// Results are kept as the tree of pieces that the prompt was made of.
void add_pieces(JsonValue node, std::string& text) {
  if (node["lineBreakBefore"].exists() && node.truth("lineBreakBefore") && !text.empty())
    text += '\n';
  text += node.text("text");
  node["children"].each([&](JsonValue child) { add_pieces(child, text); });
}

std::string text_of_result(JsonValue result) {
  std::string text;
  result["content"].each([&](JsonValue content) {
    const JsonValue value = content["value"];
    if (value.is_string())
      text += value.text();
    else
      add_pieces(value["node"], text);
  });
  return text;
}

class Reader {
 public:
  Reader(const std::filesystem::path& file, Sink sink, FileReport& report)
      : file_(file), report_(report), builder_(file, sink, report) {}

  Result<void> run() {
    JsonDocument document;
    JsonValue chat;
    if (is_log(start_of(file_, kPeekBytes))) {
      const std::string text = TACIT_TRY(replayed());
      if (text.empty()) return {};
      chat = document.parse(text, file_, report_);
    } else {
      chat = TACIT_TRY(document.load(file_, report_));
    }
    enter_session(chat);
    Result<void> done;
    chat["requests"].each([&](JsonValue request) {
      if (done) done = on_request(request);
    });
    TACIT_TRY(done);
    return builder_.finish();
  }

 private:
  void note(std::size_t line, std::string reason) {
    report_.notices.push_back({file_, line, std::move(reason)});
  }

  Result<std::string> replayed() {
    ChatLog log;
    std::size_t applied = 0;
    bool is_too_large = false;
    TACIT_TRY(read_records(
        file_, report_,
        [&](const Record& record) -> Result<void> {
          if (is_too_large) return {};
          if (!log.apply(record.value))
            note(record.line, "is no change that fits the chat so far; it was left out");
          applied += record.value["v"].compact().size();
          if (applied <= kMaxJsonDocumentBytes / 2) return {};
          applied = 0;
          is_too_large = log.size() > kMaxJsonDocumentBytes;
          return {};
        },
        [](const Stub&) -> Result<void> { return {}; }));
    if (!is_too_large) return log.text();
    note(0, fmt::format("describes a chat of more than {} bytes; it was not read",
                        kMaxJsonDocumentBytes));
    return std::string();
  }

  void enter_session(JsonValue chat) {
    Session& session = builder_.session();
    session.agent = "copilot-chat";
    session.native_id = std::string(chat.text("sessionId"));
    session.title = std::string(chat.text("customTitle"));
    session.started = chat.time("creationDate");
    session.project = project_of(file_);
  }

  Result<void> on_request(JsonValue value) {
    time_ = value.time("timestamp");
    const JsonValue message = value["message"];
    std::string request =
        strip_host_blocks(message.is_string() ? message.text() : message.text("text"));
    if (request.empty() && has_image(value["variableData"])) request = "[image]";
    if (is_bare_command(request)) return builder_.finish();
    if (!is_host_text(request)) {
      std::string identity = identity_of(value, request);
      if (!known_.insert(identity).second) return builder_.finish();
      Session& session = builder_.session();
      if (session.native_id.empty()) session.native_id = "chat-" + short_hash(identity);
      TACIT_TRY(builder_.begin(request, std::move(identity), time_, 0));
    }
    add_answer(value);
    return {};
  }

  // Exports have no session id, but the ids of their requests are those of the editor's own files.
  std::string identity_of(JsonValue value, std::string_view request) {
    const std::string_view id = value.text("requestId");
    if (!id.empty()) return std::string(id);
    return fmt::format("{}:{}:{}", builder_.session().native_id, value.number("timestamp"),
                       short_hash(normalise_space(request)));
  }

  static bool has_image(JsonValue data) {
    bool found = false;
    data["variables"].each(
        [&](JsonValue variable) { found = found || variable.text("kind") == "image"; });
    return found;
  }

  // ── answers ──

  void add_answer(JsonValue value) {
    std::string_view model = value.text("modelId");
    if (const std::size_t slash = model.rfind('/'); slash != std::string_view::npos)
      model.remove_prefix(slash + 1);
    builder_.set_model(model);
    const JsonValue result = value["result"];
    builder_.add_tokens(
        {result["usage"].count("promptTokens"), result["usage"].count("completionTokens"), 0});
    std::size_t rounds = 0;
    result["metadata"]["toolCallRounds"].each([&](JsonValue round) {
      ++rounds;
      add_round(round, result["metadata"]["toolCallResults"]);
    });
    if (rounds > 0) return;
    shown_.clear();
    value["response"].each([&](JsonValue part) { add_part(part); });
    end_text();
  }

  void add_round(JsonValue round, JsonValue results) {
    builder_.mark_answered(time_);
    shown_ = std::string(round.text("response"));
    end_text();
    round["toolCalls"].each([&](JsonValue call) {
      const std::string name(call.text("name"));
      std::string text = call_text(call["arguments"]);
      if (const auto parsed = arguments_.parse(text)) text = call_text(*parsed);
      builder_.add({StepKind::kCall, name, std::move(text), false, time_});
      const JsonValue result = results[call.text("id")];
      if (result.exists()) add_result(name, text_of_result(result), false);
    });
  }

  void add_result(const std::string& tool, std::string text, bool failed) {
    failed = failed || tells_of_failure(text);
    builder_.add({StepKind::kResult, tool, std::move(text), failed, time_});
  }

  void add_part(JsonValue part) {
    const std::string_view kind = part.text("kind");
    if (kind.empty() || kind == "markdownContent") {
      shown_ += shown_text(kind.empty() ? part["value"] : part["content"]);
    } else if (kind == "inlineReference") {
      add_reference(part);
    } else if (kind == "thinking") {
      builder_.mark_answered(time_);
    } else if (kind == "toolInvocationSerialized") {
      end_text();
      if (part.text("presentation") != "hidden") add_tool(part);
    } else if (kind == "textEditGroup") {
      end_text();
      add_edit(part);
    }
  }

  // Fences that stand around a hidden edit are left of it.
  void end_text() {
    const std::string text = std::exchange(shown_, std::string());
    if (text.find_first_not_of("` \t\r\n") == std::string::npos) return;
    builder_.add({StepKind::kReply, "", std::string(trim(text)), false, time_});
  }

  void add_reference(JsonValue part) {
    const JsonValue target = part["inlineReference"];
    std::string_view name = part.text("name").empty() ? target.text("name") : part.text("name");
    if (name.empty()) {
      name = target["uri"].exists() ? target["uri"].text("path") : target.text("path");
      name = name.substr(name.rfind('/') + 1);  // npos + 1 is 0
    }
    shown_ += fmt::format("`{}`", name);
  }

  void add_tool(JsonValue part) {
    const std::string name(part.text("toolId"));
    const JsonValue data = part["toolSpecificData"];
    const JsonValue details = part["resultDetails"];
    std::string call;
    std::string output;
    bool failed = details.truth("isError");
    if (data.text("kind") == "terminal") {
      call = std::string(data["commandLine"].is_object() ? data["commandLine"].text("original")
                                                         : data.text("command"));
      output = std::string(data["terminalCommandOutput"].text("text"));
      failed = data["terminalCommandState"].number("exitCode") != 0;
    } else if (data["input"].exists()) {
      call = std::string(data.text("input"));
      output = std::string(data.text("output"));
    } else if (details["input"].exists()) {
      call = std::string(details.text("input"));
      details["output"].each([&](JsonValue piece) { output += shown_text(piece); });
    }
    if (call.empty()) call = std::string(shown_text(part["invocationMessage"]));
    builder_.add({StepKind::kCall, name, std::move(call), false, time_});
    if (!output.empty() || failed) add_result(name, std::move(output), failed);
  }

  void add_edit(JsonValue part) {
    std::string text(part["uri"].text("path"));
    part["edits"].each([&](JsonValue group) {
      group.each([&](JsonValue edit) {
        if (text.size() > kMaxStepBytes) return;
        text += '\n';
        text += edit.text("text");
      });
    });
    builder_.add({StepKind::kCall, "edit", std::move(text), false, time_});
  }

  const std::filesystem::path& file_;
  FileReport& report_;
  ExchangeBuilder builder_;
  JsonParser arguments_;
  std::unordered_set<std::string> known_;  // identities in this file
  std::string shown_;                      // text since the last tool
  std::optional<Instant> time_;
};

Result<void> read(const std::filesystem::path& file, Sink sink, FileReport& report) {
  return Reader(file, sink, report).run();
}

}  // namespace

Adapter copilot_chat_adapter() {
  return {"copilot-chat", recognises, read};
}

}  // namespace tacit::transcript
