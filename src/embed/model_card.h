#pragma once
// What a model's weights do not say: how word vectors become one, what is written before a text,
// how long a text may be. Read from card.json beside the weights; without one a text's vectors are
// averaged and nothing is written before it, as all-MiniLM-L6-v2 wants it.
//
//   {"pooling": "cls", "query_prefix": "query: ", "passage_prefix": "passage: ", "max_pieces": 512}

#include <cstddef>
#include <filesystem>
#include <string>

#include "base/result.h"

namespace tacit::embed {

inline constexpr const char* kModelCardFile = "card.json";
inline constexpr std::size_t kMaxPieces = 256;  // all-MiniLM-L6-v2's, [CLS] and [SEP] included

enum class Pooling { kMean, kFirst };  // of all word pieces, or the vector of [CLS]

struct ModelCard {
  Pooling pooling = Pooling::kMean;
  std::string query_prefix;
  std::string passage_prefix;
  std::size_t max_pieces = kMaxPieces;

  // What the space's name needs beside the model's: nothing for the defaults, else "+cls" and "+"
  // with a hash of the prefixes.
  std::string suffix() const;
};

// The defaults when there is no file; corrupt with the key when it says something else than this.
Result<ModelCard> read_model_card(const std::filesystem::path& file);

}  // namespace tacit::embed
