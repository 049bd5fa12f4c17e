#include "transcript/record_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/text.h"
#include "transcript/json_repair.h"
#include "transcript/line_reader.h"

namespace tacit::transcript {
namespace {

constexpr std::size_t kTrimEveryBytes = 1U << 20U;
constexpr std::size_t kMaxRestarts = 64;
// Every cut-off record of a damaged line may send a scan to the line's end: this often the line's
// bytes are scanned for ends of records, then its rest is left out.
constexpr std::size_t kMaxScansOfLine = 64;
// A parsed line costs up to 20 bytes per value; lines of millions of tiny values are kept as stubs.
constexpr std::size_t kDenseBytes = 2U << 20U;
constexpr std::size_t kMaxCommas = 2U << 20U;

// One past the end of the first complete JSON object at the front, or npos. Takes the bytes it
// looks at from `scans_left` and gives up when they are used up.
std::size_t object_end(std::string_view text, std::size_t& scans_left) {
  text = text.substr(0, scans_left);
  scans_left -= text.size();  // what lies behind an end is given back
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_string = false;
      continue;
    }
    if (c == '"')
      in_string = true;
    else if (c == '{' || c == '[')
      ++depth;
    else if ((c == '}' || c == ']') && (depth == 0 || --depth == 0)) {
      scans_left += text.size() - (i + 1);
      return i + 1;
    }
  }
  return std::string_view::npos;
}

class Reading {
 public:
  Reading(const std::filesystem::path& file, FileReport& report,
          FunctionRef<Result<void>(const Record&)> on_record,
          FunctionRef<Result<void>(const Stub&)> on_stub)
      : file_(file), report_(report), on_record_(on_record), on_stub_(on_stub) {}

  Result<void> run(std::size_t max_line) {
    LineReader lines = TACIT_TRY(LineReader::open(file_, max_line));
    Line line;
    while (TACIT_TRY(lines.next(line))) {
      TACIT_TRY(read(line));
      if (line.size > kTrimEveryBytes) parser_.trim();
    }
    report_.bytes = lines.bytes_read();
    if (!lines.damage().empty()) report_.notices.push_back({file_, 0, lines.damage()});
    return {};
  }

 private:
  void note(const Line& line, std::string reason) {
    report_.notices.push_back({file_, line.number, std::move(reason)});
  }

