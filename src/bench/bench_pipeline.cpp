// Cases of import, search, start-up and memory.
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>

#include "bench/bench_case.h"
#include "bench/program_environment.h"
#include "bench/scratch_folder.h"
#include "domain/identity.h"
#include "privacy/redactor.h"
#include "service/importer.h"
#include "service/workspace.h"
#include "store/knowledge_queries.h"
#include "store/session_queries.h"
#include "transcript/reader.h"

namespace tacit::bench {
namespace {

constexpr std::size_t kItems = 10'000;
constexpr std::size_t kItemsPerExchange = 4;
constexpr int kPartlyDone = 3;
constexpr std::size_t kMaxRedactedBytes = 32U << 20U;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// Megabytes of transcript a second through parser and redactor, nothing written.
Result<Sample> parse_and_redact(const BenchOptions& options, int iterations) {
  if (!options.corpus) return fail(ErrorKind::kNotFound, "TACIT_CORPUS is not set");
  const IdentityKey key("bench");
  auto redactor = TACIT_TRY(privacy::Redactor::make(key));
  std::size_t bytes = 0;
  Sample sample = TACIT_TRY(time_each(iterations, [&](int) -> Result<void> {
    service::ImportPorts ports;
    ports.ingest = service::dry_run_port(nullptr, *redactor, key);
    bytes = TACIT_TRY(service::import_paths({*options.corpus / "sessions"}, ports)).bytes;
    return {};
  }));
  double total = 0;
  for (const double ms : sample.ms) total += ms;
  sample.throughput =
      static_cast<double>(bytes) / 1e6 * static_cast<double>(sample.ms.size()) * 1000 / total;
  sample.unit = "MB/s";
  return sample;
}

service::WorkspaceOptions workspace_options(const BenchOptions& options,
                                            const std::filesystem::path& folder) {
  service::WorkspaceOptions result;
  result.data_dir = folder;
  result.model_dir = options.model_dir.value_or("");
  result.wants_model = options.model_dir.has_value();
  return result;
}

// The raw lines of the corpus' sessions: JSON with its escapes, so every layer has work.
Result<std::vector<std::string>> session_lines(const BenchOptions& options) {
  if (!options.corpus) return fail(ErrorKind::kNotFound, "TACIT_CORPUS is not set");
  std::vector<std::string> lines;
  std::size_t bytes = 0;
  std::error_code ignored;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(*options.corpus / "sessions", ignored)) {
    if (!entry.is_regular_file(ignored)) continue;
    std::ifstream stream(entry.path(), std::ios::binary);
    for (std::string line; bytes < kMaxRedactedBytes && std::getline(stream, line);) {
      bytes += line.size();
      if (!line.empty()) lines.push_back(std::move(line));
    }
  }
  if (lines.empty()) return fail(ErrorKind::kNotFound, "the corpus has no sessions");
  return lines;
}

// Megabytes of raw session a second through one step of redaction, on one core.
template <class Step>
Result<Sample> redact_lines(const BenchOptions& options, int iterations, Step step) {
  const auto lines = TACIT_TRY(session_lines(options));
  const IdentityKey key("bench");
  const auto redactor = TACIT_TRY(privacy::Redactor::make(key));
  std::size_t bytes = 0;
  for (const std::string& line : lines) bytes += line.size();
  Sample sample = TACIT_TRY(time_each(iterations, [&](int) -> Result<void> {
    for (const std::string& line : lines) step(*redactor, line);
    return {};
  }));
  double total = 0;
  for (const double ms : sample.ms) total += ms;
  sample.throughput =
      static_cast<double>(bytes) / 1e6 * static_cast<double>(sample.ms.size()) * 1000 / total;
  sample.unit = "MB/s";
  return sample;
}

Result<Sample> find_candidates(const BenchOptions& options, int iterations) {
  return redact_lines(options, iterations,
                      [](const privacy::Redactor& redactor, const std::string& line) {
                        redactor.count_candidates(line);
                      });
}

Result<Sample> redact_all(const BenchOptions& options, int iterations) {
  return redact_lines(
      options, iterations,
      [](const privacy::Redactor& redactor, const std::string& line) { redactor.redact(line); });
}

Result<void> fill(service::Workspace& workspace, const Clock& clock, std::size_t items) {
  const auto statements = make_statements(items, 16, 5);
  Session session;
  session.agent = "bench";
  session.native_id = "one";
  session.project = "/bench";
  for (std::size_t start = 0; start < items; start += kItemsPerExchange) {
    service::Incoming incoming;
    incoming.session = session;
    incoming.exchange.identity = std::to_string(start);
    incoming.exchange.time = clock.now();
    incoming.exchange.steps.push_back(
        {StepKind::kRequest, "", statements[start], false, clock.now()});
    incoming.exchange.steps.push_back(
        {StepKind::kReply, "", statements[start + 1], false, clock.now()});
    TACIT_TRY(workspace.service().ingest({incoming}));
    const ExchangeId exchange = workspace.key().exchange("bench", incoming.exchange.identity);
    TACIT_TRY(workspace.store().write([&](store::WriteTxn& txn) -> Result<void> {
      for (std::size_t i = start; i < start + kItemsPerExchange; ++i) {
        Observation observation;
        observation.id = workspace.key().observation(exchange, statements[i]);
        observation.exchange = exchange;
        observation.statement = statements[i];
        observation.spans.push_back({0, 0, 10});
        KnowledgeItem item;
        item.id = workspace.key().item(observation.id);
        item.title = statements[i].substr(0, 60);
        item.statement = statements[i];
        item.project = session.project;
        item.session = workspace.key().session("bench", "one");
        TACIT_TRY(store::add_item(txn, item, observation, clock.now()));
      }
      return store::mark_learned(txn, exchange);
    }));
  }
  while (!TACIT_TRY(workspace.learner().step()).idle) {
  }
  return {};
}

// The kernel counts the largest size of the process that starts another as the other's own, so ours
// is set back to what it is now.
void forget_peak() {
  std::ofstream("/proc/self/clear_refs") << "5";
}

// Starts the program with arguments, waits, and gives its time and largest resident size. Inputs
// that it skips and names are no failure.
Result<std::pair<double, double>> run_program(const BenchOptions& options,
                                              std::vector<std::string> arguments,
                                              bool in_f32 = false) {
  arguments.insert(arguments.begin(), options.program.string());
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  ProgramEnvironment environment(in_f32);
  pid_t pid = 0;
  forget_peak();
  const auto start = std::chrono::steady_clock::now();
  const int error = posix_spawn(&pid, options.program.c_str(), &actions, nullptr, argv.data(),
                                environment.data());
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return fail(ErrorKind::kInternal, "cannot start the program");
  int status = 0;
  rusage usage{};
  wait4(pid, &status, 0, &usage);
  if (!WIFEXITED(status) || (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != kPartlyDone))
    return fail(ErrorKind::kInternal, fmt::format("the program ended with status {}", status));
  return std::pair{seconds_since(start) * 1000, static_cast<double>(usage.ru_maxrss) / 1000};
}

// The whole: parse, redact, store, learn, embed.
Result<Sample> whole_import(const BenchOptions& options, bool in_f32) {
  if (!options.corpus) return fail(ErrorKind::kNotFound, "TACIT_CORPUS is not set");
  if (!options.model_dir)
    return fail(ErrorKind::kNotFound, "there are no model weights here (tools/assets fetch)");
  const std::filesystem::path sessions = *options.corpus / "sessions";
  double megabytes = 0;
  for (const auto& file : TACIT_TRY(transcript::list_files(sessions)))
    megabytes += static_cast<double>(std::filesystem::file_size(file)) / 1e6;
  const ScratchFolder folder;
  const auto [ms, rss] = TACIT_TRY(run_program(
      options, {"import", sessions.string(), "--data-dir", folder.path().string()}, in_f32));
  Sample sample;
  sample.ms.push_back(ms);
  sample.rss_mb = rss;
  sample.throughput = megabytes * 1000 / ms;
  sample.unit = "MB/s";
  return sample;
}

Case import_case(bool in_f32) {
  return {"pipeline",
          std::string("import: the whole with learning and embedding") + (in_f32 ? kF32 : ""),
          1,
          std::nullopt,
          std::nullopt,
          [in_f32](const BenchOptions& options, int) { return whole_import(options, in_f32); }};
}

Result<Sample> fresh_search(const BenchOptions& options, const std::filesystem::path& folder,
                            int iterations) {
  Sample sample;
  sample.rss_mb = 0;
  for (int i = 0; i < iterations; ++i) {
    const auto [ms, rss] = TACIT_TRY(run_program(
        options, {"search", "retry the request after a lock", "--data-dir", folder.string()}));
    sample.ms.push_back(ms);
    sample.rss_mb = std::max(*sample.rss_mb, rss);
  }
  return sample;
}

Result<Sample> search(service::Workspace& workspace, SearchMode mode, int iterations) {
  const auto questions = make_statements(static_cast<std::size_t>(iterations), 8, 6);
  return time_each(iterations, [&](int i) -> Result<void> {
    Query query;
    query.text = questions[static_cast<std::size_t>(i)];
    query.mode = mode;
    TACIT_TRY(workspace.service().search(query));
    return {};
  });
}

// The same question each time: answered from the cache but for the warm-up.
Result<Sample> repeated_search(const BenchOptions& options, int iterations) {
  const auto folder = TACIT_TRY(folder_of_items(options, kItems));
  const SystemClock clock;
  auto workspace = TACIT_TRY(service::Workspace::open(workspace_options(options, folder),
                                                      service::Access::kReader, clock));
  Query query;
  query.text = make_statements(1, 8, 6).front();
  Sample sample = TACIT_TRY(time_each(iterations, [&](int) -> Result<void> {
    TACIT_TRY(workspace->service().search(query));
    return {};
  }));
  const auto hits = TACIT_TRY(workspace->service().status()).cache.hits;
  if (hits == static_cast<std::uint64_t>(iterations)) return sample;
  return fail(ErrorKind::kInternal, fmt::format("{} of {} came from the cache", hits, iterations));
}

Case search_case(const char* name, SearchMode mode, std::optional<Limit> goal) {
  return {"database",
          name,
          200,
          Limit{Measure::kP95Ms, 500},
          goal,
          [mode](const BenchOptions& options, int iterations) -> Result<Sample> {
            if (!options.model_dir && mode != SearchMode::kText)
              return fail(ErrorKind::kNotFound, "there are no model weights here");
            const auto folder = TACIT_TRY(folder_of_items(options, kItems));
            const SystemClock clock;
            auto workspace = TACIT_TRY(service::Workspace::open(workspace_options(options, folder),
                                                                service::Access::kReader, clock));
            return search(*workspace, mode, iterations);
          }};
}

}  // namespace

