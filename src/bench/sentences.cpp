#include <random>

#include "bench/bench_case.h"

namespace tacit::bench {

std::vector<std::string> make_sentences(std::size_t count, std::size_t words, unsigned seed) {
  constexpr std::string_view kWords[] = {
      "server",  "error",  "build",   "test",   "queue",  "again",   "cache",  "token",
      "file",    "user",   "table",   "index",  "thread", "lock",    "search", "page",
      "request", "answer", "because", "after",  "before", "when",    "the",    "a",
      "we",      "use",    "fix",     "change", "wait",   "start",   "stop",   "write",
      "read",    "open",   "close",   "memory", "disk",   "network", "client", "update",
      "remove",  "result", "value",   "time",   "order",  "report",  "data",   "format"};
  std::mt19937 random(seed);
  std::vector<std::string> sentences;
  for (std::size_t i = 0; i < count; ++i) {
    std::string text;
    for (std::size_t w = 0; w < words; ++w) {
      if (w > 0) text += ' ';
      text += kWords[random() % std::size(kWords)];
    }
    sentences.push_back(std::move(text));
  }
  return sentences;
}

}  // namespace tacit::bench
