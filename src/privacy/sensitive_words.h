#pragma once
// The second layer of the decision: words, patterns and personal data, below disguises. Every text
// is read as plain characters, with what stands apart joined, with leet as letters and without
// blanks; escapes and base64 are taken off up to kMaxDisguises deep and four times the text. Work
// is linear. Immutable after make(), safe from any thread.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "privacy/personal_data.h"
#include "privacy/phrase_matcher.h"
#include "privacy/sensitivity.h"

namespace tacit::privacy {

inline constexpr int kMaxDisguises = 4;                // over one another
inline constexpr std::size_t kMaxDisguiseShare = 4;    // all together, as a multiple of the text
inline constexpr std::size_t kNear = 160;              // bytes between what decides together
inline constexpr std::size_t kMinApart = 4;            // two hints in one word are one
inline constexpr double kMaxForeignShare = 0.2;        // of letters in scripts without words here
inline constexpr std::size_t kMinForeignLetters = 12;  // fewer are names and signs

struct WordFinding {
  Sensitivity label = Sensitivity::kInternal;  // kInternal: nothing was found
  std::string reason;
};

class SensitiveWords {
 public:
  // `topics` and `redactor` must outlive this.
  static Result<std::unique_ptr<SensitiveWords>> make(const std::vector<SensitivityTopic>& topics,
                                                      const std::vector<std::string>& people,
                                                      const Redactor& redactor);
  WordFinding find(std::string_view text) const;

 private:
  enum class Kind { kWord, kHint, kCompany };
  struct Meaning {
    Kind kind = Kind::kWord;
    std::size_t topic = 0;  // one behind the last: every one
  };
  SensitiveWords(const std::vector<SensitivityTopic>& topics, const Redactor& redactor)
      : topics_(topics), redactor_(redactor) {}

  WordFinding find_below(std::string_view text, int disguises, std::size_t& budget) const;
  WordFinding find_plain(std::string_view plain) const;
  WordFinding find_words(std::string_view words) const;
  WordFinding found(std::size_t topic) const;

  const std::vector<SensitivityTopic>& topics_;
  const Redactor& redactor_;
  std::vector<Meaning> meanings_;  // of the phrases of words_
  std::vector<std::size_t> squeezed_topics_;
  std::unique_ptr<PhraseMatcher> words_;
  std::unique_ptr<PhraseMatcher> squeezed_;
  std::unique_ptr<PersonalData> personal_;
};

}  // namespace tacit::privacy
