#include "domain/budget.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string>

namespace tacit {
namespace {

constexpr std::string_view kDegradations[] = {"none", "cheapest_first", "interactive_only",
                                              "local_only"};
constexpr std::size_t kMinActiveDays = 3;
constexpr std::size_t kRecentDays = 7;
constexpr double kTenth = 1.2815515655446004;  // a normal value lies above it once in ten

std::chrono::year_month_day date_of(Instant instant) {
  return std::chrono::floor<std::chrono::days>(instant);
}

std::chrono::year_month month_of(std::string_view period) {
  const auto digit = [&](std::size_t i) { return static_cast<unsigned>(period.at(i) - '0'); };
  const unsigned year = digit(0) * 1000 + digit(1) * 100 + digit(2) * 10 + digit(3);
  return std::chrono::year(static_cast<int>(year)) / std::chrono::month(digit(5) * 10 + digit(6));
}

// 0: a working day, 1: a weekend's.
std::size_t kind_of(std::chrono::year_month month, std::size_t day) {
  const std::chrono::weekday weekday(
      std::chrono::sys_days(month / std::chrono::day(static_cast<unsigned>(day))));
  return weekday == std::chrono::Saturday || weekday == std::chrono::Sunday ? 1 : 0;
}

// Days of one kind (working days or weekends) so far.
struct Rate {
  double mean = 0;
  double variance = 0;
};

double mean_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return values.empty() ? 0 : sum / static_cast<double>(values.size());
}

Rate rate_of(const std::vector<double>& all, const std::vector<double>& recent) {
  const double mean = mean_of(all);
  double squares = 0;
  for (const double value : all) squares += (value - mean) * (value - mean);
  const double variance = all.size() < 2 ? 0 : squares / static_cast<double>(all.size() - 1);
  return {std::max(mean, mean_of(recent)), variance};
}

Money money_of(double pico) {
  const auto most = static_cast<double>(Money::most().pico());
  return pico >= most ? Money::most() : Money::pico(static_cast<std::int64_t>(std::ceil(pico)));
}

}  // namespace

std::string period_of(Instant instant) {
  const auto date = date_of(instant);
  const auto month = static_cast<unsigned>(date.month());
  return std::to_string(static_cast<int>(date.year())) + (month < 10 ? "-0" : "-") +
         std::to_string(month);
}

int days_in_period(std::string_view period) {
  const auto last = std::chrono::year_month_day_last(month_of(period) / std::chrono::last);
  return static_cast<int>(static_cast<unsigned>(last.day()));
}

int day_of_month(Instant instant) {
  return static_cast<int>(static_cast<unsigned>(date_of(instant).day()));
}

std::vector<int> percents_reached(Money used, Money limit) {
  std::vector<int> reached;
  for (const int percent : kAlertPercents) {
    if (used > Money() && used >= limit.per_mille(percent * 10)) reached.push_back(percent);
  }
  return reached;
}

std::string_view name_of(Degradation degradation) {
  return kDegradations[static_cast<std::size_t>(degradation)];
}

Degradation degradation_of(Money used, Money limit) {
  const auto reached = percents_reached(used, limit);
  const int highest = reached.empty() ? 0 : reached.back();
  if (highest >= 100) return Degradation::kLocalOnly;
  if (highest >= 90) return Degradation::kInteractiveOnly;
  return highest >= 80 ? Degradation::kCheapestFirst : Degradation::kNone;
}

std::optional<Projection> project(const std::vector<Money>& days, Money held,
                                  std::string_view period) {
  const auto month = month_of(period);
  std::array<std::vector<double>, 2> all;
  std::array<std::vector<double>, 2> recent;
  std::size_t active = 0;
  Money spent;
  for (std::size_t i = 0; i < days.size(); ++i) {
    const auto pico = static_cast<double>(days[i].pico());
    const std::size_t kind = kind_of(month, i + 1);
    all[kind].push_back(pico);
    if (i + kRecentDays >= days.size()) recent[kind].push_back(pico);
    if (days[i] > Money()) ++active;
    spent += days[i];
  }
  if (active < kMinActiveDays) return std::nullopt;
  const std::array<Rate, 2> rates = {rate_of(all[0], recent[0]), rate_of(all[1], recent[1])};
  double more = 0;
  double variance = 0;
  for (auto day = days.size() + 1; day <= static_cast<std::size_t>(days_in_period(period)); ++day) {
    const Rate& rate = rates[kind_of(month, day)];
    more += rate.mean;
    variance += rate.variance;
  }
  const double width = kTenth * std::sqrt(variance);
  const Money sure = spent + held;
  return Projection{sure + money_of(more), sure + money_of(std::max(0.0, more - width)),
                    sure + money_of(more + width)};
}

}  // namespace tacit
