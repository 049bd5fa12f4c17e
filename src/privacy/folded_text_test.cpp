// Goal: words, numbers and addresses are read as a person reads them, and what only looks like one
// is not taken for it. Method: small tables for each function.
#include "privacy/folded_text.h"

#include <gtest/gtest.h>

#include "privacy/personal_data.h"
#include "privacy/phrase_matcher.h"

namespace tacit::privacy {
namespace {

std::string plain(std::string_view text) {
  return plain_characters(text).text;
}

TEST(FoldedText, CharactersLoseTheirDisguise) {
  EXPECT_EQ(plain("s\u200bal\u00adary"), "salary");
  EXPECT_EQ(plain("s\u0430l\u0430ry"), "salary") << "Cyrillic a";
  EXPECT_EQ(plain("\uff53\uff41\uff4c\uff41\uff52\uff59"), "salary");
  EXPECT_EQ(plain("K\u00fcndigung, stra\u00dfe, n\u00f3mina"), "Kundigung, strasse, nomina");
  EXPECT_EQ(plain("n\u0303o\u0336"), "no");
  EXPECT_EQ(plain("&#115;&#x61;l&shy;ary&nbsp;K&uuml;ndigung a&b &bad;"),
            "salary Kundigung a&b &bad;");
  EXPECT_EQ(plain("a\xff"
                  "b"),
            "ab");
}

TEST(FoldedText, ForeignLettersAreCounted) {
  const PlainText text = plain_characters("ab \u5de5\u8d44");
  EXPECT_EQ(text.letters, 4U);
  EXPECT_EQ(text.foreign, 2U);
}

TEST(FoldedText, NamesOfProgramsAndNumbersAreSplit) {
  EXPECT_EQ(words_of("employeeSalaryList_2026"), "employee salary list 2026");
  EXPECT_EQ(words_of("SaLaRy pAyRoLl"), "salary payroll");
  EXPECT_EQ(words_of("85,000 or 85.000 but 3.14"), "85000 or 85000 but 3 14");
  EXPECT_EQ(words_of("d'avis **sal**ary"), "davis salary");
}

TEST(FoldedText, WhatStandsApartIsJoined) {
  EXPECT_EQ(joined_pieces("p a y r o l l   l i s t"), "payroll list\n");
  EXPECT_EQ(joined_pieces("a b c"), "") << "too few";
  EXPECT_EQ(joined_pieces("medi\n> cal"), "medical\n");
  EXPECT_EQ(joined_pieces("\"sal\" + \"ary\""), "salary\n");
  EXPECT_EQ(joined_pieces("two words"), "");
}

TEST(FoldedText, LeetIsReadOnlyBesideLetters) {
  EXPECT_EQ(without_leet("s4l@ry 1200", 'i'), "salary 1200");
  EXPECT_EQ(without_leet("ho1iday", 'l'), "holiday");
  EXPECT_EQ(without_leet("plain 1200", 'i'), "");
}

bool finds(const std::string& phrase, std::string_view words, PhraseForm form) {
  const auto matcher = PhraseMatcher::make({phrase}, form);
  EXPECT_TRUE(matcher.has_value());
  bool is_found = false;
  (*matcher)->scan(words, [&](std::size_t, std::size_t) {
    is_found = true;
    return false;
  });
  return is_found;
}

TEST(PhraseMatcher, KeepsBordersGapsAndNumbers) {
  const auto in_words = [](const std::string& phrase, std::string_view words) {
    return finds(phrase, words, PhraseForm::kWords);
  };
  EXPECT_TRUE(in_words("pay slip*", "two pay slips"));
  EXPECT_TRUE(in_words("pay slip*", "two payslips"));
  EXPECT_FALSE(in_words("pay slip", "two pay slips"));
  EXPECT_FALSE(in_words("wage*", "sewage"));
  EXPECT_TRUE(in_words("fiche* de paie", "les fiches de paie"));
  EXPECT_TRUE(in_words("keep ~ confidential", "keep all of this confidential"));
  EXPECT_FALSE(in_words("keep ~ confidential", "keep one two three four five confidential"));
  EXPECT_TRUE(in_words("earns #", "earns 85000"));
  EXPECT_TRUE(in_words("earns #", "earns 85 000"));
  EXPECT_TRUE(in_words("# a year", "85k a year"));
  EXPECT_FALSE(in_words("# a year", "12 a year"));
  EXPECT_TRUE(in_words("kundigung* des", "kundigungen des"));
}

TEST(PhraseMatcher, SqueezedPhrasesAreLong) {
  EXPECT_TRUE(finds("salary list", "thesalarylistof", PhraseForm::kSqueezed));
  EXPECT_FALSE(finds("payroll", "therepayrollof", PhraseForm::kSqueezed));
  EXPECT_FALSE(finds("salary ~ list", "salarylist", PhraseForm::kSqueezed));
}

TEST(PersonalData, IsToldByItsFormAndCheckDigits) {
  const auto data = PersonalData::make();
  ASSERT_TRUE(data.has_value());
  const auto kind = [&](std::string_view text) { return std::string((*data)->kind_in(text)); };
  EXPECT_EQ(kind("write to jane.roe@nordwind-bau.de"), "e-mail address");
  EXPECT_EQ(kind("user@example.com git@github.com:a/b noreply@x.io @app.route pkg@1.2.3"), "");
  EXPECT_EQ(kind("4539 1488 0343 6467"), "payment card");
  EXPECT_EQ(kind("4539 1488 0343 6468"), "") << "wrong check digit";
  EXPECT_EQ(kind("4242 4242 4242 4242"), "") << "published for tests";
  EXPECT_EQ(kind("DE89 3704 0044 0532 0130 00"), "bank account");
  EXPECT_EQ(kind("NL90 ABNA 0417 1643 00"), "");
  EXPECT_EQ(kind("12345678Z"), "identity number");
  EXPECT_EQ(kind("12345678A"), "");
  EXPECT_EQ(kind("536-22-8714"), "identity number");
  EXPECT_EQ(kind("+49 171 2345678"), "telephone number");
  EXPECT_EQ(kind("2026-11-25T03:12:45+02:00 1764043812 10.4.2 192.168.10.20"), "");
  EXPECT_EQ(kind("born on 14 March 1987"), "date of birth");
  EXPECT_EQ(kind("the password is Tulip-88"), std::string(kToldPassword));
  EXPECT_EQ(kind("the password is required"), "");
}

}  // namespace
}  // namespace tacit::privacy
