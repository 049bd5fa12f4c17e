#include "inference/engine.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "inference/prompt_size.h"
#include "inference/schema.h"
#include "inference/single_flight.h"
#include "inference/walk.h"

namespace tacit::inference {
namespace {

// What a call says of itself before any place is chosen.
template <class Request>
Job job_of(const std::string& request_id, const Request& request, const EngineParts& parts) {
  Job job;
  job.request = request_id;
  job.developer = request.developer;
  job.project = request.project;
  job.operation = request.operation;
  job.wish.sensitivity = request.sensitivity;
  job.wish.mode = request.mode;
  job.wish.urgency = request.urgency;
  job.time = request.time;
  job.on_attempt = request.on_attempt;
  job.audit_of = request.audit_of;
  job.has_exact_count = [&parts](const Route& route) {
    return counter_of(parts, route) != nullptr;
  };
  job.accept = [] { return Attempted<void>(); };
  job.has_shown = [] { return false; };
  return job;
}

Money cost_of(const std::vector<AttemptRecord>& attempts) {
  Money cost;
  for (const AttemptRecord& attempt : attempts) cost += attempt.cost;
  return cost;
}

ResolvedCall resolved(const CompletionRequest& request, const std::string& tenant) {
  ResolvedCall call;
  call.tenant = tenant;
  call.project = request.project;
  call.operation = request.operation;
  call.sensitivity = request.sensitivity;
  call.mode = request.mode;
  call.prompt = request.prompt;
  return call;
}

Completion from_cache(const CachedReply& kept) {
  Completion done;
  done.text = kept.text;
  done.provider = kept.provider;
  done.model = kept.model;
  done.finish = Finish::kStop;
  done.is_cached = true;
  done.usage = kept.usage;
  return done;
}

// Prompts are counted once for each encoding, not for each route.
class Counts {
 public:
  explicit Counts(const EngineParts& parts, const Prompt& prompt)
      : parts_(parts), prompt_(prompt) {}
  std::int64_t of(const Route& route) {
    const TokenCounter* const counter = counter_of(parts_, route);
    const auto [known, is_new] = counts_.try_emplace(counter, 0);
    if (is_new) known->second = prompt_tokens(prompt_, counter);
    return known->second;
  }

 private:
  const EngineParts& parts_;
  const Prompt& prompt_;
  std::map<const TokenCounter*, std::int64_t> counts_;
};

}  // namespace

struct Engine::State {
  State(EngineOptions with, EngineParts from, std::unique_ptr<Outbound> door)
      : options(std::move(with)),
        parts(std::move(from)),
        outbound(std::move(door)),
        chain(options.chain, parts.clock, options.seed),
        embeddings(options.embeddings, parts.clock, options.seed + 1),
        walker(options, parts, *outbound),
        batches(options.batch, parts, *outbound, chain.routes),
        responses(options.responses, parts.clock) {}

  Result<Completion> ask(const std::string& request_id, const CompletionRequest& request,
                         const std::function<void(std::string_view)>& on_text,
                         const std::stop_token& stop);

  // An answer that cost nothing: what it would have cost.
  void save(const CompletionRequest& request, const std::string& provider, const std::string& model,
            Money cost) {
    saved_pico += cost.pico();
    if (parts.ledger == nullptr || cost == Money()) return;
    parts.ledger->avoid(
        {request.developer, request.project, provider, model, request.operation, cost});
  }

