#pragma once
// Redaction: replaces secrets in text by typed marks with a keyed fingerprint, for example
// "[redacted:aws-access-key:1f0c9a3e]", before anything is journalled, hashed, stored, embedded or
// logged. Vectorscan finds candidates in one pass (linear time); RE2 confirms spans; entropy and
// context decide the generic assignments. Marks are never masked again and what they uncover is
// masked too, so redacting twice changes nothing. Immutable after make(); redact() may be called
// from any thread at once (each thread has its own scratch). docs/redaction.md lists the types with
// reasons.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/identity.h"

namespace tacit::privacy {

// A token that stands right behind another secret, with nothing between, is told only once that
// one is masked. A text with secrets is looked through until nothing more is found, at most so
// often.
inline constexpr int kMaxRounds = 8;

struct Finding {
  std::string type;
  std::size_t start = 0;  // byte offsets in the text as given
  std::size_t end = 0;
};

struct Redaction {
  std::string text;
  std::vector<Finding> found;
};

class Redactor {
 public:
  static Result<std::unique_ptr<Redactor>> make(const IdentityKey& key);
  ~Redactor();
  Redactor(const Redactor&) = delete;
  Redactor& operator=(const Redactor&) = delete;

  // Findings are in order and do not overlap. Cost: one linear pass, two or more where
  // something is found; no copy when nothing is found but the returned text.
  Redaction redact(std::string_view text) const;
  // In place; returns the number of masked secrets. The fast path of an import.
  std::size_t redact_in_place(std::string& text) const;
  // Places where a rule might match: the first of the two steps, for `tacit bench`.
  std::size_t count_candidates(std::string_view text) const;

 private:
  struct Rules;
  explicit Redactor(std::unique_ptr<Rules> rules);
  std::unique_ptr<Rules> rules_;
};

// Names of all types that redact() can report, sorted.
std::vector<std::string> redaction_types();

}  // namespace tacit::privacy
