#pragma once
// Documents: files that are read whole because one rewrite replaces them. Text is cut at its limit,
// with a notice; a JSON document over its limit is not read at all, since a part of it says
// nothing. Everything repaired or left out is a notice.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "transcript/json_value.h"
#include "transcript/reader.h"

namespace tacit::transcript {

// An import may take 256 MB, 115 of which its model and store have. A document costs its text, its
// strings again, and some 30 bytes for each comma, colon and opening bracket; its longest text is
// copied twice more on the way to a step. These limits keep the worst at 110 MB.
inline constexpr std::size_t kMaxJsonDocumentBytes = 24U << 20U;
inline constexpr std::size_t kMaxJsonDocumentMarks = 2U << 20U;

// The text of a file, up to kMaxDocumentBytes, without a byte order mark and as valid UTF-8. Fails
// with unavailable when the file cannot be read.
Result<std::string> load_text(const std::filesystem::path& file, FileReport& report);

// The first bytes of a file, unpacked where it is packed; empty where it cannot be read.
std::string start_of(const std::filesystem::path& file, std::size_t max_bytes);

// One whole JSON document, whatever the file is called. Owns the text; its values die with it.
class JsonDocument {
 public:
  // The object or array; an absent value where the file is too large or no JSON, and a notice says
  // so. Fails with unavailable when the file cannot be read.
  Result<JsonValue> load(const std::filesystem::path& file, FileReport& report);
  // The same for text that is not a file of its own, such as a replayed log.
  JsonValue parse(std::string text, const std::filesystem::path& file, FileReport& report);

 private:
  std::string text_;
  JsonParser parser_;
};

// The keys at the top of the JSON object that a file begins with, or of the first object in the
// array that it begins with, as far as the head reaches. Escapes in keys are left as they are.
std::vector<std::string_view> keys_in_head(std::string_view head);

}  // namespace tacit::transcript
