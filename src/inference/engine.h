#pragma once
// The one door for every model call: privacy, budget, time and failure are decided here, once, for
// whoever asks. A call makes a flat plan (plan.h), takes a slot, and walks the plan attempt by
// attempt (attempt.h) until one answers; what each place said is remembered (route_board.h). A
// stream that has shown text is never continued elsewhere: what breaks then is reported as
// incomplete. complete() and embed() block their caller, with a deadline. Safe from any thread;
// must outlive its calls.

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/function_ref.h"
#include "base/result.h"
#include "domain/audit.h"
#include "domain/sensitivity.h"
#include "domain/spend.h"
#include "inference/attempt.h"
#include "inference/batch_desk.h"
#include "inference/call_queue.h"
#include "inference/engine_parts.h"
#include "inference/plan.h"
#include "inference/provider.h"
#include "inference/response_cache.h"
#include "inference/tokens.h"
#include "net/http_client.h"

namespace tacit::inference {

inline constexpr Duration kCallTime = std::chrono::seconds(60);
inline constexpr std::size_t kEmbeddingBatch = 32;

// Told of every attempt when it has ended, numbered from 1. It owns what it uses: a call that
// others wait for too goes on when its first caller has left, on a thread of the engine.
using OnAttempt = std::function<void(int number, const AttemptRecord& record)>;

// The line of the audit log of an attempt that is over, written with the end of its hold; an
// attempt that held nothing, or whose hold could not be ended, has none so
// (AttemptRecord::is_audited). Owns what it uses as OnAttempt does.
using AuditOf = std::function<CallAudit(int number, const AttemptRecord& record)>;

struct CompletionRequest {
  std::string developer;
  std::string project;
  std::string operation;
  Prompt prompt;
  PrivacyMode mode = PrivacyMode::kAuto;
  Sensitivity sensitivity = Sensitivity::kConfidential;  // what was not decided stays
  Urgency urgency = Urgency::kInteractive;
  Duration time = kCallTime;
  bool may_cache = true;          // false: neither answered from the cache nor kept
  bool is_deterministic = false;  // any answer is as good, though no temperature is set
  OnAttempt on_attempt;           // may be empty
  AuditOf audit_of;               // may be empty
};

struct Completion {
  std::string text;
  std::string provider;
  std::string model;
  Finish finish = Finish::kOther;
  bool is_cached = false;
  BilledTokens usage;
  Money cost;
  std::vector<AttemptRecord> attempts;
};

struct EmbeddingRequest {
  std::string developer;
  std::string project;
  std::string operation;
  std::vector<std::string> texts;
  int dimensions = 1536;
  PrivacyMode mode = PrivacyMode::kAuto;
  Sensitivity sensitivity = Sensitivity::kConfidential;
  Urgency urgency = Urgency::kInteractive;
  Duration time = kCallTime;
  OnAttempt on_attempt;  // may be empty
  AuditOf audit_of;      // may be empty
};

struct EmbeddingAnswer {
  std::vector<std::vector<float>> vectors;
  std::string provider;
  std::string model;
  Money cost;
  std::vector<AttemptRecord> attempts;
};

struct EngineOptions {
  std::vector<Route> chain;       // for text, in the order of asking
  std::vector<Route> embeddings;  // for vectors
  AttemptOptions attempt;
  BatchOptions batch;
  net::HttpClientOptions http;
  std::size_t remote_calls = kRemoteCallsAtOnce;
  std::size_t local_calls = kLocalCallsAtOnce;
  std::size_t most_waiting = kMostWaitingCalls;
  ResponseCacheOptions responses;
  std::string tenant;  // in every key of the responses; a secret, so that a digest tells nothing
  unsigned seed = 1;   // of the jitter
};

struct ProviderView {
  std::string provider;
  std::string model;
  std::string url;
  bool is_local = false;
  bool has_key = false;
  std::string refusal;  // why it is not called: "" when it may be
  bool breaker_open = false;
  int failures = 0;
  std::optional<Duration> resting;
};

class Engine {
 public:
  static Result<std::unique_ptr<Engine>> open(EngineOptions options, EngineParts parts);
  ~Engine();

  // `request_id` is unique for ever. With `on_text` the answer is streamed: each piece is given on
  // as it arrives, on the calling thread. Fails with budget_exhausted, rate_limited, unavailable,
  // deadline_exceeded, cancelled, forbidden (a refusal by the provider, or a text that must stay
  // and has no local model) or invalid_input; the message names every place that was asked or left
  // out, and why.
  Result<Completion> complete(const std::string& request_id, const CompletionRequest& request,
                              const std::function<void(std::string_view)>& on_text = {},
                              std::stop_token stop = {});
  Result<EmbeddingAnswer> embed(const std::string& request_id, const EmbeddingRequest& request,
                                std::stop_token stop = {});

  // Work that may wait a day, at a provider's batch endpoint.
  BatchDesk& batches();

  std::vector<ProviderView> providers() const;
  CallQueue::State remote_queue() const;
  cache::CacheStats response_cache() const;
  // What answers from the cache, or of a call that another made at the same time, would have cost.
  Money saved() const;
  // The most used answers, to be kept over a restart, and back again (response_cache.h).
  std::vector<WarmReply> most_used_replies() const;
  std::size_t warm(const std::vector<WarmReply>& replies);

 private:
  struct State;
  explicit Engine(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tacit::inference
