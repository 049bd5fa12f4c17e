#pragma once
// Where a measured number comes from: the commit of the tree and the machine's processor.

#include <string>

namespace tacit::bench {

// `git rev-parse --short HEAD` in the current folder, or "unknown".
std::string current_commit();
// The processor's model and the usable cores: "AMD EPYC, 2 cores".
std::string machine_name();

}  // namespace tacit::bench
