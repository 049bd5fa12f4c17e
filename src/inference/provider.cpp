#include "inference/provider.h"

#include "base/assert.h"
#include "inference/protocols.h"

namespace tacit::inference {

std::string_view name_of(FaultKind kind) {
  switch (kind) {
    case FaultKind::kUnreachable:
      return "unreachable";
    case FaultKind::kServer:
      return "server fault";
    case FaultKind::kTimeout:
      return "timeout";
    case FaultKind::kBroken:
      return "broken reply";
    case FaultKind::kRateLimited:
      return "rate limited";
    case FaultKind::kQuota:
      return "quota used up";
    case FaultKind::kConfiguration:
      return "wrong configuration";
    case FaultKind::kTooLong:
      return "too long";
    case FaultKind::kRefused:
      return "refused";
    case FaultKind::kRequest:
      return "wrong request";
    case FaultKind::kCancelled:
      return "cancelled";
  }
  TACIT_UNREACHABLE();
}

const Provider& provider_of(Protocol protocol) {
  switch (protocol) {
    case Protocol::kOpenAi:
      return openai_protocol();
    case Protocol::kAnthropic:
      return anthropic_protocol();
    case Protocol::kGemini:
      return gemini_protocol();
    case Protocol::kOllama:
      return ollama_protocol();
  }
  TACIT_UNREACHABLE();
}

std::string_view name_of(Finish finish) {
  switch (finish) {
    case Finish::kStop:
      return "stop";
    case Finish::kLength:
      return "length";
    case Finish::kContentFilter:
      return "content_filter";
    case Finish::kOther:
      break;
  }
  return "other";
}

}  // namespace tacit::inference
