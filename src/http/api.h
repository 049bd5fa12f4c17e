#pragma once
// The REST face and the web page: routes a net::Request to one service call and formats the result.
// GET /health /ready /metrics · GET /v1/search /v1/items /v1/items/{id} /v1/sessions
// /v1/sessions/{id} /v1/exchanges/{id} /v1/status · GET /v1/stream (server-sent events: the status
// every second, "shutdown" at the end) · POST /v1/events (Idempotency-Key) · POST /v1/infer (with
// "Accept: text/event-stream" as events: "text" pieces, then "answer" or "error") · GET /v1/budget
// /v1/usage /v1/providers · GET /v1/openapi.json · POST /mcp, which `mcp` answers · GET / and its
// assets. One table dispatches and is what OpenAPI says; a parameter that is not in it is refused,
// because ignoring a filter would answer another question. Decides nothing. Reading an item does
// not count as use; a use is reported with POST /v1/events. Safe from any thread; must outlive the
// server that calls it.

#include <memory>

#include "net/http_server.h"
#include "service/inference_service.h"
#include "service/knowledge_service.h"

namespace tacit::http {

class Api {
 public:
  Api(service::KnowledgeService& service, service::InferenceService& inference, net::Handler mcp);
  ~Api();
  net::Response handle(const net::Request& request);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tacit::http