// Filling takes longer than measuring, so all cases of a run share it.
Result<std::filesystem::path> folder_of_items(const BenchOptions& options, std::size_t items) {
  static std::map<std::size_t, std::unique_ptr<ScratchFolder>> folders;
  auto& folder = folders[items];
  if (folder == nullptr) {
    auto made = std::make_unique<ScratchFolder>();
    const SystemClock clock;
    auto workspace = TACIT_TRY(service::Workspace::open(workspace_options(options, made->path()),
                                                        service::Access::kWriter, clock));
    TACIT_TRY(fill(*workspace, clock, items));
    folder = std::move(made);
  }
  return folder->path();
}

std::vector<Case> pipeline_cases() {
  return {{"pipeline", "import: parse and redact", 3, std::nullopt, Limit{Measure::kThroughput, 40},
           parse_and_redact},
          {"pipeline", "redaction: candidates", 3, std::nullopt, Limit{Measure::kThroughput, 100},
           find_candidates},
          {"pipeline", "redaction: the whole", 3, std::nullopt, Limit{Measure::kThroughput, 40},
           redact_all},
          import_case(false),
          import_case(true)};
}

std::vector<Case> database_cases() {
  return {
      search_case("text search at 10000 items", SearchMode::kText, std::nullopt),
      search_case("hybrid search at 10000 items", SearchMode::kHybrid, Limit{Measure::kP95Ms, 50}),
      {"database", "the same search again at 10000 items", 200, Limit{Measure::kP95Ms, 500},
       Limit{Measure::kP95Ms, 5}, repeated_search},
      {"database", "a fresh process starts with the model and searches 10000 items", 10,
       std::nullopt, Limit{Measure::kP95Ms, 1000},
       [](const BenchOptions& options, int iterations) -> Result<Sample> {
         return fresh_search(options, TACIT_TRY(folder_of_items(options, kItems)), iterations);
       }},
      {"database", "memory of that process", 3, std::nullopt, Limit{Measure::kRssMb, 250},
       [](const BenchOptions& options, int iterations) -> Result<Sample> {
         return fresh_search(options, TACIT_TRY(folder_of_items(options, kItems)), iterations);
       }}};
}

}  // namespace tacit::bench
