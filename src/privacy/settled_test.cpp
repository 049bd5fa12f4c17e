// What was redacted stays as it is when it is redacted again, whatever secrets meet in whatever
// coats: texts pass the redactor more than once on their way, and each mask that only the second
// pass makes is a secret that the first one let through.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "base/json_text.h"
#include "privacy/example_secrets.h"
#include "privacy/redactor.h"
#include "testing/fixtures.h"

namespace tacit::privacy {
namespace {

constexpr int kTexts = 1500;
constexpr int kMostPieces = 4;

class Writer {
 public:
  explicit Writer(std::uint32_t seed) : random_(seed) {}

  std::string text() {
    std::string made;
    const std::size_t pieces = 1 + pick(kMostPieces);
    for (std::size_t i = 0; i < pieces; ++i) {
      made += piece();
      made += kBetween[pick(std::size(kBetween))];
    }
    return coated(made);
  }

 private:
  static constexpr const char* kBetween[] = {"\n", " ",      "",  ",",        "\\n",   "=",  ": ",
                                             "'",  "\", \"", "@", "password", "\n\n+", "%3D"};

  std::size_t pick(std::size_t below) { return random_() % below; }

  std::string piece() {
    const auto& examples = known();
    const Example& example = examples[pick(examples.size())];
    switch (pick(5)) {
      case 0:
        return example.secret;
      case 1:
        return "token=" + example.secret;
      case 2:  // cut off somewhere
        return example.before + example.secret.substr(0, 1 + pick(example.secret.size()));
      default:
        return example.text();
    }
  }

  std::string coated(const std::string& text) {
    switch (pick(8)) {
      case 0:
        return json_quote(text);
      case 1:
        return json_quote(json_quote(text));
      case 2:
        return wrapped(text, 40 + pick(40), "");
      case 3:
        return wrapped(text, 60, "+ ");
      case 4:
        return url_encoded(text);
      case 5:
        return "\x1b[32m" + text + "\x1b[0m";
      default:
        return text;
    }
  }

  static std::string wrapped(const std::string& text, std::size_t width, std::string_view sign) {
    std::string lines;
    for (std::size_t i = 0; i < text.size(); i += width) {
      lines += sign;
      lines += text.substr(i, width) + "\n";
    }
    return lines;
  }

  static std::string url_encoded(const std::string& text) {
    std::string out;
    for (const char c : text) {
      const bool is_plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-';
      out += is_plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return out;
  }

  static const std::vector<Example>& known() {
    static const std::vector<Example> examples = example_secrets();
    return examples;
  }

  std::mt19937 random_;
};

TEST(Settled, WhatWasRedactedStaysAsItIs) {
  const auto redactor = Redactor::make(testing::test_key());
  ASSERT_TRUE(redactor.has_value());
  Writer writer(20261130);
  int unsettled = 0;
  for (int i = 0; i < kTexts; ++i) {
    const std::string text = writer.text();
    const std::string once = (*redactor)->redact(text).text;
    const std::string twice = (*redactor)->redact(once).text;
    if (twice == once) continue;
    if (++unsettled < 40)
      ADD_FAILURE() << "text  " << text << "\nonce  " << once << "\ntwice " << twice;
  }
  EXPECT_EQ(unsettled, 0);
}

}  // namespace
}  // namespace tacit::privacy
