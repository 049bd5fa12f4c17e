// Searches over HTTP, as a client sees them: `tacit serve` as a process of its own, one client, one
// connection for each request.
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "bench/bench_case.h"
#include "bench/program_environment.h"
#include "bench/scratch_folder.h"
#include "net/http_server.h"

namespace tacit::bench {
namespace {

constexpr std::chrono::seconds kPatience{60};
constexpr std::size_t kMaxLine = 512;
constexpr int kQuestions = 1000;  // so that p95 rests on fifty

// The program, serving a folder on a free port until this goes.
class Served {
 public:
  static Result<std::unique_ptr<Served>> start(const BenchOptions& options,
                                               const std::filesystem::path& folder, bool in_f32) {
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) return fail(ErrorKind::kUnavailable, "no pipe");
    std::vector<std::string> arguments = {options.program.string(), "serve",    "--data-dir",
                                          folder.string(),          "--listen", "127.0.0.1:0"};
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    auto served = std::make_unique<Served>();
    ProgramEnvironment environment(in_f32);
    const int error = posix_spawn(&served->process_, options.program.c_str(), &actions, nullptr,
                                  argv.data(), environment.data());
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    served->output_ = ends[0];
    if (error != 0) return fail(ErrorKind::kInternal, "cannot start the program");
    served->port_ = TACIT_TRY(served->read_port());
    return served;
  }
  Served() = default;
  ~Served() {
    if (process_ > 0) {
      ::kill(process_, SIGTERM);
      ::waitpid(process_, nullptr, 0);
    }
    if (output_ >= 0) ::close(output_);
  }
  Served(const Served&) = delete;
  Served& operator=(const Served&) = delete;

  unsigned short port() const { return port_; }

 private:
  // From "serving on http://127.0.0.1:PORT …".
  Result<unsigned short> read_port() const {
    std::string line;
    char byte = 0;
    while (line.size() < kMaxLine && ::read(output_, &byte, 1) == 1 && byte != '\n') line += byte;
    const std::string_view address = "127.0.0.1:";
    const auto found = line.find(address);
    if (found == std::string::npos)
      return fail(ErrorKind::kInternal, "the server did not say where it serves: " + line);
    return static_cast<unsigned short>(std::atoi(line.c_str() + found + address.size()));
  }

  pid_t process_ = -1;
  int output_ = -1;
  unsigned short port_ = 0;
};

std::string target_of(std::string text) {
  for (char& c : text)
    if (c == ' ') c = '+';
  return "/v1/search?q=" + text;
}

Result<Sample> search_served(const BenchOptions& options, std::size_t items, bool in_f32,
                             int iterations) {
  if (!options.model_dir) return fail(ErrorKind::kNotFound, "there are no model weights here");
  const std::filesystem::path folder = TACIT_TRY(folder_of_items(options, items));
  const auto served = TACIT_TRY(Served::start(options, folder, in_f32));
  const auto questions = make_statements(static_cast<std::size_t>(iterations), 8, 7);
  return time_each(iterations, [&](int i) -> Result<void> {
    const auto answer = TACIT_TRY(net::send_local("127.0.0.1", served->port(), "GET",
                                                  target_of(questions[static_cast<std::size_t>(i)]),
                                                  "", kPatience));
    if (answer.status != 200)
      return fail(ErrorKind::kInternal, fmt::format("HTTP {}: {}", answer.status, answer.body));
    return {};
  });
}

}  // namespace

std::vector<Case> serve_cases() {
  std::vector<Case> cases;
  for (const std::size_t items : {10'000U, 100'000U}) {
    for (const bool in_f32 : {false, true}) {
      const auto goal = in_f32 ? std::nullopt : std::optional<Limit>({Measure::kP95Ms, 10});
      cases.push_back({"serve",
                       fmt::format("hybrid search over HTTP at {} items, query embedded{}", items,
                                   in_f32 ? kF32 : ""),
                       kQuestions, Limit{Measure::kP95Ms, 500}, goal,
                       [=](const BenchOptions& options, int iterations) {
                         return search_served(options, items, in_f32, iterations);
                       }});
    }
  }
  return cases;
}

}  // namespace tacit::bench
