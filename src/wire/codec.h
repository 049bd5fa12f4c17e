#pragma once
// The JSON shapes of Tacit's surfaces, version 1: what CLI --json, REST and MCP print and read.
// Objects are returned as text on one line. Fields may be added, never renamed (commands.md). All
// strings are valid UTF-8: malformed bytes become U+FFFD. Ids are their text form, times ISO 8601;
// an id, time or type that is unknown is null, a text that is unknown is "". Pure functions, safe
// from any thread.

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "domain/query.h"
#include "service/knowledge_service.h"

namespace tacit::wire {

inline constexpr std::size_t kMaxDepth = 64;  // of JSON that is read

std::string encode(const Answer& answer);
std::string encode(const KnowledgeItem& item, Freshness freshness);
// {"kind":"item"|"exchange"|"session", …}
std::string encode(const service::Record& record);
std::string encode(const service::Status& status);
std::string encode(const service::IngestReport& report);
std::string encode(const store::ForgetReceipt& receipt, bool dry_run);
// {"items":[…],"next":id} and {"sessions":[…],"next":id}: `next` goes into `before` for the page
// after; it is null when this page is shorter than `limit`, so the last one.
inline constexpr std::size_t kLastPage = static_cast<std::size_t>(-1);  // a limit without a next
std::string encode_items(const std::vector<KnowledgeItem>& items, Instant now, std::size_t limit);
std::string encode_sessions(const std::vector<store::SessionRow>& rows, std::size_t limit);

// One batch of POST /v1/events: {"events":[{"type":"exchange","session":{…},"exchange":{…}} |
// {"type":"use","items":["k…"]}],"again":false}. Limits: kMaxEventsPerBatch, kMaxDepth (checked
// before anything is built). invalid_input names the field. Unknown fields are ignored, unknown
// types are not.
struct EventBatch {
  std::vector<service::Incoming> exchanges;
  std::vector<ItemId> used;
  bool again = false;
};
Result<EventBatch> decode_events(std::string_view json);
std::string encode_events(const EventBatch& batch);

// {"error":{"kind":"not_found","message":"…","may_retry":false}}
std::string encode(const Error& error);

// True when brackets nest deeper than `depth`. One pass over the bytes, nothing is built; call it
// before a parser that would.
bool is_deeper_than(std::string_view json, std::size_t depth);

}  // namespace tacit::wire
