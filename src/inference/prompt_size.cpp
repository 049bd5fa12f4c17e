#include "inference/prompt_size.h"

namespace tacit::inference {

std::int64_t prompt_tokens(const Prompt& prompt, const TokenCounter* counter) {
  const auto size_of = [&](std::string_view text) {
    return static_cast<std::int64_t>(counter == nullptr ? text.size() : counter->count(text));
  };
  std::int64_t tokens = kFrameTokens + size_of(prompt.schema);
  for (const Message& message : prompt.messages) tokens += kTokensAMessage + size_of(message.text);
  return tokens;
}

}  // namespace tacit::inference
