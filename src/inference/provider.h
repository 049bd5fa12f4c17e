#pragma once
// One provider's protocol, as pure functions: what a call looks like on the wire, and what its
// reply means. No provider opens a connection, keeps state between calls or knows of money; the
// engine does. Immutable, safe from any thread. A reader belongs to one reply.
//
// One file for each protocol (openai.cpp, anthropic.cpp, gemini.cpp, ollama.cpp), its facts in
// docs/inference.md, its recorded replies in tests/replies/<protocol>.

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/function_ref.h"
#include "base/result.h"
#include "domain/spend.h"
#include "net/http_client.h"

namespace tacit::inference {

enum class Role { kSystem, kUser, kAssistant };

struct Message {
  Role role = Role::kUser;
  std::string text;
};

// What is asked, the same for every provider.
struct Prompt {
  std::vector<Message> messages;
  std::int64_t max_output = 1024;  // tokens, reasoning included; always sent
  std::optional<double> temperature;
  std::string schema;  // JSON Schema that the answer must keep; "": free text
};

enum class Protocol { kOpenAi, kAnthropic, kGemini, kOllama };

// Where one provider is reached. OpenAI's protocol has dialects; what differs is here.
struct Endpoint {
  std::string provider;  // "groq", "anthropic", "openai", "gemini", "local"
  Protocol protocol = Protocol::kOpenAi;
  std::string url;  // without a slash at its end: "https://api.groq.com/openai/v1"
  std::string key;  // "": none is sent
  bool is_local = false;
  std::int64_t local_context = 8192;  // Ollama's num_ctx
};

enum class Finish { kStop, kLength, kContentFilter, kOther };
std::string_view name_of(Finish finish);  // "stop", "length", "content_filter", "other"

struct Reply {
  std::string text;
  std::string model;  // as the provider names what answered
  Finish finish = Finish::kOther;
  std::optional<BilledTokens> usage;  // none when missing, or zero beside an answer
  std::int64_t reasoning_tokens = 0;  // within usage->output
};

// Why an attempt brought no answer, in the terms that decide what comes next.
enum class FaultKind {
  kUnreachable,    // no connection: counts against the breaker, the same place may be tried again
  kServer,         // 5xx, 529, overloaded: the same
  kTimeout,        // no first byte, no next piece or no end in time: counts, next provider
  kBroken,         // a reply cut off, without its end or not in its protocol: counts
  kRateLimited,    // not before `wait`; does not count
  kQuota,          // the account is used up, for `wait` or until somebody acts; does not count
  kConfiguration,  // key, permission, unknown or retired model: unusable until changed
  kTooLong,        // does not fit the model: another may fit
  kRefused,        // content filter or refusal: no shopping around
  kRequest,        // our request is wrong: no other try
  kCancelled,      // by the caller
};
std::string_view name_of(FaultKind kind);

struct Fault {
  FaultKind kind = FaultKind::kBroken;
  std::string message;                            // for a person; never a key, never a prompt
  std::optional<std::chrono::milliseconds> wait;  // what the provider asked for
  bool billed_maybe = false;  // the provider may have generated (and bill) something
};
template <class T>
using Attempted = std::expected<T, Fault>;

// Reads the body of one successful reply, whole or as a stream.
class ReplyReader {
 public:
  virtual ~ReplyReader() = default;
  // Gives visible text on as it comes. A fault within a stream (also under status 200) ends it.
  virtual Attempted<void> feed(std::string_view bytes,
                               FunctionRef<void(std::string_view text)> on_text) = 0;
  // The connection ended. A stream without its proper end is kBroken, with what it said so far
  // still in partial().
  virtual Attempted<Reply> finish() = 0;
  // Text and usage up to here, for settling what was cut off.
  virtual const Reply& partial() const = 0;
};

struct EmbeddingReply {
  std::vector<std::vector<float>> vectors;  // in the order of the texts, each of length one
  std::optional<BilledTokens> usage;
};

class Provider {
 public:
  virtual ~Provider() = default;
  virtual net::HttpCall chat(const Endpoint& endpoint, const std::string& model,
                             const Prompt& prompt, bool is_streamed) const = 0;
  virtual std::unique_ptr<ReplyReader> reader(bool is_streamed) const = 0;
  // unavailable where the provider has no embeddings.
  virtual Result<net::HttpCall> embeddings(const Endpoint& endpoint, const std::string& model,
                                           const std::vector<std::string>& texts,
                                           int dimensions) const = 0;
  virtual Attempted<EmbeddingReply> read_embeddings(std::string_view body,
                                                    std::size_t texts) const = 0;
  // What a status other than 2xx means, with the waiting time that headers or body ask for.
  virtual Fault read_refusal(const net::HttpHead& head, std::string_view body,
                             Instant now) const = 0;
};

const Provider& provider_of(Protocol protocol);

}  // namespace tacit::inference
