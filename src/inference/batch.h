#pragma once
// A provider's batch endpoint, as pure functions beside its chats (provider.h): many requests at a
// lower price, answered within a day in any order. One file for each (openai_batch.cpp,
// anthropic_batch.cpp, gemini_batch.cpp). Immutable, safe from any thread. Ids that a provider
// gives become parts of addresses, so they are letters, digits, '-' and '_' or the reply is broken;
// no address that a provider gives is followed.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inference/provider.h"
#include "inference/settlement.h"

namespace tacit::inference {

inline constexpr std::size_t kMaxBatchIdLetters = 128;

struct BatchRequest {
  std::string id;  // comes back with its result: letters, digits and '-'
  Prompt prompt;
};

// How a batch stands.
struct BatchStatus {
  std::string id;
  bool has_ended = false;
  std::string outcome;                // the provider's word: "completed", "expired"
  std::vector<std::string> results;   // what to fetch, as fetch() takes it
  std::vector<std::string> attached;  // results that came with it, as read_result() takes them
  // It was cut short: once so many answers are there, requests without a result were not run and
  // are not billed. None: nobody knows of those.
  std::optional<std::int64_t> answered;
};

// What became of one request.
struct BatchResult {
  std::string id;                    // of the request; "": known by its place alone
  std::optional<std::size_t> place;  // among the requests, from 0, where the provider keeps order
  int status = 0;                    // of the call within the batch
  std::optional<Reply> reply;
  std::optional<Fault> fault;
  bool is_unrun = false;  // the provider says that it was not run, or does not bill it
};
Ending ending_of(const BatchResult& result);

class BatchProtocol {
 public:
  virtual ~BatchProtocol() = default;
  // Sends the requests ahead of create(), which alone runs and bills something; none: they go along
  // with it.
  virtual std::optional<net::HttpCall> upload(const Endpoint& endpoint, const std::string& model,
                                              std::span<const BatchRequest> requests) const = 0;
  virtual net::HttpCall create(const Endpoint& endpoint, const std::string& model,
                               std::span<const BatchRequest> requests,
                               const std::string& uploaded) const = 0;
  virtual net::HttpCall look(const Endpoint& endpoint, const std::string& id) const = 0;
  virtual net::HttpCall cancel(const Endpoint& endpoint, const std::string& id) const = 0;
  virtual net::HttpCall fetch(const Endpoint& endpoint, const std::string& result) const = 0;

  virtual Attempted<std::string> read_upload(std::string_view body) const = 0;
  virtual Attempted<BatchStatus> read_status(std::string_view body) const = 0;
  virtual Attempted<BatchResult> read_result(std::string_view line) const = 0;
};

// Null: this protocol has no batches.
const BatchProtocol* batch_protocol_of(Protocol protocol);

const BatchProtocol& openai_batches();
const BatchProtocol& anthropic_batches();
const BatchProtocol& gemini_batches();

// What the files share.
bool is_batch_id(std::string_view id);
// Reads `body` as the whole reply of a single call with this status.
BatchResult read_answer(Protocol protocol, std::string id, int status, std::string_view body);

}  // namespace tacit::inference
