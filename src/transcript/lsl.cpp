// LSL: .specstory/history/YYYY-MM-DD_HHMM-HHMM_*.md, one log an hour. It is made of prompt sets,
// each named by the millisecond of its prompt; the same set is appended again and again as it
// grows, so sets are put together by name and handed out at the end. The log leaves many answers
// out, so a set counts as answered, and a set whose prompt is the host's text has no text.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "transcript/exchange_builder.h"
#include "transcript/host_text.h"
#include "transcript/json_head.h"
#include "transcript/line_reader.h"
#include "transcript/project.h"
#include "transcript/registry.h"
#include "transcript/tool_text.h"

namespace tacit::transcript {
namespace {

constexpr std::string_view kSetHeading = "## Prompt Set ";
constexpr std::string_view kAnchor = "<a name=\"ps_";
constexpr std::string_view kToolLabel = "**Tool:**";
constexpr std::size_t kMaxSets = 100'000;  // of one file; real hours hold some dozens
constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kMaxBlockBytes = 4U << 20U;  // the log itself cuts long outputs far below
constexpr std::size_t kMaxHeldBytes = 24U << 20U;  // of sets that may still grow
constexpr std::size_t kTimeSize = 19;              // "2025-09-28 07:05:43"

bool is_window_log(std::string_view head) {
  if (head.starts_with("\xEF\xBB\xBF")) head.remove_prefix(3);
  const std::string_view front = trim(head);
  if (front.starts_with("# WORK SESSION (")) return true;
  return front.starts_with("# Claude Code Session Log") &&
         front.find("\n**Prompt Sets:**") != std::string_view::npos;
}

// Beside each log lies an account of which project each prompt set was filed under.
bool is_classification(JsonValue value) {
  const std::string_view type = value.text("type");
  if (type == "session_start") return value["projectName"].exists() && value["logVersion"].exists();
  return type == "classification_decision" && value["layerDecisions"].is_array();
}

bool recognises(std::string_view head) {
  return is_window_log(head) ||
         any_record_in_head(head, is_classification, [](std::string_view text) {
           return text.find("\"layerDecisions\":") != std::string_view::npos;
         });
}

// "ps_1764406966577" of a heading, or empty.
std::string_view key_of_heading(std::string_view line) {
  const std::size_t at = line.rfind("(ps_");
  if (!line.starts_with(kSetHeading) || at == std::string_view::npos || !line.ends_with(')'))
    return {};
  const std::string_view key = line.substr(at + 1, line.size() - at - 2);
  const bool is_number =
      key.size() > 3 && key.size() < 20 &&
      std::ranges::all_of(key.substr(3), [](char c) { return c >= '0' && c <= '9'; });
  return is_number ? key : std::string_view();
}

std::optional<Instant> time_of_key(std::string_view key) {
  std::int64_t millis = 0;
  const auto parsed = std::from_chars(key.data() + 3, key.data() + key.size(), millis);
  if (parsed.ec != std::errc()) return std::nullopt;
  // Beyond the year 9999 it is no time of a prompt.
  constexpr std::int64_t kLatest = 253'402'300'799'999;
  return millis <= kLatest ? std::optional(from_millis(millis)) : std::nullopt;
}

// A live log's tool call or exchange of texts; a batch log's message of the user or the agent.
enum class BlockKind { kNone, kTool, kText, kUser, kAssistant };

struct Block {
  BlockKind kind = BlockKind::kNone;
  std::optional<Instant> time;
  std::string text;
};

// "### Bash - 2025-11-29 09:02:46 UTC [10:02:46 CEST]"; the local zone's name is often wrong.
std::optional<Block> block_of_heading(std::string_view line) {
  if (!line.starts_with("### ")) return std::nullopt;
  Block block;
  if (line == "### User" || line == "### Assistant") {
    block.kind = line == "### User" ? BlockKind::kUser : BlockKind::kAssistant;
    return block;
  }
  const std::size_t at = line.rfind(" UTC [");
  if (at == std::string_view::npos || at < 4 + kTimeSize || !line.ends_with(']'))
    return std::nullopt;
  block.time = parse_time(std::string(line.substr(at - kTimeSize, kTimeSize)) + "Z");
  if (!block.time) return std::nullopt;
  block.kind = line.starts_with("### Text Exchange - ") ? BlockKind::kText : BlockKind::kTool;
  return block;
}

// Where a line of `text` begins with `label`, or npos.
std::size_t find_label(std::string_view text, std::string_view label, std::size_t from = 0) {
  for (std::size_t at = text.find(label, from); at != std::string_view::npos;
       at = text.find(label, at + 1)) {
    if (at == 0 || text[at - 1] == '\n') return at;
  }
  return std::string_view::npos;
}

// What stands behind `label` up to the first line that begins with one of `ends`.
std::string_view field(std::string_view text, std::string_view label,
                       std::initializer_list<std::string_view> ends) {
  const std::size_t at = find_label(text, label);
  if (at == std::string_view::npos) return {};
  const std::size_t start = at + label.size();
  std::size_t end = text.size();
  for (const std::string_view mark : ends) end = std::min(end, find_label(text, mark, start));
  return trim(text.substr(start, end - start));
}

// Removes the rule and the blank lines that end a block, and an output's closing fence.
std::string_view without_rule(std::string_view text) {
  text = trim(text);
  while (text.ends_with("\n---") || text == "---") text = trim(text.substr(0, text.size() - 3));
  return text;
}

std::string_view without_fence(std::string_view text) {
  text = trim(text);
  if (!text.starts_with("```")) return text;
  const std::size_t newline = text.find('\n');
  text = newline == std::string_view::npos ? std::string_view() : text.substr(newline + 1);
  if (text.ends_with("```")) text.remove_suffix(3);
  return trim(text);
}

struct Parts {
  std::string_view request;
  std::vector<Step> steps;
};

class BlockParser {
 public:
  Parts parse(const Block& block) {
    const std::string_view text = without_rule(block.text);
    Parts parts;
    const bool has_tool = text.starts_with(kToolLabel);
    if (block.kind == BlockKind::kTool || (block.kind == BlockKind::kAssistant && has_tool)) {
      add_call(text, block.time, parts);
    } else if (block.kind == BlockKind::kUser && text.starts_with("**Result:**")) {
      add_batch_result(text, block.time, parts);
    } else if (block.kind == BlockKind::kUser) {
      parts.request = text;
    } else if (block.kind == BlockKind::kAssistant) {
      add_reply(text, block.time, parts);
    } else {
      parts.request =
          field(text, "**User Message:**", {"**Assistant Response:**", "**Type:** Text-only"});
      add_reply(field(text, "**Assistant Response:**", {"**Type:** Text-only"}), block.time, parts);
    }
    return parts;
  }

