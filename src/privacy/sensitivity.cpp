#include "privacy/sensitivity.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>

#include "base/mutex.h"
#include "base/text.h"
#include "privacy/folded_text.h"
#include "privacy/sensitive_words.h"
#include "privacy/topics.h"

namespace tacit::privacy {
namespace {

constexpr std::size_t kChunkBytes = 400;  // about what a sentence of an example is compared with
constexpr std::size_t kChunksAtOnce = 16;
constexpr std::string_view kTemplateEndings[] = {".example", ".sample", ".template", ".dist"};

// Components of paths are compared in lower case with '-' for blanks and underscores.
std::string component_of(std::string_view text) {
  std::string component = lower_ascii(trim(plain_characters(text).text));
  std::replace(component.begin(), component.end(), ' ', '-');
  std::replace(component.begin(), component.end(), '_', '-');
  return component;
}

// Stars stand for any characters. Linear in the text for each star.
bool matches(std::string_view pattern, std::string_view text) {
  std::size_t star = std::string_view::npos;
  std::size_t retry = 0;
  std::size_t p = 0;
  std::size_t t = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = t;
    } else if (p < pattern.size() && pattern[p] == text[t]) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++retry;
    } else {
      return false;
    }
  }
  return pattern.substr(p).find_first_not_of('*') == std::string_view::npos;
}

// Files that show how a secret one is written, without what is in it.
bool is_template(std::string_view component) {
  return std::any_of(std::begin(kTemplateEndings), std::end(kTemplateEndings),
                     [&](std::string_view end) { return component.ends_with(end); });
}

std::vector<std::string_view> components_of(std::string_view path) {
  std::vector<std::string_view> components;
  while (!path.empty()) {
    const std::size_t end = path.find_first_of("/\\");
    if (end != 0) components.push_back(path.substr(0, end));
    if (end == std::string_view::npos) break;
    path.remove_prefix(end + 1);
  }
  return components;
}

// Pieces of about kChunkBytes that end with a line or a sentence where one ends in time.
std::vector<std::string_view> chunks_of(std::string_view text) {
  std::vector<std::string_view> chunks;
  while (!text.empty()) {
    std::string_view chunk = clip_utf8(text, kChunkBytes);
    if (chunk.size() < text.size()) {
      const std::size_t end = chunk.find_last_of(".!?\n");
      if (end != std::string_view::npos && end >= kChunkBytes / 4) chunk = chunk.substr(0, end + 1);
    }
    if (chunk.empty()) chunk = text.substr(0, kChunkBytes);
    if (!trim(chunk).empty()) chunks.push_back(chunk);
    text.remove_prefix(chunk.size());
  }
  return chunks;
}

Result<void> check(const SensitivityTopic& topic) {
  const auto wrong = [&](std::string_view what) {
    return fail(
        ErrorKind::kInvalidInput,
        fmt::format("topic {}: {}", topic.name.empty() ? "without a name" : topic.name, what));
  };
  if (trim(topic.name).empty()) return wrong("give it one");
  for (const auto* list :
       {&topic.words, &topic.hints, &topic.company, &topic.paths, &topic.examples}) {
    if (list->size() > kMaxTopicWords)
      return wrong(fmt::format("at most {} entries of a kind", kMaxTopicWords));
    for (const std::string& entry : *list)
      if (entry.size() > kMaxWordBytes || trim(entry).empty())
        return wrong(fmt::format("entries have 1 to {} bytes", kMaxWordBytes));
  }
  return {};
}

// A word as the texts are folded; stars, tildes and number signs stay.
std::string folded_word(std::string_view word) {
  std::string folded = lower_ascii(trim(plain_characters(word).text));
  for (char& c : folded)
    if (std::string_view("-_./'").find(c) != std::string_view::npos) c = ' ';
  return normalise_space(folded);
}

void add_to(std::vector<std::string>& list, const std::vector<std::string>& more, bool is_words) {
  for (const std::string& entry : more) list.push_back(is_words ? folded_word(entry) : entry);
}

void merge(std::vector<SensitivityTopic>& topics, const SensitivityTopic& own) {
  auto topic = std::find_if(topics.begin(), topics.end(),
                            [&](const SensitivityTopic& one) { return one.name == own.name; });
  if (topic == topics.end()) {
    topics.push_back({own.name, own.label, {}, {}, {}, {}, {}});
    topic = std::prev(topics.end());
  }
  topic->label = std::max(topic->label, own.label);
  add_to(topic->words, own.words, true);
  add_to(topic->hints, own.hints, true);
  add_to(topic->company, own.company, true);
  add_to(topic->paths, own.paths, false);
  add_to(topic->examples, own.examples, false);
}

}  // namespace

