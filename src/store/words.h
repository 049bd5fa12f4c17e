#pragma once
// Private to store: how text becomes tokens, for documents and queries alike. Lower case without
// accents; letters and digits make words. An identifier (parseTime, parse_time, parse-time, lib.so,
// utf8) gives its words and, at the place of its first word, the whole without separators
// ("parsetime"), so that every way of writing it meets every other. English endings are cut by
// Porter's rules. Chinese and Japanese characters stand alone. Pure.

#include <string>
#include <string_view>

#include "base/function_ref.h"

namespace tacit::store {

inline constexpr std::size_t kMaxTokenBytes = 64;

struct Token {
  std::string text;
  std::size_t begin = 0;  // bytes of the source
  std::size_t end = 0;
  bool colocated = false;  // stands at the position of the token before
};

// Calls visit for each token in order until it returns false; false when it was stopped.
bool each_token(std::string_view text, FunctionRef<bool(const Token&)> visit);

// Porter's stemmer on lower-case ASCII letters.
std::string stem(std::string word);

// True for English words that say nothing about a topic ("the", "how"); compared before stemming.
bool is_function_word(std::string_view lower_case_word);

}  // namespace tacit::store
