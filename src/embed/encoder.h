#pragma once
// The local encoder: BERT-family sentence embeddings (all-MiniLM-L6-v2; BGE, arctic-embed and E5 of
// the same shape with a card.json, embed/model_card.h) on oneDNN, in bf16 where the processor has
// AMX or AVX512-BF16, else in f32 (TACIT_CPU chooses less, base/cpu.h); the cosine of a vector with
// its f32 twin is above 0.999, so they are of one space. Texts are cut to max_pieces word pieces,
// pooled and L2-normalised. Short texts of a batch are packed into one product a core, long ones
// run one a core, on the given number of threads that sleep in between; a single text runs on the
// caller's thread and does not queue behind a batch. Deadlines are checked between packs. Weights
// are mapped from a safetensors file and packed once at open; a wrong or damaged file is a clear
// error (corrupt), a missing one not_found with what to do. The space is named by the weights'
// fingerprint and the card, not by the folder.

#include <filesystem>
#include <memory>
#include <optional>

#include "base/result.h"
#include "domain/embedding.h"

namespace tacit::embed {

struct EncoderOptions {
  std::filesystem::path model_dir;  // holds model.safetensors, vocab.txt, config.json
  std::size_t threads = 0;          // 0: all usable cores
  std::size_t max_pieces = 0;       // up to the model's positions; 0: what the card says (256)
  bool f32_only = false;            // for comparisons
};

Result<std::unique_ptr<Embedder>> open_encoder(const EncoderOptions& options);

// GFLOP/s that oneDNN reaches on one core in the best of the encoder's matrix products, again and
// again with the same weights, in the precision that the encoder would choose (or in f32): what the
// encoder's speed is held against. For benches; takes some seconds.
Result<double> library_peak(bool f32_only = false);

// $TACIT_MODEL_DIR, else the folder where tools/assets puts the model (all-minilm-l6-v2 below
// $TACIT_ASSETS, else below $XDG_CACHE_HOME/tacit/assets), if it holds weights.
std::optional<std::filesystem::path> find_model_dir();

}  // namespace tacit::embed
