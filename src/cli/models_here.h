#pragma once
// Model calls of a verb: asked of the server that owns the data folder, else made in this process,
// which owns the folder for the moment. Private to cli.

#include <memory>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "cli/owner_client.h"
#include "cli/settings.h"
#include "service/inference_service.h"
#include "service/workspace.h"

namespace tacit::cli {

// The folder and its models, owned until it goes.
struct ModelsHere {
  std::unique_ptr<service::Workspace> workspace;
  std::unique_ptr<service::InferenceService> inference;
};
Result<ModelsHere> open_models(const Settings& settings, const Clock& clock);

// A server to ask; none: open_models().
std::optional<OwnerClient> owner_client(const Settings& settings);

// A batch as the wire has it: the lines that have ended on standard output as `infer --each` prints
// them, how it stands on standard error; with `json` the document itself. How many lines failed.
Result<std::size_t> print_batch(std::string_view batch, bool json);

}  // namespace tacit::cli
