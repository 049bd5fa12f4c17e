#include <fmt/format.h>

#include <limits>

#include "base/text.h"
#include "wire/codec.h"
#include "wire/json_value.h"

namespace tacit::wire {
namespace {

constexpr std::size_t kShownBytes = 60;  // of a refused value in a message

// A JSON object with the name under which messages speak of it.
class Fields {
 public:
  static Result<Fields> of(const Json& json, std::string where) {
    if (!json.is_object()) {
      return fail(ErrorKind::kInvalidInput, where + ": must be an object");
    }
    return Fields(json, std::move(where));
  }

  const Json* find(const char* name) const {
    const auto found = json_.find(name);
    return found == json_.end() || found->is_null() ? nullptr : &*found;
  }
  std::string path(const char* name) const { return where_ + "." + name; }

  Result<std::string> text(const char* name) const {
    const Json* value = find(name);
    if (value == nullptr) return std::string();
    if (!value->is_string()) return wrong(name, "must be a string");
    return value->get<std::string>();
  }

  Result<bool> flag(const char* name) const {
    const Json* value = find(name);
    if (value == nullptr) return false;
    if (!value->is_boolean()) return wrong(name, "must be true or false");
    return value->get<bool>();
  }

  Result<std::int64_t> count(const char* name, std::int64_t highest) const {
    const Json* value = find(name);
    if (value == nullptr) return 0;
    if (!value->is_number_unsigned() ||
        value->get<std::uint64_t>() > static_cast<std::uint64_t>(highest)) {
      return wrong(name, fmt::format("must be a whole number from 0 to {}", highest));
    }
    return value->get<std::int64_t>();
  }

  Result<std::optional<Instant>> time(const char* name) const {
    const std::string written = TACIT_TRY(text(name));
    if (written.empty()) return std::optional<Instant>();
    auto time = parse_time(written);
    if (!time) {
      return wrong(name, fmt::format("\"{}\" is no time; write 2026-01-28T13:10:29Z",
                                     clip_utf8(written, kShownBytes)));
    }
    return time;
  }

  Result<Fields> object(const char* name) const {
    const Json* value = find(name);
    if (value == nullptr) return wrong(name, "is missing");
    return of(*value, path(name));
  }

  Result<const Json*> list(const char* name) const {
    const Json* value = find(name);
    if (value == nullptr || !value->is_array()) return wrong(name, "must be an array");
    return value;
  }

  std::unexpected<Error> wrong(const char* name, const std::string& what) const {
    return fail(ErrorKind::kInvalidInput, fmt::format("{}: {}", path(name), what));
  }

 private:
  Fields(const Json& json, std::string where) : json_(json), where_(std::move(where)) {}
  const Json& json_;
  std::string where_;
};

Result<Session> decode_session(const Fields& fields) {
  Session session;
  session.agent = TACIT_TRY(fields.text("agent"));
  session.native_id = TACIT_TRY(fields.text("native_id"));
  if (session.agent.empty()) return fields.wrong("agent", "is missing; name the agent");
  if (session.native_id.empty()) {
    return fields.wrong("native_id", "is missing; give the agent's own id of the session");
  }
  session.title = TACIT_TRY(fields.text("title"));
  session.project = TACIT_TRY(fields.text("project"));
  session.branch = TACIT_TRY(fields.text("branch"));
  session.started = TACIT_TRY(fields.time("started"));
  session.ended = TACIT_TRY(fields.time("ended"));
  return session;
}

Result<Step> decode_step(const Fields& fields) {
  Step step;
  const std::string kind = TACIT_TRY(fields.text("kind"));
  const auto known = parse_step_kind(kind);
  if (!known) {
    return fields.wrong("kind", fmt::format("\"{}\" is not request, reply, call or result",
                                            clip_utf8(kind, kShownBytes)));
  }
  step.kind = *known;
  step.tool = TACIT_TRY(fields.text("tool"));
  step.text = TACIT_TRY(fields.text("text"));
  step.failed = TACIT_TRY(fields.flag("failed"));
  step.time = TACIT_TRY(fields.time("time"));
  return step;
}

Result<Exchange> decode_exchange(const Fields& fields) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  Exchange exchange;
  exchange.identity = TACIT_TRY(fields.text("identity"));
  if (exchange.identity.empty()) {
    return fields.wrong("identity", "is missing; it must be equal in every copy of the exchange");
  }
  exchange.ordinal =
      static_cast<int>(TACIT_TRY(fields.count("ordinal", std::numeric_limits<int>::max())));
  exchange.time = TACIT_TRY(fields.time("time"));
  exchange.model = TACIT_TRY(fields.text("model"));
  if (fields.find("tokens") != nullptr) {
    const Fields tokens = TACIT_TRY(fields.object("tokens"));
    exchange.tokens.input = TACIT_TRY(tokens.count("input", kMost));
    exchange.tokens.output = TACIT_TRY(tokens.count("output", kMost));
    exchange.tokens.cached = TACIT_TRY(tokens.count("cached", kMost));
  }
  const Json& steps = *TACIT_TRY(fields.list("steps"));
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto where = fmt::format("{}[{}]", fields.path("steps"), i);
    exchange.steps.push_back(TACIT_TRY(decode_step(TACIT_TRY(Fields::of(steps[i], where)))));
  }
  if (exchange.steps.empty() || exchange.steps.front().kind != StepKind::kRequest) {
    return fields.wrong("steps", "must start with a step of kind \"request\"");
  }
  return exchange;
}