  Result<void> read(const Line& line) {
    if (line.is_oversized) return read_stub(line, line.head, line.tail, line.sha256);
    std::string_view text = line.text;
    if (line.number == 1 && text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    text = trim(text);
    if (text.empty()) return {};
    if (text.size() > kDenseBytes &&
        static_cast<std::size_t>(std::ranges::count(text, ',')) > kMaxCommas) {
      return read_stub(line, std::string(clip_utf8(text, 1024)), "", "");
    }
    if (const auto value = parser_.parse_padded(text)) return deliver(line, *value);
    return read_damaged(line, text);
  }

  Result<void> deliver(const Line& line, const JsonValue& value) {
    if (value.is_object()) return on_record_(Record{value, line.number});
    note(line, "is JSON but no record (not an object); the line was left out");
    return {};
  }

  Result<void> read_damaged(const Line& line, std::string_view text) {
    JsonRepairs repairs;
    std::string kept;
    if (auto repaired = repair_json(text, repairs)) {
      kept = std::move(*repaired);
      if (repairs.utf8 > 0)
        note(line, fmt::format("holds {} malformed UTF-8 sequence(s); each was replaced by U+FFFD",
                               repairs.utf8));
      const auto value = parser_.parse(kept);
      if (value && repairs.others > 0)
        note(line, fmt::format(
                       "holds {} raw control character(s) or half surrogate(s); each was replaced",
                       repairs.others));
      if (value) return deliver(line, *value);
    } else {
      kept = std::string(text);
    }
    return read_glued(line, kept);
  }

  // Several records without a newline between them, or a record cut off by the next one.
  Result<void> read_glued(const Line& line, std::string_view text) {
    std::size_t records = 0;
    bool reported = false;
    std::size_t scans_left = kMaxScansOfLine * text.size();
    while (!text.empty()) {
      const std::size_t end =
          text.front() == '{' ? object_end(text, scans_left) : std::string_view::npos;
      const auto value = end == std::string_view::npos ? fail(ErrorKind::kInvalidInput, "cut off")
                                                       : parser_.parse(text.substr(0, end));
      if (value) {
        ++records;
        TACIT_TRY(deliver(line, *value));
        text = trim(text.substr(end));
        continue;
      }
      const std::size_t restart = find_restart(text, scans_left);
      reported = true;
      if (restart == std::string_view::npos) {
        if (scans_left == 0)
          note(line, "holds more cut-off records than are looked for; its rest was left out");
        else
          report_lost(line, records);
        return {};
      }
      note(line,
           "holds a record cut off by the next one; the cut-off part was left out, what follows "
           "was kept");
      text = text.substr(restart);
    }
    if (records > 1 && !reported)
      note(line, fmt::format("holds {} records glued together; all were read", records));
    return {};
  }

  void report_lost(const Line& line, std::size_t records) {
    if (!line.is_terminated) {
      note(line,
           "is unfinished (the file ends within a record); it will be read once it is complete");
    } else if (records > 0) {
      note(line,
           "holds something that is no JSON after its record; the record was kept, the rest left "
           "out");
    } else {
      note(line, "is no JSON; the line was left out");
    }
  }

  // Where within a damaged line a complete record begins: an opening brace before one of the keys
  // that records start with, from which the text parses.
  std::size_t find_restart(std::string_view text, std::size_t& scans_left) {
    std::size_t tried = 0;
    for (std::size_t at = text.find("{\"", 1); at != std::string_view::npos;
         at = text.find("{\"", at + 1)) {
      const std::string_view rest = text.substr(at);
      const bool likely = rest.starts_with("{\"parentUuid\"") || rest.starts_with("{\"type\"") ||
                          rest.starts_with("{\"timestamp\"") || rest.starts_with("{\"uuid\"") ||
                          rest.starts_with("{\"sessionId\"");
      if (!likely) continue;
      if (++tried > kMaxRestarts || scans_left == 0) break;
      const std::size_t end = object_end(rest, scans_left);
      if (end == std::string_view::npos) continue;
      const std::string_view after = trim(rest.substr(end));
      if (!after.empty() && after.front() != '{') continue;
      if (parser_.parse(rest.substr(0, end))) return at;
    }
    return std::string_view::npos;
  }

  Result<void> read_stub(const Line& line, std::string head, std::string tail, std::string hash) {
    Stub stub;
    stub.line = line.number;
    stub.head = clean_utf8(head);
    stub.tail = clean_utf8(tail);
    stub.sha256 = std::move(hash);
    stub.text = fmt::format("[truncated: a line of {} bytes, sha-256 {}]\n{}\n[… truncated …]\n{}",
                            line.size, stub.sha256.empty() ? "not taken" : stub.sha256, stub.head,
                            stub.tail);
    note(line, fmt::format("is {} bytes long, over the limit; a stub marked as truncated was kept",
                           line.size));
    return on_stub_(stub);
  }

  const std::filesystem::path& file_;
  FileReport& report_;
  FunctionRef<Result<void>(const Record&)> on_record_;
  FunctionRef<Result<void>(const Stub&)> on_stub_;
  JsonParser parser_;
};

}  // namespace

Result<void> read_records(const std::filesystem::path& file, FileReport& report,
                          FunctionRef<Result<void>(const Record&)> on_record,
                          FunctionRef<Result<void>(const Stub&)> on_stub, std::size_t max_line) {
  return Reading(file, report, on_record, on_stub).run(max_line);
}

}  // namespace tacit::transcript
