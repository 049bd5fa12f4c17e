#include "learn/passages.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/text.h"

namespace tacit::learn {
namespace {

constexpr std::size_t npos = std::string_view::npos;

constexpr std::array<std::string_view, 8> kHostOpenings = {
    "Caveat: The messages below",
    "This session is being continued from a previous conversation",
    "# AGENTS.md instructions",
    "[Request interrupted",
    "Base directory for this skill:",
    "<environment_context>",
    "<user_instructions>",
    "<task-notification>",
};

// Marks of pasted transcripts and terminal output at the start of a line.
constexpr std::array<std::string_view, 16> kQuotedOpenings = {
    ">",
    "|",
    "$ ",
    "% ",
    "Human:",
    "Assistant:",
    "User:",
    "at ",
    "[tacit",
    "+ ",
    "@@",
    "diff --git",
    "\xE2\x8F\xBA",  // record mark of an agent's screen
    "\xE2\x97\x8F",  // bullet of an agent's screen
    "\xE2\x9D\xAF",  // prompt
    "\xE2\x8E\xBF",  // result bracket
};

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_alpha(char c) {
  return is_upper(c) || is_lower(c);
}

// The name of an opening tag at the start of a line: "<system-reminder>" gives "system-reminder".
std::string_view tag_of(std::string_view line) {
  if (line.size() < 3 || line[0] != '<' || !is_alpha(line[1])) return {};
  std::size_t end = 1;
  while (end < line.size() &&
         (is_alpha(line[end]) || is_digit(line[end]) || line[end] == '-' || line[end] == '_')) {
    ++end;
  }
  if (end == line.size() || (line[end] != '>' && line[end] != ' ')) return {};
  return line.substr(1, end - 1);
}

std::size_t list_mark(std::string_view line) {
  if (line.size() > 2 && (line[0] == '-' || line[0] == '*' || line[0] == '+') && line[1] == ' ') {
    return 2;
  }
  std::size_t digits = 0;
  while (digits < line.size() && digits < 3 && is_digit(line[digits])) ++digits;
  if (digits > 0 && digits + 1 < line.size() && (line[digits] == '.' || line[digits] == ')') &&
      line[digits + 1] == ' ') {
    return digits + 2;
  }
  if (line.starts_with("\xE2\x80\xA2 ")) return 4;  // bullet
  return 0;
}

bool is_heading(std::string_view line) {
  if (line.starts_with('#')) return true;
  if (!line.starts_with("**")) return false;
  std::string_view rest = line;
  if (rest.ends_with(':')) rest.remove_suffix(1);
  return rest.size() > 4 && rest.ends_with("**") && rest.find("**", 2) == rest.size() - 2;
}

bool is_quoted(std::string_view line) {
  return std::any_of(kQuotedOpenings.begin(), kQuotedOpenings.end(),
                     [&](std::string_view mark) { return line.starts_with(mark); });
}

bool is_abbreviation(std::string_view before) {
  constexpr std::array<std::string_view, 6> kShort = {"e.g", "i.e", "vs", "etc", "cf", "approx"};
  return std::any_of(kShort.begin(), kShort.end(),
                     [&](std::string_view word) { return before.ends_with(word); });
}

// The end of the sentence that begins at `begin` of the line: behind its stop.
std::size_t sentence_end(std::string_view line, std::size_t begin) {
  bool code = false;
  for (std::size_t i = begin; i < line.size(); ++i) {
    if (line[i] == '`') code = !code;
    if (code || (line[i] != '.' && line[i] != '!' && line[i] != '?')) continue;
    std::size_t after = i + 1;
    while (after < line.size() && std::string_view("*_`\")'").find(line[after]) != npos) ++after;
    if (after == line.size()) return after;
    if (!is_space(line[after]) || is_abbreviation(line.substr(begin, i - begin))) continue;
    const std::size_t next = line.find_first_not_of(' ', after);
    if (next == npos) return after;
    if (!is_lower(line[next])) return after;
  }
  return line.size();
}

class Reader {
 public:
  Reader(const Step& step, std::size_t index, std::vector<Sentence>& out)
      : text_(clip_utf8(step.text, kMaxPassageBytes)),
        index_(index),
        request_(step.kind == StepKind::kRequest),
        out_(out) {}

