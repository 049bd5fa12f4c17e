#include "transcript/spec_story_document.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"

namespace tacit::transcript {
namespace {

constexpr std::size_t kHeadLines = 40;
constexpr std::size_t kMaxQuotedTurns = 6;
constexpr std::size_t kUuidSize = 36;

bool is_rule(std::string_view line) {
  return trim(line) == "---";
}

// ── times ──

// "1/26/2025, 8:09:47 AM", the first generation's local form.
std::optional<Instant> parse_us_time(std::string_view text) {
  std::array<int, 6> number{};
  std::size_t count = 0;
  const char* at = text.data();
  const char* const end = text.data() + text.size();
  while (at < end && count < number.size()) {
    const auto [next, error] = std::from_chars(at, end, number[count]);
    if (error != std::errc()) break;
    ++count;
    at = next;
    while (at < end && (*at == '/' || *at == ',' || *at == ':' || *at == ' ')) ++at;
  }
  if (count < 5) return std::nullopt;
  const std::string_view half(at, static_cast<std::size_t>(end - at));
  int hour = number[3];
  if (half.starts_with("PM") && hour < 12) hour += 12;
  if (half.starts_with("AM") && hour == 12) hour = 0;
  return parse_time(fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}", number[2], number[0],
                                number[1], hour, number[4], count > 5 ? number[5] : 0));
}

std::optional<Instant> parse_any_time(std::string_view text) {
  const auto time = parse_time(trim(text));
  return time ? time : parse_us_time(trim(text));
}

// Takes "(…)" with a time from the end of a heading.
std::optional<Instant> take_time(std::string_view& heading) {
  heading = trim(heading);
  const std::size_t open = heading.rfind('(');
  if (open == std::string_view::npos || !heading.ends_with(')')) return std::nullopt;
  const auto time = parse_any_time(heading.substr(open + 1, heading.size() - open - 2));
  if (time) heading = trim(heading.substr(0, open));
  return time;
}

void read_label(std::string_view label, RoleLine& role) {
  role.time = parse_time(label);
  if (role.time) return;
  for (std::size_t at = label.find(' '); at != std::string_view::npos;
       at = label.find(' ', at + 1)) {
    role.time = parse_time(label.substr(at + 1));
    if (role.time) {
      label = label.substr(0, at);
      break;
    }
  }
  if (label.starts_with("model ")) label.remove_prefix(6);
  const bool is_mode = label == "default" || label == "agent" || label == "ask" ||
                       label == "edit" || label == "plan";
  if (!role.is_user && !is_mode) role.model = label;
}

// ── fences ──

struct Fence {
  char mark = 0;
  std::size_t length = 0;
  bool has_info = false;
};

std::optional<Fence> parse_fence(std::string_view line) {
  std::size_t indent = 0;
  while (indent < line.size() && line[indent] == ' ') ++indent;
  if (indent > 3 || indent == line.size()) return std::nullopt;
  const char mark = line[indent];
  if (mark != '`' && mark != '~') return std::nullopt;
  std::size_t end = indent;
  while (end < line.size() && line[end] == mark) ++end;
  const std::string_view info = trim(line.substr(end));
  if (end - indent < 3 || (mark == '`' && info.find('`') != std::string_view::npos))
    return std::nullopt;
  return Fence{mark, end - indent, !info.empty()};
}

// Open fences. One with a word behind it opens a nested one, as agents write Markdown within
// Markdown.
class FenceStack {
 public:
  void take(std::string_view line) {
    const auto fence = parse_fence(line);
    if (!fence) return;
    const bool closes = !open_.empty() && !fence->has_info && fence->mark == open_.back().mark &&
                        fence->length >= open_.back().length;
    if (closes)
      open_.pop_back();
    else if (open_.empty() || fence->has_info)
      open_.push_back(*fence);
  }
  bool is_open() const { return !open_.empty(); }

 private:
  std::vector<Fence> open_;
};

// ── which role lines are real ──

struct Candidate {
  RoleLine role;
  std::size_t index = 0;  // of the line, from 0
  bool is_framed =
      false;  // stands as SpecStory writes it: after a rule or a heading, before a blank line
  bool leaves_open = false;  // a fence is open at the end of its segment, read by itself
};

// A request may follow a request without a rule between them.
bool is_framed(const std::vector<std::string_view>& lines, std::size_t index, bool needs_rule) {
  if (index + 1 < lines.size() && !trim(lines[index + 1]).empty()) return false;
  std::size_t before = index;
  while (before > 0 && trim(lines[before - 1]).empty()) --before;
  if (before == 0) return true;
  if (before == index) return false;
  const std::string_view text = lines[before - 1];
  return !needs_rule || is_rule(text) || text.starts_with('#') || text.starts_with("<!--");
}

