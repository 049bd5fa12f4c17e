#include <random>

#include "bench/bench_case.h"

namespace tacit::bench {
namespace {

constexpr std::string_view kWords[] = {
    "the",    "a",      "we",     "use",    "when",   "because", "after",  "before",
    "server", "error",  "build",  "test",   "queue",  "again",   "cache",  "token",
    "file",   "user",   "table",  "index",  "thread", "lock",    "search", "page",
    "answer", "fix",    "change", "wait",   "start",  "stop",    "write",  "request",
    "read",   "open",   "close",  "memory", "disk",   "network", "client", "update",
    "remove", "result", "value",  "time",   "order",  "report",  "data",   "format"};
constexpr std::size_t kVocabulary = 8000;

// The common words, then made up ones of two to four syllables.
std::vector<std::string> make_vocabulary() {
  constexpr std::string_view kConsonants = "bdfghklmnprstvz";
  constexpr std::string_view kVowels = "aeiou";
  std::vector<std::string> words(std::begin(kWords), std::end(kWords));
  std::mt19937 random(1);
  while (words.size() < kVocabulary) {
    std::string word;
    for (std::size_t syllables = 2 + random() % 3; syllables > 0; --syllables) {
      word += kConsonants[random() % kConsonants.size()];
      word += kVowels[random() % kVowels.size()];
    }
    words.push_back(std::move(word));
  }
  return words;
}

template <class NextWord>
std::vector<std::string> make(std::size_t count, std::size_t words, NextWord next) {
  std::vector<std::string> sentences;
  for (std::size_t i = 0; i < count; ++i) {
    std::string text;
    for (std::size_t w = 0; w < words; ++w) {
      if (w > 0) text += ' ';
      text += next();
    }
    sentences.push_back(std::move(text));
  }
  return sentences;
}

}  // namespace

std::vector<std::string> make_sentences(std::size_t count, std::size_t words, unsigned seed) {
  std::mt19937 random(seed);
  return make(count, words, [&] { return kWords[random() % std::size(kWords)]; });
}

// Zipf's law with Mandelbrot's shift of 2.7.
std::vector<std::string> make_statements(std::size_t count, std::size_t words, unsigned seed) {
  static const std::vector<std::string> kAll = make_vocabulary();
  std::vector<double> weights;
  for (std::size_t rank = 1; rank <= kAll.size(); ++rank)
    weights.push_back(1 / (static_cast<double>(rank) + 2.7));
  std::discrete_distribution<std::size_t> choose(weights.begin(), weights.end());
  std::mt19937 random(seed);
  return make(count, words, [&] { return kAll[choose(random)]; });
}

}  // namespace tacit::bench
