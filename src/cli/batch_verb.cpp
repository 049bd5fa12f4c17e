// batch: how batches stand, their answers, waiting for them and ending them. Without a server the
// provider is asked by this process.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/models_here.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "wire/errors.h"
#include "wire/inference_codec.h"

namespace tacit::cli {
namespace {

using Json = nlohmann::json;

constexpr std::chrono::seconds kLookTimeout{60};
constexpr Duration kAskAgain = std::chrono::seconds(5);  // a server, which asks the provider itself

std::string batch_text(const Json& batch) {
  std::string text = fmt::format(
      "{}  {} {}  {}{}  {} waiting, {} answered, {} failed  ${} spent, ${} held",
      batch.value("id", ""), batch.value("provider", ""), batch.value("model", ""),
      batch.value("cancelled", false) && batch.value("state", "") != "ended" ? "being cancelled, "
                                                                             : "",
      batch.value("state", ""), batch.value("waiting", 0), batch.value("answered", 0),
      batch.value("failed", 0), batch.value("cost_usd", ""), batch.value("held_usd", ""));
  if (!batch.value("outcome", "").empty()) text += "  (" + batch.value("outcome", "") + ")";
  return text + "\n";
}

std::string list_text(const Json& list) {
  std::string text;
  for (const Json& batch : list["batches"]) text += batch_text(batch);
  return text.empty() ? "no batch was sent in the last month\n" : text;
}

Result<std::string> all(const Settings& settings, const Clock& clock) {
  if (const auto server = owner_client(settings))
    return server->ask("GET", "/v1/batches", "", kLookTimeout);
  const ModelsHere here = TACIT_TRY(open_models(settings, clock));
  return wire::encode(TACIT_TRY(here.inference->batches().list()));
}

bool has_ended(const std::string& batch) {
  const Json json = Json::parse(batch, nullptr, false);
  return !json.is_object() || json.value("state", "") == "ended";
}

Result<std::string> one_of_server(const OwnerClient& server, const Arguments& arguments,
                                  const Clock& clock) {
  const std::string target = "/v1/batches/" + arguments.words.front();
  if (arguments.cancel) TACIT_TRY(server.ask("POST", target + "/cancel", "", kLookTimeout));
  std::string batch = TACIT_TRY(server.ask("GET", target, "", kLookTimeout));
  while (arguments.wait && !has_ended(batch) && clock.wait(kAskAgain, {}))
    batch = TACIT_TRY(server.ask("GET", target, "", kLookTimeout));
  return batch;
}

Result<std::string> one_here(const Arguments& arguments, const Settings& settings,
                             const Clock& clock) {
  const ModelsHere here = TACIT_TRY(open_models(settings, clock));
  service::BatchService& batches = here.inference->batches();
  const std::string& id = arguments.words.front();
  if (arguments.cancel) TACIT_TRY(batches.cancel(id));
  Duration pause = batches.step();
  service::BatchView view = TACIT_TRY(batches.view(id));
  while (arguments.wait && view.state != "ended" && clock.wait(pause, {})) {
    pause = batches.step();
    view = TACIT_TRY(batches.view(id));
  }
  return wire::encode(view);
}

bool is_id(std::string_view text) {
  return !text.empty() &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") == std::string_view::npos;
}

}  // namespace

Result<std::size_t> print_batch(std::string_view batch, bool json) {
  const Json document = Json::parse(batch, nullptr, false);
  if (!document.is_object() || !document.contains("lines") || !document["lines"].is_array())
    return fail(ErrorKind::kInternal, "the answer is no batch");
  if (json) {
    print(std::string(batch) + "\n");
  } else {
    for (const Json& line : document["lines"]) print(line.dump() + "\n");
    print_error(batch_text(document));
  }
  return document.value("failed", std::size_t{0});
}

int run_batch(const Arguments& arguments, const Settings& settings, const Clock& clock) {
  if (arguments.words.empty()) {
    const auto list = all(settings, clock);
    if (!list) return report(list.error(), arguments.json);
    print(arguments.json ? *list + "\n" : list_text(Json::parse(*list, nullptr, false)));
    return wire::kExitDone;
  }
  if (arguments.words.size() > 1 || !is_id(arguments.words.front()))
    return report(Error(ErrorKind::kInvalidInput, "give the id of one batch"), arguments.json);
  const auto server = owner_client(settings);
  const auto batch =
      server ? one_of_server(*server, arguments, clock) : one_here(arguments, settings, clock);
  if (!batch) return report(batch.error(), arguments.json);
  const auto failed = print_batch(*batch, arguments.json);
  if (!failed) return report(failed.error(), arguments.json);
  return *failed == 0 ? wire::kExitDone : wire::kExitPartly;
}

}  // namespace tacit::cli
