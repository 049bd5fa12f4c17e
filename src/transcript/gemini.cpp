// Gemini CLI: ~/.gemini/tmp/<project>/chats/session-….json, one document rewritten on every change,
// or, since 2026, session-….jsonl, where a message is written again as it grows and its last record
// counts. A rewind takes messages back. A history that replaces the old one (compression) adds to
// what is known here, so that nothing said is lost.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "transcript/document.h"
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

// Said by the host in the user's place when the model stopped without a word.
constexpr std::string_view kContinue = "System: Please continue.";
// What stands behind a prompt that names files with @.
constexpr std::string_view kReferences = "--- Content from referenced files ---";
constexpr std::array kFailedStates{"error"sv, "cancelled"sv};

// What is kept of a session beside its messages, and how much room they get in the document.
constexpr std::array kMembers{"sessionId"sv, "startTime"sv, "kind"sv};
constexpr std::size_t kMembersBytes = 64U << 10U;
constexpr std::size_t kMaxHistoryBytes = kMaxJsonDocumentBytes - kMembersBytes;

bool is_gemini_record(JsonValue value) {
  if (value["$set"].is_object() || value["$rewindTo"].is_string()) return true;
  if (value["projectHash"].is_string() && value["sessionId"].is_string()) return true;
  return value.text("type") == "gemini" && value["id"].is_string();
}

bool is_gemini_text(std::string_view head) {
  const auto keys = keys_in_head(head);
  const auto has = [&](std::string_view key) { return std::ranges::find(keys, key) != keys.end(); };
  return has("sessionId") && has("projectHash") && (has("messages") || has("startTime"));
}

bool recognises(std::string_view head) {
  return is_gemini_text(head) || any_record_in_head(head, is_gemini_record, is_gemini_text);
}

// The messages of a JSONL file as its last records leave them.
class History {
 public:
  // Takes over session data and messages; false where a message exceeds the limit and is left out.
  bool apply(JsonValue record) {
    const JsonValue patch = record["$set"].is_object() ? record["$set"] : record;
    if (record["$set"].is_object() || record["sessionId"].is_string()) {
      patch.each_member([&](std::string_view key, JsonValue value) {
        if (std::ranges::find(kMembers, key) != kMembers.end() && value.exists())
          members_[std::string(key)] = value.compact();
      });
      patch["messages"].each([&](JsonValue message) { add(message, true); });
    } else if (record["id"].is_string()) {
      add(record, false);
    }
    return !is_full_;
  }

  // Takes back a message and all after it; false where it is unknown.
  bool rewind(std::string_view id) {
    const auto found = places_.find(std::string(id));
    if (found == places_.end()) return false;
    const std::size_t kept = found->second;
    std::erase_if(places_, [&](const auto& place) { return place.second >= kept; });
    while (messages_.size() > kept) {
      bytes_ -= messages_.back().json.size() + 1;
      prints_.erase(messages_.back().print);
      messages_.pop_back();
    }
    return true;
  }

  // The whole as one document of the older form.
  std::string text() const {
    std::string text;
    text.reserve(bytes_ + kMembersBytes + JsonParser::kPadding);
    text = "{";
    for (const auto& [key, value] : members_) text += fmt::format("\"{}\":{},", key, value);
    text += "\"messages\":[";
    for (std::size_t i = 0; i < messages_.size(); ++i) {
      if (i > 0) text += ',';
      text += messages_[i].json;
    }
    return text + "]}";
  }

 private:
  struct Message {
    std::string json;
    std::string print;  // of who said what when
  };

  // A history set anew may bring known messages under new ids.
  void add(JsonValue value, bool is_anew) {
    Message message{value.compact(),
                    short_hash(fmt::format("{}\n{}\n{}", value.text("type"),
                                           value.text("timestamp"), value["content"].compact()))};
    const std::string id = value.text("id").empty() ? message.print : std::string(value.text("id"));
    const auto place = places_.find(id);
    if (place == places_.end() && is_anew && prints_.contains(message.print)) return;
    is_full_ = is_full_ || bytes_ + message.json.size() > kMaxHistoryBytes;
    if (is_full_) return;
    bytes_ += message.json.size() + 1;
    prints_.insert(message.print);
    if (place == places_.end()) {
      places_.emplace(id, messages_.size());
      messages_.push_back(std::move(message));
      return;
    }
    bytes_ -= messages_[place->second].json.size() + 1;
    messages_[place->second] = std::move(message);
  }

  std::map<std::string, std::string> members_;  // of the session, as JSON
  std::vector<Message> messages_;
  std::unordered_map<std::string, std::size_t> places_;  // by id
  std::unordered_set<std::string> prints_;
  std::size_t bytes_ = 0;
  bool is_full_ = false;
};

class Reader {
 public:
  Reader(const std::filesystem::path& file, Sink sink, FileReport& report)
      : file_(file), report_(report), builder_(file, sink, report) {}

  Result<void> run() {
    JsonDocument document;
    JsonValue chat;
    if (is_printed_over_lines())
      chat = TACIT_TRY(document.load(file_, report_));
    else
      chat = document.parse(TACIT_TRY(replayed()), file_, report_);
    if (chat.text("kind") == "subagent") return {};
    enter_session(chat);
    Result<void> done;
    chat["messages"].each([&](JsonValue message) {
      if (done) done = on_message(message);
    });
    TACIT_TRY(done);
    return builder_.finish();
  }

 private:
  void note(std::size_t line, std::string reason) {
    report_.notices.push_back({file_, line, std::move(reason)});
  }

