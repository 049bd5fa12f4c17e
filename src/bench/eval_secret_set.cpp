#include "bench/eval_secret_set.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "bench/eval_set.h"

namespace tacit::bench {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

std::string string_of(const Json& row, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    const auto found = row.find(name);
    if (found != row.end() && found->is_string()) return found->get<std::string>();
  }
  return {};
}

std::size_t number_of(const Json& row, const char* name) {
  const auto found = row.find(name);
  return found != row.end() && found->is_number_unsigned() ? found->get<std::size_t>() : 0;
}

bool is_list(const Json& row, const char* name) {
  const auto found = row.find(name);
  return found != row.end() && found->is_array();
}

std::optional<SecretLayout> layout_of(const Json& row) {
  if (!row.is_object() || string_of(row, {"text"}).empty()) return std::nullopt;
  const std::string label = string_of(row, {"label"});
  if (label == "secret" || label == "not_secret") return SecretLayout::kCases;
  if (is_list(row, "spans")) return SecretLayout::kPeople;
  if (is_list(row, "expected")) return SecretLayout::kFiles;
  return std::nullopt;
}

// The sets count characters; masks are bytes.
std::size_t byte_of(std::string_view text, std::size_t character) {
  std::size_t place = 0;
  for (; place < text.size(); ++place) {
    const bool starts = (static_cast<unsigned char>(text[place]) & 0xC0U) != 0x80U;
    if (starts && character-- == 0) break;
  }
  return place;
}

void add_value(SecretText& text, const std::string& kind, const std::string& value,
               std::size_t from, std::size_t line) {
  std::size_t start = value.empty() ? std::string::npos : text.text.find(value, from);
  if (start == std::string::npos && !value.empty()) start = text.text.find(value);
  const bool is_known = start != std::string::npos;
  text.spans.push_back({kind, is_known ? start : 0, is_known ? start + value.size() : 0, line});
}

SecretText text_of(const Json& row, SecretLayout layout) {
  SecretText text;
  text.text = string_of(row, {"text"});
  if (layout == SecretLayout::kFiles) {
    std::vector<std::size_t> lines{0};
    for (std::size_t i = 0; i < text.text.size(); ++i)
      if (text.text[i] == '\n') lines.push_back(i + 1);
    for (const Json& one : row["expected"]) {
      const std::size_t line = number_of(one, "line");
      const bool is_inside = line > 0 && line <= lines.size();
      add_value(text, string_of(one, {"rule"}), string_of(one, {"value"}),
                is_inside ? lines[line - 1] : 0, line);
    }
    return text;
  }
  const bool is_people = layout == SecretLayout::kPeople;
  text.kind = string_of(row, {"rule", "plugin"});
  text.is_secret = is_people || string_of(row, {"label"}) == "secret";
  const std::string value = string_of(row, {"secret", "expected_secret"});
  if (!value.empty()) add_value(text, text.kind, value, 0, 0);
  const char* ranges = is_people ? "spans" : "expected";
  if (!is_list(row, ranges)) return text;
  for (const Json& one : row[ranges]) {
    text.spans.push_back({is_people ? string_of(one, {"type"}) : text.kind,
                          byte_of(text.text, number_of(one, "start")),
                          byte_of(text.text, number_of(one, "end")), 0});
  }
  return text;
}

Result<SecretSet> read_folder(const fs::path& folder) {
  SecretSet set;
  std::error_code ignored;
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    const bool is_lines = entry.path().filename().string().find(".jsonl") != std::string::npos;
    if (is_lines && entry.is_regular_file(ignored)) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files) {
    const std::string bytes = TACIT_TRY(read_maybe_gzip(file));
    for (const std::string_view line : split_lines(bytes)) {
      if (trim(line).empty()) continue;
      const Json row = Json::parse(line, nullptr, false);
      const auto layout = layout_of(row);
      if (!layout || (!set.texts.empty() && *layout != set.layout)) break;
      set.layout = *layout;
      set.texts.push_back(text_of(row, *layout));
    }
  }
  return set;
}

}  // namespace

Result<std::optional<SecretSet>> load_secret_set(const std::vector<fs::path>& folders) {
  for (const fs::path& folder : folders) {
    for (const char* half : {"blind", "open", ""}) {
      SecretSet set = TACIT_TRY(read_folder(*half == '\0' ? folder : folder / half));
      if (set.texts.empty()) continue;
      const std::string name = folder.filename().string();
      set.half = *half == '\0' && (name == "open" || name == "blind") ? name : half;
      return set;
    }
  }
  return std::optional<SecretSet>();
}

}  // namespace tacit::bench