  const EngineOptions options;
  const EngineParts parts;
  const std::unique_ptr<Outbound> outbound;
  Chain chain;
  Chain embeddings;
  Walker walker;
  BatchDesk batches;
  ResponseCache responses;
  std::atomic<std::int64_t> saved_pico{0};
  SingleFlight flights;  // ends first
};

Engine::Engine(std::unique_ptr<State> state) : state_(std::move(state)) {}
Engine::~Engine() = default;

Result<std::unique_ptr<Engine>> Engine::open(EngineOptions options, EngineParts parts) {
  auto outbound = TACIT_TRY(Outbound::start(options.http));
  return std::unique_ptr<Engine>(new Engine(
      std::make_unique<State>(std::move(options), std::move(parts), std::move(outbound))));
}

Result<Completion> Engine::complete(const std::string& request_id, const CompletionRequest& request,
                                    const std::function<void(std::string_view)>& on_text,
                                    std::stop_token stop) {
  if (request.prompt.messages.empty() || request.prompt.max_output <= 0)
    return fail(ErrorKind::kInvalidInput, "a call needs a message and room for an answer");
  if (!request.prompt.schema.empty()) TACIT_TRY(check_schema(request.prompt.schema));
  const ResolvedCall call = resolved(request, state_->options.tenant);
  if (!request.may_cache || !may_keep(call, Finish::kStop, request.is_deterministic))
    return state_->ask(request_id, request, on_text, stop);
  const std::string key = key_of(call);
  if (const auto kept = state_->responses.find(key)) {
    state_->save(request, kept->provider, kept->model, kept->cost);
    if (on_text) on_text(kept->text);
    return from_cache(*kept);
  }
  // The flight may outlive this caller, so its call owns what it uses.
  const bool is_streamed = static_cast<bool>(on_text);
  SingleFlight::Call fly = [state = state_.get(), request_id, request, key, call, is_streamed](
                               const SingleFlight::ShowText& show,
                               std::stop_token ending) -> Result<Completion> {
    if (const auto kept = state->responses.find(key)) {
      state->save(request, kept->provider, kept->model, kept->cost);
      return from_cache(*kept);
    }
    Completion done = TACIT_TRY(state->ask(
        request_id, request, is_streamed ? show : SingleFlight::ShowText(), std::move(ending)));
    if (may_keep(call, done.finish, request.is_deterministic))
      state->responses.keep(
          key, {done.text, done.provider, done.model, done.usage, done.cost, request.sensitivity});
    return done;
  };
  bool has_shown = false;
  SingleFlight::ShowText show;
  if (is_streamed) {
    show = [&](std::string_view text) {
      has_shown = true;
      on_text(text);
    };
  }
  auto landing = state_->flights.fly(key, std::move(fly), show, request.time, std::move(stop));
  Completion done = TACIT_TRY(std::move(landing.outcome));
  if (is_streamed && !has_shown) on_text(done.text);
  if (!landing.has_called) {  // another caller asked, and pays
    state_->save(request, done.provider, done.model, done.cost);
    done.is_cached = true;
    done.cost = Money();
    done.attempts.clear();
  }
  return done;
}

Result<Completion> Engine::State::ask(const std::string& request_id,
                                      const CompletionRequest& request,
                                      const std::function<void(std::string_view)>& on_text,
                                      const std::stop_token& stop) {
  const std::string& schema = request.prompt.schema;
  Job job = job_of(request_id, request, parts);
  Counts counts(parts, request.prompt);
  std::unique_ptr<ReplyReader> reader;
  Reply reply;
  bool has_shown = false;
  job.max_output = request.prompt.max_output;
  job.counted_prompt = [&](const Route& route) { return counts.of(route); };
  job.begin = [&](const Route& route) {
    const Provider& provider = provider_of(route.endpoint.protocol);
    reader = provider.reader(static_cast<bool>(on_text));
    return provider.chat(route.endpoint, route.model, request.prompt, static_cast<bool>(on_text));
  };
  const auto show = [&](std::string_view text) {
    if (!on_text || text.empty()) return;
    has_shown = true;
    on_text(text);
  };
  job.on_bytes = [&](std::string_view bytes) { return reader->feed(bytes, show); };
  job.on_end = [&]() -> Attempted<std::optional<BilledTokens>> {
    auto ended = reader->finish();
    if (!ended) return std::unexpected<Fault>(std::move(ended).error());
    reply = std::move(*ended);
    return reply.usage;
  };
  job.has_shown = [&] { return has_shown; };
  job.accept = [&]() -> Attempted<void> {
    if (schema.empty() || reply.finish == Finish::kContentFilter) return {};
    const std::string complaint = complaint_about(reply.text, schema);
    if (complaint.empty()) return {};
    return std::unexpected<Fault>(Fault{
        FaultKind::kBroken, "the answer breaks its schema: " + complaint, std::nullopt, true});
  };
  Completion done;
  const std::size_t route = TACIT_TRY(walker.run(chain, job, stop, done.attempts));
  if (reply.finish == Finish::kContentFilter)
    return fail(ErrorKind::kForbidden, "the provider's filter withheld the answer");
  done.text = std::move(reply.text);
  done.provider = chain.routes[route].endpoint.provider;
  done.model = chain.routes[route].model;
  done.finish = reply.finish;
  done.usage = reply.usage.value_or(BilledTokens{});
  done.cost = cost_of(done.attempts);
  return done;
}

Result<EmbeddingAnswer> Engine::embed(const std::string& request_id,
                                      const EmbeddingRequest& request, std::stop_token stop) {
  EmbeddingAnswer answer;
  for (std::size_t from = 0; from < request.texts.size(); from += kEmbeddingBatch) {
    const std::size_t to = std::min(request.texts.size(), from + kEmbeddingBatch);
    const std::vector<std::string> texts(request.texts.begin() + static_cast<std::ptrdiff_t>(from),
                                         request.texts.begin() + static_cast<std::ptrdiff_t>(to));
    Prompt counted;
    for (const std::string& text : texts) counted.messages.push_back({Role::kUser, text});
    Job job =
        job_of(request_id + "/" + std::to_string(from / kEmbeddingBatch), request, state_->parts);
    Counts counts(state_->parts, counted);
    std::string body;
    std::optional<EmbeddingReply> reply;
    const Provider* provider = nullptr;
    job.counted_prompt = [&](const Route& route) { return counts.of(route); };
    job.begin = [&](const Route& route) {
      provider = &provider_of(route.endpoint.protocol);
      body.clear();
      // Routes whose provider has no embeddings are refused when the chain is made.
      return provider->embeddings(route.endpoint, route.model, texts, request.dimensions)
          .value_or(net::HttpCall{});
    };
    job.on_bytes = [&](std::string_view bytes) {
      body += bytes;
      return Attempted<void>();
    };
    job.on_end = [&]() -> Attempted<std::optional<BilledTokens>> {
      auto read = provider->read_embeddings(body, texts.size());
      if (!read) return std::unexpected<Fault>(std::move(read).error());
      reply = std::move(*read);
      return reply->usage;
    };
    const std::size_t route =
        TACIT_TRY(state_->walker.run(state_->embeddings, job, stop, answer.attempts));
    // Vectors of two models never meet: the rest is asked where the first part was answered.
    const Route& answered = state_->embeddings.routes[route];
    if (!answer.model.empty() && answer.model != answered.model)
      return fail(ErrorKind::kUnavailable,
                  "the texts were embedded by two models, whose vectors cannot be compared");
    answer.provider = answered.endpoint.provider;
    answer.model = answered.model;
    std::ranges::move(reply->vectors, std::back_inserter(answer.vectors));
  }
  answer.cost = cost_of(answer.attempts);
  return answer;
}

BatchDesk& Engine::batches() {
  return state_->batches;
}

std::vector<ProviderView> Engine::providers() const {
  std::vector<ProviderView> views;
  for (const Chain* const chain : {&state_->chain, &state_->embeddings}) {
    for (std::size_t i = 0; i < chain->routes.size(); ++i) {
      const Route& route = chain->routes[i];
      const RouteBoard::View stand = chain->board.view(i);
      ProviderView view;
      view.provider = route.endpoint.provider;
      view.model = route.model;
      view.url = route.endpoint.url;
      view.is_local = route.endpoint.is_local;
      view.has_key = !route.endpoint.key.empty();
      view.refusal = route.refusal.empty() ? stand.unusable : route.refusal;
      view.breaker_open = stand.is_open;
      view.failures = stand.failures;
      view.resting = stand.resting;
      views.push_back(std::move(view));
    }
  }
  return views;
}

cache::CacheStats Engine::response_cache() const {
  return state_->responses.stats();
}

Money Engine::saved() const {
  return Money::pico(state_->saved_pico);
}

std::vector<WarmReply> Engine::most_used_replies() const {
  return state_->responses.most_used();
}

std::size_t Engine::warm(const std::vector<WarmReply>& replies) {
  return state_->responses.warm(replies);
}

CallQueue::State Engine::remote_queue() const {
  return state_->walker.remote_queue();
}

}  // namespace tacit::inference
