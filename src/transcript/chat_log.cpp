#include "transcript/chat_log.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace tacit::transcript {
namespace {

constexpr std::int64_t kSnapshot = 0;
constexpr std::int64_t kSet = 1;
constexpr std::int64_t kPush = 2;
constexpr std::int64_t kDelete = 3;
constexpr std::size_t kMaxSteps = 64;

std::optional<std::size_t> number_of(JsonValue value) {
  const std::string digits = value.compact();
  std::size_t number = 0;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (end.ec != std::errc() || end.ptr != digits.data() + digits.size()) return std::nullopt;
  return number;
}

// A key as JSON: the parser that reads it again is the only reader, so escapes suffice.
void write_key(const std::string& key, std::string& text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  text += '"';
  for (const char c : key) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      text += '\\';
      text += c;
    } else if (byte < 0x20U) {
      text += "\\u00";
      text += kDigits[byte >> 4U];
      text += kDigits[byte & 0xFU];
    } else {
      text += c;
    }
  }
  text += "\":";
}

}  // namespace

std::size_t ChatLog::size_of(const Part& part) {
  std::size_t size = part.json.size();
  for (const Part& item : part.items) size += size_of(item) + 1;
  for (const std::string& key : part.keys) size += key.size() + 3;
  return size;
}

void ChatLog::write(const Part& part, std::string& text) {
  if (part.kind == Part::Kind::kText) {
    text += part.json.empty() ? "null" : part.json;
    return;
  }
  const bool is_object = part.kind == Part::Kind::kObject;
  text += is_object ? '{' : '[';
  for (std::size_t i = 0; i < part.items.size(); ++i) {
    if (i > 0) text += ',';
    if (is_object) write_key(part.keys[i], text);
    write(part.items[i], text);
  }
  text += is_object ? '}' : ']';
}

std::string ChatLog::text() const {
  std::string text;
  text.reserve(size() + JsonParser::kPadding);
  if (root_.kind != Part::Kind::kText || !root_.json.empty()) write(root_, text);
  return text;
}

ChatLog::Part ChatLog::part_of(JsonValue value) {
  Part part;
  part.json = value.compact();
  return part;
}

// Makes the items of a value reachable; false where it has none or there would be too many.
bool ChatLog::open(Part& part) {
  if (part.kind != Part::Kind::kText) return true;
  const auto value = parser_.parse(part.json);
  if (!value) return false;
  const bool is_object = value->is_object();
  if (!is_object && !value->is_array()) return false;
  std::size_t count = 0;
  if (is_object)
    value->each_member([&](std::string_view, JsonValue) { ++count; });
  else
    value->each([&](JsonValue) { ++count; });
  if (parts_ + count > kMaxChatLogParts) return false;
  parts_ += count;
  part.items.reserve(count);
  if (is_object) {
    value->each_member([&](std::string_view key, JsonValue item) {
      part.keys.emplace_back(key);
      part.items.push_back(part_of(item));
    });
  } else {
    value->each([&](JsonValue item) { part.items.push_back(part_of(item)); });
  }
  part.kind = is_object ? Part::Kind::kObject : Part::Kind::kArray;
  part.json = std::string();
  return true;
}

// The member or item that a step of a path names; a member that is not there is made.
ChatLog::Part* ChatLog::member(Part& part, JsonValue step) {
  if (!open(part)) return nullptr;
  if (part.kind == Part::Kind::kArray) {
    const auto index = number_of(step);
    return index && *index < part.items.size() ? &part.items[*index] : nullptr;
  }
  const std::string key(step.text());
  const auto found = std::ranges::find(part.keys, key);
  if (found != part.keys.end())
    return &part.items[static_cast<std::size_t>(found - part.keys.begin())];
  if (!step.is_string() || ++parts_ > kMaxChatLogParts) return nullptr;
  part.keys.push_back(key);
  return &part.items.emplace_back();
}

void ChatLog::push(Part& part, JsonValue items, JsonValue change) {
  if (const auto keep = number_of(change["i"]); keep && *keep < part.items.size())
    part.items.resize(*keep);
  items.each([&](JsonValue item) { part.items.push_back(part_of(item)); });
}

bool ChatLog::apply(JsonValue change) {
  const std::int64_t kind = change["kind"].exists() ? change.number("kind") : -1;
  if (kind == kSnapshot) {
    root_ = part_of(change["v"]);
    parts_ = 0;
    return change["v"].is_object();
  }
  if (!change["k"].is_array() || kind < kSet || kind > kDelete) return false;
  Part* part = &root_;
  std::size_t steps = 0;
  change["k"].each([&](JsonValue step) {
    if (part != nullptr) part = ++steps > kMaxSteps ? nullptr : member(*part, step);
  });
  if (part == nullptr || steps == 0) return false;
  if (kind != kPush) {
    *part = kind == kSet ? part_of(change["v"]) : Part();
    return true;
  }
  if (part->kind == Part::Kind::kText && part->json.empty()) part->json = "[]";
  if (!open(*part) || part->kind != Part::Kind::kArray) return false;
  std::size_t count = 0;
  change["v"].each([&](JsonValue) { ++count; });
  if (parts_ + count > kMaxChatLogParts) return false;
  parts_ += count;
  push(*part, change["v"], change);
  return true;
}

}  // namespace tacit::transcript
