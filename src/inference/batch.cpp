#include "inference/batch.h"

#include <algorithm>

#include "base/assert.h"
#include "inference/attempt.h"

namespace tacit::inference {

Ending ending_of(const BatchResult& result) {
  if (result.is_unrun) return Ending::kRelease;
  AttemptEnd end;
  end.reached = net::Reached::kEnd;
  end.status = result.status;
  if (result.fault) end.fault = result.fault->kind;
  end.billed_maybe = result.fault && result.fault->billed_maybe;
  end.has_usage = result.reply && result.reply->usage.has_value();
  return ending_of(end);
}

const BatchProtocol* batch_protocol_of(Protocol protocol) {
  switch (protocol) {
    case Protocol::kOpenAi:
      return &openai_batches();
    case Protocol::kAnthropic:
      return &anthropic_batches();
    case Protocol::kGemini:
      return &gemini_batches();
    case Protocol::kOllama:
      return nullptr;
  }
  TACIT_UNREACHABLE();
}

bool is_batch_id(std::string_view id) {
  return !id.empty() && id.size() <= kMaxBatchIdLetters && std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

BatchResult read_answer(Protocol protocol, std::string id, int status, std::string_view body) {
  BatchResult result;
  result.id = std::move(id);
  result.status = status;
  const Provider& provider = provider_of(protocol);
  if (!is_success(status)) {
    net::HttpHead head;
    head.status = status;
    result.fault = provider.read_refusal(head, body, Instant());
    return result;
  }
  const auto reader = provider.reader(false);
  if (auto fed = reader->feed(body, [](std::string_view) {}); !fed) {
    result.fault = std::move(fed).error();
  } else if (auto read = reader->finish()) {
    result.reply = std::move(*read);
  } else {
    result.fault = std::move(read).error();
  }
  return result;
}

}  // namespace tacit::inference