 private:
  static void add_reply(std::string_view text, std::optional<Instant> time, Parts& parts) {
    if (!text.empty())
      parts.steps.push_back({StepKind::kReply, "", std::string(text), false, time});
  }

  void add_call(std::string_view text, std::optional<Instant> time, Parts& parts) {
    parts.request = field(text, "**User Request:**", {kToolLabel});
    text = text.substr(std::min(find_label(text, kToolLabel), text.size()));
    if (text.empty()) return;
    tool_ = std::string(trim(text.substr(0, text.find('\n')).substr(kToolLabel.size())));
    const std::string_view input = without_fence(field(text, "**Input:**", {"**Result:**"}));
    const auto json = parser_.parse(input);
    parts.steps.push_back(
        {StepKind::kCall, tool_, json ? call_text(*json) : std::string(input), false, time});
    const std::string_view result = field(text, "**Result:**", {"**Output:**"});
    if (result.empty()) return;
    const std::size_t output = find_label(text, "**Output:**", text.find("\n**Result:**") + 1);
    const std::string_view shown =
        output == std::string_view::npos
            ? std::string_view()
            : without_fence(text.substr(output + std::string_view("**Output:**").size()));
    add_result(result, shown, time, parts);
  }

  void add_batch_result(std::string_view text, std::optional<Instant> time, Parts& parts) {
    const std::size_t newline = text.find('\n');
    const std::string_view shown =
        newline == std::string_view::npos ? std::string_view() : trim(text.substr(newline));
    add_result(text.substr(0, newline), shown, time, parts);
  }

  void add_result(std::string_view result, std::string_view output, std::optional<Instant> time,
                  Parts& parts) const {
    const bool failed = result.find("Error") != std::string_view::npos || tells_of_failure(output);
    parts.steps.push_back({StepKind::kResult, tool_, std::string(output), failed, time});
  }

  JsonParser parser_;
  std::string tool_;  // of the last call: a batch log's result does not name it
};

// A prompt set as far as it is known.
struct Held {
  std::string identity;
  std::string request;
  std::optional<Instant> time;
  std::size_t line = 0;
  std::vector<Step> steps;
  std::unordered_map<std::string, int> counts;  // of equal steps
};

class Reader {
 public:
  Reader(const std::filesystem::path& file, Sink sink, FileReport& report)
      : file_(file), report_(report), builder_(file, sink, report) {}

