#pragma once
// A tool as the server offers it: what tools/list says of it and what a call does. Texts are
// constants: stored text never stands in a description. `call` may run on several threads at once.

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "service/knowledge_service.h"

namespace tacit::mcp {

using Json = nlohmann::ordered_json;

struct Tool {
  std::string name;
  std::string title;
  std::string description;
  Json (*input)() = nullptr;   // JSON Schema of the arguments
  Json (*output)() = nullptr;  // of structuredContent; null when the tool gives none
  // The result: content, and perhaps structuredContent or isError. A refused argument is a result
  // with isError, so that the model can correct itself.
  std::function<Json(const Json& arguments)> call;
  std::vector<std::string> needs;  // capabilities that a client must declare (2026-07-28)
};

// memory_search, memory_get and memory_status, in this order. `service` must outlive them.
std::vector<Tool> memory_tools(service::KnowledgeService& service);

}  // namespace tacit::mcp
