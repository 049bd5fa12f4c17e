#pragma once
// Answers and records as text for people. Pure formatting; colour comes from terminal.h.

#include <string>

#include "domain/query.h"
#include "service/knowledge_service.h"

namespace tacit::cli {

std::string render(const Answer& answer, bool explain);
std::string render(const service::Record& record);
std::string render(const service::Status& status);

}  // namespace tacit::cli
