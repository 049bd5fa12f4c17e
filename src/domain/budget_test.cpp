#include "domain/budget.h"

#include <gtest/gtest.h>

#include "domain/money.h"

namespace tacit {
namespace {

TEST(Money, ReadsAndPrintsDollarsExactly) {
  EXPECT_EQ(Money::parse("8.33"), Money::cents(833));
  EXPECT_EQ(Money::parse("0.0000000375"), Money::pico(37'500));
  EXPECT_EQ(Money::cents(833).text(), "8.33");
  EXPECT_EQ(Money::pico(37'500).text(), "0.0000000375");
  EXPECT_EQ(Money::pico(-1).text(), "-0.000000000001");
  EXPECT_EQ(Money::parse("-2").value().text(), "-2.00");
  for (const char* wrong : {"", ".5", "1.", "1.2.3", "x", "1e3", "--1", "1.-2", "0.0000000000001",
                            "99999999999999999999", "9999999999"}) {
    EXPECT_FALSE(Money::parse(wrong)) << wrong;
  }
}

TEST(Money, SaturatesInsteadOfWrapping) {
  EXPECT_EQ(Money::most() + Money::pico(1), Money::most());
  EXPECT_EQ(Money::most() * 2, Money::most());
  EXPECT_LT(Money::most() * -2, Money());
  EXPECT_LT(Money() - Money::most() - Money::most(), Money());
  EXPECT_EQ(Money::most().per_mille(2000), Money::most());
}

TEST(Money, SharesAreRoundedUp) {
  EXPECT_EQ(Money::pico(1).per_mille(5), Money::pico(1));
  EXPECT_EQ(Money::pico(1000).per_mille(5), Money::pico(5));
  EXPECT_EQ(Money::pico(1001).per_mille(500), Money::pico(501));
}

TEST(Budget, MonthsAreCalendarMonthsOfUtc) {
  EXPECT_EQ(period_of(parse_time("2026-01-31T23:59:59.999Z").value()), "2026-01");
  EXPECT_EQ(period_of(parse_time("2026-02-01").value()), "2026-02");
  EXPECT_EQ(period_of(parse_time("2026-12-31T23:30:00-01:00").value()), "2027-01");
  EXPECT_EQ(days_in_period("2028-02"), 29);
  EXPECT_EQ(days_in_period("2026-02"), 28);
  EXPECT_EQ(day_of_month(parse_time("2026-11-25").value()), 25);
}

TEST(Budget, ThresholdsAreReachedAtTheirPercent) {
  const Money limit = Money::cents(1000);
  EXPECT_TRUE(percents_reached(Money::cents(499), limit).empty());
  EXPECT_EQ(percents_reached(Money::cents(500), limit), (std::vector<int>{50}));
  EXPECT_EQ(percents_reached(Money::cents(1000), limit), (std::vector<int>{50, 80, 90, 100}));
  EXPECT_TRUE(percents_reached(Money(), Money()).empty());
}

TEST(Budget, DegradesStepByStep) {
  const Money limit = Money::cents(1000);
  EXPECT_EQ(degradation_of(Money::cents(799), limit), Degradation::kNone);
  EXPECT_EQ(degradation_of(Money::cents(800), limit), Degradation::kCheapestFirst);
  EXPECT_EQ(degradation_of(Money::cents(900), limit), Degradation::kInteractiveOnly);
  EXPECT_EQ(degradation_of(Money::cents(1000), limit), Degradation::kLocalOnly);
}

TEST(Budget, NoProjectionBeforeThreeActiveDays) {
  EXPECT_FALSE(project({Money::cents(100)}, Money(), "2026-06"));
  EXPECT_FALSE(project({Money::cents(9), Money(), Money(), Money::cents(9)}, Money(), "2026-06"));
}

TEST(Budget, ProjectsWorkingDaysAndWeekendsApart) {
  // 1 June 2026 is a Monday: a dollar each working day, nothing at weekends.
  std::vector<Money> days(14);
  for (std::size_t i = 0; i < days.size(); ++i) days[i] = i % 7 < 5 ? Money::cents(100) : Money();
  const auto projection = project(days, Money::cents(50), "2026-06");
  ASSERT_TRUE(projection);
  EXPECT_EQ(projection->expected, Money::cents(50 + 2200));  // 22 working days in June 2026
  EXPECT_EQ(projection->low, projection->expected);
  EXPECT_EQ(projection->high, projection->expected);
}

TEST(Budget, TheBandWidensWithTheSpreadOfTheDays) {
  const std::vector<Money> days = {Money::cents(20), Money::cents(180), Money::cents(100),
                                   Money::cents(10), Money::cents(190)};
  const auto projection = project(days, Money(), "2026-06");
  ASSERT_TRUE(projection);
  EXPECT_LT(projection->low, projection->expected - Money::cents(200));
  EXPECT_GT(projection->high, projection->expected + Money::cents(200));
  EXPECT_GE(projection->low, Money::cents(500));
}

}  // namespace
}  // namespace tacit
