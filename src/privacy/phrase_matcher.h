#pragma once
// Many phrases looked for in one pass over words (folded_text.h), with Vectorscan: linear time.
// Phrases are written as in sensitivity.h. Immutable after make(), safe from any thread; scratch
// space is pooled.

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/function_ref.h"
#include "base/result.h"

namespace tacit::privacy {

// The shortest phrase that is looked for without blanks and borders: shorter ones turn up by
// chance.
inline constexpr std::size_t kMinSqueezed = 9;

enum class PhraseForm {
  kWords,     // with the borders of words
  kSqueezed,  // within squeezed() words; phrases too short or with gaps are left out
};

class PhraseMatcher {
 public:
  // invalid_input: a phrase without letters. The index in `phrases` is what scan() reports.
  static Result<std::unique_ptr<PhraseMatcher>> make(const std::vector<std::string>& phrases,
                                                     PhraseForm form);
  ~PhraseMatcher();
  PhraseMatcher(const PhraseMatcher&) = delete;
  PhraseMatcher& operator=(const PhraseMatcher&) = delete;

  // Reports phrase and end of every match, in order of the ends, until it is told false. False when
  // the text could not be read to its end for another reason.
  bool scan(std::string_view text,
            FunctionRef<bool(std::size_t phrase, std::size_t end)> on_match) const;

 private:
  struct Engine;
  explicit PhraseMatcher(std::unique_ptr<Engine> engine);
  std::unique_ptr<Engine> engine_;
};

}  // namespace tacit::privacy
