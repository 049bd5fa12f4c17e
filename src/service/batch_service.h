#pragma once
// Batches at a provider: many requests at a lower price, answered within a day. Each line is judged
// and masked as a single call is; one that must stay never enters a batch. Money for every line is
// held before a byte leaves and dispatched just before that. What was sent outlives the process:
// the provider is asked again, with waits of full jitter, until the batch has ended, and every line
// is settled once, by its own usage. What was being sent when the process died counts as spent. A
// batch that its provider does not end within a day is cancelled, and one that it never ends is
// given up after two: what nobody knows of counts as spent. Answers are kept masked for a month.
// Part of inference_service.h. Safe from any thread.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "domain/audit.h"
#include "domain/spend.h"
#include "inference/engine.h"
#include "privacy/redactor.h"
#include "service/infer_request.h"
#include "store/ledger.h"

namespace tacit::service {

inline constexpr std::size_t kMostBatchLines = 10'000;
inline constexpr std::size_t kMostBatches = 100;  // that are listed
inline constexpr Duration kFirstLook = std::chrono::seconds(10);
inline constexpr Duration kMostLook = std::chrono::minutes(10);
inline constexpr Duration kBatchWindow = std::chrono::hours(25);   // then it is cancelled
inline constexpr Duration kBatchGivenUp = std::chrono::hours(48);  // then nobody asks any more
inline constexpr std::chrono::days kBatchKept{30};

// A request as it may be sent, with what the audit log keeps of it.
struct JudgedRequest {
  inference::Prompt prompt;
  CallAudit audit;
};

struct BatchItem {
  std::int64_t line = 0;  // how the caller knows it; each once
  InferRequest request;
};

struct BatchLine {
  std::int64_t line = 0;
  std::optional<Error> error;  // none: answered
  std::string text;
  std::string finish;
  BilledTokens usage;
  Money cost;
};

struct BatchView {
  std::string id;
  std::string provider;
  std::string model;
  std::string state;  // "sending", "running", "ended"
  std::string outcome;
  bool is_cancelled = false;
  Instant created;
  std::optional<Instant> ended;
  std::int64_t waiting = 0;
  std::int64_t answered = 0;
  std::int64_t failed = 0;
  Money held;
  Money cost;
  std::vector<BatchLine> lines;  // that have ended
};

class BatchService {
 public:
  struct Parts {
    store::Store& store;
    const privacy::Redactor& redactor;
    const Clock& clock;
    inference::BatchDesk& desk;
    Ledger* ledger = nullptr;  // null: nothing is sent
    std::string ledger_trouble{};
    std::string developer{};  // who pays when a request names nobody
    std::function<Result<JudgedRequest>(const InferRequest&, const std::string& id)> judge{};
  };
  // Ends what a crash left half sent and drops what is old.
  static Result<std::unique_ptr<BatchService>> open(Parts parts);
  ~BatchService();

  // Sent, and written down; or an error, when nothing was sent or the provider did not take it.
  Result<BatchView> submit(const std::vector<BatchItem>& items, std::stop_token stop = {});
  Result<std::vector<BatchView>> list() const;  // newest first, without lines
  Result<BatchView> view(const std::string& id) const;
  // At the provider too; what was answered by then is settled when it says that the batch has
  // ended.
  Result<BatchView> cancel(const std::string& id, std::stop_token stop = {});

  // Asks after every running batch whose time has come, and says when to come again.
  Duration step(std::stop_token stop = {});
  // From now on by a thread of its own, until this goes.
  void keep_asking();

 private:
  struct State;
  explicit BatchService(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tacit::service