  Result<void> run() {
    LineReader lines = TACIT_TRY(LineReader::open(file_));
    Line line;
    bool is_log = false;
    while (TACIT_TRY(lines.next(line))) {
      if (line.number == 1) is_log = !trim(line.text).starts_with('{');
      if (!is_log) continue;  // a classification log holds no exchange
      if (line.is_oversized) note(line.number, "is too long for a line of a log; it was left out");
      std::string_view text = line.text;
      if (text.ends_with('\r')) text.remove_suffix(1);
      TACIT_TRY(on_line(text, line.number));
    }
    report_.bytes = lines.bytes_read();
    if (!lines.damage().empty()) note(0, lines.damage());
    end_block();
    return hand_out();
  }

 private:
  void note(std::size_t line, std::string reason) {
    report_.notices.push_back({file_, line, std::move(reason)});
  }

  Result<void> on_line(std::string_view text, std::size_t number) {
    if (is_header_) on_header(text);
    // Tools print such headings too; a real one follows a rule, an anchor or another heading.
    const bool may_open = last_.starts_with("---") || last_.starts_with('#') ||
                          last_.starts_with(kAnchor) || last_.starts_with("**Tool Calls:**") ||
                          is_batch_;
    if (!trim(text).empty()) last_ = std::string(text.substr(0, 64));
    if (text.starts_with(kAnchor)) {
      end_block();
      return {};
    }
    if (const std::string_view key = key_of_heading(text); may_open && !key.empty()) {
      end_block();
      if (held_bytes_ > kMaxHeldBytes) TACIT_TRY(hand_out());
      enter_set(std::string(key), time_of_key(key), number);
      return {};
    }
    if (auto block = block_of_heading(text); block && may_open) {
      end_block();
      if (held_bytes_ > kMaxHeldBytes && set_.empty()) TACIT_TRY(hand_out());
      block_ = std::move(*block);
      block_line_ = number;
      return {};
    }
    if (block_.kind == BlockKind::kNone) return {};
    if (block_.text.size() + text.size() > kMaxBlockBytes) {
      if (!is_block_cut_) note(block_line_, "opens a block over the limit; its end was left out");
      is_block_cut_ = true;
      return {};
    }
    block_.text += text;
    block_.text += '\n';
    return {};
  }

  // "# WORK SESSION (0900-1000)" with the day below, or the window's name.
  void on_header(std::string_view text) {
    is_batch_ = is_batch_ || text.starts_with("# Claude Code Session Log");
    const auto value = [&](std::string_view label) {
      if (!text.starts_with(label)) return std::string();
      return clean_utf8(clip_utf8(trim(text.substr(label.size())), kMaxNameBytes));
    };
    if (const auto day = value("**Generated:**"); !day.empty())
      window_ = day.substr(0, 10) + "_" + window_;
    if (const auto hours = value("**Work Period:**"); !hours.empty()) window_ += hours;
    window_.resize(clip_utf8(window_, kMaxNameBytes).size());
    if (const auto name = value("**Session:**"); !name.empty()) window_ = name;
    if (text.starts_with(kSetHeading) || text.starts_with("### ")) is_header_ = false;
  }

  void enter_set(std::string key, std::optional<Instant> time, std::size_t line) {
    set_ = key;
    occurrence_.clear();
    set_time_ = time;
    set_line_ = line;
    hold(std::move(key), time, line);
  }

  // The set of this identity, or nullptr when it has been handed out already.
  Held* hold(std::string identity, std::optional<Instant> time, std::size_t line) {
    if (handed_out_.contains(identity)) return nullptr;
    if (handed_out_.size() + held_.size() >= kMaxSets && !positions_.contains(identity)) {
      if (!has_too_many_)
        note(line, "opens one prompt set too many; it and new ones after it were left out");
      has_too_many_ = true;
      return nullptr;
    }
    const auto [known, is_new] = positions_.try_emplace(identity, held_.size());
    if (is_new) {
      held_.push_back({});
      held_.back().identity = std::move(identity);
      held_.back().time = time;
      held_.back().line = line;
      held_bytes_ += sizeof(Held);
    }
    return &held_[known->second];
  }