  void read() {
    std::size_t at = 0;
    while (at < text_.size()) {
      std::size_t end = std::min(text_.find('\n', at), text_.size());
      while (fence_.empty() && is_wrapped(at, end)) {
        end = std::min(text_.find('\n', end + 1), text_.size());
      }
      at = std::max(end + 1, read_line(at, end));
    }
  }

 private:
  // True when a long line runs on in the next one: no stop, and the next begins in lower case.
  bool is_wrapped(std::size_t begin, std::size_t end) const {
    constexpr std::size_t kWrapBytes = 60;
    if (end >= text_.size()) return false;
    std::string_view line = text_.substr(begin, end - begin);
    if (const std::size_t newline = line.rfind('\n'); newline != npos)
      line.remove_prefix(newline + 1);
    line = trim(line);
    if (line.size() < kWrapBytes) return false;
    if (std::string_view(".!?:|`>").find(line.back()) != npos) return false;
    const std::size_t next = text_.find_first_not_of(' ', end + 1);
    return next != npos && next - end <= 4 && is_lower(text_[next]);
  }

  // Returns where to go on when it skipped more than the line.
  std::size_t read_line(std::size_t begin, std::size_t end) {
    const std::string_view whole = text_.substr(begin, end - begin);
    const std::string_view line = trim(whole);
    const std::size_t at = begin + (line.empty() ? 0 : whole.find(line.front()));
    if (line.starts_with("```") || line.starts_with("~~~")) {
      if (fence_.empty()) {
        fence_ = line.substr(0, 3);
      } else if (line.starts_with(fence_)) {
        fence_ = {};
      }
      return 0;
    }
    if (line.empty() || !fence_.empty()) return 0;
    if (const std::string_view tag = tag_of(line); !tag.empty()) return skip_tag(at, tag);
    if (is_heading(line)) {
      heading_ = word_form(line);
      return 0;
    }
    const std::size_t mark = list_mark(line);
    const bool indented = whole.starts_with("    ") || whole.starts_with('\t');
    if ((indented && mark == 0) || is_quoted(line)) return 0;
    add_sentences(at + mark, line.substr(mark), mark > 0);
    return 0;
  }

  std::size_t skip_tag(std::size_t at, std::string_view tag) const {
    const std::string closing = "</" + std::string(tag) + ">";
    const std::size_t close = text_.find(closing, at);
    if (close != npos) {
      const std::size_t newline = text_.find('\n', close);
      return newline == npos ? text_.size() : newline + 1;
    }
    // A block left open: what a host injected may run to the end.
    return tag.find('-') != npos || tag.find('_') != npos ? text_.size() : 0;
  }

  void add_sentences(std::size_t offset, std::string_view line, bool listed) {
    std::size_t begin = 0;
    while (begin < line.size()) {
      const std::size_t end = sentence_end(line, begin);
      const std::string_view raw = trim(line.substr(begin, end - begin));
      if (!raw.empty()) {
        Sentence sentence;
        sentence.step = index_;
        sentence.offset = offset + static_cast<std::size_t>(raw.data() - line.data());
        sentence.length = raw.size();
        sentence.text = plain_text(raw);
        sentence.words = word_form(sentence.text);
        sentence.heading = heading_;
        sentence.request = request_;
        sentence.listed = listed;
        sentence.question = sentence.text.ends_with('?');
        out_.push_back(std::move(sentence));
      }
      begin = end;
    }
  }

