#pragma once
// What the protocols share in reading replies: JSON that cannot throw, errors in words without
// prompts or keys, and the waiting times of headers. Heavy (nlohmann/json): included by this
// module's .cpp files only. Pure.

#include <chrono>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "inference/provider.h"

namespace tacit::inference {

using Json = nlohmann::json;

inline constexpr std::size_t kMaxReplyDepth = 64;
inline constexpr std::size_t kMaxCodeLetters = 48;

// Nothing for text that is no JSON object or nests deeper than kMaxReplyDepth.
std::optional<Json> parse_object(std::string_view text);

// A text, number or object at a place, or nothing of the kind.
std::string text_at(const Json& json, const char* key);
std::int64_t count_at(const Json& json, const char* key);  // never negative
const Json* object_at(const Json& json, const char* key);
const Json* first_of(const Json& json, const char* key);  // of a list

Fault broken(std::string message);
Fault server_fault(std::string message);

// A provider's code of an error, such as "model_not_found", when it looks like one, else "". What
// it says in sentences may repeat the prompt or the key, so that is never passed on.
std::string code_word(std::string_view code);
// "HTTP 429: rate_limit_exceeded"; of the codes the first that is one.
std::string refusal_text(int status, std::initializer_list<std::string> codes);

// "retry-after-ms", "retry-after" in seconds or as an HTTP date.
std::optional<std::chrono::milliseconds> retry_after(const net::HttpHead& head, Instant now);
// "1s", "6m0s", "350ms", "1h2m3.5s".
std::optional<std::chrono::milliseconds> parse_span(std::string_view text);

// The kind of fault that a status means for every provider, before its own words are looked at.
FaultKind kind_of_status(int status);
bool is_maybe_billed(int status);  // the provider's own time-outs

// None when it is missing, and when it is all zeros beside an answer.
std::optional<BilledTokens> believed(const std::optional<BilledTokens>& usage, bool has_text);

// Of length one; nothing for what is no list of finite numbers, or all zeros.
std::optional<std::vector<float>> unit_vector(const Json& values);
// kBroken when a vector is missing or of another length than the first.
Attempted<void> same_lengths(const EmbeddingReply& reply);

}  // namespace tacit::inference
