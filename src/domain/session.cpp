#include "domain/session.h"

#include "base/assert.h"

namespace tacit {

std::string_view name_of(StepKind kind) {
  switch (kind) {
    case StepKind::kRequest:
      return "request";
    case StepKind::kReply:
      return "reply";
    case StepKind::kCall:
      return "call";
    case StepKind::kResult:
      return "result";
  }
  TACIT_UNREACHABLE();
}

std::optional<StepKind> parse_step_kind(std::string_view name) {
  for (const StepKind kind :
       {StepKind::kRequest, StepKind::kReply, StepKind::kCall, StepKind::kResult}) {
    if (name_of(kind) == name) return kind;
  }
  return std::nullopt;
}

std::string Exchange::reply() const {
  std::string text;
  for (const Step& step : steps) {
    if (step.kind != StepKind::kReply) continue;
    if (!text.empty()) text += "\n\n";
    text += step.text;
  }
  return text;
}

}  // namespace tacit