std::string_view name_of(SensitivityLayer layer) {
  switch (layer) {
    case SensitivityLayer::kPath:
      return "path";
    case SensitivityLayer::kPattern:
      return "pattern";
    case SensitivityLayer::kEmbedding:
      return "embedding";
    case SensitivityLayer::kModel:
      return "model";
    case SensitivityLayer::kNone:
      break;
  }
  return "none";
}

struct Sensitivities::State {
  State(SensitivityOptions with, Parts from) : options(std::move(with)), parts(std::move(from)) {}

  struct Example {
    std::size_t topic = 0;  // one behind the last: an ordinary sentence
    Embedding embedding;
  };
  // What the nearest examples of a request are like.
  struct Nearness {
    float similarity = -1;
    std::size_t topic = 0;
  };

  SensitivityOptions options;
  Parts parts;
  std::vector<SensitivityTopic> topics;
  std::vector<std::string> ordinary;
  std::unique_ptr<SensitiveWords> words;
  mutable Mutex mutex;
  mutable std::vector<Example> examples TACIT_GUARDED_BY(mutex);

  SensitivityDecision decide(const SensitivityQuestion& question, Deadline deadline) const;
  std::optional<SensitivityDecision> by_path(const SensitivityQuestion& question) const;
  std::optional<SensitivityDecision> by_embedding(std::string_view text, Deadline deadline,
                                                  bool& is_in_doubt) const;
  SensitivityDecision by_model(std::string_view text) const;
  Result<std::vector<Example>> all_examples(Deadline deadline) const;
  Result<Nearness> nearest(std::string_view text, Deadline deadline) const;
};

std::optional<SensitivityDecision> Sensitivities::State::by_path(
    const SensitivityQuestion& question) const {
  for (const std::string_view path : question.paths) {
    for (const std::string_view part : components_of(path)) {
      const std::string component = component_of(part);
      if (is_template(component)) continue;
      for (const SensitivityTopic& topic : topics)
        for (const std::string& pattern : topic.paths)
          if (matches(component_of(pattern), component))
            return SensitivityDecision{topic.label, SensitivityLayer::kPath, topic.name, {}};
    }
  }
  return std::nullopt;
}

Result<std::vector<Sensitivities::State::Example>> Sensitivities::State::all_examples(
    Deadline deadline) const {
  MutexLock lock(mutex);
  if (!examples.empty()) return examples;
  std::vector<std::string_view> texts;
  std::vector<Example> made;
  for (std::size_t i = 0; i <= topics.size(); ++i) {
    for (const std::string& text : i < topics.size() ? topics[i].examples : ordinary) {
      texts.emplace_back(text);
      made.push_back({i, {}});
    }
  }
  auto embeddings = TACIT_TRY(parts.embedder->embed(texts, deadline));
  if (embeddings.size() != made.size())
    return fail(ErrorKind::kInternal, "the embedder gave another number of vectors");
  for (std::size_t i = 0; i < made.size(); ++i) made[i].embedding = std::move(embeddings[i]);
  examples = made;
  return made;
}

Result<Sensitivities::State::Nearness> Sensitivities::State::nearest(std::string_view text,
                                                                     Deadline deadline) const {
  const std::vector<Example> known = TACIT_TRY(all_examples(deadline));
  const std::vector<std::string_view> chunks = chunks_of(text);
  Nearness best;
  for (std::size_t start = 0; start < chunks.size(); start += kChunksAtOnce) {
    if (deadline.has_passed()) return fail(ErrorKind::kDeadlineExceeded, "no time to decide");
    const std::span<const std::string_view> batch =
        std::span(chunks).subspan(start, std::min(kChunksAtOnce, chunks.size() - start));
    const auto embeddings = TACIT_TRY(parts.embedder->embed(batch, deadline));
    if (embeddings.size() != batch.size())
      return fail(ErrorKind::kInternal, "the embedder gave another number of vectors");
    for (const Embedding& embedding : embeddings) {
      Nearness here;
      float ordinary_similarity = -1;
      for (const Example& example : known) {
        if (example.embedding.size() != embedding.size())
          return fail(ErrorKind::kInternal, "the embedder gave vectors of another length");
        const float similarity = dot(embedding, example.embedding);
        if (example.topic == topics.size())
          ordinary_similarity = std::max(ordinary_similarity, similarity);
        else if (similarity > here.similarity)
          here = {similarity, example.topic};
      }
      if (here.similarity > ordinary_similarity && here.similarity > best.similarity) best = here;
    }
  }
  return best;
}

