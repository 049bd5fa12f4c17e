#include "privacy/topics.h"

#include "base/text.h"

extern "C" {
extern const char tacit_topics_begin[];
extern const char tacit_topics_end[];
}

namespace tacit::privacy {
namespace {

std::vector<std::string> entries_of(std::string_view list) {
  std::vector<std::string> entries;
  while (!list.empty()) {
    const std::size_t end = list.find(';');
    if (const auto entry = trim(list.substr(0, end)); !entry.empty()) entries.emplace_back(entry);
    if (end == std::string_view::npos) break;
    list.remove_prefix(end + 1);
  }
  return entries;
}

void append(std::vector<std::string>& list, const std::vector<std::string>& more) {
  list.insert(list.end(), more.begin(), more.end());
}

std::vector<std::string>* list_of(SensitivityTopic& topic, std::string_view key) {
  if (key == "words") return &topic.words;
  if (key == "hints") return &topic.hints;
  if (key == "company") return &topic.company;
  if (key == "paths") return &topic.paths;
  if (key == "example") return &topic.examples;
  return nullptr;
}

}  // namespace

Result<KnownTopics> known_topics() {
  const std::string_view file(tacit_topics_begin,
                              static_cast<std::size_t>(tacit_topics_end - tacit_topics_begin));
  const auto broken = [](std::string_view line) {
    return fail(ErrorKind::kInternal, "topics.txt: " + std::string(line));
  };
  KnownTopics known;
  SensitivityTopic topic;
  const auto finish = [&] {
    if (topic.name == "persons")
      known.people = std::move(topic.words);
    else if (topic.name == "ordinary")
      known.ordinary = std::move(topic.examples);
    else if (!topic.name.empty())
      known.topics.push_back(std::move(topic));
    topic = {};
  };
  for (const std::string_view line : split_lines(file)) {
    if (trim(line).empty() || line.front() == '#') continue;
    if (line.front() == '[') {
      finish();
      const std::size_t end = line.find(']');
      if (end == std::string_view::npos) return broken(line);
      topic.name = line.substr(1, end - 1);
      if (trim(line.substr(end + 1)) == "secret") topic.label = Sensitivity::kSecret;
      continue;
    }
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos) return broken(line);
    const std::string_view key = line.substr(0, colon);
    std::vector<std::string>* list = list_of(topic, key);
    if (list == nullptr || topic.name.empty()) return broken(line);
    const std::string_view rest = line.substr(colon + 2);
    if (key == "example")
      list->emplace_back(trim(rest));
    else
      append(*list, entries_of(rest));
  }
  finish();
  return known;
}

}  // namespace tacit::privacy
