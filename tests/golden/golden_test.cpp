// Reads every case below this folder and compares what the adapters make of it with the case's
// expected.txt. A case may hold several files; they are read in order of name, and an exchange
// whose identity an earlier file brought is marked as known: that is how forks and re-exports are
// tested.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <set>

#include "base/text.h"
#include "testing/fixtures.h"
#include "transcript/reader.h"

namespace tacit::transcript {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMutationStride = 97;
constexpr const char* kExpected = "expected.txt";

std::vector<fs::path> cases() {
  std::vector<fs::path> found;
  for (const auto& adapter : fs::directory_iterator(TACIT_GOLDEN_FOLDER)) {
    if (!adapter.is_directory()) continue;
    for (const auto& entry : fs::directory_iterator(adapter.path())) found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

std::vector<fs::path> inputs(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().filename() != kExpected) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

std::string time_of(const std::optional<Instant>& time) {
  return time ? format_time(*time) : "-";
}

// Later lines of a text are set in under its first.
std::string indented(std::string_view text) {
  std::string result;
  for (const char c : text) result += c == '\n' ? std::string("\n        ") : std::string(1, c);
  return result;
}

std::string dump(const Session& session, const Exchange& exchange, bool is_known) {
  std::string text = fmt::format(
      "  exchange {}{}\n    identity {}\n    session {} {} \"{}\" project {} branch {} from {} to "
      "{}\n",
      exchange.ordinal, is_known ? " (known)" : "", exchange.identity, session.agent,
      session.native_id, session.title, session.project, session.branch, time_of(session.started),
      time_of(session.ended));
  text += fmt::format("    at {} model {} tokens {} in {} out {} cached\n", time_of(exchange.time),
                      exchange.model, exchange.tokens.input, exchange.tokens.output,
                      exchange.tokens.cached);
  for (const Step& step : exchange.steps) {
    text += fmt::format("    {}{}{}: {}\n", name_of(step.kind),
                        step.tool.empty() ? "" : " " + step.tool, step.failed ? " FAILED" : "",
                        indented(step.text));
  }
  return text;
}

std::string dump_case(const fs::path& folder) {
  std::string text;
  std::set<std::string> seen;
  for (const fs::path& file : inputs(folder)) {
    std::string exchanges;
    const auto report =
        read_file(file, [&](const Session& session, Exchange&& exchange) -> Result<void> {
          const bool is_known = !seen.insert(session.agent + "\n" + exchange.identity).second;
          exchanges += dump(session, exchange, is_known);
          return {};
        });
    EXPECT_TRUE(report.has_value()) << file;
    if (!report) continue;
    text += fmt::format("file {} format {} sessions {} exchanges {}\n", file.filename().string(),
                        report->format, report->sessions, report->exchanges);
    text += exchanges;
    for (const Notice& notice : report->notices) {
      text += fmt::format("  notice line {}: {}\n", notice.line, notice.reason);
    }
  }
  return text;
}

class Golden : public ::testing::TestWithParam<fs::path> {};

TEST_P(Golden, IsWhatTheAdaptersMakeOfTheCase) {
  const std::string found = dump_case(GetParam());
  const fs::path expected = GetParam() / kExpected;
  if (std::getenv("TACIT_UPDATE_GOLDEN") != nullptr) testing::write_file(expected, found);
  ASSERT_TRUE(fs::exists(expected))
      << "run with TACIT_UPDATE_GOLDEN=1 and read the result in review";
  EXPECT_EQ(found, testing::read_file(expected));
}

// Cut at every 97th byte and with every 97th byte turned over: never a crash, never text that is
// not UTF-8.
TEST_P(Golden, SurvivesDamage) {
  testing::TempFolder folder;
  const fs::path copy = folder.path() / "damaged";
  const auto survive = [&](const std::string& bytes) {
    testing::write_file(copy, bytes);
    const auto report =
        read_file(copy, [](const Session& session, Exchange&& exchange) -> Result<void> {
          EXPECT_FALSE(session.native_id.empty());
          EXPECT_FALSE(exchange.identity.empty());
          for (const Step& step : exchange.steps) EXPECT_TRUE(is_valid_utf8(step.text));
          return {};
        });
    EXPECT_TRUE(report.has_value());
  };
  for (const fs::path& file : inputs(GetParam())) {
    const std::string whole = testing::read_file(file);
    for (std::size_t at = 0; at < whole.size(); at += kMutationStride) {
      survive(whole.substr(0, at));
      std::string turned = whole;
      turned[at] =
          static_cast<char>(static_cast<unsigned char>(turned[at]) ^ (at % 2 == 0 ? 0x80U : 0x21U));
      survive(turned);
    }
  }
}

std::string name_of_case(const ::testing::TestParamInfo<fs::path>& info) {
  return info.param.parent_path().filename().string() + "_" + info.param.filename().string();
}

INSTANTIATE_TEST_SUITE_P(Cases, Golden, ::testing::ValuesIn(cases()), name_of_case);

TEST(GoldenCases, CoverEveryAdapter) {
  EXPECT_GE(cases().size(), 20U);
}

}  // namespace
}  // namespace tacit::transcript
