#include "privacy/phrase_matcher.h"

#include <fmt/format.h>
#include <hs/hs.h>

#include <algorithm>
#include <limits>
#include <map>

#include "base/mutex.h"

namespace tacit::privacy {
namespace {

constexpr int kMaxGapWords = 4;
constexpr std::size_t kMinNumber = 4;  // digits

enum class ElementKind { kWord, kStart, kGap, kNumber };  // kStart: a word that begins so

struct Element {
  ElementKind kind = ElementKind::kWord;
  std::string text;
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_ascii(std::string_view text, std::size_t place) {
  return static_cast<unsigned char>(text[place]) < 0x80;
}

std::vector<Element> elements_of(std::string_view phrase) {
  std::vector<Element> elements;
  while (!phrase.empty()) {
    const std::size_t end = phrase.find(' ');
    std::string_view word = phrase.substr(0, end);
    phrase.remove_prefix(end == std::string_view::npos ? phrase.size() : end + 1);
    if (word.empty()) continue;
    if (word == "~") {
      elements.push_back({ElementKind::kGap, {}});
    } else if (word == "#") {
      elements.push_back({ElementKind::kNumber, {}});
    } else if (word.ends_with('*')) {
      word.remove_suffix(1);
      elements.push_back({ElementKind::kStart, std::string(word)});
    } else {
      elements.push_back({ElementKind::kWord, std::string(word)});
    }
  }
  return elements;
}

// Words with one blank between them, walked in both directions.
struct Cursor {
  std::string_view text;
  std::size_t place = 0;  // at the start of a word, or behind one when walking back
  bool is_forward = true;

  // The next word, or an empty view.
  std::string_view next() {
    if (is_forward) {
      const std::size_t end = std::min(text.find(' ', place), text.size());
      const std::string_view word = text.substr(std::min(place, text.size()), end - place);
      place = std::min(end + 1, text.size());
      return word;
    }
    if (place == 0) return {};
    const std::size_t blank = text.rfind(' ', place - 1);
    const std::size_t start = blank == std::string_view::npos ? 0 : blank + 1;
    const std::string_view word = text.substr(start, place - start);
    place = start == 0 ? 0 : start - 1;
    return word;
  }
};

// "85000", "85k"; "85 000" is read by its second word.
bool is_number(std::string_view word) {
  const std::size_t digits =
      static_cast<std::size_t>(std::count_if(word.begin(), word.end(), &is_digit));
  return (digits == word.size() && digits >= kMinNumber) ||
         (digits >= 2 && digits + 1 == word.size() && word.back() == 'k');
}

bool is_part(std::string_view word) {
  return !word.empty() && word.size() <= 3 && std::all_of(word.begin(), word.end(), &is_digit);
}

bool fits(const Element& element, std::string_view word) {
  switch (element.kind) {
    case ElementKind::kWord:
      return word == element.text;
    case ElementKind::kStart:
      return word.starts_with(element.text);
    case ElementKind::kNumber:
      return is_number(word);
    case ElementKind::kGap:
      break;
  }
  return false;
}

// Do the elements, in the direction of the cursor, stand there?
bool matches(const std::vector<Element>& elements, std::size_t first, Cursor cursor) {
  if (first == elements.size()) return true;
  if (elements[first].kind != ElementKind::kGap) {
    const std::string_view word = cursor.next();
    if (word.empty()) return false;
    if (fits(elements[first], word)) return matches(elements, first + 1, cursor);
    // A number may be cut in two: "85 000".
    return elements[first].kind == ElementKind::kNumber && is_part(word) &&
           is_part(cursor.next()) && matches(elements, first + 1, cursor);
  }
  for (int skipped = 0; skipped <= kMaxGapWords; ++skipped) {
    if (matches(elements, first + 1, cursor)) return true;
    if (cursor.next().empty()) return false;
  }
  return false;
}

// A phrase around the words that Vectorscan looks for.
struct Anchored {
  std::size_t phrase = 0;
  std::size_t length = 0;       // of the anchor, without blanks around it
  std::size_t blank_after = 0;  // 1: the anchor's last blank was matched too
  std::vector<Element> before;  // nearest first
  std::vector<Element> after;
};

struct Literals {
  std::map<std::string, std::vector<Anchored>> anchors;

  void add(const std::string& words, bool is_start, Anchored anchored) {
    std::string literal = is_ascii(words, 0) ? " " + words : words;
    anchored.length = words.size();
    if (!is_start && is_ascii(words, words.size() - 1)) {
      literal += ' ';
      anchored.blank_after = 1;
    }
    anchors[literal].push_back(std::move(anchored));
  }
};

// The longest run of whole words; the last of a run may be the start of one.
void add_words(std::size_t phrase, const std::vector<Element>& elements, Literals& literals) {
  std::size_t best_start = 0;
  std::size_t best_end = 0;
  std::size_t best_length = 0;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    std::size_t length = 0;
    for (std::size_t end = i; end < elements.size(); ++end) {
      const ElementKind kind = elements[end].kind;
      if (kind == ElementKind::kGap || kind == ElementKind::kNumber) break;
      length += elements[end].text.size() + 1;
      if (length > best_length) {
        best_length = length;
        best_start = i;
        best_end = end + 1;
      }
      if (kind == ElementKind::kStart) break;
    }
  }
  Anchored anchored;
  anchored.phrase = phrase;
  anchored.before.assign(elements.rend() - static_cast<std::ptrdiff_t>(best_start),
                         elements.rend());
  anchored.after.assign(elements.begin() + static_cast<std::ptrdiff_t>(best_end), elements.end());
  std::string words;
  std::string joined;
  for (std::size_t i = best_start; i < best_end; ++i) {
    words += (i == best_start ? "" : " ") + elements[i].text;
    joined += elements[i].text;
  }
  const bool is_start = elements[best_end - 1].kind == ElementKind::kStart;
  if (best_end - best_start == elements.size() && elements.size() > 1)
    literals.add(joined, is_start, anchored);
  literals.add(words, is_start, std::move(anchored));
}

// Phrases without gaps that are long enough are looked for without borders.
void add_squeezed(std::size_t phrase, const std::vector<Element>& elements, Literals& literals) {
  std::string joined;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const ElementKind kind = elements[i].kind;
    const bool is_last = i + 1 == elements.size();
    if (kind != ElementKind::kWord && !(kind == ElementKind::kStart && is_last)) return;
    joined += elements[i].text;
  }
  if (joined.size() < kMinSqueezed) return;
  literals.anchors[joined].push_back({phrase, joined.size(), 0, {}, {}});
}

}  // namespace

