#pragma once
// The REST face and the web page: routes a net::Request to one service call and formats the result.
// GET /health /ready /metrics · GET /v1/search /v1/items /v1/items/{id} /v1/sessions /v1/sessions/{id}
// /v1/exchanges/{id} /v1/status · POST /v1/events (Idempotency-Key) · GET / and its assets. Decides nothing.
// Safe from any thread.

#include <functional>
#include <memory>

#include "net/http_server.h"
#include "service/knowledge_service.h"

namespace tacit::http {

class Api {
 public:
  explicit Api(service::KnowledgeService& service);
  ~Api();
  net::Response handle(const net::Request& request);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tacit::http