std::vector<Candidate> candidates_of(const std::vector<std::string_view>& lines) {
  std::vector<Candidate> candidates;
  FenceStack fences;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const auto role = parse_role_line(lines[i]);
    const bool follows_request = candidates.empty() || candidates.back().role.is_user;
    if (role && is_framed(lines, i, role->is_user && !follows_request)) {
      if (!candidates.empty()) candidates.back().leaves_open = fences.is_open();
      candidates.push_back({*role, i, true, false});
      fences = FenceStack();
    } else {
      fences.take(lines[i]);
    }
  }
  if (!candidates.empty()) candidates.back().leaves_open = fences.is_open();
  return candidates;
}

// The candidate behind a quotation that opens in `from`'s segment, or from + 1 when there is none.
// A fence that is left open is a quotation if a following segment closes it; else it was never
// closed, as agents often do, and the role lines behind it are real. Times tell more: what is
// quoted lies in the past.
std::size_t skip_quoted(const std::vector<Candidate>& candidates, std::size_t from,
                        std::optional<Instant> latest) {
  if (!candidates[from].leaves_open) return from + 1;
  const std::size_t limit = std::min(candidates.size(), from + 1 + kMaxQuotedTurns);
  for (std::size_t i = from + 1; i < limit; ++i) {
    const auto& time = candidates[i].role.time;
    if (time && latest && *time >= *latest) return from + 1;
    if (candidates[i].leaves_open) return i + 1;
  }
  return from + 1;
}

// ── parts of an agent's turn ──

std::string attribute(std::string_view tag, std::string_view name) {
  const std::string opening = fmt::format("{}=\"", name);
  const std::size_t start = tag.find(opening);
  if (start == std::string_view::npos) return {};
  const std::size_t end = tag.find('"', start + opening.size());
  return std::string(tag.substr(start + opening.size(),
                                end == std::string_view::npos ? 0 : end - start - opening.size()));
}

void append_line(std::string& text, std::string_view line) {
  text += line;
  text += '\n';
}

// "<summary>Tool use: **Bash** `ls`</summary>" → "`ls`".
std::string summary_of(std::string_view line) {
  std::string_view text = line.substr(std::string_view("<summary>").size());
  text = text.substr(0, text.find("</summary>"));
  if (const std::size_t bold = text.find("**"); bold != std::string_view::npos) {
    const std::size_t end = text.find("**", bold + 2);
    if (end != std::string_view::npos) text.remove_prefix(end + 2);
  }
  return std::string(trim(text));
}

bool is_tool_end(std::string_view line) {
  return line.starts_with("</tool-use>") || line.starts_with("</details></tool-use>");
}

Part tool_part(std::string_view tag, std::span<const std::string_view> body) {
  Part part;
  part.is_tool = true;
  part.tool = attribute(tag, "data-tool-name");
  part.kind = attribute(tag, "data-tool-type");
  std::string call;
  std::string output;
  bool is_output = false;
  bool asks = false;  // "Parameters:" makes the next fence part of the call
  FenceStack fences;
  for (const std::string_view line : body) {
    if (line.starts_with("<details>") || line.starts_with("</details>")) continue;
    if (line.starts_with("<summary>")) {
      append_line(call, summary_of(line));
      continue;
    }
    const bool was_open = fences.is_open();
    fences.take(line);
    if (!was_open && trim(line) == "Parameters:") asks = true;
    if (!was_open && (trim(line) == "Result:" || trim(line) == "Additional data:")) {
      asks = false;
      is_output = true;
    }
    if (!was_open && fences.is_open() && !asks && part.kind != "write") is_output = true;
    append_line(is_output ? output : call, line);
  }
  part.text = std::string(trim(call));
  part.output = std::string(trim(output));
  return part;
}

}  // namespace

std::optional<RoleLine> parse_role_line(std::string_view line) {
  while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.remove_suffix(1);
  if (!line.starts_with("_**") || !line.ends_with("**_") || line.size() < 10) return std::nullopt;
  std::string_view inner = line.substr(3, line.size() - 6);
  RoleLine role;
  if (inner.starts_with("User")) {
    role.is_user = true;
    inner.remove_prefix(4);
  } else if (inner.starts_with("Assistant")) {
    inner.remove_prefix(9);
  } else if (inner.starts_with("Agent")) {
    inner.remove_prefix(5);
  } else {
    return std::nullopt;
  }
  if (constexpr std::string_view kSidechain = " - sidechain"; inner.starts_with(kSidechain)) {
    role.is_sidechain = true;
    inner.remove_prefix(kSidechain.size());
  }
  if (inner.empty()) return role;
  if (!inner.starts_with(" (") || !inner.ends_with(')')) return std::nullopt;
  read_label(inner.substr(2, inner.size() - 3), role);
  return role;
}

