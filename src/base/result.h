#pragma once
// Result<T>: how every fallible function of Tacit reports. An Error has one of twelve kinds (an ADR
// is needed for a thirteenth), a message for a person (what happened, why, what to do) and notes
// that callers add on the way up. TACIT_TRY yields the value or returns the error from the
// enclosing function; it uses the statement-expression extension that g++ and clang share.
// Constructors never fail and our code never throws: exceptions of libraries are caught in the one
// file that wraps them.

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace tacit {

enum class ErrorKind {
  kInvalidInput,
  kNotFound,
  kConflict,
  kUnauthorized,
  kForbidden,
  kRateLimited,
  kBudgetExhausted,
  kUnavailable,
  kDeadlineExceeded,
  kCorrupt,
  kCancelled,
  kInternal,
};
inline constexpr int kErrorKindCount = 12;

// The stable machine name: "invalid_input", "not_found", …
std::string_view name_of(ErrorKind kind);

class Error {
 public:
  Error(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)) {}

  ErrorKind kind() const { return kind_; }
  const std::string& message() const { return message_; }
  // Puts context in front: "cannot import a.jsonl: disk is full".
  Error with_context(std::string_view context) && {
    message_.insert(0, std::string(context) + ": ");
    return std::move(*this);
  }

 private:
  ErrorKind kind_;
  std::string message_;
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorKind kind, std::string message) {
  return std::unexpected<Error>(Error(kind, std::move(message)));
}

}  // namespace tacit

#define TACIT_CONCAT_INNER(a, b) a##b
#define TACIT_CONCAT(a, b) TACIT_CONCAT_INNER(a, b)
#define TACIT_TRY_NAMED(name, expression)                                       \
  __extension__({                                                               \
    auto name = (expression);                                                   \
    if (!name) return std::unexpected<::tacit::Error>(std::move(name).error()); \
    std::move(name).value();                                                    \
  })
// NOLINTNEXTLINE(bugprone-macro-parentheses): the expression is the macro's purpose
#define TACIT_TRY(expression) TACIT_TRY_NAMED(TACIT_CONCAT(tacit_try_, __COUNTER__), expression)
