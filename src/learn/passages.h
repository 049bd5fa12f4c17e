#pragma once
// Private to learn. Cuts the requests and replies of an exchange into plain sentences that remember
// their bytes. Code, quotations, tables, host blocks, other memories' injections and pasted
// transcripts give no sentences. Pure and linear in the text.

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "domain/session.h"

namespace tacit::learn {

struct Sentence {
  std::size_t step = 0;
  std::size_t offset = 0;  // of the raw bytes in the step's text
  std::size_t length = 0;
  std::string text;     // without Markdown
  std::string words;    // lower case, punctuation as blanks, one blank at either end
  std::string heading;  // words of the heading above, or empty
  bool request = false;
  bool listed = false;
  bool question = false;
};

// At most this much of a step is read.
inline constexpr std::size_t kMaxPassageBytes = std::size_t{64} * 1024;

std::vector<Sentence> sentences_of(const Exchange& exchange);

// Markdown emphasis, code marks, links and list marks removed; one blank between words.
std::string plain_text(std::string_view markdown);
// The form of Sentence::words.
std::string word_form(std::string_view text);
// True when the phrase stands in the word form between word boundaries.
bool says(std::string_view words, std::string_view phrase);

template <class Phrases>
bool says_any(std::string_view words, const Phrases& phrases) {
  for (const std::string_view phrase : phrases) {
    if (says(words, phrase)) return true;
  }
  return false;
}

// True when the text names something: code-like words, paths, flags, versions or names inside a
// sentence.
bool names_something(std::string_view text);
// True for text that a host or another memory put into a request, not the developer.
bool is_host_text(std::string_view request);

}  // namespace tacit::learn
