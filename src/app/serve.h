#pragma once
// `tacit serve`: owns the data folder, learns in the background, answers HTTP until asked to stop.
// Construction order: lock and store, retriever, learner thread, HTTP server; torn down in reverse.

#include "base/clock.h"
#include "cli/settings.h"

namespace tacit::app {

int serve(const cli::Settings& settings, bool json, const Clock& clock);

}  // namespace tacit::app
