#include "privacy/sensitive_words.h"

#include <array>
#include <limits>

#include "privacy/disguise.h"
#include "privacy/folded_text.h"

namespace tacit::privacy {
namespace {

constexpr std::size_t kNever = std::numeric_limits<std::size_t>::max();

bool is_near(std::size_t before, std::size_t end) {
  return before != kNever && end - before <= kNear;
}

// What was seen of one topic, up to a place.
struct Seen {
  std::size_t hint = kNever;  // phrase
  std::size_t hint_end = kNever;
  std::size_t company_end = kNever;
};

WordFinding undecided(const char* reason) {
  return {Sensitivity::kConfidential, reason};
}

}  // namespace

Result<std::unique_ptr<SensitiveWords>> SensitiveWords::make(
    const std::vector<SensitivityTopic>& topics, const std::vector<std::string>& people,
    const Redactor& redactor) {
  std::unique_ptr<SensitiveWords> made(new SensitiveWords(topics, redactor));
  std::vector<std::string> phrases;
  std::vector<std::string> strong;
  const auto add = [&](const std::vector<std::string>& list, Kind kind, std::size_t topic) {
    for (const std::string& phrase : list) {
      phrases.push_back(phrase);
      made->meanings_.push_back({kind, topic});
    }
  };
  for (std::size_t i = 0; i < topics.size(); ++i) {
    add(topics[i].words, Kind::kWord, i);
    add(topics[i].hints, Kind::kHint, i);
    add(topics[i].company, Kind::kCompany, i);
    strong.insert(strong.end(), topics[i].words.begin(), topics[i].words.end());
    made->squeezed_topics_.resize(strong.size(), i);
  }
  add(people, Kind::kCompany, topics.size());
  made->words_ = TACIT_TRY(PhraseMatcher::make(phrases, PhraseForm::kWords));
  made->squeezed_ = TACIT_TRY(PhraseMatcher::make(strong, PhraseForm::kSqueezed));
  made->personal_ = TACIT_TRY(PersonalData::make());
  return made;
}

WordFinding SensitiveWords::found(std::size_t topic) const {
  return {topics_[topic].label, topics_[topic].name};
}

WordFinding SensitiveWords::find_words(std::string_view words) const {
  std::vector<Seen> seen(topics_.size() + 1);
  WordFinding finding;
  const auto decide = [&](std::size_t topic) {
    finding = found(topic);
    return false;  // look no further
  };
  const bool is_read = words_->scan(words, [&](std::size_t phrase, std::size_t end) {
    const Meaning& meaning = meanings_[phrase];
    Seen& here = seen[meaning.topic];
    if (meaning.kind == Kind::kWord) return decide(meaning.topic);
    if (meaning.kind == Kind::kHint) {
      const bool has_other =
          here.hint != phrase && is_near(here.hint_end, end) && end - here.hint_end >= kMinApart;
      if (has_other || is_near(here.company_end, end) || is_near(seen.back().company_end, end))
        return decide(meaning.topic);
      here.hint = phrase;
      here.hint_end = end;
      return true;
    }
    here.company_end = end;
    if (meaning.topic < topics_.size())
      return !is_near(here.hint_end, end) || decide(meaning.topic);
    for (std::size_t topic = 0; topic < topics_.size(); ++topic)
      if (is_near(seen[topic].hint_end, end)) return decide(topic);
    return true;
  });
  return is_read ? finding : undecided("could not be read");
}

WordFinding SensitiveWords::find_plain(std::string_view plain) const {
  if (const auto kind = personal_->kind_in(plain); !kind.empty())
    return {kind == kToldPassword ? Sensitivity::kSecret : Sensitivity::kConfidential,
            std::string(kind)};
  const std::string words = words_of(plain);
  WordFinding finding = find_words(words);
  if (finding.label != Sensitivity::kInternal) return finding;
  const bool is_read = squeezed_->scan(squeezed(words), [&](std::size_t phrase, std::size_t) {
    finding = found(squeezed_topics_[phrase]);
    return false;
  });
  return is_read ? finding : undecided("could not be read");
}

WordFinding SensitiveWords::find_below(std::string_view text, int disguises,
                                       std::size_t& budget) const {
  const PlainText plain = plain_characters(text);
  if (plain.text != text && !redactor_.redact(plain.text).found.empty())
    return {Sensitivity::kSecret, "secret"};
  const std::string joined = joined_pieces(plain.text);
  const std::array<std::string, 4> views = {plain.text, joined,
                                            without_leet(plain.text + '\n' + joined, 'i'),
                                            without_leet(plain.text + '\n' + joined, 'l')};
  for (const std::string& view : views) {
    if (view.empty()) continue;
    WordFinding finding = find_plain(view);
    if (finding.label != Sensitivity::kInternal) return finding;
  }
  for (const auto take_off : {&unescaped, &from_base64}) {
    const Layer layer = take_off(text);
    if (layer.text().empty()) continue;
    if (disguises == 0 || layer.text().size() > budget) return undecided("too many disguises");
    budget -= layer.text().size();
    WordFinding finding = find_below(layer.text(), disguises - 1, budget);
    if (finding.label != Sensitivity::kInternal) return finding;
  }
  if (plain.foreign >= kMinForeignLetters &&
      static_cast<double>(plain.foreign) > kMaxForeignShare * static_cast<double>(plain.letters))
    return undecided("unknown language");
  return {};
}

WordFinding SensitiveWords::find(std::string_view text) const {
  if (!redactor_.redact(text).found.empty()) return {Sensitivity::kSecret, "secret"};
  std::size_t budget = text.size() * kMaxDisguiseShare;
  return find_below(text, kMaxDisguises, budget);
}

}  // namespace tacit::privacy