struct PhraseMatcher::Engine {
  std::vector<std::vector<Anchored>> anchors;  // by Vectorscan's id
  hs_database_t* database = nullptr;           // null: there is nothing to look for
  mutable Mutex mutex;
  mutable std::vector<hs_scratch_t*> free_scratch TACIT_GUARDED_BY(mutex);

  Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine() {
    for (hs_scratch_t* scratch : free_scratch) hs_free_scratch(scratch);
    hs_free_database(database);
  }
  Result<void> compile(Literals literals);
  // Null when there is no memory.
  hs_scratch_t* take_scratch() const {
    {
      MutexLock lock(mutex);
      if (!free_scratch.empty()) {
        hs_scratch_t* scratch = free_scratch.back();
        free_scratch.pop_back();
        return scratch;
      }
    }
    hs_scratch_t* scratch = nullptr;
    return hs_alloc_scratch(database, &scratch) == HS_SUCCESS ? scratch : nullptr;
  }
};

Result<void> PhraseMatcher::Engine::compile(Literals literals) {
  std::vector<const char*> texts;
  std::vector<std::size_t> lengths;
  std::vector<unsigned int> ids;
  for (auto& [literal, list] : literals.anchors) {
    texts.push_back(literal.c_str());
    lengths.push_back(literal.size());
    ids.push_back(static_cast<unsigned int>(ids.size()));
    anchors.push_back(std::move(list));
  }
  if (texts.empty()) return {};
  const std::vector<unsigned int> flags(texts.size(), 0);
  hs_compile_error_t* error = nullptr;
  if (hs_compile_lit_multi(texts.data(), flags.data(), ids.data(), lengths.data(),
                           static_cast<unsigned int>(ids.size()), HS_MODE_BLOCK, nullptr, &database,
                           &error) == HS_SUCCESS)
    return {};
  std::string reason = fmt::format("the words of the topics do not compile: {}", error->message);
  hs_free_compile_error(error);
  return fail(ErrorKind::kInvalidInput, std::move(reason));
}

Result<std::unique_ptr<PhraseMatcher>> PhraseMatcher::make(const std::vector<std::string>& phrases,
                                                           PhraseForm form) {
  Literals literals;
  for (std::size_t i = 0; i < phrases.size(); ++i) {
    const std::vector<Element> elements = elements_of(phrases[i]);
    const bool says_something =
        std::any_of(elements.begin(), elements.end(), [](const Element& element) {
          return element.text.find_first_not_of('*') != std::string::npos;
        });
    if (!says_something)
      return fail(ErrorKind::kInvalidInput,
                  "a phrase without a letter says nothing: " + phrases[i]);
    if (form == PhraseForm::kWords)
      add_words(i, elements, literals);
    else
      add_squeezed(i, elements, literals);
  }
  auto engine = std::make_unique<Engine>();
  TACIT_TRY(engine->compile(std::move(literals)));
  return std::unique_ptr<PhraseMatcher>(new PhraseMatcher(std::move(engine)));
}

PhraseMatcher::PhraseMatcher(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}
PhraseMatcher::~PhraseMatcher() = default;

bool PhraseMatcher::scan(std::string_view text,
                         FunctionRef<bool(std::size_t phrase, std::size_t end)> on_match) const {
  if (engine_->database == nullptr) return true;
  const std::string padded = fmt::format(" {} ", text);
  if (padded.size() > std::numeric_limits<unsigned int>::max()) return false;
  hs_scratch_t* scratch = engine_->take_scratch();
  if (scratch == nullptr) return false;
  struct Scan {
    const Engine& engine;
    std::string_view text;
    FunctionRef<bool(std::size_t, std::size_t)> report;
  } scan{*engine_, padded, on_match};
  const auto forward = [](unsigned int id, unsigned long long, unsigned long long to, unsigned int,
                          void* context) {
    const Scan& here = *static_cast<Scan*>(context);
    for (const Anchored& anchored : here.engine.anchors[id]) {
      const std::size_t end = static_cast<std::size_t>(to) - anchored.blank_after;
      const std::size_t start = end - anchored.length;
      const std::size_t next =
          anchored.blank_after == 1 ? static_cast<std::size_t>(to) : here.text.find(' ', end) + 1;
      const bool fits_around =
          matches(anchored.before, 0, {here.text, start > 0 ? start - 1 : 0, false}) &&
          matches(anchored.after, 0, {here.text, next, true});
      if (fits_around && !here.report(anchored.phrase, end - 1)) return 1;
    }
    return 0;
  };
  const hs_error_t error =
      hs_scan(engine_->database, padded.data(), static_cast<unsigned int>(padded.size()), 0,
              scratch, forward, &scan);
  MutexLock lock(engine_->mutex);
  engine_->free_scratch.push_back(scratch);
  return error == HS_SUCCESS || error == HS_SCAN_TERMINATED;
}

}  // namespace tacit::privacy
