// Codex: $CODEX_HOME/sessions/YYYY/MM/DD/rollout-….jsonl. Every turn stands there twice, as
// response items (what the model saw) and as events (what the user saw): requests are taken from
// the events where a file has them, everything else from the response items.

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

constexpr std::array kLineTypes{"session_meta"sv, "response_item"sv, "event_msg"sv,
                                "turn_context"sv, "compacted"sv,     "world_state"sv};
constexpr std::array kBareTypes{"message"sv,   "function_call"sv,    "function_call_output"sv,
                                "reasoning"sv, "local_shell_call"sv, "local_shell_call_output"sv};
constexpr std::size_t kTurnIdSize = 16;  // shorter ones are counters that repeat in every session
constexpr std::string_view kIdeRequest = "## My request for Codex:";

bool is_old_meta(JsonValue value) {
  return !value["type"].exists() && value["id"].is_string() && value["timestamp"].is_string() &&
         (value["instructions"].exists() || value["git"].exists());
}

bool is_codex_record(JsonValue value) {
  if (value["payload"].is_object()) {
    return std::ranges::find(kLineTypes, value.text("type")) != kLineTypes.end();
  }
  if (is_old_meta(value) || value.text("record_type") == "state") return true;
  if (value.text("type") != "message" || !value["content"].is_array()) return false;
  bool is_item = false;
  value["content"].each([&](JsonValue block) {
    is_item = is_item || block.text("type") == "input_text" || block.text("type") == "output_text";
  });
  return is_item;
}

bool is_codex_text(std::string_view head) {
  return head.find("\"payload\":") != std::string_view::npos &&
         std::ranges::any_of(kLineTypes, [&](std::string_view type) {
           return head.find("\"type\":\"" + std::string(type) + "\"") != std::string_view::npos;
         });
}

bool recognises(std::string_view head) {
  return any_record_in_head(head, is_codex_record, is_codex_text);
}

class Reader {
 public:
  Reader(const std::filesystem::path& file, Sink sink, FileReport& report)
      : file_(file), report_(report), builder_(file, sink, report) {}

  Result<void> run() {
    builder_.session().agent = "codex";
    TACIT_TRY(read_records(
        file_, report_, [this](const Record& record) { return on_record(record); },
        [this](const Stub& stub) { return on_stub(stub); }));
    return builder_.finish();
  }

 private:
  Result<void> on_record(const Record& record) {
    const JsonValue value = record.value;
    line_ = record.line;
    timestamp_ = std::string(value.text("timestamp"));
    time_ = parse_time(timestamp_);
    const JsonValue payload = value["payload"];
    if (!payload.exists()) {
      if (is_old_meta(value)) on_meta(value);
      if (std::ranges::find(kBareTypes, value.text("type")) != kBareTypes.end())
        return on_item(value);
      return {};
    }
    const std::string_view type = value.text("type");
    if (type == "session_meta") on_meta(payload);
    if (is_subagent_) return {};
    if (type == "turn_context") on_turn(payload);
    if (type == "event_msg") return on_event(payload);
    if (type == "response_item") return on_item(payload);
    return {};
  }

  // The first meta record describes this file; a fork holds its parent's as well.
  void on_meta(JsonValue meta) {
    Session& session = builder_.session();
    if (!session.native_id.empty()) return;
    session.native_id =
        std::string(meta.text("id").empty() ? meta.text("session_id") : meta.text("id"));
    session.branch = std::string(meta["git"].text("branch"));
    if (const auto cwd = meta.text("cwd"); !cwd.empty()) session.project = projects_.resolve(cwd);
    session.started = parse_time(meta.text("timestamp"));
    is_subagent_ = meta["source"]["subagent"].exists() || meta.text("source") == "subagent" ||
                   meta.text("thread_source") == "subagent";
  }

  void on_turn(JsonValue turn) {
    enter_turn(turn.text("turn_id"));
    model_ = std::string(turn.text("model"));
    if (const auto cwd = turn.text("cwd"); !cwd.empty())
      builder_.session().project = projects_.resolve(cwd);
    if (builder_.is_open() && !builder_.is_answered()) builder_.set_model(model_);
  }

  void enter_turn(std::string_view id) {
    if (id.size() >= kTurnIdSize) turn_ = std::string(id);
  }

  Result<void> on_event(JsonValue event) {
    const std::string_view type = event.text("type");
    if (type == "task_started" || type == "turn_started") enter_turn(event.text("turn_id"));
    if (type == "token_count") add_usage(event["info"]);
    if (type != "user_message") return {};
    bool has_image = false;
    for (const std::string_view key : {"images"sv, "local_images"sv}) {
      event[key].each([&](JsonValue) { has_image = true; });
    }
    return on_request(event.text("message"), has_image, true);
  }

  // The totals are repeated unchanged; only a new total means a new call.
  void add_usage(JsonValue info) {
    const JsonValue total = info["total_token_usage"];
    const JsonValue last = info["last_token_usage"];
    if (!last.exists()) return;
    const std::string state = total.compact();
    if (!state.empty() && state == usage_state_) return;
    usage_state_ = state;
    const std::int64_t cached = last.count("cached_input_tokens");
    builder_.add_tokens({std::max<std::int64_t>(0, last.count("input_tokens") - cached),
                         last.count("output_tokens"), cached});
  }

  // ── requests ──

