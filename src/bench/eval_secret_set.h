#pragma once
// Recognises a set of texts with marked secrets by what its JSON lines hold, never by its name:
// cases (`text` and `label`, which is "secret" or "not_secret"), files (`text` and `expected`, a
// list with `line` and `value`) or sentences about people (`text` and `spans`, a list with `type`,
// `start` and `end`). Plain values.

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace tacit::bench {

enum class SecretLayout { kCases, kFiles, kPeople };

// One marked place, in bytes of its text.
struct MarkedSpan {
  std::string kind;
  std::size_t start = 0;
  std::size_t end = 0;   // at most `start` when the set does not say where the secret stands
  std::size_t line = 0;  // counted from one; files only
};

struct SecretText {
  std::string kind;       // of a case: the rule that it was made for
  bool is_secret = true;  // of a case
  std::string text;
  std::vector<MarkedSpan> spans;
};

struct SecretSet {
  SecretLayout layout = SecretLayout::kCases;
  std::string half;  // "open", "blind" or empty
  std::vector<SecretText> texts;
};

// The first of `folders` that holds such a set (of two halves the blind one); nothing when none
// does.
Result<std::optional<SecretSet>> load_secret_set(const std::vector<std::filesystem::path>& folders);

}  // namespace tacit::bench
