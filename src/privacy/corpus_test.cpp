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

struct Tally {
  std::map<std::string, std::size_t> by_type;
  std::size_t lines = 0;
  std::size_t masks = 0;
  std::ofstream sample;
};

void count(const Redactor& redactor, const std::string& text, Tally& tally) {
  tally.lines += split_lines(text).size();
  for (const Finding& finding : redactor.redact(text).found) {
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
  EXPECT_GT(tally.lines, 100'000U);
  EXPECT_LE(rate, 1.0) << "even if every mask were false; read them before raising this";
}

}  // namespace
}  // namespace tacit::privacy
