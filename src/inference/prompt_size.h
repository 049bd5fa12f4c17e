#pragma once
// How many tokens a prompt has by our counter, frame included. With a counter of the model's
// encoding the count is that of its text plus the usual frame of a chat (OpenAI's cookbook: 4 a
// message, 3 at the end; gpt-oss's harmony template: about 100 more); without one it is the number
// of bytes, which no byte-level encoding passes. Pure.

#include <cstdint>

#include "inference/provider.h"
#include "inference/tokens.h"

namespace tacit::inference {

inline constexpr std::int64_t kTokensAMessage = 4;
inline constexpr std::int64_t kFrameTokens = 103;

// `counter` may be null.
std::int64_t prompt_tokens(const Prompt& prompt, const TokenCounter* counter);

}  // namespace tacit::inference