  Result<void> on_request(std::string_view raw, bool has_image, bool is_event) {
    std::string_view body = raw;
    if (const std::size_t at = body.find(kIdeRequest);
        at != std::string_view::npos && trim(body).starts_with("# Context from my IDE")) {
      body = body.substr(at + kIdeRequest.size());
    }
    std::string request = strip_host_blocks(body);
    if (request.empty() && has_image) request = "[image]";
    if (is_host_text(request)) return {};
    const bool is_other_stream =
        builder_.is_open() && !builder_.is_answered() && is_event != is_event_;
    if (is_other_stream && !is_event) return {};  // the response item of the event before it
    if (is_other_stream) --occurrences_[last_key_];
    is_event_ = is_event;
    std::string identity = identity_of(request);
    if (builder_.session().native_id.empty()) builder_.session().native_id = file_.stem().string();
    TACIT_TRY(builder_.begin(request, std::move(identity), time_, line_));
    builder_.set_model(model_);
    return {};
  }

  // Forks copy turns with their ids but write new times: the turn comes first, the time stands in
  // for it.
  std::string identity_of(std::string_view request) {
    const std::string hash = short_hash(normalise_space(request));
    if (!turn_.empty())
      last_key_ = fmt::format("turn:{}:{}", turn_, hash);
    else if (!timestamp_.empty())
      last_key_ = fmt::format("at:{}:{}", timestamp_, hash);
    else
      last_key_ = fmt::format("in:{}:{}", builder_.session().native_id, hash);
    const int occurrence = occurrences_[last_key_]++;
    return occurrence == 0 ? last_key_ : fmt::format("{}:{}", last_key_, occurrence);
  }

  // ── answers ──

  Result<void> on_item(JsonValue item) {
    if (is_subagent_) return {};
    const std::string_view type = item.text("type");
    if (type == "message") return on_message(item);
    if (type == "reasoning") {
      builder_.mark_answered(time_);
    } else if (type.ends_with("_output")) {
      on_output(item);
    } else if (type.ends_with("_call")) {
      on_call(type, item);
    }
    return {};
  }

  Result<void> on_message(JsonValue item) {
    const std::string_view role = item.text("role");
    if (role == "assistant") {
      const std::string text = content_text(item["content"]);
      builder_.mark_answered(time_);
      if (!trim(text).empty())
        builder_.add({StepKind::kReply, "", std::string(trim(text)), false, time_});
      return {};
    }
    if (role != "user") return {};
    std::string text;
    bool has_image = false;
    item["content"].each([&](JsonValue block) {
      if (block.text("type") == "input_image") has_image = true;
      const std::string part = strip_host_blocks(block.text("text"));
      if (is_host_text(part)) return;
      if (!text.empty()) text += '\n';
      text += part;
    });
    if (item["content"].is_string()) text = std::string(item["content"].text());
    return on_request(text, has_image, false);
  }

  void on_call(std::string_view type, JsonValue item) {
    std::string name(item.text("name"));
    if (name.empty()) name = std::string(type.substr(0, type.size() - "_call"sv.size()));
    if (const auto id = item.text("call_id"); !id.empty()) tools_[std::string(id)] = name;
    builder_.add({StepKind::kCall, std::move(name), text_of_call(item), false, time_});
  }

  std::string text_of_call(JsonValue item) {
    if (item["input"].exists()) return call_text(item["input"]);
    if (item["action"].is_object()) return call_text(item["action"]);
    const JsonValue arguments = item["arguments"];
    if (!arguments.is_string()) return arguments.exists() ? call_text(arguments) : std::string();
    const auto parsed = arguments_.parse(arguments.text());
    return parsed ? call_text(*parsed) : std::string(arguments.text());
  }

  void on_output(JsonValue item) {
    const auto tool = tools_.find(std::string(item.text("call_id")));
    std::string name = tool == tools_.end() ? std::string() : tool->second;
    if (tool != tools_.end()) tools_.erase(tool);
    const JsonValue output = item["output"].exists() ? item["output"] : item["tools"];
    std::string text = content_text(output);
    bool failed =
        tells_of_failure(text) || (output["success"].exists() && !output.truth("success"));
    // Older versions put {"output": …, "metadata": {"exit_code": …}} into the string.
    if (text.starts_with("{\"output\":")) {
      if (const auto parsed = arguments_.parse(text)) {
        failed = failed || (*parsed)["metadata"].number("exit_code") != 0;
        text = content_text((*parsed)["output"]);
      }
    }
    builder_.add({StepKind::kResult, std::move(name), std::move(text), failed, time_});
  }

  // Only items matter: an oversized compaction or meta record repeats what the file holds already.
  Result<void> on_stub(const Stub& stub) {
    const auto has = [&](std::string_view mark) {
      return stub.head.find(mark) != std::string::npos;
    };
    if (is_subagent_ || !has("\"response_item\"")) return {};
    line_ = stub.line;
    time_.reset();
    timestamp_.clear();
    if (has("\"role\":\"user\"")) return on_request(stub.text, false, false);
    builder_.add(
        {has("_output\"") ? StepKind::kResult : StepKind::kReply, "", stub.text, false, time_});
    return {};
  }

  const std::filesystem::path& file_;
  FileReport& report_;
  ExchangeBuilder builder_;
  ProjectResolver projects_;
  JsonParser arguments_;
  std::unordered_map<std::string, std::string> tools_;  // by call id, until the output comes
  std::unordered_map<std::string, int> occurrences_;    // of a request within its turn
  std::string last_key_;
  std::string turn_;
  std::string model_;
  std::string usage_state_;
  std::string timestamp_;
  std::size_t line_ = 0;
  std::optional<Instant> time_;
  bool is_event_ = false;
  bool is_subagent_ = false;
};

Result<void> read(const std::filesystem::path& file, Sink sink, FileReport& report) {
  return Reader(file, sink, report).run();
}

}  // namespace

Adapter codex_adapter() {
  return {"codex", recognises, read};
}

}  // namespace tacit::transcript
