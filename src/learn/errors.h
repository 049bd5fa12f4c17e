#pragma once
// Private to learn. The line of a text that says best what went wrong.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "domain/knowledge.h"
#include "domain/session.h"

namespace tacit::learn {

inline constexpr std::size_t kMaxErrorBytes = 160;

struct ErrorLine {
  Span span;
  std::string text;
  int weight = 0;
};

// How much a line looks like the report of an error; 0 for none, and for warnings.
int error_weight(std::string_view line);

// The best such line of a step, the first among equals; no frames of a stack.
std::optional<ErrorLine> error_line(const Step& step, std::size_t index);

// Calls that change a file.
bool is_edit(const Step& step);

}  // namespace tacit::learn
