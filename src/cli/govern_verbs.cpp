#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "base/json_text.h"
#include "cli/render.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "transcript/reader.h"
#include "wire/codec.h"
#include "wire/errors.h"

namespace tacit::cli {
namespace {

Result<store::ForgetTarget> target_of(const Arguments& arguments) {
  const int named = static_cast<int>(!arguments.words.empty()) +
                    static_cast<int>(!arguments.session.empty()) +
                    static_cast<int>(!arguments.project.empty());
  if (named != 1 || arguments.words.size() > 1) {
    return fail(ErrorKind::kInvalidInput,
                "forget what? Name one id, or --session ID, or --project FOLDER");
  }
  if (!arguments.project.empty()) {
    store::ForgetTarget target;
    target.project = arguments.project;
    return target;
  }
  if (!arguments.session.empty() && !SessionId::parse(arguments.session)) {
    return fail(ErrorKind::kInvalidInput,
                fmt::format("--session: \"{}\" is not the id of a session", arguments.session));
  }
  return service::KnowledgeService::forget_target_of(
      arguments.session.empty() ? arguments.words.front() : arguments.session);
}

std::string sentence(const store::ForgetReceipt& receipt, bool dry_run) {
  return fmt::format("{} {} sessions, {} exchanges, {} observations and {} knowledge items{}\n",
                     dry_run ? "Would forget" : "Forgot", receipt.sessions, receipt.exchanges,
                     receipt.observations, receipt.items,
                     dry_run ? ""
                             : "; no byte of them is left in the data folder, and importing them "
                               "again will not bring them back");
}

bool confirmed(const store::ForgetReceipt& receipt) {
  print(sentence(receipt, true));
  print("This cannot be undone. Forget? [y/N] ");
  std::array<char, 16> answer{};
  return std::fgets(answer.data(), answer.size(), stdin) != nullptr &&
         (answer[0] == 'y' || answer[0] == 'Y');
}

Result<int> forget(const Arguments& arguments, const Settings& settings, const Clock& clock) {
  const store::ForgetTarget target = TACIT_TRY(target_of(arguments));
  service::WorkspaceOptions options = reader_options(settings, clock, false);
  TACIT_TRY(service::open_data_folder(settings.data_dir, false));
  const auto access = arguments.dry_run ? service::Access::kReader : service::Access::kWriter;
  auto workspace = TACIT_TRY(service::Workspace::open(options, access, clock));
  store::ForgetReceipt receipt = TACIT_TRY(workspace->service().forget(target, true));
  if (receipt.exchanges + receipt.items + receipt.sessions == 0) {
    return fail(ErrorKind::kNotFound, "nothing here matches that; nothing was forgotten");
  }
  if (!arguments.dry_run) {
    const bool asks = !arguments.yes && isatty(STDIN_FILENO) == 1;
    if (asks && !confirmed(receipt)) return fail(ErrorKind::kCancelled, "nothing was forgotten");
    receipt = TACIT_TRY(workspace->service().forget(target, false));
  }
  print(arguments.json ? wire::encode(receipt, arguments.dry_run) + "\n"
                       : sentence(receipt, arguments.dry_run));
  return wire::kExitDone;
}

struct Check {
  std::string name;
  bool good = false;
  std::string finding;
};

Check check_folder(const Settings& settings, const Clock& clock) {
  Check check{"data folder", false, ""};
  const auto workspace = service::Workspace::open(reader_options(settings, clock, false),
                                                  service::Access::kReader, clock);
  if (!workspace) {
    check.finding = workspace.error().message();
    return check;
  }
  const auto status = (*workspace)->service().status();
  check.good = status.has_value();
  check.finding = status ? fmt::format("{}: {} items, {} exchanges", settings.data_dir.string(),
                                       status->counts.items, status->counts.exchanges)
                         : status.error().message();
  return check;
}

Check check_model(const Settings& settings) {
  const auto embedder = open_embedder(settings);
  if (!embedder) return {"model", false, embedder.error().message()};
  return {"model", true, (*embedder)->space().text()};
}

Check check_owner(const Settings& settings) {
  const auto owner = service::owner_of(settings.data_dir);
  if (!owner) return {"server", true, "not running; `tacit serve` starts it"};
  return {"server", true,
          owner->url.empty() ? fmt::format("process {} is writing", owner->pid)
                             : fmt::format("process {} serves on {}", owner->pid, owner->url)};
}

Check check_transcripts() {
  const char* home = std::getenv("HOME");
  std::error_code error;
  std::string places;
  for (const auto& place : transcript::usual_places(home == nullptr ? "" : home,
                                                    std::filesystem::current_path(error))) {
    places += (places.empty() ? "" : ", ") + place.string();
  }
  if (places.empty())
    return {"transcripts", true, "none in the usual places; `tacit import PATH` takes any folder"};
  return {"transcripts", true, places + "; `tacit import --found` learns from them"};
}

}  // namespace

int run_forget(const Arguments& arguments, const Settings& settings, const Clock& clock) {
  const auto done = forget(arguments, settings, clock);
  return done ? *done : report(done.error(), arguments.json);
}

int run_doctor(const Arguments& arguments, const Settings& settings, const Clock& clock) {
  const std::array checks = {check_folder(settings, clock), check_model(settings),
                             check_owner(settings), check_transcripts()};
  bool good = true;
  std::string text;
  std::string json;
  for (const Check& check : checks) {
    good = good && check.good;
    text += fmt::format("{} {}: {}\n",
                        check.good ? styled(Style::kGood, "ok  ") : styled(Style::kBad, "look"),
                        check.name, check.finding);
    json += fmt::format("{}{{\"check\":{},\"good\":{},\"finding\":{}}}", json.empty() ? "" : ",",
                        json_quote(check.name), check.good, json_quote(check.finding));
  }
  print(arguments.json ? fmt::format("{{\"good\":{},\"checks\":[{}]}}\n", good, json) : text);
  return good ? wire::kExitDone : wire::kExitFailed;
}

}  // namespace tacit::cli