  // A document begins with a brace on a line of its own, a log with a whole record.
  bool is_printed_over_lines() const {
    const std::string start = start_of(file_, 8);
    std::string_view text = start;
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    text = text.substr(0, text.find('\n'));
    return trim(text) == "{";
  }

  Result<std::string> replayed() {
    History history;
    bool is_full = false;
    TACIT_TRY(read_records(
        file_, report_,
        [&](const Record& record) -> Result<void> {
          const std::string_view target = record.value.text("$rewindTo");
          if (is_full) return {};
          if (!target.empty()) {
            if (!history.rewind(target))
              note(record.line, "takes back a message that is not there; nothing was taken back");
          } else if (!history.apply(record.value)) {
            is_full = true;
            note(record.line, fmt::format("exceeds the limit of {} bytes for a session; the rest "
                                          "was not read",
                                          kMaxHistoryBytes));
          }
          return {};
        },
        [](const Stub&) -> Result<void> { return {}; }));
    return history.text();
  }

  void enter_session(JsonValue chat) {
    Session& session = builder_.session();
    session.agent = "gemini";
    session.native_id = std::string(chat.text("sessionId"));
    session.started = parse_time(chat.text("startTime"));
    const auto folder = std::filesystem::absolute(file_).lexically_normal().parent_path();
    std::ifstream mark(folder.parent_path() / ".project_root");
    std::string root;
    if (folder.filename() == "chats" && std::getline(mark, root))
      session.project = resolve_project(trim(root));
  }

  Result<void> on_message(JsonValue message) {
    time_ = parse_time(message.text("timestamp"));
    const std::string_view type = message.text("type");
    if (type == "user") return on_user(message);
    if (type == "gemini") on_answer(message);
    return {};
  }

  Result<void> on_user(JsonValue message) {
    bool has_image = false;
    const JsonValue shown = message["displayContent"];
    std::string text = words_of(shown.exists() ? shown : message["content"], has_image);
    text.resize(std::min(text.find(kReferences), text.size()));
    std::string request = strip_host_blocks(text);
    if (request.empty() && has_image) request = "[image]";
    if (is_host_text(request) || request == kContinue) return {};
    if (is_bare_command(request)) return builder_.finish();
    std::string identity = identity_of(message, request);
    if (!known_.insert(identity).second) return builder_.finish();
    Session& session = builder_.session();
    if (session.native_id.empty()) session.native_id = "from-" + identity;
    return builder_.begin(request, std::move(identity), time_, 0);
  }

  std::string identity_of(JsonValue message, std::string_view request) {
    if (!message.text("id").empty()) return fmt::format("message:{}", message.text("id"));
    return fmt::format("{}:{}:{}", builder_.session().native_id, message.text("timestamp"),
                       short_hash(normalise_space(request)));
  }

  // The text of content that is a string, a part or a list of parts.
  static std::string words_of(JsonValue content, bool& has_image) {
    if (content.is_string()) return std::string(content.text());
    std::string text(content.text("text"));
    has_image = has_image || content["inlineData"].exists();
    content.each([&](JsonValue part) {
      const std::string words = words_of(part, has_image);
      if (!text.empty() && !words.empty()) text += '\n';
      text += words;
    });
    return text;
  }

  void on_answer(JsonValue message) {
    builder_.mark_answered(time_);
    builder_.set_model(message.text("model"));
    const JsonValue tokens = message["tokens"];
    const std::int64_t cached = tokens.count("cached");
    builder_.add_tokens({std::max<std::int64_t>(0, tokens.count("input") - cached),
                         tokens.count("output") + tokens.count("thoughts"), cached});
    bool has_image = false;
    const std::string text = words_of(message["content"], has_image);
    if (!trim(text).empty()) builder_.add({StepKind::kReply, "", text, false, time_});
    message["toolCalls"].each([&](JsonValue call) { on_call(call); });
  }

  void on_call(JsonValue call) {
    const std::string name(call.text("name"));
    builder_.add({StepKind::kCall, name, call_text(call["args"]), false, time_});
    std::string output = output_of(call["result"]);
    if (output.empty()) output = std::string(call.text("resultDisplay"));
    const bool failed =
        std::ranges::find(kFailedStates, call.text("status")) != kFailedStates.end() ||
        tells_of_failure(output);
    if (!output.empty() || failed)
      builder_.add({StepKind::kResult, name, std::move(output), failed, time_});
  }

  // Results are the parts that the model got back.
  static std::string output_of(JsonValue result) {
    if (result.is_string()) return std::string(result.text());
    std::string text;
    result.each([&](JsonValue part) {
      const JsonValue response = part["functionResponse"]["response"];
      const JsonValue output = response["error"].exists() ? response["error"] : response["output"];
      const std::string words = output.exists()     ? content_text(output)
                                : response.exists() ? response.compact()
                                                    : std::string(part.text("text"));
      if (!text.empty() && !words.empty()) text += '\n';
      text += words;
    });
    return text;
  }

  const std::filesystem::path& file_;
  FileReport& report_;
  ExchangeBuilder builder_;
  std::unordered_set<std::string> known_;  // identities in this file
  std::optional<Instant> time_;
};

Result<void> read(const std::filesystem::path& file, Sink sink, FileReport& report) {
  return Reader(file, sink, report).run();
}

}  // namespace

Adapter gemini_adapter() {
  return {"gemini", recognises, read};
}

}  // namespace tacit::transcript
