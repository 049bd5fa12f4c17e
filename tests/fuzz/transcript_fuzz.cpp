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
#include <array>
#include <chrono>
#include <cstdlib>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/text.h"
#include "testing/fixtures.h"
#include "transcript/reader.h"
#include "transcript/registry.h"

namespace tacit::transcript {
namespace {

namespace fs = std::filesystem;
using std::string_view_literals::operator""sv;
using SteadyClock = std::chrono::steady_clock;

constexpr auto kMaxTimePerInput = std::chrono::seconds(10);  // far above what is seen when busy
constexpr std::size_t kMaxInputBytes = 1U << 20U;
constexpr std::size_t kMaxTextBytes = kMaxStepBytes + 256;  // the mark of what was left out
constexpr unsigned kZstdOneIn = 16;
constexpr unsigned kTwiceOneIn = 8;
constexpr std::array kTokens{
    "{"sv,    "["sv,     "}"sv,    "]"sv,       "\""sv,      "\\"sv,   "\n"sv,
    "\r\n"sv, "\0"sv,    "\xFF"sv, "\xC3"sv,    "\\ud800"sv, "null"sv, "true"sv,
    "-1"sv,   "1e999"sv, "```"sv,  "\n---\n"sv, "<task>"sv,  "# "sv,   "\xEF\xBB\xBF"sv,
    "\"\""sv, "{}"sv,    "[]"sv,   "\\u0000"sv, "</task>"sv, "#### "sv};
constexpr std::array kNumbers{
    "99999999999999999999"sv, "-9223372036854775808"sv, "9223372036854775807"sv, "1e400"sv, "0"sv,
    "253402300800000"sv};

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

unsigned environment_number(const char* name, unsigned usual) {
  const char* value = std::getenv(name);
  return value == nullptr ? usual : static_cast<unsigned>(std::strtoul(value, nullptr, 10));
}

class Mutator {
 public:
  Mutator(const std::vector<std::string>& fixtures, unsigned seed)
      : fixtures_(fixtures), random_(seed) {}

  std::string next() {
    std::string text = fixtures_[below(fixtures_.size())];
    for (std::size_t count = 1 + below(4); count > 0; --count) {
      mutate(text);
      if (text.size() > kMaxInputBytes) text.resize(kMaxInputBytes);
    }
    return below(kZstdOneIn) == 0 ? packed(text) : text;
  }
  bool one_in(unsigned count) { return below(count) == 0; }

 private:
  std::size_t below(std::size_t bound) {
    return bound == 0 ? 0 : static_cast<std::size_t>(random_() % bound);
  }

  void mutate(std::string& text) {
    const std::size_t at = below(text.size() + 1);
    const std::size_t size = below(std::min<std::size_t>(text.size() - at, 4096) + 1);
    switch (below(10)) {
      case 0:
        return flip(text);
      case 1:
        return text.resize(at);
      case 2:
        text.insert(at, std::string(text, at, size));
        return;
      case 3:
        text.erase(at, size);
        return;
      case 4: {
        const std::string& other = fixtures_[below(fixtures_.size())];
        text = text.substr(0, at) + other.substr(below(other.size() + 1));
        return;
      }
      case 5:
        text.insert(at, kTokens[below(kTokens.size())]);
        return;
      case 6:
        return nest(text, at);
      case 7:
        return change_number(text, at);
      case 8:
        return swap_lines(text);
      default:
        return repeat_line(text, at);
    }
  }

  void flip(std::string& text) {
    for (std::size_t count = 1 + below(8); count > 0 && !text.empty(); --count) {
      char& byte = text[below(text.size())];
      byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1U << below(8)));
    }
  }

  void nest(std::string& text, std::size_t at) {
    const std::string_view opening = one_in(2) ? "["sv : "{\"a\":"sv;
    const bool is_closed = one_in(2);
    std::string middle;
    const std::size_t depth = 1 + below(5000);
    for (std::size_t i = 0; i < depth; ++i) middle += opening;
    if (is_closed) middle += "1" + std::string(depth, opening == "[" ? ']' : '}');
    text.insert(at, middle);
  }

  void change_number(std::string& text, std::size_t at) {
    const std::size_t start = text.find_first_of("0123456789", at);
    if (start == std::string::npos) return;
    const std::size_t end = text.find_first_not_of("0123456789", start);
    text.replace(start, (end == std::string::npos ? text.size() : end) - start,
                 kNumbers[below(kNumbers.size())]);
  }

  static std::pair<std::size_t, std::size_t> line_at(const std::string& text, std::size_t at) {
    const std::size_t before = at == 0 ? std::string::npos : text.rfind('\n', at - 1);
    const std::size_t start = before == std::string::npos ? 0 : before + 1;
    const std::size_t end = text.find('\n', at);
    return {start, (end == std::string::npos ? text.size() : end + 1) - start};
  }

  void swap_lines(std::string& text) {
    const auto [start, size] = line_at(text, below(text.size() + 1));
    const std::string line = text.substr(start, size);
    text.erase(start, size);
    text.insert(line_at(text, below(text.size() + 1)).first, line);
  }

  void repeat_line(std::string& text, std::size_t at) {
    const auto [start, size] = line_at(text, at);
    const std::string line = text.substr(start, size);
    for (std::size_t count = 1 + below(64); count > 0 && text.size() < kMaxInputBytes; --count)
      text.insert(start, line);
  }

  std::string packed(const std::string& text) {
    std::string result(ZSTD_compressBound(text.size()), '\0');
    const std::size_t size =
        ZSTD_compress(result.data(), result.size(), text.data(), text.size(), 1);
    result.resize(ZSTD_isError(size) != 0 ? 0 : size);
    if (one_in(2)) flip(result);
    if (one_in(4)) result.resize(below(result.size() + 1));
    return result;
  }

  const std::vector<std::string>& fixtures_;
  std::mt19937 random_;
};

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

int fuzz(const std::string& name) {
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
    testing::write_file(file, mutator.next());
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
  return name == "--covered" ? tacit::transcript::covered() : tacit::transcript::fuzz(name);
}
