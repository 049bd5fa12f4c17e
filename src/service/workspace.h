#pragma once
// An open data folder with everything that works on it: lock, key, store, redactor, encoder,
// retriever and service, made in that order and torn down in reverse. A writer holds the folder's
// lock for its life; a reader sees what the owner commits. Missing model weights are no failure:
// model_note() says what does not work. Safe to use from any thread after open().

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "embed/embedding_cache.h"
#include "embed/encoder.h"
#include "learn/learner.h"
#include "privacy/redactor.h"
#include "recall/retriever.h"
#include "service/data_folder.h"
#include "service/knowledge_service.h"
#include "store/store.h"

namespace tacit::service {

enum class Access { kReader, kWriter };

struct WorkspaceOptions {
  std::filesystem::path data_dir;
  std::filesystem::path model_dir;  // empty: embed::find_model_dir()
  std::size_t threads = 0;          // of the encoder; 0: all usable cores
  bool wants_model = true;          // false saves loading it where vectors are not needed
  bool stays = false;               // answers many questions: worth growing a graph of vectors
  std::function<Result<void>(const std::vector<ItemId>&)> forward_use;  // see KnowledgeService
  std::function<void()> on_ingest;
};

class Workspace {
 public:
  // A writer makes the folder when missing; for a reader that is not_found. conflict names the
  // owner.
  static Result<std::unique_ptr<Workspace>> open(const WorkspaceOptions& options, Access access,
                                                 const Clock& clock);
  ~Workspace();

  KnowledgeService& service();
  store::Store& store();
  const privacy::Redactor& redactor() const;
  const IdentityKey& key() const;
  Embedder* embedder();  // null without weights, or when not wanted
  const std::string& model_note() const;
  recall::Retriever& retriever();
  learn::Learner& learner();  // writers only
  FolderLock& lock();         // writers only

 private:
  struct State;
  explicit Workspace(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tacit::service
