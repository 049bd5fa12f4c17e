#include <fmt/format.h>

#include "cli/owner_client.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "wire/codec.h"
#include "wire/errors.h"

namespace tacit::cli {
namespace {

Result<void> forward_use(const std::filesystem::path& data_dir, const Clock& clock,
                         const std::vector<ItemId>& items) {
  if (const auto owner = service::owner_of(data_dir)) {
    return owner->url.empty() ? Result<void>{} : OwnerClient(*owner).record_use(items);
  }
  // Nobody owns the folder: own it for one write.
  auto lock = service::FolderLock::take(data_dir);
  if (!lock) return {};
  store::StoreOptions options;
  options.directory = data_dir;
  auto store = TACIT_TRY(store::Store::open(options));
  return store->write(
      [&](store::WriteTxn& txn) { return store::record_use(txn, items, clock.now()); });
}

}  // namespace

int report(const Error& error, bool json) {
  if (json) print(wire::encode(error) + "\n");
  print_error(error.message());
  return wire::row_of(error.kind()).exit_status;
}

service::WorkspaceOptions reader_options(const Settings& settings, const Clock& clock,
                                         bool wants_model) {
  service::WorkspaceOptions options;
  options.data_dir = settings.data_dir;
  options.model_dir = settings.model_dir;
  options.threads = settings.threads;
  options.wants_model = wants_model;
  options.forward_use = [data_dir = settings.data_dir, &clock](const std::vector<ItemId>& items) {
    return forward_use(data_dir, clock, items);
  };
  return options;
}

Result<std::unique_ptr<Embedder>> open_embedder(const Settings& settings) {
  embed::EncoderOptions options;
  options.model_dir =
      settings.model_dir.empty() ? embed::find_model_dir().value_or("") : settings.model_dir;
  options.threads = settings.threads;
  if (options.model_dir.empty()) {
    return fail(
        ErrorKind::kNotFound,
        "there are no model weights on this machine; `tools/assets fetch` gets them, or name their "
        "folder with TACIT_MODEL_DIR");
  }
  return embed::open_encoder(options);
}

}  // namespace tacit::cli
