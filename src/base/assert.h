#pragma once
// TACIT_ASSERT states an invariant and is on in every build: a broken one is a bug, so it prints
// where and aborts. Bad input is never asserted; it is a Result.

namespace tacit {
[[noreturn]] void assertion_failed(const char* what, const char* file, int line);
}

#define TACIT_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::tacit::assertion_failed(#condition, __FILE__, __LINE__))
#define TACIT_UNREACHABLE() \
  ::tacit::assertion_failed("unreachable code reached", __FILE__, __LINE__)
