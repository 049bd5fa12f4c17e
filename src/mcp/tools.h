#pragma once
// The three tools: what tools/list says of them and what a call answers. Descriptions are
// constants; stored text appears in results alone, cleaned (shown_text.h) and under a line that
// says what it is. Heavy (nlohmann/json): included by this module's .cpp files only.

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "mcp/revisions.h"
#include "service/knowledge_service.h"

namespace tacit::mcp {

using Json = nlohmann::ordered_json;

// In a fixed order.
Json tool_list(const Revision& revision);
// The result of tools/call; a refusal is a result with isError, so that the model can correct
// itself. Nothing when there is no tool of this name.
std::optional<Json> call_tool(service::KnowledgeService& service, const Revision& revision,
                              const std::string& name, const Json& arguments);

}  // namespace tacit::mcp
