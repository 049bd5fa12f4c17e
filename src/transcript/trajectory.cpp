// Runs of autonomous agents: SWE-agent's .traj {environment, trajectory, history, info} and
// OpenHands' array of events. A run is one exchange: the task that was set is its request; system
// prompts, demonstrations and what a harness says on the way are not.

#include <algorithm>

#include "base/text.h"
#include "transcript/document.h"
#include "transcript/exchange_builder.h"
#include "transcript/registry.h"
#include "transcript/tool_text.h"

namespace tacit::transcript {
namespace {

bool recognises(std::string_view head) {
  const auto keys = keys_in_head(head);
  const auto has = [&](std::string_view key) { return std::ranges::find(keys, key) != keys.end(); };
  if (trim(head).starts_with('['))
    return has("source") && has("timestamp") && (has("action") || has("observation"));
  return has("trajectory") && (has("history") || has("info") || has("environment")) &&
         head.find("\"observation\"") != std::string_view::npos;
}

class Reader {
 public:
  Reader(const std::filesystem::path& file, Sink sink, FileReport& report)
      : file_(file), report_(report), builder_(file, sink, report) {}

  Result<void> run() {
    const JsonValue root = TACIT_TRY(document_.load(file_, report_));
    TACIT_TRY(root.is_array() ? read_events(root) : read_trajectory(root));
    return builder_.finish();
  }

 private:
  Result<void> begin(std::string_view agent, std::string_view request, std::string_view key,
                     std::optional<Instant> time) {
    Session& session = builder_.session();
    session.agent = std::string(agent);
    session.started = time;
    const std::string hash = short_hash(normalise_space(request) + "\n" + std::string(key));
    session.native_id = "run-" + hash;
    const std::string_view text = trim(request);
    return builder_.begin(text.empty() ? "[no text]" : text, "run:" + hash, time, 1);
  }

  void add(StepKind kind, std::string_view tool, std::string_view text, bool failed,
           std::optional<Instant> time) {
    if (kind == StepKind::kReply && trim(text).empty()) return;
    builder_.add({kind, std::string(tool), std::string(trim(text)), failed, time});
  }

  // ── SWE-agent ──

  // The first message of the user that is no demonstration.
  static std::string task_of(JsonValue history) {
    std::string task;
    bool is_found = false;
    history.each([&](JsonValue message) {
      if (is_found || message.text("role") != "user" || message.truth("is_demo") ||
          message.text("message_type") == "demonstration")
        return;
      is_found = true;
      task = content_text(message["content"]);
    });
    return task;
  }

  // The file grows as the run goes on; its first step tells two runs at one task apart.
  Result<void> read_trajectory(JsonValue root) {
    std::string task = task_of(root["history"]);
    std::string key;
    bool is_first = true;
    root["trajectory"].each([&](JsonValue step) {
      if (!is_first) return;
      is_first = false;
      if (task.empty()) task = task_of(step["query"]);
      key = std::string(step.text("response")) + "\n" + std::string(step.text("observation"));
    });
    if (is_first) return {};
    TACIT_TRY(begin("swe-agent", task, key, std::nullopt));
    root["trajectory"].each([&](JsonValue step) {
      add(StepKind::kReply, "", step.text("thought"), false, {});
      const std::string_view action = trim(step.text("action"));
      if (action.empty()) return;
      add(StepKind::kCall, "bash", action, false, {});
      const std::string observation = content_text(step["observation"]);
      add(StepKind::kResult, "bash", observation, tells_of_failure(observation), {});
    });
    const JsonValue stats = root["info"]["model_stats"];
    builder_.add_tokens({stats.count("tokens_sent"), stats.count("tokens_received"), 0});
    return {};
  }

  // ── OpenHands ──

  Result<void> read_events(JsonValue root) {
    Result<void> result;
    root.each([&](JsonValue event) {
      if (!result) return;
      const auto time = parse_time(event.text("timestamp"));
      if (event.text("source") == "user" && event.text("action") == "message")
        result = on_user(event, time);
      else if (event["observation"].exists())
        on_observation(event, time);
      else if (event.text("source") == "agent")
        on_action(event, time);
    });
    return result;
  }

  Result<void> on_user(JsonValue event, std::optional<Instant> time) {
    const std::string text = content_text(event["args"]["content"]);
    if (!builder_.is_open()) return begin("openhands", text, event.text("timestamp"), time);
    add(StepKind::kResult, "user", text, false, time);
    return {};
  }

  void on_action(JsonValue event, std::optional<Instant> time) {
    const std::string_view action = event.text("action");
    const JsonValue arguments = event["args"];
    if (action == "system" || action == "recall" || action == "change_agent_state") return;
    if (action != "think") add(StepKind::kReply, "", arguments.text("thought"), false, time);
    if (action == "message") {
      add(StepKind::kReply, "", arguments.text("content"), false, time);
    } else if (action == "finish") {
      const std::string_view last = arguments.text("final_thought");
      add(StepKind::kReply, "", last.empty() ? event.text("message") : last, false, time);
    } else if (action == "think") {
      builder_.mark_answered(time);
    } else {
      add(StepKind::kCall, action, text_of_call(arguments), false, time);
    }
  }

  // An edit names its kind where a shell has its command.
  static std::string text_of_call(JsonValue arguments) {
    if (arguments.text("path").empty()) return call_text(arguments);
    std::string text(arguments.text("path"));
    for (const std::string_view key : {"new_str", "file_text", "content"}) {
      if (!arguments.text(key).empty()) return text + "\n" + std::string(arguments.text(key));
    }
    return text;
  }

  void on_observation(JsonValue event, std::optional<Instant> time) {
    const std::string_view name = event.text("observation");
    if (name == "agent_state_changed" || name == "null" || name == "recall" || name == "think")
      return;
    const JsonValue extras = event["extras"];
    const bool failed = name == "error" || extras["metadata"].number("exit_code") != 0 ||
                        extras.number("exit_code") != 0;
    add(StepKind::kResult, name, content_text(event["content"]), failed, time);
  }

  const std::filesystem::path& file_;
  FileReport& report_;
  ExchangeBuilder builder_;
  JsonDocument document_;
};

Result<void> read(const std::filesystem::path& file, Sink sink, FileReport& report) {
  return Reader(file, sink, report).run();
}

}  // namespace

Adapter trajectory_adapter() {
  return {"trajectory", recognises, read};
}

}  // namespace tacit::transcript
