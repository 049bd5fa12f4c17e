#pragma once
// The table of secret types (rules.cpp): for each a cheap pattern that Vectorscan looks for in one
// pass and an RE2 pattern that confirms the span around a candidate. docs/redaction.md lists the
// types; a test compares.

#include <cstddef>
#include <span>
#include <string_view>

namespace tacit::privacy {

// Runs of one character are placeholders whatever stands before them.
inline constexpr double kMinTokenBits = 1.5;

enum class RuleKind {
  kToken,       // group 1 of `confirm` is the secret, and it starts near the candidate
  kContext,     // the same, told by what stands well before it; stand-ins are no secrets
  kKeyBlock,    // from the candidate to its END line
  kAssignment,  // name and value around the candidate's end are read by hand (assignment_reader);
                // entropy and context decide
};

struct Rule {
  const char* type;  // several rules may share one
  RuleKind kind;
  const char* candidate;  // Vectorscan syntax, case-sensitive unless it opens with (?i)
  const char* confirm;    // RE2 syntax; empty where nothing but code confirms
  double min_entropy;     // bits a character of the secret; tokens: at least kMinTokenBits
  const char* why;        // one line for docs/redaction.md; empty where an earlier rule said it
};

// Where findings overlap, the earlier rule names the mark.
std::span<const Rule> rules();

// How far before a candidate's end and after it the confirming pattern looks.
struct Window {
  std::size_t before = 0;
  std::size_t after = 0;
};
Window window_of(RuleKind kind);

// Shannon entropy in bits a character.
double entropy(std::string_view text);

enum class AssignmentForm {
  kSign,      // name = value, "name": "value", --name value, <name>value</name> …
  kSentence,  // the name is value
};

// One `name = value` as it stood in the text.
struct Assignment {
  AssignmentForm form = AssignmentForm::kSign;
  std::string_view name;
  std::string_view separator;
  bool quoted = false;
  std::string_view value;
  char after = '\n';  // the character behind the value
};

// The part of the value that is a secret; an empty view when it is code, a placeholder or a plain
// word.
std::string_view assigned_secret(const Assignment& assignment);

// True for what documentation writes in place of a password: "password", "pass", "secret" …
bool is_stand_in(std::string_view value);

// True for keys that their maker publishes in samples (published_sample.cpp). Hashes only what has
// the form of such a key.
bool is_published_sample(std::string_view value);

// True for tokens that documentation makes up: "ghp_xxxxxxxx", "sk-your-key-here", "AKIA…EXAMPLE",
// the alphabet or the digits in order, a few characters repeated, and published samples.
bool is_token_placeholder(std::string_view value);

}  // namespace tacit::privacy