DocumentHead head_of(const std::vector<std::string_view>& lines) {
  DocumentHead head;
  bool has_title = false;
  for (std::size_t i = 0; i < std::min(lines.size(), kHeadLines); ++i) {
    std::string_view line = trim(lines[i]);
    if (parse_role_line(lines[i])) {
      head.is_spec_story = head.is_spec_story || has_title;
      break;
    }
    if (line.starts_with("<!-- Generated by SpecStory") || line == "## SpecStory") {
      head.is_spec_story = true;
    } else if (const std::size_t at = line.find(" Session ");
               line.starts_with("<!--") && at != std::string_view::npos) {
      std::string_view rest = line.substr(at + 9);
      if (rest.size() < kUuidSize || rest[8] != '-') continue;
      head.session = lower_ascii(rest.substr(0, rest.find(' ')));
      rest = trim(rest.substr(0, rest.rfind("-->")));
      if (const auto time = take_time(rest)) head.started = time;
    } else if (line.starts_with("# ") || line.starts_with("## ")) {
      has_title = true;
      line.remove_prefix(line.find(' ') + 1);
      const auto whole = parse_any_time(line);
      const auto time = whole ? whole : take_time(line);
      if (!head.started) head.started = time;
      if (!whole && head.title.empty()) head.title = std::string(trim(line));
    }
  }
  return head;
}

std::vector<Turn> turns_of(const std::vector<std::string_view>& lines) {
  const std::vector<Candidate> candidates = candidates_of(lines);
  std::vector<Turn> turns;
  std::optional<Instant> latest;
  for (std::size_t i = 0; i < candidates.size();) {
    const Candidate& real = candidates[i];
    if (real.role.time && (!latest || *latest < *real.role.time)) latest = real.role.time;
    const std::size_t next = skip_quoted(candidates, i, latest);
    const std::size_t end = next < candidates.size() ? candidates[next].index : lines.size();
    turns.push_back({real.role, real.index + 1,
                     std::span(lines).subspan(real.index + 1, end - real.index - 1)});
    i = next;
  }
  return turns;
}

std::string text_of(std::span<const std::string_view> body) {
  const auto is_frame = [](std::string_view line) { return trim(line).empty() || is_rule(line); };
  while (!body.empty() && is_frame(body.back())) body = body.first(body.size() - 1);
  while (!body.empty() && is_frame(body.front())) body = body.subspan(1);
  std::string text;
  for (const std::string_view line : body) append_line(text, line);
  return std::string(trim(text));
}

std::vector<Part> parts_of(std::span<const std::string_view> body) {
  std::vector<Part> parts;
  std::size_t reply = 0;  // where the reply begins that is being read
  const auto end_reply = [&](std::size_t end) {
    std::string text = text_of(body.subspan(reply, end - reply));
    if (!text.empty()) parts.push_back({false, "", "", std::move(text), ""});
  };
  const auto find_end = [&](std::size_t from, auto is_end) {
    while (from < body.size() && !is_end(body[from])) ++from;
    return from;
  };
  const auto ends_thought = [](std::string_view line) {
    return line.find("</think>") != std::string_view::npos;
  };
  FenceStack fences;
  for (std::size_t i = 0; i < body.size(); ++i) {
    const std::string_view line = body[i];
    const bool is_thought = !fences.is_open() && line.starts_with("<think>");
    const bool is_tool =
        line.starts_with("<tool-use ") && line.find("data-tool-") != std::string_view::npos;
    if (!is_thought && !is_tool) {
      fences.take(line);
      continue;
    }
    const std::size_t end = is_tool ? find_end(i + 1, is_tool_end) : find_end(i, ends_thought);
    if (is_thought && end == body.size()) continue;  // never closed: part of the reply
    end_reply(i);
    fences = FenceStack();
    if (is_tool) parts.push_back(tool_part(line, body.subspan(i + 1, end - i - 1)));
    i = end;
    reply = std::min(end + 1, body.size());
  }
  end_reply(body.size());
  return parts;
}

}  // namespace tacit::transcript
