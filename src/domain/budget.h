#pragma once
// The pure rules of the budget: calendar months, thresholds, what a nearly spent budget still
// allows, and the projection to the end of a month. No clock, no state: time comes as an argument.
// Months are those of UTC.

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "domain/money.h"

namespace tacit {

// "2026-11": sorts by time.
std::string period_of(Instant instant);
int days_in_period(std::string_view period);
int day_of_month(Instant instant);  // from 1

inline constexpr std::array<int, 4> kAlertPercents = {50, 80, 90, 100};
// The percents that `used` of `limit` has reached. A limit of nothing is reached by anything.
std::vector<int> percents_reached(Money used, Money limit);

// What a month's use still allows, in falling order.
enum class Degradation {
  kNone,
  kCheapestFirst,    // from 80 %
  kInteractiveOnly,  // from 90 %: background work goes to a local model
  kLocalOnly,        // from 100 %
};
std::string_view name_of(Degradation degradation);
Degradation degradation_of(Money used, Money limit);

struct Projection {
  Money expected;  // at the end of the month
  Money low;       // one month in ten ends below
  Money high;      // one month in ten ends above
};

// From what each day of the month cost so far (day 1 first, the last one being today) and what is
// held. Working days and weekends go on at their own rates: the higher of the month's and of the
// last seven days' mean. Nothing before three days with cost: a first day multiplied by thirty
// cries wolf.
std::optional<Projection> project(const std::vector<Money>& days, Money held,
                                  std::string_view period);

}  // namespace tacit
