#include "transcript/document.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "transcript/file_bytes.h"
#include "transcript/json_repair.h"

namespace tacit::transcript {
namespace {

constexpr std::size_t kPartBytes = 64U << 10U;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// What each value of a document brings at least one of.
bool is_mark(char c) {
  return c == ',' || c == ':' || c == '{' || c == '[';
}

// How long the file's text is. Of a packed one only whether it is over the limit is told exactly.
Result<std::uintmax_t> size_of(const std::filesystem::path& file, std::size_t max_bytes) {
  FileBytes bytes = TACIT_TRY(FileBytes::open(file));
  if (!bytes.is_packed()) {
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(file, error);
    return error ? 0 : size;
  }
  std::string part(kPartBytes, '\0');
  std::uintmax_t size = 0;
  while (const std::size_t got = TACIT_TRY(bytes.read(part.data(), part.size()))) {
    size += got;
    if (size > max_bytes) break;
  }
  return size;
}

// At most `max_bytes` of the file, and how long it is.
Result<std::string> load_bytes(const std::filesystem::path& file, std::size_t max_bytes,
                               std::uintmax_t& size, FileReport& report) {
  size = TACIT_TRY(size_of(file, max_bytes));
  FileBytes bytes = TACIT_TRY(FileBytes::open(file));
  const auto length = static_cast<std::size_t>(std::min<std::uintmax_t>(size, max_bytes));
  std::string text;
  text.reserve(length + JsonParser::kPadding);  // what parsing in place needs
  text.resize(length);
  std::size_t filled = 0;
  while (filled < length) {
    const std::size_t got = TACIT_TRY(bytes.read(text.data() + filled, length - filled));
    if (got == 0) break;
    filled += got;
  }
  text.resize(filled);
  // The end of a packed text lies one read behind its last byte.
  char beyond = 0;
  if (bytes.is_packed() && size <= max_bytes) TACIT_TRY(bytes.read(&beyond, 1));
  if (!bytes.damage().empty()) report.notices.push_back({file, 0, bytes.damage()});
  return text;
}

std::string clean_lines(std::string_view text, const std::filesystem::path& file,
                        FileReport& report) {
  std::string result;
  std::size_t number = 0;
  for (const std::string_view line : split_lines(text)) {
    ++number;
    std::size_t replaced = 0;
    result += clean_utf8(line, &replaced);
    result += '\n';
    if (replaced == 0) continue;
    report.notices.push_back(
        {file, number,
         fmt::format("holds {} malformed UTF-8 sequence(s); each was replaced by U+FFFD",
                     replaced)});
  }
  return result;
}

// One past the string that opens at `at`, or the text's size.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size(); ++at) {
    if (text[at] == '\\')
      ++at;
    else if (text[at] == '"')
      return at + 1;
  }
  return text.size();
}

}  // namespace

std::string start_of(const std::filesystem::path& file, std::size_t max_bytes) {
  std::string text(max_bytes, '\0');
  std::size_t filled = 0;
  if (auto bytes = FileBytes::open(file)) {
    while (filled < max_bytes) {
      const auto got = bytes->read(text.data() + filled, max_bytes - filled);
      if (!got || *got == 0) break;
      filled += *got;
    }
  }
  text.resize(filled);
  return text;
}

Result<std::string> load_text(const std::filesystem::path& file, FileReport& report) {
  std::uintmax_t size = 0;
  std::string text = TACIT_TRY(load_bytes(file, kMaxDocumentBytes, size, report));
  if (size > kMaxDocumentBytes) {
    report.notices.push_back({file, 0,
                              fmt::format("is {} bytes long, over the limit of {} for a "
                                          "Markdown file; its first part was read",
                                          size, kMaxDocumentBytes)});
  }
  report.bytes = text.size();
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  return is_valid_utf8(text) ? text : clean_lines(text, file, report);
}

Result<JsonValue> JsonDocument::load(const std::filesystem::path& file, FileReport& report) {
  std::uintmax_t size = 0;
  std::string text = TACIT_TRY(load_bytes(file, kMaxJsonDocumentBytes, size, report));
  if (size > kMaxJsonDocumentBytes) {
    report.notices.push_back(
        {file, 0,
         fmt::format("is {} bytes long, over the limit of {} for a JSON document; it was not read",
                     size, kMaxJsonDocumentBytes)});
    return JsonValue();
  }
  report.bytes = text.size();
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  return parse(std::move(text), file, report);
}

JsonValue JsonDocument::parse(std::string text, const std::filesystem::path& file,
                              FileReport& report) {
  const auto note = [&](std::string reason) {
    report.notices.push_back({file, 0, std::move(reason)});
  };
  if (text.size() > kMaxJsonDocumentBytes ||
      static_cast<std::size_t>(std::ranges::count_if(text, is_mark)) > kMaxJsonDocumentMarks) {
    note("is a JSON document of more values than the limit allows; it was not read");
    return {};
  }
  text_ = std::move(text);
  text_.reserve(text_.size() + JsonParser::kPadding);
  if (const auto value = parser_.parse_padded(text_)) return *value;
  JsonRepairs repairs;
  auto repaired = repair_json(text_, repairs);
  if (repaired && repaired->size() > kMaxJsonDocumentBytes) repaired.reset();  // it may have grown
  if (repaired) {
    text_ = std::move(*repaired);
    text_.reserve(text_.size() + JsonParser::kPadding);
  }
  const auto value =
      repaired ? parser_.parse_padded(text_) : fail(ErrorKind::kInvalidInput, "is no JSON");
  if (!value) {
    note("is no complete JSON document; it was not read and will be once it is complete");
    return {};
  }
  if (repairs.utf8 > 0) {
    note(fmt::format("holds {} malformed UTF-8 sequence(s); each was replaced by U+FFFD",
                     repairs.utf8));
  }
  if (repairs.others > 0) {
    note(fmt::format("holds {} raw control character(s) or half surrogate(s); each was replaced",
                     repairs.others));
  }
  return *value;
}

std::vector<std::string_view> keys_in_head(std::string_view head) {
  if (head.starts_with(kByteOrderMark)) head.remove_prefix(kByteOrderMark.size());
  head = trim(head);
  if (head.starts_with('[')) head = trim(head.substr(1));
  if (!head.starts_with('{')) return {};
  std::vector<std::string_view> keys;
  std::size_t depth = 0;
  for (std::size_t at = 0; at < head.size();) {
    const char c = head[at];
    if (c == '"') {
      const std::size_t end = end_of_string(head, at);
      if (depth == 1 && trim(head.substr(end, 8)).starts_with(':'))
        keys.push_back(head.substr(at + 1, end - at - 2));
      at = end;
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) break;
    ++at;
  }
  return keys;
}

}  // namespace tacit::transcript
