#include <gtest/gtest.h>

#include "privacy/example_secrets.h"
#include "privacy/redactor.h"
#include "privacy/rules.h"
#include "testing/fixtures.h"

namespace tacit::privacy {
namespace {

// The seed of the one in the table that was invented for this test.
constexpr unsigned kSampleSeed = 2026;

std::string google_key(unsigned seed) {
  return "AI"
         "za" +
         noise(35, kAlnum, seed);
}

std::string redacted(const std::string& text) {
  static const auto redactor = Redactor::make(testing::test_key());
  return (*redactor)->redact(text).text;
}

TEST(PublishedSample, IsLeftWhereAnyOtherKeyIsMasked) {
  const std::string sample = google_key(kSampleSeed);
  const std::string key = google_key(kSampleSeed + 1);
  for (const auto& [before, after] : std::vector<std::pair<std::string, std::string>>{
           {"", ""},
           {"apiKey: \"", "\","},
           {"https://maps.example/js?key=", "&libraries=places"},
           {"{\\\"current_key\\\": \\\"", "\\\"}"},
           {".setApiKey(\"", "\")"}}) {
    EXPECT_EQ(redacted(before + sample + after), before + sample + after);
    EXPECT_EQ(redacted(before + key + after).find(key), std::string::npos) << before;
  }
}

TEST(PublishedSample, IsTheWholeValueAndNothingLike) {
  const std::string sample = google_key(kSampleSeed);
  EXPECT_TRUE(is_published_sample(sample));
  std::string other = sample;
  other.back() = other.back() == 'a' ? 'b' : 'a';
  EXPECT_FALSE(is_published_sample(other));
  EXPECT_FALSE(is_published_sample(sample.substr(1)));
  EXPECT_FALSE(is_published_sample(sample + "a"));
  EXPECT_FALSE(is_published_sample(""));
}

TEST(PublishedSample, DoesNotHideASecretBesideIt) {
  const std::string sample = google_key(kSampleSeed);
  const std::string key = google_key(kSampleSeed + 1);
  const std::string once = redacted("old " + sample + " new " + key);
  EXPECT_EQ(once.find(key), std::string::npos);
  EXPECT_NE(once.find(sample), std::string::npos);
  EXPECT_EQ(redacted(once), once);
}

}  // namespace
}  // namespace tacit::privacy
