#pragma once
// The JSON shapes of Tacit's surfaces, version 1: what CLI --json, REST and MCP print and read. Objects are
// returned as text on one line. Fields may be added, never renamed (commands.md). All strings are valid UTF-8.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/query.h"
#include "service/knowledge_service.h"

namespace tacit::wire {

std::string encode(const Answer& answer);
std::string encode(const KnowledgeItem& item, Freshness freshness);
std::string encode(const service::Record& record);
std::string encode(const service::Status& status);
std::string encode(const service::IngestReport& report);
std::string encode(const store::ForgetReceipt& receipt, bool dry_run);
std::string encode_items(const std::vector<KnowledgeItem>& items, Instant now);          // {"items":[…],"next":id|null}
std::string encode_sessions(const std::vector<store::SessionRow>& rows);                 // {"sessions":[…],"next":…}

// One batch of POST /v1/events: {"events":[{"type":"exchange","session":{…},"exchange":{…}} |
// {"type":"use","items":["k…"]}]}. Limits: kMaxEventsPerBatch, JSON depth 64. invalid_input names the field.
struct EventBatch {
  std::vector<service::Incoming> exchanges;
  std::vector<ItemId> used;
  bool again = false;
};
Result<EventBatch> decode_events(std::string_view json);
std::string encode_events(const EventBatch& batch);

// {"error":{"kind":"not_found","message":"…"}}
std::string encode(const Error& error);

}  // namespace tacit::wire
