#pragma once
// The one table of what an error kind means on each surface. No other file holds an HTTP status
// number or an exit status. A test walks the enum, so a kind without a row does not pass.

#include "base/log.h"
#include "base/result.h"

namespace tacit::wire {

struct ErrorRow {
  int http_status;
  int json_rpc_code;
  int exit_status;  // commands.md: 1 failed, 2 wrong use, 4 refused
  bool may_retry;
  log::Level level;
};

const ErrorRow& row_of(ErrorKind kind);

inline constexpr int kExitDone = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitWrongUse = 2;
inline constexpr int kExitPartly = 3;
inline constexpr int kExitRefused = 4;

inline constexpr int kHttpOk = 200;
inline constexpr int kHttpAccepted = 202;
inline constexpr int kHttpNoContent = 204;
inline constexpr int kHttpNotAllowed = 405;     // a known path with another method
inline constexpr int kHttpNotAcceptable = 406;  // the client takes no JSON
inline constexpr int kHttpWrongContent = 415;   // a body that is not declared as JSON

// JSON-RPC 2.0 and MCP codes that no error kind stands for.
inline constexpr int kRpcParseError = -32700;
inline constexpr int kRpcInvalidRequest = -32600;
inline constexpr int kRpcUnknownMethod = -32601;
inline constexpr int kRpcInvalidParams = -32602;
inline constexpr int kRpcHeaderMismatch = -32020;
inline constexpr int kRpcMissingCapability = -32021;
inline constexpr int kRpcUnsupportedVersion = -32022;

}  // namespace tacit::wire