std::optional<SensitivityDecision> Sensitivities::State::by_embedding(std::string_view text,
                                                                      Deadline deadline,
                                                                      bool& is_in_doubt) const {
  const auto undecided = [](const char* reason) {
    return SensitivityDecision{
        Sensitivity::kConfidential, SensitivityLayer::kEmbedding, reason, {}};
  };
  if (text.size() > options.max_embedded_bytes) return undecided("too long");
  const auto near = nearest(text, deadline);
  if (!near)
    return undecided(near.error().kind() == ErrorKind::kDeadlineExceeded ? "no time"
                                                                         : "embedder failed");
  const auto similarity = static_cast<double>(near->similarity);
  if (similarity >= options.sensitive_similarity) {
    const SensitivityTopic& topic = topics[near->topic];
    return SensitivityDecision{topic.label, SensitivityLayer::kEmbedding, topic.name, {}};
  }
  is_in_doubt = !(similarity < options.doubt_similarity);  // what is no number is in doubt
  return std::nullopt;
}

SensitivityDecision Sensitivities::State::by_model(std::string_view text) const {
  const auto decided = [](Sensitivity label, const char* reason) {
    return SensitivityDecision{label, SensitivityLayer::kModel, reason, {}};
  };
  if (!parts.model) return decided(Sensitivity::kConfidential, "in doubt");
  try {
    const auto label = parts.model(text);
    if (!label) return decided(Sensitivity::kConfidential, "model failed");
    const bool is_label = !name_of(*label).empty();
    return is_label ? decided(*label, "the model's answer")
                    : decided(Sensitivity::kConfidential, "model failed");
  } catch (...) {  // a caller's function: nothing that happens in it may open the door
    return decided(Sensitivity::kConfidential, "model failed");
  }
}

SensitivityDecision Sensitivities::State::decide(const SensitivityQuestion& question,
                                                 Deadline deadline) const {
  std::size_t bytes = 0;
  for (const std::string_view text : question.texts) bytes += text.size() + 1;
  for (const std::string_view path : question.paths) bytes += path.size();
  const auto undecided = [](const char* reason) {
    return SensitivityDecision{Sensitivity::kConfidential, SensitivityLayer::kNone, reason, {}};
  };
  if (bytes > options.max_bytes) return undecided("too long");
  if (auto decision = by_path(question)) return *decision;
  std::string whole;
  whole.reserve(bytes);
  for (const std::string_view text : question.texts) whole.append(text).append(1, '\n');
  if (deadline.has_passed()) return undecided("no time");
  if (auto finding = words->find(whole); finding.label != Sensitivity::kInternal)
    return {finding.label, SensitivityLayer::kPattern, std::move(finding.reason), {}};
  if (deadline.has_passed()) return undecided("no time");
  SensitivityDecision open{Sensitivity::kInternal, SensitivityLayer::kPattern, "nothing found", {}};
  if (parts.embedder == nullptr) return open;
  bool is_in_doubt = false;
  if (auto decision = by_embedding(whole, deadline, is_in_doubt)) return *decision;
  open.layer = SensitivityLayer::kEmbedding;
  if (!is_in_doubt) return open;
  auto decision = by_model(whole);
  return deadline.has_passed() ? undecided("no time") : decision;
}

Result<std::unique_ptr<Sensitivities>> Sensitivities::make(SensitivityOptions options,
                                                           Parts parts) {
  if (options.topics.size() > kMaxOwnTopics)
    return fail(ErrorKind::kInvalidInput, fmt::format("at most {} topics", kMaxOwnTopics));
  for (const SensitivityTopic& topic : options.topics) TACIT_TRY(check(topic));
  KnownTopics known = TACIT_TRY(known_topics());
  for (const std::string& name : options.without) {
    if (std::erase_if(known.topics, [&](const auto& topic) { return topic.name == name; }) == 0)
      return fail(ErrorKind::kInvalidInput, "no such topic: " + name);
  }
  auto state = std::make_unique<State>(std::move(options), std::move(parts));
  state->topics = std::move(known.topics);
  state->ordinary = std::move(known.ordinary);
  for (const SensitivityTopic& topic : state->options.topics) merge(state->topics, topic);
  state->words =
      TACIT_TRY(SensitiveWords::make(state->topics, known.people, state->parts.redactor));
  return std::unique_ptr<Sensitivities>(new Sensitivities(std::move(state)));
}

Sensitivities::Sensitivities(std::unique_ptr<State> state) : state_(std::move(state)) {}
Sensitivities::~Sensitivities() = default;

SensitivityDecision Sensitivities::decide(const SensitivityQuestion& question,
                                          Deadline deadline) const {
  const auto start = std::chrono::steady_clock::now();
  SensitivityDecision decision = state_->decide(question, deadline);
  decision.took = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::steady_clock::now() - start);
  return decision;
}

std::vector<std::string> known_sensitivity_topics() {
  std::vector<std::string> names;
  if (const auto known = known_topics())
    for (const SensitivityTopic& topic : known->topics) names.push_back(topic.name);
  return names;
}

}  // namespace tacit::privacy
