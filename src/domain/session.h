#pragma once
// Sessions and exchanges: what transcript adapters read and the store keeps. Plain values; all text
// is UTF-8 and, from the redactor on, redacted.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"

namespace tacit {

// One sitting with an agent.
struct Session {
  SessionId id;
  std::string agent;      // "claude-code", "codex", "specstory" …
  std::string native_id;  // the agent's own id, or a stable substitute made by the adapter
  std::string title;
  std::string
      project;  // git common directory's worktree root, else the recorded directory; may be empty
  std::string branch;
  std::optional<Instant> started;
  std::optional<Instant> ended;
};

enum class StepKind { kRequest, kReply, kCall, kResult };
std::string_view name_of(StepKind kind);  // "request", "reply", "call", "result"
std::optional<StepKind> parse_step_kind(std::string_view name);

// One thing said or done within an exchange, in the order of the transcript.
struct Step {
  StepKind kind = StepKind::kReply;
  std::string tool;  // of a call or result: the tool's name
  std::string
      text;  // request, reply, the call's input (command, path, JSON) or the result's output
  bool failed = false;  // of a result: the tool reported an error
  std::optional<Instant> time;
};

struct TokenUse {
  std::int64_t input = 0;  // without cache reads
  std::int64_t output = 0;
  std::int64_t cached = 0;
};

// One human request and all that answered it. steps[0] is the request.
struct Exchange {
  ExchangeId id;
  SessionId session;
  std::string
      identity;     // the record identity that deduplicates it: equal in forks, resumes, snapshots
  int ordinal = 0;  // position in its session, from 0
  std::optional<Instant> time;
  std::string model;
  TokenUse tokens;
  std::vector<Step> steps;

  const std::string& request() const { return steps.front().text; }
  // All replies joined by blank lines.
  std::string reply() const;
};

}  // namespace tacit
