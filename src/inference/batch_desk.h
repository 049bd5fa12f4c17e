#pragma once
// Takes batches to a provider and asks after them: the one place of the chain that a batch goes to,
// what each request may cost there at the price of batches, and the calls themselves. Keeps
// nothing; who sends a batch writes down what came back (service/batch_service.h). Each call out
// needs a hold of the batch, as every remote call does. Part of engine.h. Safe from any thread.

#include <cstdint>
#include <expected>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "base/function_ref.h"
#include "base/result.h"
#include "inference/batch.h"
#include "inference/catalogue.h"
#include "inference/engine_parts.h"
#include "inference/outbound.h"

namespace tacit::inference {

inline constexpr std::size_t kMostBatchBytes = 64U << 20U;         // of the requests together
inline constexpr std::size_t kMostBatchResultBytes = 256U << 20U;  // of a file of results
inline constexpr std::size_t kMostBatchResultLine = 4U << 20U;     // longer ones are passed over
inline constexpr Duration kBatchCallTime = std::chrono::minutes(10);

struct BatchOptions {
  std::size_t most_result_bytes = kMostBatchResultBytes;
  std::size_t most_result_line = kMostBatchResultLine;
  Duration call_time = kBatchCallTime;
};

struct BatchQuote {
  Quote most;                       // at the price of batches
  std::int64_t counted_prompt = 0;  // uncorrected; 0: by bytes alone
};

// Why a batch was not taken; `is_unrun`: provably nothing will be billed.
struct NotTaken {
  Fault fault;
  bool is_unrun = false;
};

class BatchDesk {
 public:
  BatchDesk(const BatchOptions& options, const EngineParts& parts, Outbound& outbound,
            const std::vector<Route>& routes)
      : options_(options), parts_(parts), outbound_(outbound), routes_(routes) {}

  // The first place of the chain that may be called, takes batches and has a price for them;
  // unavailable says why none does.
  Result<const Route*> place() const;
  // A place that a batch was taken to; null when the configuration has it no more.
  const Route* find(const std::string& provider, const std::string& model) const;

  // invalid_input for a request that the place's model cannot take.
  Result<BatchQuote> quote(const Route& route, const Prompt& prompt, int learned_factor) const;
  int learned_factor(const Route& route) const;
  // Tokens read from a provider's cache count in full: not every provider takes both off.
  Result<Money> cost(const Route& route, const BilledTokens& use, Instant made) const;

  // The provider's id of the batch.
  std::expected<std::string, NotTaken> send(const Route& route, const Hold& hold,
                                            std::span<const BatchRequest> requests,
                                            std::stop_token stop) const;
  Attempted<BatchStatus> look(const Route& route, const Hold& hold, const std::string& id,
                              std::stop_token stop) const;
  Attempted<BatchStatus> cancel(const Route& route, const Hold& hold, const std::string& id,
                                std::stop_token stop) const;
  // Every result of an ended batch, in any order; false from `on_result` ends it. kTooLong: longer
  // than anything that was asked for.
  Attempted<void> fetch(const Route& route, const Hold& hold, const BatchStatus& status,
                        FunctionRef<bool(BatchResult&&)> on_result, std::stop_token stop) const;

  // schema.h, for who keeps the schema until the answer is there.
  static Result<void> check_schema(std::string_view schema);
  static std::string complaint_about(std::string_view answer, std::string_view schema);

 private:
  struct Answered {
    Attempted<std::string> body;
    net::Reached reached = net::Reached::kNothing;
    int status = 0;
  };
  Answered call(const Route& route, const Hold& hold, net::HttpCall call,
                std::stop_token stop) const;

  const BatchOptions options_;
  const EngineParts& parts_;
  Outbound& outbound_;
  const std::vector<Route>& routes_;
};

}  // namespace tacit::inference