Result<void> decode_use(const Fields& fields, std::vector<ItemId>& used) {
  const Json& items = *TACIT_TRY(fields.list("items"));
  for (const Json& entry : items) {
    const auto id = entry.is_string() ? ItemId::parse(entry.get<std::string>()) : std::nullopt;
    if (!id) return fields.wrong("items", "must be ids of items, \"k\" and twelve characters");
    if (used.size() >= service::kMaxEventsPerBatch) {
      return fields.wrong("items",
                          fmt::format("more than {} in one batch", service::kMaxEventsPerBatch));
    }
    used.push_back(*id);
  }
  return {};
}

Result<void> decode_event(const Fields& fields, EventBatch& batch) {
  const std::string type = TACIT_TRY(fields.text("type"));
  if (type == "use") return decode_use(fields, batch.used);
  if (type != "exchange") {
    return fields.wrong("type",
                        fmt::format("\"{}\" is not exchange or use", clip_utf8(type, kShownBytes)));
  }
  service::Incoming incoming;
  incoming.session = TACIT_TRY(decode_session(TACIT_TRY(fields.object("session"))));
  incoming.exchange = TACIT_TRY(decode_exchange(TACIT_TRY(fields.object("exchange"))));
  batch.exchanges.push_back(std::move(incoming));
  return {};
}

}  // namespace

bool is_deeper_than(std::string_view json, std::size_t depth) {
  std::size_t open = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++open > depth) return true;
    } else if ((c == ']' || c == '}') && open > 0) {
      --open;
    }
  }
  return false;
}

Result<EventBatch> decode_events(std::string_view text) {
  if (is_deeper_than(text, kMaxDepth)) {
    return fail(ErrorKind::kInvalidInput,
                fmt::format("the JSON nests deeper than {} levels", kMaxDepth));
  }
  const Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) {
    return fail(ErrorKind::kInvalidInput, "the body is not valid JSON in UTF-8");
  }
  const Fields body = TACIT_TRY(Fields::of(json, "body"));
  const Json& events = *TACIT_TRY(body.list("events"));
  if (events.size() > service::kMaxEventsPerBatch) {
    return body.wrong("events", fmt::format("{} events; at most {} in one batch", events.size(),
                                            service::kMaxEventsPerBatch));
  }
  EventBatch batch;
  batch.again = TACIT_TRY(body.flag("again"));
  for (std::size_t i = 0; i < events.size(); ++i) {
    const Fields event = TACIT_TRY(Fields::of(events[i], fmt::format("events[{}]", i)));
    TACIT_TRY(decode_event(event, batch));
  }
  return batch;
}

}  // namespace tacit::wire
