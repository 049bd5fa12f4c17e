#pragma once
// The verbs that meet more than one face's world: config, mcp, eval, bench. Each returns an exit
// status.

#include "app/config.h"
#include "base/clock.h"
#include "cli/arguments.h"

namespace tacit::app {

int show_config(const cli::Arguments& arguments, const Config& config);
int run_mcp(const cli::Arguments& arguments, const cli::Settings& settings, const Clock& clock);
int run_eval(const cli::Arguments& arguments, const cli::Settings& settings);
int run_bench(const cli::Arguments& arguments, const cli::Settings& settings);

}  // namespace tacit::app
