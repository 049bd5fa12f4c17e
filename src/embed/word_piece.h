#pragma once
// WordPiece of BERT uncased: clean, lower-case, strip accents (NFD without marks), split at white
// space, punctuation and CJK, then longest match first; words over 100 characters become [UNK]. Ids
// equal the reference tokenizer's, but for one wish: the text "[SEP]" is plain text, so that no
// content can pose as a mark. Immutable after load; safe from any thread. Costs one pass over at
// most as much text as the pieces asked for need.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tacit::embed {

class WordPiece {
 public:
  static Result<std::unique_ptr<WordPiece>> load(const std::filesystem::path& vocab_file);
  ~WordPiece();
  // [CLS] ids … [SEP], cut to max_pieces (the [SEP] stays).
  std::vector<std::int32_t> encode(std::string_view text, std::size_t max_pieces) const;
  // Entries of the vocabulary; every id is below it.
  std::size_t size() const;

 private:
  struct Vocabulary;
  explicit WordPiece(std::unique_ptr<Vocabulary> vocabulary);
  std::unique_ptr<Vocabulary> vocabulary_;
};

}  // namespace tacit::embed
