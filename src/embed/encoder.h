#pragma once
// The local encoder: BERT-family sentence embeddings (all-MiniLM-L6-v2) in f32 on oneDNN. Texts are
// cut to max_pieces word pieces, mean-pooled and L2-normalised. Texts of a batch run one per core
// on the given number of threads, longest first; a single text runs on the caller's thread and does
// not queue behind a batch. Deadlines are checked between texts. Weights are mapped from a
// safetensors file and packed once at open; a wrong or damaged file is a clear error (corrupt), a
// missing one not_found with what to do. The space is named by the weights' fingerprint, not by the
// folder.

#include <filesystem>
#include <memory>
#include <optional>

#include "base/result.h"
#include "domain/embedding.h"

namespace tacit::embed {

inline constexpr std::size_t kMaxPieces = 256;  // the model card's limit, [CLS] and [SEP] included

struct EncoderOptions {
  std::filesystem::path model_dir;      // holds model.safetensors, vocab.txt, config.json
  std::size_t threads = 0;              // 0: all usable cores
  std::size_t max_pieces = kMaxPieces;  // up to the model's 512 positions
};

Result<std::unique_ptr<Embedder>> open_encoder(const EncoderOptions& options);

// $TACIT_MODEL_DIR, else the folder where tools/assets puts the model (all-minilm-l6-v2 below
// $TACIT_ASSETS, else below $XDG_CACHE_HOME/tacit/assets), if it holds weights.
std::optional<std::filesystem::path> find_model_dir();

}  // namespace tacit::embed
