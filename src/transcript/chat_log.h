#pragma once
// ChatLog: the state that VS Code's log of changes to a chat describes. Lines set, extend and
// delete parts of one JSON value, and none says anything alone. Parts that no line touches stay
// text, so the state takes about as much memory as it has bytes. One thread.

#include <cstddef>
#include <string>
#include <vector>

#include "transcript/json_value.h"

namespace tacit::transcript {

// Parts that changes may open; a chat has some dozens a request.
inline constexpr std::size_t kMaxChatLogParts = 200'000;

class ChatLog {
 public:
  // Applies one line; false where it is no change of this state.
  bool apply(JsonValue change);
  // The state as JSON; empty before the first snapshot.
  std::string text() const;
  std::size_t size() const { return size_of(root_); }

 private:
  // A value as text, or an object or array that a change has opened.
  struct Part {
    enum class Kind { kText, kObject, kArray };
    Kind kind = Kind::kText;
    std::string json;
    std::vector<std::string> keys;  // of an object, one for each item
    std::vector<Part> items;
  };
  static std::size_t size_of(const Part& part);
  static void write(const Part& part, std::string& text);
  static Part part_of(JsonValue value);
  bool open(Part& part);
  Part* member(Part& part, JsonValue step);
  static void push(Part& part, JsonValue items, JsonValue change);

  Part root_;
  std::size_t parts_ = 0;
  JsonParser parser_;
};

}  // namespace tacit::transcript
