#include "transcript/tool_text.h"

#include <array>
#include <charconv>

#include "base/text.h"
#include "transcript/reader.h"

namespace tacit::transcript {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::array kCommandKeys{"command"sv, "cmd"sv, "script"sv};
constexpr std::array kPathKeys{"file_path"sv, "notebook_path"sv, "path"sv, "filePath"sv};
constexpr std::array kNewTextKeys{"new_string"sv, "content"sv, "new_source"sv, "newString"sv};
constexpr std::array kFailureMarks{"Process exited with code "sv,
                                   "Exit code: "sv,
                                   "Exit code "sv,
                                   "exit code: "sv,
                                   "Exit Code: "sv,
                                   "\"exit_code\":"sv};
constexpr std::size_t kFailureWindow = 512;
constexpr std::size_t kNewTextBytes = 16U << 10U;

std::string joined(JsonValue words) {
  std::string text;
  words.each([&](JsonValue word) {
    if (!text.empty()) text += ' ';
    text += word.text();
  });
  return text;
}

// ["bash", "-lc", "make"] means "make".
std::string command_of(JsonValue command) {
  if (command.is_string()) return std::string(command.text());
  std::size_t count = 0;
  std::string_view second;
  std::string_view third;
  command.each([&](JsonValue word) {
    ++count;
    if (count == 2) second = word.text();
    if (count == 3) third = word.text();
  });
  if (count == 3 && (second == "-lc" || second == "-c")) return std::string(third);
  return joined(command);
}

std::string new_text_of(JsonValue input) {
  for (const std::string_view key : kNewTextKeys) {
    if (input[key].is_string()) return clip_middle(input.text(key), kNewTextBytes);
  }
  std::string text;
  input["edits"].each([&](JsonValue edit) {
    if (!text.empty()) text += "\n…\n";
    text += edit.text("new_string");
  });
  return clip_middle(text, kNewTextBytes);
}

}  // namespace

std::string call_text(JsonValue input) {
  if (input.is_string()) return std::string(input.text());
  for (const std::string_view key : kCommandKeys) {
    if (input[key].is_string() || input[key].is_array()) return command_of(input[key]);
  }
  for (const std::string_view key : kPathKeys) {
    if (input.text(key).empty() || input["pattern"].exists()) continue;
    const std::string text = new_text_of(input);
    return text.empty() ? std::string(input.text(key)) : std::string(input.text(key)) + "\n" + text;
  }
  return input.compact();
}

std::string content_text(JsonValue content) {
  if (content.is_string()) return std::string(content.text());
  if (content.is_object()) {
    for (const std::string_view key : {"text"sv, "output"sv, "content"sv}) {
      if (content[key].exists()) return content_text(content[key]);
    }
    return content.compact();
  }
  std::string text;
  content.each([&](JsonValue block) {
    if (!text.empty()) text += '\n';
    const std::string_view type = block.text("type");
    if (block.is_string())
      text += block.text();
    else if (block["text"].is_string())
      text += block.text("text");
    else if (type.find("image") != std::string_view::npos)
      text += "[image]";
    else
      text += block.compact();
  });
  return text;
}

bool tells_of_failure(std::string_view output) {
  const std::string_view window = output.substr(0, kFailureWindow);
  for (const std::string_view mark : kFailureMarks) {
    const std::size_t at = window.find(mark);
    if (at == std::string_view::npos) continue;
    const std::string_view number = trim(window.substr(at + mark.size(), 8));
    int code = 0;
    const auto parsed = std::from_chars(number.data(), number.data() + number.size(), code);
    return parsed.ec == std::errc() && code != 0;
  }
  return false;
}

}  // namespace tacit::transcript