  std::string_view text_;
  std::size_t index_;
  bool request_;
  std::vector<Sentence>& out_;
  std::string_view fence_;
  std::string heading_;
};

}  // namespace

std::string plain_text(std::string_view markdown) {
  std::string out;
  std::string_view rest = trim(markdown);
  if (const std::size_t mark = list_mark(rest); mark > 0) rest.remove_prefix(mark);
  while (!rest.empty() && static_cast<unsigned char>(rest.front()) >= 0xE2) {
    const std::size_t blank = rest.find(' ');  // a leading symbol or emoji
    if (blank == npos || blank > 8) break;
    rest = trim(rest.substr(blank));
  }
  for (std::size_t i = 0; i < rest.size(); ++i) {
    const char c = rest[i];
    if (c == '`' || (c == '*' && (i + 1 < rest.size() && rest[i + 1] == '*'))) continue;
    if (c == '*' &&
        (i == 0 || !is_space(rest[i - 1]) || i + 1 == rest.size() || !is_space(rest[i + 1]))) {
      continue;
    }
    if (c == '[') {  // [text](target) is its text
      const std::size_t close = rest.find("](", i);
      const std::size_t end = close == npos ? npos : rest.find(')', close);
      if (end != npos && rest.substr(i + 1, close - i - 1).find('[') == npos) {
        out += rest.substr(i + 1, close - i - 1);
        i = end;
        continue;
      }
    }
    if (is_space(c)) {
      if (!out.empty() && out.back() != ' ') out += ' ';
      continue;
    }
    out += c;
  }
  while (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string word_form(std::string_view text) {
  std::string out = " ";
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (text.substr(i, 3) == "\xE2\x80\x99") {
      c = '\'';
      i += 2;
    }
    if (is_upper(c)) c = static_cast<char>(c - 'A' + 'a');
    const bool stop = c == '.' && (i + 1 >= text.size() || is_space(text[i + 1]) ||
                                   text[i + 1] == '*' || text[i + 1] == ')');
    const bool word = is_lower(c) || is_digit(c) || c == '\'' || c == '_' || c == '-' || c == '/' ||
                      (c == '.' && !stop) || static_cast<unsigned char>(c) >= 0x80;
    if (word) {
      out += c;
    } else if (out.back() != ' ') {
      out += ' ';
    }
  }
  if (out.back() != ' ') out += ' ';
  return out;
}

bool says(std::string_view words, std::string_view phrase) {
  for (std::size_t at = words.find(phrase); at != npos; at = words.find(phrase, at + 1)) {
    const bool opens = at == 0 || words[at - 1] == ' ';
    const std::size_t end = at + phrase.size();
    if (opens && (end >= words.size() || words[end] == ' ')) return true;
  }
  return false;
}

bool names_something(std::string_view text) {
  std::size_t at = 0;
  bool first = true;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    std::string_view word = text.substr(at, end - at);
    while (!word.empty() && std::string_view(".,;:!?)\"'").find(word.back()) != npos) {
      word.remove_suffix(1);
    }
    while (!word.empty() && std::string_view("(\"'").find(word.front()) != npos) {
      word.remove_prefix(1);
    }
    for (std::size_t i = 0; i < word.size(); ++i) {
      const char c = word[i];
      if (c == '_' || c == '/' || c == '@' || c == '(' || is_digit(c)) return true;
      if ((c == '.' || c == ':') && i > 0 && i + 1 < word.size()) return true;
      if (c == '-' && i + 1 < word.size() && word[i + 1] == '-') return true;
      if (is_upper(c) && word.size() > 1 && (i > 0 || !first)) return true;
    }
    if (!word.empty()) first = false;
    at = end + 1;
  }
  return false;
}

bool is_host_text(std::string_view request) {
  const std::string_view text = trim(request);
  return std::any_of(kHostOpenings.begin(), kHostOpenings.end(),
                     [&](std::string_view opening) { return text.starts_with(opening); });
}

std::vector<Sentence> sentences_of(const Exchange& exchange) {
  std::vector<Sentence> out;
  for (std::size_t i = 0; i < exchange.steps.size(); ++i) {
    const Step& step = exchange.steps[i];
    if (step.kind != StepKind::kRequest && step.kind != StepKind::kReply) continue;
    if (step.kind == StepKind::kRequest && is_host_text(step.text)) continue;
    Reader(step, i, out).read();
  }
  return out;
}

}  // namespace tacit::learn
