#include <fmt/format.h>

#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "cli/owner_client.h"
#include "cli/terminal.h"
#include "cli/verbs.h"
#include "service/importer.h"
#include "wire/errors.h"

namespace tacit::cli {
namespace {

constexpr std::size_t kNoticesShown = 10;

// What learning made of an import.
struct Learned {
  std::size_t observations = 0;
  std::size_t items_added = 0;
  std::size_t items_reinforced = 0;
  bool interrupted = false;
  std::string note;  // what is still under way elsewhere
};

struct Outcome {
  service::ImportReport report;
  Learned learned;
  double seconds = 0;
};

std::function<void(const service::ImportProgress&)> reading_progress(Progress& progress) {
  return [&progress](const service::ImportProgress& state) {
    progress.show({"reading transcripts", static_cast<double>(state.bytes_done) / 1e6,
                   static_cast<double>(state.bytes) / 1e6, "MB"});
  };
}

Result<Learned> learn_all(learn::Learner& learner, Progress& progress) {
  Learned learned;
  const std::size_t total = TACIT_TRY(learner.remaining());
  while (true) {
    if (stop_requested()) {
      learned.interrupted = true;
      return learned;
    }
    const learn::StepReport step = TACIT_TRY(learner.step());
    learned.observations += step.observations;
    learned.items_added += step.items_added;
    learned.items_reinforced += step.items_reinforced;
    if (step.idle) return learned;
    const std::size_t left = TACIT_TRY(learner.remaining());
    progress.show({"learning and embedding", static_cast<double>(total - std::min(left, total)),
                   static_cast<double>(total), "texts"});
  }
}

Result<Outcome> import_here(const std::vector<std::filesystem::path>& paths,
                            const Arguments& arguments, const Settings& settings,
                            const Clock& clock, Progress& progress) {
  service::WorkspaceOptions options;
  options.data_dir = settings.data_dir;
  options.model_dir = settings.model_dir;
  options.threads = settings.threads;
  auto workspace = TACIT_TRY(service::Workspace::open(options, service::Access::kWriter, clock));
  store::Store& store = workspace->store();
  service::ImportPorts ports;
  ports.ingest = [&](std::vector<service::Incoming> batch) {
    return workspace->service().ingest(std::move(batch), arguments.again);
  };
  if (!arguments.again) {
    ports.is_done = [&](const std::string& path, const std::string& signature) -> Result<bool> {
      bool done = false;
      TACIT_TRY(store.read([&](store::ReadTxn& txn) -> Result<void> {
        done = TACIT_TRY(store::is_file_done(txn, path, signature));
        return {};
      }));
      return done;
    };
  }
  ports.mark_done = [&](const std::string& path, const std::string& signature) {
    return store.write(
        [&](store::WriteTxn& txn) { return store::mark_file_done(txn, path, signature); });
  };
  ports.progress = reading_progress(progress);
  ports.stop = &stop_requested();
  Outcome outcome;
  outcome.report = TACIT_TRY(service::import_paths(paths, ports));
  outcome.learned = TACIT_TRY(learn_all(workspace->learner(), progress));
  outcome.learned.note = workspace->embedder() == nullptr ? workspace->model_note() : "";
  return outcome;
}

Result<Outcome> import_dry(const std::vector<std::filesystem::path>& paths,
                           const Settings& settings, Progress& progress) {
  // Without a data folder yet, ids come from a key of the moment: counts are the same.
  std::unique_ptr<store::Store> store;
  auto key = service::open_data_folder(settings.data_dir, false);
  if (key) {
    store::StoreOptions options;
    options.directory = settings.data_dir;
    options.read_only = true;
    store = TACIT_TRY(store::Store::open(options));
  }
  const IdentityKey used = key ? *key : IdentityKey("dry run");
  auto redactor = TACIT_TRY(privacy::Redactor::make(used));
  service::ImportPorts ports;
  ports.ingest = service::dry_run_port(store.get(), *redactor, used);
  ports.progress = reading_progress(progress);
  ports.stop = &stop_requested();
  Outcome outcome;
  outcome.report = TACIT_TRY(service::import_paths(paths, ports));
  return outcome;
}

// The owner stores and learns; this process reads, and redacts first too.
Result<Outcome> import_through(const service::Owner& owner,
                               const std::vector<std::filesystem::path>& paths,
                               const Arguments& arguments, const Settings& settings,
                               Progress& progress) {
  const OwnerClient client(owner);
  const IdentityKey key = TACIT_TRY(service::open_data_folder(settings.data_dir, false));
  auto redactor = TACIT_TRY(privacy::Redactor::make(key));
  const store::StoreCounts before = TACIT_TRY(client.counts());
  std::size_t redactions = 0;
  service::ImportPorts ports;
  ports.ingest = [&](std::vector<service::Incoming> batch) {
    for (service::Incoming& incoming : batch) {
      for (Step& step : incoming.exchange.steps) redactions += redactor->redact_in_place(step.text);
    }
    return client.ingest(std::move(batch), arguments.again);
  };
  ports.progress = reading_progress(progress);
  ports.stop = &stop_requested();
  Outcome outcome;
  outcome.report = TACIT_TRY(service::import_paths(paths, ports));
  outcome.report.redactions += redactions;
  const store::StoreCounts after = TACIT_TRY(client.counts());
  outcome.learned.observations =
      static_cast<std::size_t>(std::max<std::int64_t>(0, after.observations - before.observations));
  outcome.learned.items_added =
      static_cast<std::size_t>(std::max<std::int64_t>(0, after.items - before.items));
  if (after.to_learn > 0) {
    outcome.learned.note = fmt::format("the server at {} is still learning from {} exchanges",
                                       owner.url, after.to_learn);
  }
  return outcome;
}

std::string as_json(const Outcome& outcome) {
  nlohmann::json json;
  const service::ImportReport& report = outcome.report;
  json["files"] = report.files;
  json["sessions"] = report.sessions;
  json["exchanges"] = report.exchanges;
  json["grown"] = report.grown;
  json["observations"] = outcome.learned.observations;
  json["items_added"] = outcome.learned.items_added;
  json["items_reinforced"] = outcome.learned.items_reinforced;
  json["duplicates"] = report.duplicates;
  json["forgotten"] = report.forgotten;
  json["redactions"] = report.redactions;
  json["bytes"] = report.bytes;
  json["interrupted"] = report.interrupted || outcome.learned.interrupted;
  json["seconds"] = outcome.seconds;
  json["skipped"] = nlohmann::json::array();
  for (const auto& notice : report.skipped) {
    json["skipped"].push_back(
        {{"file", notice.file.string()}, {"line", notice.line}, {"reason", notice.reason}});
  }
  json["per_file"] = nlohmann::json::array();
  for (const auto& file : report.per_file) {
    json["per_file"].push_back({{"file", file.file},
                                {"format", file.format},
                                {"sessions", file.sessions},
                                {"exchanges", file.exchanges}});
  }
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

void print_text(const Outcome& outcome, bool dry_run) {
  const service::ImportReport& report = outcome.report;
  std::string text =
      fmt::format("{}{} new sessions with {} new exchanges from {} files in {:.1f} s\n",
                  dry_run ? "Would import " : "Imported ", report.sessions, report.exchanges,
                  report.files, outcome.seconds);
  if (!dry_run) {
    text += fmt::format("Learned {} knowledge items ({} observations, {} reinforced an item)\n",
                        outcome.learned.items_added, outcome.learned.observations,
                        outcome.learned.items_reinforced);
  }
  text += fmt::format("{} duplicates left alone, {} grown, {} secrets masked\n", report.duplicates,
                      report.grown, report.redactions);
  if (report.forgotten > 0) {
    text += fmt::format("{} forgotten exchanges stayed out; `--again` would bring them back\n",
                        report.forgotten);
  }
  if (!outcome.learned.note.empty()) text += "Note: " + outcome.learned.note + "\n";
  print(text);
  for (std::size_t i = 0; i < report.skipped.size() && i < kNoticesShown; ++i) {
    const auto& notice = report.skipped[i];
    print_error(notice.line == 0
                    ? fmt::format("{}: {}", notice.file.string(), notice.reason)
                    : fmt::format("{}:{}: {}", notice.file.string(), notice.line, notice.reason));
  }
  if (report.skipped.size() > kNoticesShown) {
    print_error(
        fmt::format("… and {} more; --json lists them all", report.skipped.size() - kNoticesShown));
  }
}

}  // namespace

int run_import(const Arguments& arguments, const Settings& settings, const Clock& clock) {
  std::vector<std::filesystem::path> paths(arguments.words.begin(), arguments.words.end());
  if (arguments.found) {
    const char* home = std::getenv("HOME");
    std::error_code error;
    for (auto& place : transcript::usual_places(home == nullptr ? "" : home,
                                                std::filesystem::current_path(error))) {
      paths.push_back(std::move(place));
    }
    if (paths.empty()) {
      print_error(
          "no agent has left transcripts in its usual place on this machine; name a file or folder "
          "instead");
      return wire::kExitFailed;
    }
  }
  if (paths.empty()) {
    print_error(
        "import what? Name files or folders, or use --found for the usual places of the agents");
    return wire::kExitWrongUse;
  }
  watch_signals();
  const auto start = std::chrono::steady_clock::now();
  Progress progress(true);
  const auto owner = service::owner_of(settings.data_dir);
  Result<Outcome> outcome = arguments.dry_run ? import_dry(paths, settings, progress)
                            : owner && !owner->url.empty()
                                ? import_through(*owner, paths, arguments, settings, progress)
                                : import_here(paths, arguments, settings, clock, progress);
  if (!outcome) return report(outcome.error(), arguments.json);
  outcome->seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  progress.show({"done", 1, 1, ""});
  if (arguments.json)
    print(as_json(*outcome));
  else
    print_text(*outcome, arguments.dry_run);
  if (outcome->report.interrupted || outcome->learned.interrupted) {
    print_error("interrupted; what was imported is safe, and the same command goes on from there");
    return wire::kExitFailed;
  }
  return outcome->report.skipped.empty() ? wire::kExitDone : wire::kExitPartly;
}

}  // namespace tacit::cli
