#pragma once
// The verbs that need nothing but a workspace: parse, call the service, print. Each returns the
// exit status of commands.md. serve, mcp, eval, bench and config are wired in app.

#include "base/clock.h"
#include "base/result.h"
#include "cli/arguments.h"
#include "cli/settings.h"
#include "service/workspace.h"

namespace tacit::cli {

int run_import(const Arguments& arguments, const Settings& settings, const Clock& clock);
int run_search(const Arguments& arguments, const Settings& settings, const Clock& clock);
int run_show(const Arguments& arguments, const Settings& settings, const Clock& clock);
int run_status(const Arguments& arguments, const Settings& settings, const Clock& clock);
int run_forget(const Arguments& arguments, const Settings& settings, const Clock& clock);
int run_doctor(const Arguments& arguments, const Settings& settings, const Clock& clock);
int run_redact(const Arguments& arguments, const Settings& settings);
int run_embed(const Arguments& arguments, const Settings& settings);
int run_count_tokens(const Arguments& arguments);
int run_infer(const Arguments& arguments, const Settings& settings, const Clock& clock);
int run_batch(const Arguments& arguments, const Settings& settings, const Clock& clock);
int run_budget(const Arguments& arguments, const Settings& settings, const Clock& clock);
int run_usage(const Arguments& arguments, const Settings& settings, const Clock& clock);
int run_cache(const Arguments& arguments, const Settings& settings, const Clock& clock);
int run_providers(const Arguments& arguments, const Settings& settings, const Clock& clock);

// Prints the error (as JSON with --json) and gives its exit status.
int report(const Error& error, bool json);

// Options of a reader's workspace whose use counts reach the owner of the folder, or are written
// under a lock held for a moment when nobody owns it.
service::WorkspaceOptions reader_options(const Settings& settings, const Clock& clock,
                                         bool wants_model);

// The embedder of the settings' model, or an error with advice.
Result<std::unique_ptr<Embedder>> open_embedder(const Settings& settings);

}  // namespace tacit::cli
