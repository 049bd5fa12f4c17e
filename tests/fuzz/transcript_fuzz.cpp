// Reads mutated golden fixtures of one adapter for a while: no input may crash it, hang it or make
// it hand out what the rest of Tacit does not expect. Built with the sanitizers of the test build.
//
// usage: transcript_fuzz FOLDER     fuzz the fixtures of tests/golden/FOLDER
//        transcript_fuzz --covered  fail unless the fixtures cover every adapter
// TACIT_FUZZ_SECONDS (default 3) and TACIT_FUZZ_SEED (default 1) choose how long and which inputs.
// The input at work lies in fuzz_FOLDER.input in the current folder, so a crash leaves it there.
#include <fmt/format.h>
#include <zstd.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/text.h"
#include "mutator.h"
#include "testing/fixtures.h"
#include "transcript/reader.h"
#include "transcript/registry.h"

namespace tacit::transcript {
namespace {

namespace fs = std::filesystem;
using fuzz::environment_number;
using fuzz::Mutator;
using SteadyClock = std::chrono::steady_clock;

constexpr auto kMaxTimePerInput = std::chrono::seconds(10);  // far above what is seen when busy
constexpr std::size_t kMaxTextBytes = kMaxStepBytes + 256;   // the mark of what was left out
constexpr unsigned kZstdOneIn = 16;
constexpr unsigned kTwiceOneIn = 8;

std::vector<std::string> fixtures_of(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file() && entry.path().filename() != "expected.txt")
      files.push_back(entry.path());
  }
  std::ranges::sort(files);
  std::vector<std::string> texts;
  for (const fs::path& file : files) texts.push_back(testing::read_file(file));
  return texts;
}

std::string packed(const std::string& text, Mutator& mutator) {
  std::string result(ZSTD_compressBound(text.size()), '\0');
  const std::size_t size = ZSTD_compress(result.data(), result.size(), text.data(), text.size(), 1);
  result.resize(ZSTD_isError(size) != 0 ? 0 : size);
  if (mutator.one_in(2)) mutator.flip(result);
  if (mutator.one_in(4)) result.resize(mutator.below(result.size() + 1));
  return result;
}

// What of one input broke an expectation; empty when all is well.
class Check {
 public:
  std::string run(const fs::path& file) {
    const auto start = SteadyClock::now();
    const auto report = read_file(file, [this](const Session& session, Exchange&& exchange) {
      on_exchange(session, exchange);
      return Result<void>();
    });
    const auto took = SteadyClock::now() - start;
    if (!report) return "fails: " + report.error().message();
    expect(report->exchanges == identities_.size(), "the report miscounts the exchanges");
    expect(!report->format.empty() || identities_.empty(), "exchanges of no format");
    for (const Notice& notice : report->notices)
      expect(is_valid_utf8(notice.reason) && !notice.reason.empty(), "a notice is no text");
    expect(took < kMaxTimePerInput, "takes too long");
    return found_;
  }
  const std::vector<std::string>& identities() const { return identities_; }

 private:
  void expect(bool is_met, std::string_view otherwise) {
    if (!is_met && found_.empty()) found_ = std::string(otherwise);
  }

  void on_exchange(const Session& session, const Exchange& exchange) {
    identities_.push_back(exchange.identity);
    expect(!exchange.identity.empty(), "an identity is empty");
    expect(!session.agent.empty() && !session.native_id.empty(), "a session has no name");
    for (const std::string& text :
         {exchange.identity, exchange.model, session.agent, session.native_id, session.title,
          session.project, session.branch})
      expect(is_valid_utf8(text), "a name is no UTF-8");
    expect(exchange.ordinal == ordinals_[session.native_id]++, "ordinals do not count");
    expect(!exchange.steps.empty() && exchange.steps.size() <= kMaxStepsPerExchange,
           "an exchange has no or too many steps");
    if (exchange.steps.empty()) return;
    expect(exchange.steps.front().kind == StepKind::kRequest && !exchange.request().empty(),
           "the first step is no request");
    for (std::size_t i = 0; i < exchange.steps.size(); ++i) {
      const Step& step = exchange.steps[i];
      expect(is_valid_utf8(step.text) && is_valid_utf8(step.tool), "a step is no UTF-8");
      expect(step.text.size() <= kMaxTextBytes, "a step is too long");
      expect(i == 0 || step.kind != StepKind::kRequest, "two requests in an exchange");
    }
  }

  std::string found_;
  std::vector<std::string> identities_;
  std::map<std::string, int> ordinals_;
};

int run(const std::string& name) {
  const std::vector<std::string> fixtures = fixtures_of(fs::path(TACIT_GOLDEN_FOLDER) / name);
  if (fixtures.empty()) {
    fmt::print("no fixtures in {}\n", name);
    return 2;
  }
  const unsigned seed = environment_number("TACIT_FUZZ_SEED", 1);
  const auto end =
      SteadyClock::now() + std::chrono::seconds(environment_number("TACIT_FUZZ_SECONDS", 3));
  const fs::path file = fs::absolute("fuzz_" + name + ".input");
  Mutator mutator(fixtures, seed);
  std::size_t inputs = 0;
  std::size_t exchanges = 0;
  for (; SteadyClock::now() < end; ++inputs) {
    const std::string text = mutator.next();
    testing::write_file(file, mutator.one_in(kZstdOneIn) ? packed(text, mutator) : text);
    Check check;
    std::string found = check.run(file);
    exchanges += check.identities().size();
    if (found.empty() && mutator.one_in(kTwiceOneIn)) {
      Check again;
      found = again.run(file);
      if (check.identities() != again.identities()) found = "reads otherwise the second time";
    }
    if (!found.empty()) {
      fmt::print("{} input {} of seed {}, kept in {}: {}\n", name, inputs, seed, file.string(),
                 found);
      return 1;
    }
  }
  fs::remove(file);
  fmt::print("{}: {} inputs of seed {}, {} exchanges\n", name, inputs, seed, exchanges);
  // Mutations that leave nothing to read would test nothing.
  return inputs > 0 && exchanges > 0 ? 0 : 1;
}

int covered() {
  std::set<std::string> formats;
  for (const auto& entry : fs::recursive_directory_iterator(TACIT_GOLDEN_FOLDER)) {
    if (!entry.is_regular_file()) continue;
    const auto report =
        read_file(entry.path(), [](const Session&, Exchange&&) -> Result<void> { return {}; });
    if (report) formats.insert(report->format);
  }
  int missing = 0;
  for (const Adapter& adapter : adapters()) {
    if (formats.contains(std::string(adapter.name))) continue;
    fmt::print("no fixture in tests/golden is read by {}\n", adapter.name);
    ++missing;
  }
  return missing == 0 ? 0 : 1;
}

}  // namespace
}  // namespace tacit::transcript

int main(int count, char** arguments) {
  if (count != 2) {
    fmt::print("usage: transcript_fuzz FOLDER | --covered\n");
    return 2;
  }
  const std::string name = arguments[1];
  return name == "--covered" ? tacit::transcript::covered() : tacit::transcript::run(name);
}
