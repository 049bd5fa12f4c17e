#pragma once
// A provider of models for tests: a server on loopback, on plain sockets so that every fault can be
// made, that speaks the chats of OpenAI's, Anthropic's, Gemini's and Ollama's protocols and their
// embeddings (below /openai/v1 as Groq does: usage is told inside of x_groq), and the batches of
// the first three. What it does is a script: the first rule that fits a call decides, and without
// one it answers as usual. It keeps a log of what arrived and how it ended, and a meter: what a
// real provider would bill, also for answers that were cut off or whose caller hung up. Waits end
// when it is stopped. Safe from any thread.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace tacit::testing {

enum class Fault {
  kNone,
  kResetBeforeHead,  // the connection is reset without an answer
  kHang,             // nothing is said
  kGarbage,          // bytes that are no HTTP
  kCutStream,        // the connection ends before piece `at_piece`
  kResetStream,      // the same by a reset
  kStall,            // nothing more from `at_piece` on
  kMalformedPiece,   // JSON that is none at `at_piece`
  kErrorInStream,    // the protocol's own error under status 200 at `at_piece`, then the end
  kNoTerminator,     // all pieces, but not the protocol's end
  kNoUsage,
  kZeroUsage,
  kUsageTwice,  // a first usage of half the output, then the true one
  kHugePiece,   // a piece above every limit at `at_piece`
  kGzip,        // packed, though nobody asked for it
  kWrongContentType,
  kRedirect,  // to `location`
};

// What happens to the calls that it fits. `at_piece` counts from 0; a whole reply is one piece.
struct FakeRule {
  std::string model{};   // of the request; "": any
  std::string path{};    // a part of the call's path; "": any
  std::string header{};  // "name: value" that the request has, the name in lower case; "": any
  int from_call = 1;     // of the calls of one model, counted from 1
  int to_call = 1'000'000'000;
  Fault fault = Fault::kNone;
  int status = 200;    // other than 200: a refusal with `body`
  std::string body{};  // "": the protocol's own way to say it
  std::map<std::string, std::string> headers{};
  std::chrono::milliseconds delay{0};        // before the head
  std::chrono::milliseconds piece_delay{0};  // before each piece of a stream
  int at_piece = 0;
  std::size_t split_at = 0;     // writes of at most so many bytes; 0: whole
  bool has_crlf = false;        // lines of a stream end in CRLF
  bool has_comments = false;    // ": ping" before each event
  bool has_split_data = false;  // the JSON of an event on several data lines
  std::string location{};
  std::string finish = "stop";      // or "length", "content_filter"
  std::string text{};               // of the answer; "": made of words
  int words = 8;                    // of that
  std::int64_t input_tokens = 100;  // usage that is reported and billed
  std::int64_t output_tokens = 20;
};

// A script as JSON: a list of objects with the fields of FakeRule, durations as delay_ms and
// piece_delay_ms, a fault as "reset_before_head".
Result<std::vector<FakeRule>> read_fake_script(std::string_view json);

// What becomes of batches.
struct FakeBatchScript {
  enum class Fate {
    kAnswered,
    kRefused,  // 400: turned away
    kFailed,   // 500
    kUnrun,    // expired, and said so
    kMissing,  // no result, and not counted as answered
    kHidden,   // no result, though it is counted as answered
  };
  std::map<std::string, Fate> fates{};     // by custom_id; the others are answered
  int running_looks = 0;                   // that find it running before it ends
  std::string outcome = "completed";       // or "failed", "expired"
  std::vector<std::string> first_lines{};  // of the results, before all others
};

struct FakeAttempt {
  std::chrono::steady_clock::time_point time;  // of its arrival
  std::string path;
  std::string model;
  std::map<std::string, std::string> headers;  // lower-case names
  std::string body;
  int status = 0;            // that was sent; 0: none
  bool is_complete = false;  // the whole reply was written
  bool hung_up = false;      // the caller closed before that
  bool is_ended = false;
};

class FakeProvider {
 public:
  // Prices of its meter in pico-dollars a token.
  static constexpr std::int64_t kInputPrice = 75'000;
  static constexpr std::int64_t kOutputPrice = 300'000;

  // `port` 0 takes any free one. A `log` gets a JSON line when a call arrives, is billed and ends,
  // each written at once, so that it is whole when either side is killed.
  static Result<std::unique_ptr<FakeProvider>> start(std::vector<FakeRule> script,
                                                     unsigned short port = 0,
                                                     const std::filesystem::path& log = {});
  ~FakeProvider();

  // "http://127.0.0.1:PORT"; paths as the providers have them below it, OpenAI's with /v1.
  std::string url() const;
  unsigned short port() const;
  // Calls are counted anew.
  void set_script(std::vector<FakeRule> script);
  void set_batches(FakeBatchScript script);
  // In the order of arrival, without questions about models (/api/show).
  std::vector<FakeAttempt> attempts() const;
  // Block until so many calls have arrived, or ended, at most 30 s.
  void await_arrivals(std::size_t count) const;
  void await_attempts(std::size_t count) const;
  std::int64_t billed_pico() const;

 private:
  struct State;
  explicit FakeProvider(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tacit::testing
