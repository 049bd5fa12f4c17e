#pragma once
// What a caller asks of a model, the same for single calls and batches. Part of
// inference_service.h. Plain values.

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "domain/sensitivity.h"

namespace tacit::service {

inline constexpr std::size_t kMaxPromptBytes = 4U << 20U;
inline constexpr std::int64_t kUsualOutput = 1024;  // tokens of an answer, when nothing is said

struct InferRequest {
  std::string prompt;
  std::string system;
  std::string schema;  // JSON Schema of the answer; "": text
  std::string operation = "infer";
  std::string project;
  std::string developer;           // "": the configured one
  std::vector<std::string> paths;  // of files that the prompt is about
  PrivacyMode mode = PrivacyMode::kAuto;
  bool is_background = false;
  std::int64_t max_output = kUsualOutput;
  double temperature = 0;  // 0: the same question has the same answer, which is kept
  std::int64_t timeout_ms = 60'000;
};

}  // namespace tacit::service
