#pragma once
// The batch endpoints of the fake provider, in the dialects of OpenAI (and Groq), Anthropic and
// Gemini: files, batches and their results are kept in memory, and a script says what becomes of
// each request. Results come in another order than the requests. Written from the providers'
// documents. Safe from any thread.

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "testing/fake_provider.h"

namespace tacit::testing {

class FakeBatches {
 public:
  FakeBatches();
  ~FakeBatches();

  struct Said {
    int status = 200;
    std::string content_type = "application/json";
    std::vector<std::string> pieces;  // of the body
    int answered = 0;                 // requests that this call makes billable
  };
  static bool is_batch_path(const std::string& path);
  // What answers a call below a batch path; `rule` says how each request is answered.
  Said answer(const std::string& path, const std::string& body, const FakeRule& rule);
  void set_script(FakeBatchScript script);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tacit::testing
