#include "service/workspace.h"

#include "base/assert.h"
#include "base/log.h"
#include "service/answer_cache.h"

namespace tacit::service {
namespace {

constexpr const char* kNoModel =
    "no model weights here; `tools/assets fetch` gets them, or set TACIT_MODEL_DIR. Until then "
    "search goes "
    "by words alone";

}  // namespace

struct Workspace::State {
  IdentityKey key;
  std::optional<FolderLock> lock;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<privacy::Redactor> redactor;
  std::unique_ptr<embed::EmbeddingCache> embedder;
  std::string model_note;
  std::unique_ptr<recall::Retriever> retriever;
  std::unique_ptr<AnswerCache> answers;
  std::unique_ptr<learn::Learner> learner;
  std::unique_ptr<KnowledgeService> service;

  explicit State(IdentityKey identity_key) : key(std::move(identity_key)) {}

  void open_model(const WorkspaceOptions& options) {
    if (!options.wants_model) {
      model_note = "the model was not asked for";
      return;
    }
    std::filesystem::path folder = options.model_dir;
    if (folder.empty()) folder = embed::find_model_dir().value_or("");
    if (folder.empty()) {
      model_note = kNoModel;
      return;
    }
    embed::EncoderOptions encoder;
    encoder.model_dir = folder;
    encoder.threads = options.threads;
    auto opened = embed::open_encoder(encoder);
    if (opened) {
      embedder = std::make_unique<embed::EmbeddingCache>(std::move(*opened));
      return;
    }
    model_note = opened.error().message();
    log::warn("service", "model_unusable", {{"reason", model_note}});
  }
};

Result<std::unique_ptr<Workspace>> Workspace::open(const WorkspaceOptions& options, Access access,
                                                   const Clock& clock) {
  const bool writes = access == Access::kWriter;
  auto state = std::make_unique<State>(TACIT_TRY(open_data_folder(options.data_dir, writes)));
  if (writes) state->lock.emplace(TACIT_TRY(FolderLock::take(options.data_dir)));
  store::StoreOptions store_options;
  store_options.directory = options.data_dir;
  store_options.read_only = !writes;
  state->store = TACIT_TRY(store::Store::open(store_options));
  state->redactor = TACIT_TRY(privacy::Redactor::make(state->key));
  state->open_model(options);
  std::optional<std::filesystem::path> graphs;
  if (options.stays) graphs = options.data_dir;
  state->retriever =
      std::make_unique<recall::Retriever>(*state->store, state->embedder.get(), std::move(graphs));
  if (writes) {
    state->learner =
        std::make_unique<learn::Learner>(*state->store, state->embedder.get(), state->key, clock);
  }
  state->answers = std::make_unique<AnswerCache>(clock);
  state->service = std::make_unique<KnowledgeService>(
      ServiceParts{*state->store, *state->retriever, *state->redactor, state->key, clock,
                   state->embedder.get(), options.data_dir.string(), state->model_note, writes,
                   options.forward_use, options.on_ingest, state->answers.get()});
  return std::unique_ptr<Workspace>(new Workspace(std::move(state)));
}

Workspace::Workspace(std::unique_ptr<State> state) : state_(std::move(state)) {}
Workspace::~Workspace() = default;

KnowledgeService& Workspace::service() {
  return *state_->service;
}
store::Store& Workspace::store() {
  return *state_->store;
}
const privacy::Redactor& Workspace::redactor() const {
  return *state_->redactor;
}
const IdentityKey& Workspace::key() const {
  return state_->key;
}
Embedder* Workspace::embedder() {
  return state_->embedder.get();
}
const std::string& Workspace::model_note() const {
  return state_->model_note;
}
recall::Retriever& Workspace::retriever() {
  return *state_->retriever;
}

learn::Learner& Workspace::learner() {
  TACIT_ASSERT(state_->learner != nullptr);
  return *state_->learner;
}

FolderLock& Workspace::lock() {
  TACIT_ASSERT(state_->lock.has_value());
  return *state_->lock;
}

}  // namespace tacit::service
