#pragma once
// The table of secret types (rules.cpp): for each a cheap pattern that Vectorscan looks for in one
// pass and an RE2 pattern that confirms the span around a candidate. docs/redaction.md lists the
// types; a test compares.

#include <cstddef>
#include <span>
#include <string_view>

namespace tacit::privacy {

enum class RuleKind {
  kToken,       // group 1 of `confirm` is the secret, and it starts near the candidate
  kContext,     // the same, told by what stands well before it
  kKeyBlock,    // from the candidate to its END line
  kAssignment,  // groups: name, separator, quotation mark, value; context and entropy decide
};

struct Rule {
  const char* type;
  RuleKind kind;
  const char* candidate;  // Vectorscan syntax, case-sensitive unless it opens with (?i)
  const char* confirm;    // RE2 syntax
  double min_entropy;     // bits a character of the secret, 0: not asked
  const char* why;        // one line for docs/redaction.md
};

// Earlier rules win where two findings overlap.
std::span<const Rule> rules();

// How far before a candidate's end and after it the confirming pattern looks: the bound that keeps
// hostile input linear.
struct Window {
  std::size_t before = 0;
  std::size_t after = 0;
};
Window window_of(RuleKind kind);
inline constexpr std::size_t kKeyBlockHead = 64;
inline constexpr std::size_t kMaxKeyBlockBytes = 16U << 10U;

// Shannon entropy in bits a character.
double entropy(std::string_view text);

// True when the value of an assignment to `name` is a secret rather than code, a placeholder or a
// plain word. `quoted` says that it stood between quotation marks, `separator` what stood between
// name and value.
bool is_assigned_secret(std::string_view name, std::string_view separator, bool quoted,
                        std::string_view value);

// True for the words that documentation writes in place of a password: "password", "pass", "secret"
// …
bool is_stand_in(std::string_view value);

}  // namespace tacit::privacy
