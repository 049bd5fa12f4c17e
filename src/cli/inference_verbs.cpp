// infer, budget, usage, providers: asked of the server that owns the data folder, else worked out
// here while the folder is owned for the moment.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/mutex.h"
#include "base/text.h"
#include "base/worker.h"
#include "cli/models_here.h"
#include "cli/terminal.h"
#include "cli/text_input.h"
#include "cli/verbs.h"
#include "domain/budget.h"
#include "wire/codec.h"
#include "wire/errors.h"
#include "wire/inference_codec.h"

namespace tacit::cli {
namespace {

using Json = nlohmann::json;

constexpr std::chrono::seconds kLookTimeout{10};
constexpr std::chrono::minutes kBatchTimeout{15};  // to judge and send every line
constexpr std::size_t kMaxEach = 10'000;
constexpr std::chrono::seconds kGrace{5};  // for the server, on top of the call's own time

Result<service::InferRequest> request_of(const Arguments& arguments) {
  service::InferRequest request;
  for (const std::string& word : arguments.words)
    request.prompt += (request.prompt.empty() ? "" : " ") + word;
  if (request.prompt.empty() || request.prompt == "-") request.prompt = TACIT_TRY(read_input());
  const auto mode = parse_privacy_mode(arguments.privacy);
  if (!mode) {
    return fail(ErrorKind::kInvalidInput,
                fmt::format("--privacy: \"{}\" is not auto, local or remote", arguments.privacy));
  }
  request.mode = *mode;
  request.operation = arguments.operation;
  request.project = arguments.project;
  request.is_background = arguments.background;
  request.max_output = arguments.max_output;
  if (!arguments.schema.empty())
    request.schema = TACIT_TRY(read_text_file(arguments.schema.string()));
  return request;
}

std::string cost_line(const Json& answer) {
  return fmt::format("{} {} · {} in, {} out · ${} · {}\n", answer.value("provider", ""),
                     answer.value("model", ""), answer["usage"].value("input", 0),
                     answer["usage"].value("output", 0), answer.value("cost_usd", ""),
                     answer.value("sensitivity", ""));
}

Result<void> infer(const Arguments& arguments, const Settings& settings, const Clock& clock) {
  const service::InferRequest request = TACIT_TRY(request_of(arguments));
  const bool shows = arguments.stream && !arguments.json;
  std::string answered;
  bool is_shown = false;
  const auto show = [&](std::string_view text) {
    is_shown = true;
    print(text);
  };
  if (const auto server = owner_client(settings)) {
    const std::string asked = wire::encode(request);
    const auto time = std::chrono::milliseconds(request.timeout_ms) + kGrace;
    answered = TACIT_TRY(shows ? server->ask_aloud("/v1/infer", asked, time, show)
                               : server->ask("POST", "/v1/infer", asked, time));
  } else {
    const ModelsHere here = TACIT_TRY(open_models(settings, clock));
    answered = wire::encode(
        TACIT_TRY(here.inference->infer(request, shows ? std::function<void(std::string_view)>(show)
                                                       : std::function<void(std::string_view)>())));
  }
  if (arguments.json) {
    print(answered + "\n");
    return {};
  }
  const Json answer = Json::parse(answered, nullptr, false);
  if (!answer.is_object()) return fail(ErrorKind::kInternal, "the answer is no JSON");
  print(is_shown ? "\n" : answer.value("text", "") + "\n");
  print_error(cost_line(answer));
  return {};
}

// Requests of a file, one a line; empty lines count but ask nothing.
struct Line {
  std::size_t number = 0;
  Result<service::InferRequest> request;
};

Result<std::vector<Line>> read_requests(const std::filesystem::path& file) {
  const std::string text = TACIT_TRY(file == "-" ? read_input() : read_text_file(file.string()));
  std::vector<Line> lines;
  std::size_t number = 0;
  for (const std::string_view line : split_lines(text)) {
    ++number;
    if (!trim(line).empty()) lines.push_back({number, wire::decode_infer(line)});
  }
  if (lines.size() > kMaxEach)
    return fail(ErrorKind::kInvalidInput, fmt::format("{} has {} requests, at most {} are asked",
                                                      file.string(), lines.size(), kMaxEach));
  return lines;
}

// Ten at once, since providers answer that many side by side; each answer is printed when it comes.
// How many failed.
Result<std::size_t> infer_each(const Arguments& arguments, const Settings& settings,
                               const Clock& clock) {
  const std::vector<Line> lines = TACIT_TRY(read_requests(arguments.each));
  const auto server = owner_client(settings);
  const ModelsHere here = server ? ModelsHere() : TACIT_TRY(open_models(settings, clock));
  const auto ask = [&](service::InferRequest request) -> Result<std::string> {
    request.is_background = request.is_background || arguments.background;
    if (server)
      return server->ask("POST", "/v1/infer", wire::encode(request),
                         std::chrono::milliseconds(request.timeout_ms) + kGrace);
    return wire::encode(TACIT_TRY(here.inference->infer(request)));
  };
  Mutex mutex;  // of the output and the count
  std::size_t failed = 0;
  WorkerPool pool(inference::kRemoteCallsAtOnce);
  pool.parallel_for(lines.size(), [&](std::size_t i, std::size_t) {
    const Line& line = lines[i];
    const Result<std::string> done =
        line.request ? ask(*line.request) : std::unexpected(line.request.error());
    const MutexLock lock(mutex);
    if (!done) ++failed;
    // An error is {"error":{…}} already.
    const std::string told =
        done ? fmt::format("\"answer\":{}}}", *done) : wire::encode(done.error()).substr(1);
    print(fmt::format("{{\"line\":{},{}\n", line.number, told));
  });
  print_error(fmt::format("{} answered, {} failed\n", lines.size() - failed, failed));
  return failed;
}

// One batch of the lines; how many of them are in it is told, and which are not.
Result<std::size_t> infer_batch(const Arguments& arguments, const Settings& settings,
                                const Clock& clock) {
  std::vector<service::BatchItem> items;
  for (Line& line : TACIT_TRY(read_requests(arguments.each))) {
    if (!line.request)
      return std::unexpected(
          std::move(line.request).error().with_context(fmt::format("line {}", line.number)));
    items.push_back({static_cast<std::int64_t>(line.number), std::move(*line.request)});
  }
  std::string sent;
  if (const auto server = owner_client(settings)) {
    sent = TACIT_TRY(server->ask("POST", "/v1/batches", wire::encode(items), kBatchTimeout));
  } else {
    const ModelsHere here = TACIT_TRY(open_models(settings, clock));
    sent = wire::encode(TACIT_TRY(here.inference->batches().submit(items)));
  }
  return print_batch(sent, arguments.json);
}

// GET `target` of the server, or `here` worked out in this process.
template <class Work>
Result<std::string> look(const Settings& settings, const Clock& clock, const std::string& target,
                         const Work& work) {
  if (const auto server = owner_client(settings))
    return server->ask("GET", target, "", kLookTimeout);
  const ModelsHere here = TACIT_TRY(open_models(settings, clock));
  return work(*here.inference);
}

// Letters, digits and what needs no escaping in a query.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    result += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return result;
}

std::string money(const Json& json, const char* key) {
  return json[key].is_string() ? "$" + json[key].get<std::string>() : "no limit";
}

std::string budget_text(const Json& budget) {
  std::string text =
      fmt::format("{} in {}: spent {}, held {}, left {} of {}\n", budget.value("developer", ""),
                  budget.value("period", ""), money(budget, "spent_usd"), money(budget, "held_usd"),
                  money(budget, "left_usd"), money(budget, "limit_usd"));
  text += fmt::format("tokens {} of {}; one call at most {}; degradation: {}\n",
                      budget.value("tokens", std::int64_t{0}),
                      budget.value("token_limit", std::int64_t{0}), money(budget, "per_call_usd"),
                      budget.value("degradation", ""));
  if (budget["projection"].is_object())
    text += fmt::format("at this rate {} at the end of the month ({} to {})\n",
                        money(budget["projection"], "expected_usd"),
                        money(budget["projection"], "low_usd"),
                        money(budget["projection"], "high_usd"));
  else
    text += "no projection before three days with cost\n";
  for (const Json& alert : budget["alerts"])
    text += fmt::format("alert: {} has reached {} % of ${} in {}\n", alert.value("account", ""),
                        alert.value("percent", 0), alert.value("limit_usd", ""),
                        alert.value("period", ""));
  if (!budget.value("trouble", "").empty())
    text += "nothing remote is called: " + budget.value("trouble", "") + "\n";
  return text;
}

std::string usage_text(const Json& usage) {
  if (usage["rows"].empty())
    return fmt::format("nothing was spent in {}\n", usage.value("period", ""));
  std::string text =
      fmt::format("{:<40} {:>16} {:>8} {:>12} {:>10} {:>16} {:>8}\n", usage.value("by", ""),
                  "spent", "calls", "tokens", "unsure", "avoided", "free");
  for (const Json& row : usage["rows"])
    text += fmt::format("{:<40} {:>16} {:>8} {:>12} {:>10} {:>16} {:>8}\n", row.value("key", ""),
                        "$" + row.value("spent_usd", ""), row.value("calls", std::int64_t{0}),
                        row.value("tokens", std::int64_t{0}),
                        row.value("suspended", std::int64_t{0}), "$" + row.value("avoided_usd", ""),
                        row.value("avoided_calls", std::int64_t{0}));
  return text;
}

std::string providers_text(const Json& providers) {
  std::string text;
  for (const Json& each : providers["providers"]) {
    std::string state = "ready";
    if (!each.value("refusal", "").empty())
      state = "not called: " + each.value("refusal", "");
    else if (each["rests_ms"].is_number())
      state = fmt::format("rests for {} s", each.value("rests_ms", 0) / 1000);
    text += fmt::format("{:<10} {:<28} {}\n", each.value("provider", ""), each.value("model", ""),
                        state);
  }
  return text.empty() ? "no provider is configured\n" : text;
}

std::string cache_text(const Json& caches) {
  std::string text = fmt::format("{:<10} {:<8} {:>14} {:>20} {:>8} {:>8} {:>8} {:>12}\n", "cache",
                                 "policy", "entries", "bytes", "hits", "misses", "rate", "saved");
  for (const Json& each : caches["caches"]) {
    const auto hits = each.value("hits", std::int64_t{0});
    const auto asked = hits + each.value("misses", std::int64_t{0});
    text += fmt::format(
        "{:<10} {:<8} {:>14} {:>20} {:>8} {:>8} {:>8} {:>12}\n", each.value("name", ""),
        each.value("policy", ""),
        fmt::format("{}/{}", each.value("entries", 0), each.value("most_entries", 0)),
        fmt::format("{}/{}", each.value("bytes", 0), each.value("most_bytes", 0)), hits,
        asked - hits, asked == 0 ? std::string("-") : fmt::format("{} %", hits * 100 / asked),
        "$" + each.value("saved_usd", ""));
  }
  return text;
}

template <class Text>
int show(const Result<std::string>& found, bool json, const Text& text_of) {
  if (!found) return report(found.error(), json);
  if (json) {
    print(*found + "\n");
    return wire::kExitDone;
  }
  const Json document = Json::parse(*found, nullptr, false);
  if (!document.is_object())
    return report(Error(ErrorKind::kInternal, "the answer is no JSON"), json);
  print(text_of(document));
  return wire::kExitDone;
}

}  // namespace

