#pragma once
// Log: one line per event to standard error: module, event name, fields. JSON lines when standard
// error is not a terminal or the format says so, aligned text otherwise. Text of transcripts,
// queries, prompts and keys never goes into a field. Safe from any thread. Levels: error = a person
// must act; warn = a person should look soon; info = a change of state; debug = a decision; trace =
// shape of data, never content.

#include <initializer_list>
#include <string>
#include <string_view>

namespace tacit::log {

enum class Level { kTrace, kDebug, kInfo, kWarn, kError };

struct Field {
  std::string_view key;
  std::string value;
  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, std::string v) : key(k), value(std::move(v)) {}
  template <class Number>
  requires std::is_arithmetic_v<Number> Field(std::string_view k, Number v)
      : key(k), value(std::to_string(v)) {}
};

// Lines below this level are dropped. The default is info.
void set_level(Level level);
// "trace", "debug", "info", "warn" or "error"; false for any other word.
bool set_level(std::string_view name);

void write(Level level, std::string_view module, std::string_view event,
           std::initializer_list<Field> fields);

inline void error(std::string_view module, std::string_view event,
                  std::initializer_list<Field> fields = {}) {
  write(Level::kError, module, event, fields);
}
inline void warn(std::string_view module, std::string_view event,
                 std::initializer_list<Field> fields = {}) {
  write(Level::kWarn, module, event, fields);
}
inline void info(std::string_view module, std::string_view event,
                 std::initializer_list<Field> fields = {}) {
  write(Level::kInfo, module, event, fields);
}
inline void debug(std::string_view module, std::string_view event,
                  std::initializer_list<Field> fields = {}) {
  write(Level::kDebug, module, event, fields);
}

}  // namespace tacit::log
