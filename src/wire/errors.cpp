#include "wire/errors.h"

#include <array>

#include "base/assert.h"

namespace tacit::wire {
namespace {

using log::Level;

struct Entry {
  ErrorKind kind;
  ErrorRow row;
};

// kind, {HTTP, JSON-RPC, exit, may retry, log level}
constexpr std::array<Entry, kErrorKindCount> kTable = {{
    {ErrorKind::kInvalidInput, {400, kRpcInvalidParams, kExitWrongUse, false, Level::kDebug}},
    {ErrorKind::kNotFound, {404, kRpcInvalidParams, kExitFailed, false, Level::kDebug}},
    {ErrorKind::kConflict, {409, -32009, kExitFailed, false, Level::kInfo}},
    {ErrorKind::kUnauthorized, {401, -32001, kExitRefused, false, Level::kWarn}},
    {ErrorKind::kForbidden, {403, -32003, kExitRefused, false, Level::kWarn}},
    {ErrorKind::kRateLimited, {429, -32004, kExitFailed, true, Level::kInfo}},
    {ErrorKind::kBudgetExhausted, {402, -32005, kExitRefused, false, Level::kWarn}},
    {ErrorKind::kUnavailable, {503, -32006, kExitFailed, true, Level::kWarn}},
    {ErrorKind::kDeadlineExceeded, {504, -32007, kExitFailed, true, Level::kWarn}},
    {ErrorKind::kCorrupt, {500, -32603, kExitFailed, false, Level::kError}},
    {ErrorKind::kCancelled, {503, -32008, kExitFailed, true, Level::kInfo}},
    {ErrorKind::kInternal, {500, -32603, kExitFailed, false, Level::kError}},
}};

}  // namespace

const ErrorRow& row_of(ErrorKind kind) {
  for (const Entry& entry : kTable) {
    if (entry.kind == kind) return entry.row;
  }
  TACIT_UNREACHABLE();
}

}  // namespace tacit::wire
