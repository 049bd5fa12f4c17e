// Counts the masks in the corpus' sessions: every string of every JSON record, and Markdown as it
// stands. With TACIT_MASK_SAMPLE set, writes each mask with its surroundings to that file, to be
// read and judged by a person.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "privacy/redactor.h"
#include "testing/fixtures.h"

namespace tacit::privacy {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kShownBytes = 2000;

struct Tally {
  std::map<std::string, std::size_t> by_type;
  std::size_t lines = 0;
  std::size_t masks = 0;
  std::size_t texts = 0;
  std::size_t unsettled = 0;  // changed by redacting again
  std::ofstream sample;
};

void count(const Redactor& redactor, const std::string& text, Tally& tally) {
  tally.lines += split_lines(text).size();
  ++tally.texts;
  const Redaction once = redactor.redact(text);
  if (!once.found.empty() && redactor.redact(once.text).text != once.text) {
    ++tally.unsettled;
    ADD_FAILURE() << "redacting again changes " << once.text.substr(0, kShownBytes);
  }
  for (const Finding& finding : once.found) {
    ++tally.masks;
    ++tally.by_type[finding.type];
    if (!tally.sample.is_open()) continue;
    const std::size_t from = finding.start > 60 ? finding.start - 60 : 0;
    std::string around = text.substr(from, finding.end - from + 30);
    for (char& c : around) c = c == '\n' ? ' ' : c;
    tally.sample << finding.type << "\t" << text.substr(finding.start, finding.end - finding.start)
                 << "\t" << around << "\n";
  }
}

void count_strings(const Redactor& redactor, const Json& json, Tally& tally) {
  if (json.is_string()) return count(redactor, json.get_ref<const std::string&>(), tally);
  if (!json.is_structured()) return;
  for (const Json& part : json) count_strings(redactor, part, tally);
}

void count_file(const Redactor& redactor, const std::filesystem::path& file, Tally& tally) {
  const std::string all = testing::read_file(file);
  const Json whole = file.extension() == ".md" ? Json(all) : Json::parse(all, nullptr, false);
  if (!whole.is_discarded()) return count_strings(redactor, whole, tally);
  for (const std::string_view line : split_lines(all)) {
    const Json record = Json::parse(line, nullptr, false);
    count_strings(redactor, record.is_discarded() ? Json(clean_utf8(line)) : record, tally);
  }
}

void tell_unsettled(const Tally& tally) {
  std::printf("%zu of %zu texts change when redacted again, %zu masks\n", tally.unsettled,
              tally.texts, tally.masks);
}

// Full of secrets of all kinds, in files of other tools.
TEST(Corpus, SetsOfSecretsRedactedTwiceStayAsTheyAre) {
  const char* corpus = std::getenv("TACIT_CORPUS");
  if (corpus == nullptr) GTEST_SKIP() << "TACIT_CORPUS is not set";
  const auto redactor = Redactor::make(testing::test_key());
  ASSERT_TRUE(redactor.has_value());
  Tally tally;
  for (const auto& set : std::filesystem::directory_iterator(std::string(corpus) + "/eval")) {
    const std::string name = set.path().filename().string();
    if (!name.starts_with("secrets-") && !name.starts_with("pii-")) continue;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(set.path())) {
      if (!entry.is_regular_file()) continue;
      count_file(**redactor, entry.path(), tally);
      count(**redactor, testing::read_file(entry.path()), tally);
    }
  }
  tell_unsettled(tally);
  EXPECT_GT(tally.masks, 500U);
}

TEST(Corpus, MasksPerTenThousandLinesAreCounted) {
  const char* corpus = std::getenv("TACIT_CORPUS");
  if (corpus == nullptr) GTEST_SKIP() << "TACIT_CORPUS is not set";
  const auto redactor = Redactor::make(testing::test_key());
  ASSERT_TRUE(redactor.has_value());
  Tally tally;
  if (const char* file = std::getenv("TACIT_MASK_SAMPLE")) tally.sample.open(file);
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(std::string(corpus) + "/sessions")) {
    if (entry.is_regular_file()) count_file(**redactor, entry.path(), tally);
  }
  for (const auto& [type, number] : tally.by_type) std::printf("%6zu %s\n", number, type.c_str());
  const double rate = 1e4 * static_cast<double>(tally.masks) / static_cast<double>(tally.lines);
  std::printf("%zu masks in %zu lines: %.2f per 10,000\n", tally.masks, tally.lines, rate);
  tell_unsettled(tally);
  EXPECT_GT(tally.lines, 100'000U);
  EXPECT_LE(rate, 1.0) << "even if every mask were false; read them before raising this";
}

}  // namespace
}  // namespace tacit::privacy