  void end_block() {
    Block block = std::exchange(block_, Block());
    is_block_cut_ = false;
    if (block.kind == BlockKind::kNone) return;
    std::size_t replaced = 0;
    if (!is_valid_utf8(block.text)) block.text = clean_utf8(block.text, &replaced);
    if (replaced > 0) {
      note(block_line_,
           fmt::format("opens a block with {} malformed UTF-8 sequence(s); each was replaced by "
                       "U+FFFD",
                       replaced));
    }
    Parts parts = parser_.parse(block);
    const std::string request = request_of(parts.request);
    Held* held =
        set_.empty() ? loose_set(parts.request, block.time) : hold(set_, set_time_, set_line_);
    if (held == nullptr) return;
    if (held->request.empty()) held->request = request;
    for (Step& step : parts.steps) {
      if (!step.time) step.time = held->time;
      add(*held, std::move(step));
    }
  }

  // Early logs have no sets: blocks in a row that repeat one request are its set.
  Held* loose_set(std::string_view request, std::optional<Instant> time) {
    const std::string hash = short_hash(normalise_space(request));
    const bool is_earlier = time && loose_time_ && *time < *loose_time_;
    const bool goes_on = !loose_.empty() && !is_earlier && (hash == loose_hash_ || request.empty());
    if (!goes_on) {
      loose_hash_ = hash;
      loose_time_ = time;
      loose_ = fmt::format("at:{}:{}", time ? format_time(*time) : "", hash);
      occurrence_.clear();
    }
    return hold(loose_, time, block_line_);
  }

  static std::string request_of(std::string_view text) {
    if (const auto command = parse_slash_command(text))
      return command->arguments.empty() ? std::string() : command->name + " " + command->arguments;
    std::string request = strip_host_blocks(text);
    return is_host_text(request) ? std::string() : clip_middle(request, kMaxStepBytes);
  }

  // A step counts as often as the fullest copy of its set holds it.
  void add(Held& held, Step step) {
    const std::string hash = short_hash(
        fmt::format("{}\n{}\n{}\n{}", name_of(step.kind), step.tool, step.failed, step.text));
    const int here = ++occurrence_[hash];
    int& known = held.counts[hash];
    if (here <= known) return;
    known = here;
    step.text = clip_middle(step.text, kMaxStepBytes);
    held_bytes_ += step.text.size() + sizeof(Step) + 2 * hash.size();
    held.steps.push_back(std::move(step));
  }

  Result<void> hand_out() {
    if (!held_.empty()) enter_session();
    for (Held& held : held_) {
      handed_out_.insert(held.identity);
      if (held.request.empty()) held.request = "[no text]";
      TACIT_TRY(builder_.begin(held.request, held.identity, held.time, held.line));
      builder_.mark_answered(held.time);
      for (Step& step : held.steps) builder_.add(std::move(step));
    }
    held_.clear();
    positions_.clear();
    held_bytes_ = 0;
    return builder_.finish();
  }

  // The log knows no session. Its window and first set stand for one: both stay as it grows.
  void enter_session() {
    Session& session = builder_.session();
    if (!session.native_id.empty()) return;
    session.agent = "lsl";
    session.native_id = fmt::format("{}_{}", window_, held_.front().identity);
    session.project = project_of_history(file_);
    for (const Held& held : held_) {
      if (session.title.empty() && !held.request.empty()) session.title = title_from(held.request);
    }
  }

  const std::filesystem::path& file_;
  FileReport& report_;
  ExchangeBuilder builder_;
  BlockParser parser_;
  std::string last_;  // the beginning of the last line that was not blank
  bool is_header_ = true;
  bool is_batch_ = false;
  std::string window_;
  Block block_;
  std::size_t block_line_ = 0;
  bool is_block_cut_ = false;
  std::string set_;  // the key of the set that is being read; empty in early logs
  std::optional<Instant> set_time_;
  std::size_t set_line_ = 0;
  std::string loose_;
  std::string loose_hash_;
  std::optional<Instant> loose_time_;
  std::unordered_map<std::string, int> occurrence_;  // of steps in this copy of the set
  std::vector<Held> held_;
  std::unordered_map<std::string, std::size_t> positions_;  // in held_, by identity
  std::unordered_set<std::string> handed_out_;
  std::size_t held_bytes_ = 0;
  bool has_too_many_ = false;
};

Result<void> read(const std::filesystem::path& file, Sink sink, FileReport& report) {
  return Reader(file, sink, report).run();
}

}  // namespace

Adapter lsl_adapter() {
  return {"lsl", recognises, read};
}

}  // namespace tacit::transcript
