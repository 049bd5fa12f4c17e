#include "app/topics_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <toml++/toml.h>
#include <algorithm>
#include <string>
#include <vector>

#include "domain/sensitivity.h"

namespace tacit::app {
namespace {

// Reads one table and remembers what is wrong first.
class Reader {
 public:
  Reader(const toml::table& table, std::string file) : table_(table), file_(std::move(file)) {}

  std::string text(std::string_view key) {
    const toml::node* node = take(key);
    if (node == nullptr) return {};
    if (const auto value = node->value_exact<std::string>()) return *value;
    complain(*node, fmt::format("{} must be a string", key));
    return {};
  }
  std::vector<std::string> texts(std::string_view key) {
    std::vector<std::string> list;
    const toml::node* node = take(key);
    if (node == nullptr) return list;
    if (const toml::array* array = node->as_array()) {
      for (const toml::node& each : *array)
        if (const auto value = each.value_exact<std::string>()) list.push_back(*value);
      if (list.size() == array->size()) return list;
    }
    complain(*node, fmt::format("{} must be a list of strings", key));
    return list;
  }
  const toml::node* take(std::string_view key) {
    known_.emplace_back(key);
    return table_.get(key);
  }
  void complain(const toml::node& node, std::string_view what) {
    if (wrong_.empty()) wrong_ = fmt::format("{}:{}: {}", file_, node.source().begin.line, what);
  }
  Result<void> done() {
    for (const auto& [key, node] : table_) {
      if (std::ranges::find(known_, key.str()) == known_.end())
        complain(node, fmt::format("there is no \"{}\" here; known are {}", key.str(),
                                   fmt::join(known_, ", ")));
    }
    if (!wrong_.empty()) return fail(ErrorKind::kInvalidInput, wrong_);
    return {};
  }

 private:
  const toml::table& table_;
  const std::string file_;
  std::vector<std::string> known_;
  std::string wrong_;
};

Result<privacy::SensitivityTopic> read_topic(const toml::table& table, const std::string& file) {
  Reader reader(table, file);
  privacy::SensitivityTopic topic;
  topic.name = reader.text("name");
  const std::string label = reader.text("label");
  topic.words = reader.texts("words");
  topic.hints = reader.texts("hints");
  topic.company = reader.texts("company");
  topic.paths = reader.texts("paths");
  topic.examples = reader.texts("examples");
  if (topic.name.empty()) reader.complain(table, "a topic has a name");
  if (!label.empty()) {
    const auto known = parse_sensitivity(label);
    if (known && *known >= Sensitivity::kConfidential)
      topic.label = *known;
    else
      reader.complain(table,
                      fmt::format("label is \"{}\" but must be confidential or secret", label));
  }
  TACIT_TRY(reader.done());
  return topic;
}

Result<toml::table> parse(const std::filesystem::path& file) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(file, error);
  if (error)
    return fail(ErrorKind::kInvalidInput, fmt::format("sensitivity_topics: cannot read {}: {}",
                                                      file.string(), error.message()));
  if (bytes > kMaxTopicsFileBytes)
    return fail(ErrorKind::kInvalidInput,
                fmt::format("sensitivity_topics: {} has {} bytes, at most {} are read",
                            file.string(), bytes, kMaxTopicsFileBytes));
  try {
    return toml::parse_file(file.string());
  } catch (const toml::parse_error& wrong) {
    return fail(
        ErrorKind::kInvalidInput,
        fmt::format("{}:{}: {}", file.string(), wrong.source().begin.line, wrong.description()));
  }
}

}  // namespace

Result<privacy::SensitivityOptions> read_topics(const std::filesystem::path& file) {
  const toml::table table = TACIT_TRY(parse(file));
  Reader reader(table, file.string());
  privacy::SensitivityOptions options;
  options.without = reader.texts("without");
  if (const toml::node* node = reader.take("topic")) {
    const toml::array* topics = node->as_array();
    if (topics == nullptr || !topics->is_homogeneous<toml::table>())
      reader.complain(*node, "topics are written as [[topic]]");
    else
      for (const toml::node& each : *topics)
        options.topics.push_back(TACIT_TRY(read_topic(*each.as_table(), file.string())));
  }
  TACIT_TRY(reader.done());
  return options;
}

}  // namespace tacit::app
