#include "inference/response_cache.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/hash.h"

namespace tacit::inference {
namespace {

constexpr std::string_view kForm = "tacit reply 1";  // another form of the key is another number

class KeyForm {
 public:
  void add(std::string_view field) {
    text_ += fmt::format("{}:", field.size());
    text_ += field;
  }
  void add(std::int64_t number) { add(std::string_view(std::to_string(number))); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// One that is no JSON keeps its bytes; the provider will refuse it.
std::string canonical(const std::string& schema) {
  if (schema.empty()) return "";
  const auto json = nlohmann::json::parse(schema, nullptr, false);
  return json.is_discarded() ? schema
                             : json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::size_t bytes_of(const CachedReply& reply) {
  return sizeof(CachedReply) + reply.text.size() + reply.provider.size() + reply.model.size();
}

bool may_lie_on_disk(Sensitivity sensitivity) {
  return may_leave(sensitivity, PrivacyMode::kAuto);
}

}  // namespace

std::string key_of(const ResolvedCall& call) {
  KeyForm form;
  form.add(kForm);
  form.add(call.tenant);
  form.add(call.project);
  form.add(call.operation);
  form.add(call.template_version);
  form.add(call.model_class);
  form.add(name_of(call.sensitivity));
  form.add(name_of(call.mode));
  form.add(call.prompt.max_output);
  // Hexadecimal digits of the number itself: nothing is rounded.
  form.add(call.prompt.temperature ? fmt::format("{:a}", *call.prompt.temperature + 0.0) : "unset");
  form.add(canonical(call.prompt.schema));
  form.add(static_cast<std::int64_t>(call.prompt.messages.size()));
  for (const Message& message : call.prompt.messages) {
    form.add(static_cast<std::int64_t>(message.role));
    form.add(message.text);
  }
  return hex(sha256(form.text()));
}

bool may_keep(const ResolvedCall& call, Finish finish, bool is_deterministic) {
  if (finish != Finish::kStop) return false;
  const auto& temperature = call.prompt.temperature;
  return temperature ? *temperature <= 0 : is_deterministic;
}

ResponseCache::ResponseCache(const ResponseCacheOptions& options, const Clock& clock)
    : life_(options.life),
      clock_(clock),
      cache_({options.policy, options.most_entries, options.most_bytes, options.life}) {}

std::shared_ptr<const CachedReply> ResponseCache::find(const std::string& key) {
  return cache_.find(key, clock_.steady());
}

void ResponseCache::keep(const std::string& key, CachedReply reply) {
  const std::size_t bytes = bytes_of(reply);
  cache_.put(key, std::make_shared<const CachedReply>(std::move(reply)), bytes, clock_.steady());
}

std::vector<WarmReply> ResponseCache::most_used() const {
  const SteadyTime now = clock_.steady();
  const Instant today = clock_.now();
  std::vector<WarmReply> replies;
  for (const auto& used : cache_.most_used(kCachedReplies, now)) {
    if (replies.size() == kWarmReplies) break;
    if (!may_lie_on_disk(used.value->sensitivity)) continue;
    const auto age = std::chrono::duration_cast<Duration>(now - used.made);
    replies.push_back({used.key, *used.value, today - age});
  }
  return replies;
}

std::size_t ResponseCache::warm(const std::vector<WarmReply>& replies) {
  const SteadyTime now = clock_.steady();
  const Instant today = clock_.now();
  std::size_t taken = 0;
  // The most used last: under every policy the last to come is not the first to go.
  for (auto one = replies.rbegin(); one != replies.rend(); ++one) {
    const Duration age = today - one->made;
    if (age < Duration(0) || age > life_ || !may_lie_on_disk(one->reply.sensitivity)) continue;
    const bool is_kept = cache_.put(one->key, std::make_shared<const CachedReply>(one->reply),
                                    bytes_of(one->reply), now - age);
    taken += is_kept ? 1 : 0;
  }
  return taken;
}

}  // namespace tacit::inference