int run_infer(const Arguments& arguments, const Settings& settings, const Clock& clock) {
  if (arguments.batch && arguments.each.empty())
    return report(Error(ErrorKind::kInvalidInput, "--batch sends the lines of --each FILE"),
                  arguments.json);
  if (!arguments.each.empty()) {
    const auto failed = arguments.batch ? infer_batch(arguments, settings, clock)
                                        : infer_each(arguments, settings, clock);
    if (!failed) return report(failed.error(), arguments.json);
    return *failed == 0 ? wire::kExitDone : wire::kExitPartly;
  }
  const auto done = infer(arguments, settings, clock);
  return done ? wire::kExitDone : report(done.error(), arguments.json);
}

int run_budget(const Arguments& arguments, const Settings& settings, const Clock& clock) {
  const std::string target =
      "/v1/budget" +
      (arguments.developer.empty() ? "" : "?developer=" + escaped(arguments.developer));
  return show(look(settings, clock, target,
                   [&](service::InferenceService& here) -> Result<std::string> {
                     return wire::encode(TACIT_TRY(here.budget(arguments.developer)));
                   }),
              arguments.json, budget_text);
}

int run_usage(const Arguments& arguments, const Settings& settings, const Clock& clock) {
  const auto key = wire::parse_spend_key(arguments.by);
  if (!key) {
    return report(Error(ErrorKind::kInvalidInput,
                        "--by: choose developer, project, provider, model or operation"),
                  arguments.json);
  }
  const std::string period = arguments.period.empty() ? period_of(clock.now()) : arguments.period;
  return show(look(settings, clock, "/v1/usage?by=" + arguments.by + "&period=" + escaped(period),
                   [&](service::InferenceService& here) -> Result<std::string> {
                     return wire::encode_usage(*key, period, TACIT_TRY(here.usage(*key, period)));
                   }),
              arguments.json, usage_text);
}

// Caches live in the server: without one there is nothing to show, which is no failure.
int run_cache(const Arguments& arguments, const Settings& settings, const Clock& /*clock*/) {
  if (const auto server = owner_client(settings))
    return show(server->ask("GET", "/v1/cache", "", kLookTimeout), arguments.json, cache_text);
  if (arguments.json)
    print("{\"caches\":[]}\n");
  else
    print("no server runs on this data folder, so nothing is cached; `tacit serve` starts it\n");
  return wire::kExitDone;
}

int run_providers(const Arguments& arguments, const Settings& settings, const Clock& clock) {
  return show(look(settings, clock, "/v1/providers",
                   [&](service::InferenceService& here) -> Result<std::string> {
                     return wire::encode(here.providers());
                   }),
              arguments.json, providers_text);
}

}  // namespace tacit::cli
