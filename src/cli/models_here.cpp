#include "cli/models_here.h"

#include "cli/verbs.h"
#include "service/data_folder.h"

namespace tacit::cli {

Result<ModelsHere> open_models(const Settings& settings, const Clock& clock) {
  ModelsHere here;
  here.workspace = TACIT_TRY(service::Workspace::open(reader_options(settings, clock, true),
                                                      service::Access::kWriter, clock));
  here.inference = TACIT_TRY(service::InferenceService::open(
      settings.inference, {here.workspace->store(), here.workspace->redactor(),
                           here.workspace->key(), clock, here.workspace->embedder()}));
  return here;
}

std::optional<OwnerClient> owner_client(const Settings& settings) {
  const auto owner = service::owner_of(settings.data_dir);
  if (!owner || owner->url.empty()) return std::nullopt;
  return OwnerClient(*owner);
}

}  // namespace tacit::cli
