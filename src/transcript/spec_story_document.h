#pragma once
// SpecStory's Markdown as a document: its head and its turns. Three generations of headings are
// read; a role line counts at column 0 only, and not where it is quoted: see turns_of(). Pure
// functions; views point into the text given.

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace tacit::transcript {

struct RoleLine {
  bool is_user = false;
  bool is_sidechain = false;
  std::string_view model;  // may be empty
  std::optional<Instant> time;
};
// "_**User (2026-01-28 13:10:29Z)**_", "_**Agent (claude-opus-4-5 2026-01-28 13:10:31Z)**_",
// "_**Assistant**_".
std::optional<RoleLine> parse_role_line(std::string_view line);

struct DocumentHead {
  bool is_spec_story = false;
  std::string session;  // the uuid of the comment, lower case; may be empty
  std::string title;    // without its date; empty where the heading is only a time
  std::optional<Instant> started;
};
DocumentHead head_of(const std::vector<std::string_view>& lines);

struct Turn {
  RoleLine role;
  std::size_t line = 0;                    // of the heading, from 1
  std::span<const std::string_view> body;  // of the lines given to turns_of()
};
std::vector<Turn> turns_of(const std::vector<std::string_view>& lines);

// What an agent's turn holds, in order.
struct Part {
  bool is_tool = false;
  std::string tool;    // the tool's name
  std::string kind;    // read, write, shell, search …
  std::string text;    // a reply, or what the call asked for
  std::string output;  // of a tool
};
std::vector<Part> parts_of(std::span<const std::string_view> body);

// A turn's lines as text, without the rule that separates it from the next.
std::string text_of(std::span<const std::string_view> body);

}  // namespace tacit::transcript
