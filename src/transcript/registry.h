#pragma once
// The table of transcript formats, in the order in which they are tried. A new adapter adds one
// line here.

#include <span>
#include <string_view>

#include "transcript/adapter.h"

namespace tacit::transcript {

#define TACIT_TRANSCRIPT_ADAPTERS(X) \
  X(claude_code)                     \
  X(codex)                           \
  X(copilot)                         \
  X(copilot_chat)                    \
  X(gemini)                          \
  X(lsl)                             \
  X(spec_story)                      \
  X(aider)                           \
  X(cline)                           \
  X(opencode)                        \
  X(trajectory)

#define TACIT_DECLARE_ADAPTER(name) Adapter name##_adapter();
TACIT_TRANSCRIPT_ADAPTERS(TACIT_DECLARE_ADAPTER)
#undef TACIT_DECLARE_ADAPTER

std::span<const Adapter> adapters();

// The first adapter that recognises the head, or nullptr.
const Adapter* find_adapter(std::string_view head);

}  // namespace tacit::transcript
