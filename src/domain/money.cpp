#include "domain/money.h"

#include <charconv>

namespace tacit {
namespace {

constexpr std::int64_t kPicoPerDollar = 1'000'000'000'000;
constexpr std::size_t kDecimals = 12;

}  // namespace

std::optional<Money> Money::parse(std::string_view dollars) {
  const bool negative = dollars.starts_with('-');
  if (negative) dollars.remove_prefix(1);
  const std::size_t point = dollars.find('.');
  const std::string_view whole = dollars.substr(0, point);
  std::string decimals(point == std::string_view::npos ? "" : dollars.substr(point + 1));
  if (whole.empty() || decimals.size() > kDecimals ||
      (point != std::string_view::npos && decimals.empty())) {
    return std::nullopt;
  }
  decimals.append(kDecimals - decimals.size(), '0');
  const auto number = [](std::string_view digits) -> std::optional<std::int64_t> {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    const bool is_read = error == std::errc() && end == digits.data() + digits.size();
    return is_read && digits.front() != '-' ? std::optional(value) : std::nullopt;
  };
  const auto units = number(whole);
  const auto parts = number(decimals);
  if (!units || !parts) return std::nullopt;
  const Money value = Money(kPicoPerDollar) * *units + Money(*parts);
  if (value == most()) return std::nullopt;
  return negative ? Money() - value : value;
}

std::string Money::text() const {
  const auto magnitude =
      pico_ < 0 ? ~static_cast<std::uint64_t>(pico_) + 1 : static_cast<std::uint64_t>(pico_);
  std::string decimals = std::to_string(magnitude % kPicoPerDollar);
  decimals.insert(0, kDecimals - decimals.size(), '0');
  while (decimals.size() > 2 && decimals.ends_with('0')) decimals.pop_back();
  return (pico_ < 0 ? "-" : "") + std::to_string(magnitude / kPicoPerDollar) + "." + decimals;
}

}  // namespace tacit
