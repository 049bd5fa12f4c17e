#pragma once
// What the fake provider says in each protocol: the pieces of a stream, a whole reply, an error.
// Written from the providers' documents, not from Tacit's readers. Pure functions.

#include <string>
#include <vector>

#include "testing/fake_provider.h"

namespace tacit::testing {

enum class FakeDialect { kOpenAi, kGroq, kAnthropic, kGemini, kOllama, kNone };

FakeDialect dialect_of(const std::string& path);
struct FakeReply {
  std::string content_type;
  std::vector<std::string> pieces;  // of the body; one when it is no stream
};

// Of a request: the model that it asks for, and what answers it.
std::string fake_model(const std::string& path, const std::string& body);
FakeReply fake_reply(const FakeRule& rule, const std::string& path, const std::string& body);
std::string fake_error(FakeDialect dialect, int status);
// The same under status 200, as a piece of a stream.
std::string fake_error_piece(FakeDialect dialect);

}  // namespace tacit::testing
